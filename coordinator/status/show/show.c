#include "coordinator/status/show/show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/human.h"
#include "common/print.h"
#include "coordinator/status/show/text_table.h"

const char *show_percent(uint32_t correct, uint32_t total, char text[SHOW_TEXT_SIZE])
{
    if (total > 0)
        snprintf(text, SHOW_TEXT_SIZE, "%.2f", 100.0 * correct / total);
    else
        strcpy(text, "-");
    return text;
}

const char *show_unit(const char *metric)
{
    if (strcmp(metric, "table") == 0)
        return "cost";
    return strcmp(metric, "activations") == 0 ? "bytes" : metric;
}

const char *show_costs(const Layernas__Candidate *candidate, const char *metric,
                       char text[SHOW_TEXT_SIZE])
{
    char cost[HUMAN_SIZE], madds[HUMAN_SIZE], params[HUMAN_SIZE];
    int used = snprintf(text, SHOW_TEXT_SIZE, "%s %.16s", human_amount(candidate->cost, cost),
                        show_unit(metric));

    if (candidate->madds > 0 && strcmp(metric, "madds") != 0)
        used += snprintf(text + used, SHOW_TEXT_SIZE - (size_t)used, ", %s madds",
                         human_amount(candidate->madds, madds));
    if (candidate->params > 0 && strcmp(metric, "params") != 0)
        snprintf(text + used, SHOW_TEXT_SIZE - (size_t)used, ", %s params",
                 human_amount(candidate->params, params));
    return text;
}

const char *show_rate(double rate, char text[PRINT_NUMBER_SIZE])
{
    if (rate < 10)
        snprintf(text, PRINT_NUMBER_SIZE, "%.1f", rate);
    else
        print_grouped(rate < 1e15 ? (int64_t)(rate + 0.5) : INT64_MAX, text);
    return text;
}

const char *show_span(int64_t lowest, int64_t highest, char text[SHOW_TEXT_SIZE])
{
    char from[HUMAN_SIZE], to[HUMAN_SIZE], *from_unit, *to_unit;

    if (lowest > highest)
        return "no cost";
    from_unit = strchr(human_amount(lowest, from), ' ');
    to_unit = strchr(human_amount(highest, to), ' ');
    if (from_unit && to_unit && strcmp(from_unit, to_unit) == 0)
        *from_unit = '\0';
    snprintf(text, SHOW_TEXT_SIZE, "%s - %s", from, to);
    return text;
}

void show_omitted(FILE *out, size_t shown, uint64_t total)
{
    char count[HUMAN_SIZE];

    if (shown < total)
        fprintf(out, "\nthe last %zu of %s; --last N shows more, --all shows all\n", shown,
                print_grouped(total, count));
}

/* Tables fit by themselves, and what is wrapped. Lines that begin with a label do for any numbers that
 * a study may have; where they do not, they go on below. */
static void print_folded(FILE *out, const char *text)
{
    char label[SHOW_INDENT + 1], rest[1000];

    while (*text) {
        size_t length = strcspn(text, "\n");

        if (length <= PRINT_WIDTH) {
            fprintf(out, "%.*s\n", (int)length, text);
        } else {
            snprintf(label, sizeof label, "%.*s", SHOW_INDENT, text);
            snprintf(rest, sizeof rest, "%.*s", (int)length - SHOW_INDENT, text + SHOW_INDENT);
            print_wrapped(out, label, SHOW_INDENT, rest);
        }
        text += length + (text[length] == '\n');
    }
}

static int show_body(FILE *out, const Layernas__StatusReply *reply)
{
    switch (reply->body_case) {
    case LAYERNAS__STATUS_REPLY__BODY_SUMMARY:
        return show_summary(out, reply->summary);
    case LAYERNAS__STATUS_REPLY__BODY_LAYERS:
        return show_layers(out, reply->layers, reply->metric);
    case LAYERNAS__STATUS_REPLY__BODY_TRIALS:
        return show_trials(out, reply->trials, reply->metric);
    case LAYERNAS__STATUS_REPLY__BODY_WORKERS:
        return show_workers(out, reply->workers, reply->metric);
    case LAYERNAS__STATUS_REPLY__BODY_PARETO:
        return show_pareto(out, reply->pareto, reply->metric);
    case LAYERNAS__STATUS_REPLY__BODY_BEST:
        return show_best(out, reply->best, reply->metric);
    case LAYERNAS__STATUS_REPLY__BODY_WHY:
        return show_why(out, reply->why, reply->metric);
    case LAYERNAS__STATUS_REPLY__BODY_DIAGNOSIS:
        return show_diagnosis(out, reply->diagnosis, reply->metric);
    case LAYERNAS__STATUS_REPLY__BODY_COMMANDED:
        return fprintf(out, "%s\n", reply->commanded->now) < 0 ? -EIO : 0;
    case LAYERNAS__STATUS_REPLY__BODY_END:
        return show_end(out, reply->end, reply->metric);
    default: /* reply_check lets no other pass */
        return 0;
    }
}

int show_reply(FILE *out, const Layernas__StatusReply *reply)
{
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    int rc = memory ? show_body(memory, reply) : -ENOMEM;

    if (memory && fclose(memory) != 0)
        rc = -ENOMEM;
    if (rc == 0)
        print_folded(out, text);
    free(text);
    return rc;
}
