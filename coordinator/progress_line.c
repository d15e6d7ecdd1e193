#include "coordinator/progress_line.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/human.h"
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
    char number[HUMAN_SIZE];

    add_place(&to, summary);
    add(&to, " | %" PRIu64 "/%" PRIu64 " trials", summary->done, summary->bound);
    if (summary->final_done > 0)
        add(&to, " | %" PRIu32 "/%" PRIu32 " final", summary->final_done, summary->final_total);
    add(&to, " | %" PRIu64 " running", summary->running);
    if (summary->best && summary->best->total > 0) {
        add(&to, " | best %.2f %% at %s %s", 100.0 * summary->best->correct / summary->best->total,
            human_amount(summary->best->cost, number), summary->metric);
    }
    if (summary->eta_s >= 0)
        add(&to, " | %s left", human_duration(summary->eta_s, number));
}
