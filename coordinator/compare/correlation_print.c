#include <math.h>

#include "common/print.h"
#include "coordinator/compare/correlation.h"

static const struct {
    const char *text, *key;
} sets[CORRELATION_SETS] = {
    [CORRELATION_ALL] = { "all", "all" },
    [CORRELATION_IN_TARGET] = { "in the target", "in_target" },
    [CORRELATION_TENTH] = { "of these the best 10 %", "best_tenth" },
    [CORRELATION_HUNDREDTH] = { "of these the best 1 %", "best_hundredth" },
};

static void print_number(FILE *out, double number)
{
    if (isnan(number))
        fprintf(out, "  %6s", "-");
    else
        fprintf(out, "  %6.3f", number);
}

static void print_set(const struct correlation *correlation, enum correlation_set set, FILE *out)
{
    const struct rank_correlation *c = &correlation->sets[set];
    char count[PRINT_NUMBER_SIZE];

    fprintf(out, "%-22s  %13s", sets[set].text, print_grouped((int64_t)c->n, count));
    print_number(out, c->tau_b);
    print_number(out, c->spearman);
    if (set >= CORRELATION_TENTH && c->n > 0)
        fprintf(out, "  %11.0f %%", 100.0 * (double)correlation->shared[set] / (double)c->n);
    fputc('\n', out);
}

void correlation_print(const struct benchmark *benchmark, uint32_t column,
                       const struct correlation *correlation, FILE *out)
{
    char place[PRINT_NUMBER_SIZE];

    fprintf(out,
            "does the reward, %.40s,\norder architectures as the report does, %.40s?\n"
            "%-22s  %13s  %6s  %6s  %13s\n",
            benchmark->reward_columns[column], benchmark->report_column, "by reward",
            "architectures", "tau-b", "rho", "by report too");
    for (enum correlation_set set = 0; set < CORRELATION_SETS; set++)
        print_set(correlation, set, out);
    if (correlation->place > 0)
        fprintf(out, "the best has place %s by report, %.2f points below the best there\n",
                print_grouped((int64_t)correlation->place, place), correlation->below);
    else
        fputs("nothing is in the target\n", out);
}

static json_t *number_or_null(double number)
{
    return isnan(number) ? json_null() : json_real(number);
}

static json_t *set_json(const struct correlation *correlation, enum correlation_set set)
{
    const struct rank_correlation *c = &correlation->sets[set];
    bool shares = set >= CORRELATION_TENTH;

    return json_pack("{s:s, s:I, s:o, s:o, s:o}", "set", sets[set].key, "architectures",
                     (json_int_t)c->n, "tau_b", number_or_null(c->tau_b), "spearman",
                     number_or_null(c->spearman), "by_report_too",
                     shares ? json_integer((json_int_t)correlation->shared[set]) : json_null());
}

json_t *correlation_json(const struct benchmark *benchmark, uint32_t column,
                         const struct correlation *correlation)
{
    bool any = correlation->place > 0;
    json_t *all = json_array();

    for (enum correlation_set set = 0; set < CORRELATION_SETS; set++)
        json_array_append_new(all, set_json(correlation, set));
    return json_pack("{s:s, s:s, s:o, s:o, s:o}", "reward", benchmark->reward_columns[column],
                     "report", benchmark->report_column, "sets", all, "best_place_by_report",
                     any ? json_integer((json_int_t)correlation->place) : json_null(),
                     "best_points_below", any ? json_real(correlation->below) : json_null());
}
