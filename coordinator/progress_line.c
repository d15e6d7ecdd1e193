#include "coordinator/progress_line.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/log.h"

enum { MOST_COLUMNS = 200, USUAL_COLUMNS = 80 };

struct progress_line {
    char text[MOST_COLUMNS + 1];
};

static size_t terminal_columns(void)
{
    struct winsize window;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) < 0 || window.ws_col < 2)
        return USUAL_COLUMNS;
    return window.ws_col > MOST_COLUMNS ? MOST_COLUMNS : window.ws_col;
}

static void wipe(void *arg)
{
    (void)arg;
    fputs("\r\033[K", stderr);
    fflush(stderr);
}

static void draw(void *arg)
{
    const struct progress_line *line = arg;

    fprintf(stderr, "\r%s\033[K", line->text);
    fflush(stderr);
}

struct progress_line *progress_line_new(void)
{
    struct progress_line *line = isatty(STDERR_FILENO) ? calloc(1, sizeof *line) : NULL;

    if (line) {
        log_set_hooks(&(struct log_hooks){ .before = wipe, .after = draw, .arg = line });
        log_set_verbose(false);
    }
    return line;
}

void progress_line_free(struct progress_line *line)
{
    if (!line)
        return;
    wipe(line);
    log_set_hooks(&(struct log_hooks){ NULL, NULL, NULL });
    log_set_verbose(true);
    free(line);
}

void progress_line_show(struct progress_line *line, const Layernas__Summary *summary)
{
    if (!line)
        return;
    /* Short of the last column, where some terminals begin a new line. */
    progress_line_format(summary, line->text, terminal_columns() - 1);
    draw(line);
}

/* ---- the text ---- */

struct writer {
    char *text;
    size_t used, size;
};

__attribute__((format(printf, 2, 3))) static void add(struct writer *to, const char *format, ...)
{
    size_t room = to->size - to->used;
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(to->text + to->used, room, format, args);
    va_end(args);
    to->used += (size_t)n < room ? (size_t)n : room - 1;
}

static void add_duration(struct writer *to, double seconds)
{
    uint64_t s = (uint64_t)(seconds + 0.5);

    if (s < 3600)
        add(to, "%" PRIu64 ":%02" PRIu64, s / 60, s % 60);
    else
        add(to, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600, s / 60 % 60, s % 60);
}

/* 1234567 as 1.23M. */
static void add_cost(struct writer *to, int64_t cost, const char *metric)
{
    static const struct {
        double unit;
        const char *name;
    } units[] = { { 1e9, "G" }, { 1e6, "M" }, { 1e3, "k" } };

    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if ((double)cost >= units[i].unit) {
            add(to, "%.2f%s %s", (double)cost / units[i].unit, units[i].name, metric);
            return;
        }
    add(to, "%" PRId64 " %s", cost, metric);
}

static void add_place(struct writer *to, const Layernas__Summary *summary)
{
    if (strcmp(summary->state, "searching") != 0)
        add(to, "%s", summary->state);
    else if (summary->pass == 0)
        add(to, "anchor");
    else
        add(to, "%s (pass %" PRIu32 ") %" PRIu64 "/%" PRIu64, summary->layer_name, summary->pass,
            summary->layer_done, summary->layer_trials);
}

void progress_line_format(const Layernas__Summary *summary, char *text, size_t columns)
{
    struct writer to = { text, 0, columns + 1 };

    add_place(&to, summary);
    add(&to, " | %" PRIu64 "/%" PRIu64 " trials", summary->done, summary->bound);
    if (summary->final_done > 0)
        add(&to, " | %" PRIu32 "/%" PRIu32 " final", summary->final_done, summary->final_total);
    add(&to, " | %" PRIu64 " running", summary->running);
    if (summary->best && summary->best->total > 0) {
        add(&to, " | best %.2f %% at ", 100.0 * summary->best->correct / summary->best->total);
        add_cost(&to, summary->best->cost, summary->metric);
    }
    if (summary->eta_s >= 0) {
        add(&to, " | ");
        add_duration(&to, summary->eta_s);
        add(&to, " left");
    }
}
