#include "coordinator/compare/entrants.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS_SIZE = 1024, MAX_SIZE = 64 };

/* Length of the entrant at the start of text: up to a comma outside of braces. */
static size_t entrant_length(const char *text)
{
    size_t n = 0;
    int depth = 0;

    for (; text[n] && (text[n] != ',' || depth > 0); n++)
        depth += (text[n] == '{') - (text[n] == '}');
    return n;
}

/* Cuts "LABEL=NAME{FIELDS}" into the label and "{strategy: NAME, FIELDS}". */
static int read_entrant(const char *text, size_t n, struct contestant *contestant,
                        char fields[FIELDS_SIZE], struct errmsg *err)
{
    const char *brace = memchr(text, '{', n), *equals = memchr(text, '=', n);
    const char *name = equals && (!brace || equals < brace) ? equals + 1 : text;
    const char *label_end = name > text ? equals : text + n;
    size_t name_length = (size_t)((brace ? brace : text + n) - name);
    size_t label_length = (size_t)(label_end - text);
    const char *inside = brace ? brace + 1 : "}";
    size_t inside_length = brace ? (size_t)(text + n - inside) : 1;

    if (name_length == 0 || label_length == 0)
        return errmsg_set(err, -EINVAL,
                          "--strategies: \"%.*s\"; NAME, NAME{FIELD: VALUE} or LABEL=NAME{...}",
                          (int)n, text);
    if (label_length >= CONTEST_LABEL_SIZE)
        return errmsg_set(err, -EINVAL, "--strategies: \"%.*s\": a label of over %d characters",
                          (int)n, text, CONTEST_LABEL_SIZE - 1);
    memcpy(contestant->label, text, label_length);
    if (snprintf(fields, FIELDS_SIZE, "{strategy: %.*s, %.*s", (int)name_length, name,
                 (int)inside_length, inside) >= FIELDS_SIZE)
        return errmsg_set(err, -EINVAL, "--strategies: \"%s\": too long", contestant->label);
    return 0;
}

static int load_entrant(const char *study_path, const char *max, const char *text, size_t n,
                        const struct contestant *others, uint32_t n_others,
                        struct contestant *contestant, struct errmsg *err)
{
    char fields[FIELDS_SIZE], cost[MAX_SIZE];
    struct study_change changes[] = { { "search", fields }, { "cost", cost } };
    int rc = read_entrant(text, n, contestant, fields, err);

    for (uint32_t i = 0; rc == 0 && i < n_others; i++)
        if (strcmp(others[i].label, contestant->label) == 0)
            rc = errmsg_set(err, -EINVAL,
                            "--strategies: \"%s\" twice; give one a LABEL=", contestant->label);
    if (rc == 0 && snprintf(cost, sizeof cost, "{max: '%s'}", max ? max : "") >= (int)sizeof cost)
        rc = errmsg_set(err, -EINVAL, "--max: \"%s\": too long", max);
    return rc < 0 ? rc
                  : study_load_changed(study_path, changes, max ? 2 : 1, &contestant->study, err);
}

int entrants_load(const char *study_path, const char *max, const char *text,
                  struct contestant **contestants_out, uint32_t *n_out, struct errmsg *err)
{
    struct contestant *contestants = calloc(ENTRANTS_MAX, sizeof *contestants);
    uint32_t n = 0;
    int rc = contestants ? 0 : errmsg_set(err, -ENOMEM, "out of memory");

    for (; rc == 0;) {
        size_t length = entrant_length(text);

        if (n == ENTRANTS_MAX)
            rc = errmsg_set(err, -EINVAL, "--strategies: over %d of them", ENTRANTS_MAX);
        else
            rc = load_entrant(study_path, max, text, length, contestants, n, &contestants[n], err);
        n += rc == 0;
        if (!text[length])
            break;
        text += length + 1;
    }
    if (rc < 0) {
        entrants_clear(contestants, n);
        return rc;
    }
    *contestants_out = contestants;
    *n_out = n;
    return 0;
}

void entrants_clear(struct contestant *contestants, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        study_free(contestants[i].study);
    free(contestants);
}

/* Numbers that begin with a digit, joined by ','; whole: of digits alone. False where there are over
 * most, or what stands there is no number. */
static bool parse_numbers(const char *text, bool whole, double *numbers, uint32_t most,
                          uint32_t *n_out)
{
    uint32_t n = 0;

    for (const char *rest = text;; rest++) {
        size_t length = strcspn(rest, ","), digits = strspn(rest, "0123456789");
        char *end;

        if (n == most || digits == 0 || (whole && digits < length))
            return false;
        numbers[n++] = strtod(rest, &end);
        if (end != rest + length)
            return false;
        rest = end;
        if (!*rest)
            break;
    }
    *n_out = n;
    return true;
}

int budgets_parse(const char *text, uint32_t budgets[BUDGETS_MAX], uint32_t *n_out,
                  struct errmsg *err)
{
    double numbers[BUDGETS_MAX], last = 0;
    bool good = parse_numbers(text, true, numbers, BUDGETS_MAX, n_out);

    for (uint32_t i = 0; good && i < *n_out; i++) {
        good = numbers[i] > last && numbers[i] <= BUDGET_MOST;
        budgets[i] = good ? (uint32_t)numbers[i] : 0;
        last = numbers[i];
    }
    if (good)
        return 0;
    return errmsg_set(err, -EINVAL,
                      "--budgets: \"%s\"; up to %d rising numbers of trials: 50,100,200", text,
                      BUDGETS_MAX);
}

int gaps_parse(const char *text, double gaps[GAPS_MAX], uint32_t *n_out, struct errmsg *err)
{
    bool good = parse_numbers(text, false, gaps, GAPS_MAX, n_out) && gaps[0] <= 100;

    for (uint32_t i = 1; good && i < *n_out; i++)
        good = gaps[i] < gaps[i - 1];
    if (good)
        return 0;
    return errmsg_set(err, -EINVAL,
                      "--within: \"%s\"; up to %d falling numbers of points, 100 to 0: 1,0.5,0",
                      text, GAPS_MAX);
}

uint32_t budgets_default(uint32_t trials, uint32_t budgets[BUDGETS_MAX])
{
    uint32_t n = 0;

    for (uint64_t budget = 50; budget < trials; budget *= 2)
        budgets[n++] = (uint32_t)budget;
    budgets[n++] = trials;
    return n;
}
