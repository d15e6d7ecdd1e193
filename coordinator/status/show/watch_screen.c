#include "coordinator/status/show/watch_screen.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/human.h"
#include "common/print.h"
#include "coordinator/status/show/show.h"
#include "coordinator/status/show/watch_lists.h"

enum { WIDEST = 200, NARROWEST_BAR = 10, LABEL = 8, LINE_SIZE = 512 };

/* ---- the head ---- */

/* "study   [####......] 42 of at most 120": all bars of a screen are of one length. */
static void show_bar(FILE *out, const char *label, uint64_t done, uint64_t of, const char *words,
                     size_t columns)
{
    size_t width = columns / 5 > NARROWEST_BAR ? columns / 5 : NARROWEST_BAR;
    size_t full = of == 0      ? 0
                  : done >= of ? width
                               : (size_t)((double)done / (double)of * (double)width);

    fprintf(out, "%-*s[", LABEL, label);
    for (size_t i = 0; i < width; i++)
        fputc(i < full ? '#' : '.', out);
    fprintf(out, "] %s\n", words);
}

static void show_title(FILE *out, const Layernas__Summary *s, size_t columns)
{
    char left[LINE_SIZE], time[HUMAN_SIZE];
    size_t length;

    snprintf(left, sizeof left, "%.100s: %.60s%s%.200s", s->study, s->state, s->note[0] ? ", " : "",
             s->note);
    human_duration(s->elapsed_s, time);
    length = strlen(time);
    if (columns > length + 1)
        fprintf(out, "%-*.*s %s\n", (int)(columns - length - 1), (int)(columns - length - 1), left,
                time);
    else
        fprintf(out, "%s\n", left);
}

static void show_layer_bar(FILE *out, const Layernas__Summary *s, size_t columns)
{
    char words[LINE_SIZE], done[PRINT_NUMBER_SIZE], of[PRINT_NUMBER_SIZE];

    if (s->final_total > 0 && s->final_done + s->running > 0 &&
        strcmp(s->state, "searching") != 0) {
        snprintf(words, sizeof words, "%u of %u final trainings", s->final_done, s->final_total);
        show_bar(out, "final", s->final_done, s->final_total, words, columns);
        return;
    }
    if (s->pass == 0) {
        fprintf(out, "%-*snone yet: the first trial is the anchor\n", LABEL, "layer");
        return;
    }
    snprintf(words, sizeof words, "%s of %s: %.24s, %u of %u in pass %u",
             print_grouped((int64_t)s->layer_done, done),
             print_grouped((int64_t)s->layer_trials, of), s->layer_name, s->layer + 1, s->n_layers,
             s->pass);
    show_bar(out, "layer", s->layer_done, s->layer_trials, words, columns);
}

static void show_study_bar(FILE *out, const Layernas__Summary *s, size_t columns)
{
    char words[LINE_SIZE], done[PRINT_NUMBER_SIZE], of[PRINT_NUMBER_SIZE], time[HUMAN_SIZE];
    int used = snprintf(words, sizeof words, "%s of at most %s trials",
                        print_grouped((int64_t)s->done, done),
                        print_grouped((int64_t)s->bound, of));

    if (s->eta_s >= 0)
        snprintf(words + used, sizeof words - (size_t)used, ", %s left",
                 human_duration(s->eta_s, time));
    show_bar(out, "study", s->done, s->bound, words, columns);
}

static void show_best_line(FILE *out, const Layernas__Summary *s)
{
    char percent[SHOW_TEXT_SIZE], costs[SHOW_TEXT_SIZE];

    if (!s->best) {
        fprintf(out, "%-*snone inside the target yet\n", LABEL, "best");
        return;
    }
    fprintf(out, "%-*s%s %%, %s, trial %" PRIu64 "\n", LABEL, "best",
            show_percent(s->best->correct, s->best->total, percent),
            show_costs(s->best, s->metric, costs), s->best->trial);
    fprintf(out, "%-*s%s\n", LABEL, "", s->best->arch);
}

static void show_slots(FILE *out, const Layernas__Summary *s)
{
    char rate[64] = "", twice[64] = "", number[HUMAN_SIZE];

    if (s->trials_per_hour > 0)
        snprintf(rate, sizeof rate, ", %s trials/h", show_rate(s->trials_per_hour, number));
    if (s->running_twice > 0)
        snprintf(twice, sizeof twice, " (%" PRIu64 " twice)", s->running_twice);
    fprintf(out, "%-*s%" PRIu64 " running%s on %u slots of %u workers, %" PRIu64 " waiting%s\n",
            LABEL, "slots", s->running, twice, s->slots, s->workers, s->ready, rate);
    if (s->lost_attempts + s->failed_attempts + s->quarantined + s->refused > 0)
        fprintf(out,
                "%-*s%" PRIu64 " lost, %" PRIu64 " failed; %" PRIu64 " trials quarantined, %" PRIu64
                " messages refused\n",
                LABEL, "trouble", s->lost_attempts, s->failed_attempts, s->quarantined, s->refused);
}

static void show_head(FILE *out, const struct watch_view *view, size_t columns)
{
    const Layernas__Summary *s = view->summary;

    if (view->waiting)
        fprintf(out, "%s\n", view->waiting);
    if (!s)
        return;
    show_title(out, s, columns);
    show_layer_bar(out, s, columns);
    show_study_bar(out, s, columns);
    show_best_line(out, s);
    show_slots(out, s);
}

/* ---- fitting ---- */

static size_t count_lines(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void print_cut(FILE *out, const char *text, size_t columns, size_t rows)
{
    for (size_t row = 0; *text && (rows == 0 || row < rows); row++) {
        size_t length = strcspn(text, "\n");
        size_t shown = length < columns ? length : columns;

        while (shown > 0 && text[shown - 1] == ' ')
            shown--;
        fprintf(out, "%.*s\n", (int)shown, text);
        text += length + (text[length] == '\n');
    }
}

static int compose(FILE *out, const struct watch_view *view, const char *head, size_t columns,
                   size_t rows)
{
    size_t used = count_lines(head);

    fputs(head, out);
    if (rows > 0 && used >= rows)
        return 0;
    if (view->other) {
        fputc('\n', out);
        return show_reply(out, view->other);
    }
    return watch_lists(out, view, columns, rows == 0 ? 0 : rows - used);
}

/* What print writes to a stream, as a text for free(). NULL when memory runs out. */
static char *head_text(const struct watch_view *view, size_t columns)
{
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);

    if (!memory)
        return NULL;
    show_head(memory, view, columns);
    return fclose(memory) == 0 ? text : NULL;
}

int watch_screen(FILE *out, const struct watch_view *view, size_t columns, size_t rows)
{
    char *text = NULL, *head;
    FILE *memory;
    size_t size;
    int rc = -ENOMEM;

    if (columns > WIDEST)
        columns = WIDEST;
    head = head_text(view, columns);
    memory = open_memstream(&text, &size);
    if (head && memory)
        rc = compose(memory, view, head, columns, rows);
    if (memory && fclose(memory) != 0)
        rc = -ENOMEM;
    if (rc == 0)
        print_cut(out, text, columns, rows);
    free(head);
    free(text);
    return rc;
}
