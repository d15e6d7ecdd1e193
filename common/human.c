#include "common/human.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/print.h"

_Static_assert((int)HUMAN_SIZE >= (int)PRINT_NUMBER_SIZE, "an amount may be a number in full");

static int decimals_of(double value)
{
    return value < 0.9995 ? 3 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
}

const char *human_amount(int64_t amount, char text[HUMAN_SIZE])
{
    /* Costs of one space mostly lie around its budget, a round number of millions: from a tenth of
     * a million on they share its unit, and can be compared at a glance. */
    static const struct {
        double from, unit;
        char letter;
    } units[] = { { 1e12, 1e12, 'T' }, { 1e9, 1e9, 'G' }, { 1e5, 1e6, 'M' }, { 1e4, 1e3, 'k' } };
    double value = fabs((double)amount);

    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (value >= units[i].from) {
            value /= units[i].unit;
            snprintf(text, HUMAN_SIZE, "%s%.*f %c", amount < 0 ? "-" : "", decimals_of(value),
                     value, units[i].letter);
            return text;
        }
    return print_grouped(amount, text);
}

const char *human_range(int64_t lowest, int64_t highest, char text[HUMAN_RANGE_SIZE])
{
    char from[HUMAN_SIZE], to[HUMAN_SIZE];

    human_amount(lowest, from);
    human_amount(highest, to);
    if (lowest > 0 && highest < INT64_MAX)
        snprintf(text, HUMAN_RANGE_SIZE, "%s to %s", from, to);
    else if (lowest > 0)
        snprintf(text, HUMAN_RANGE_SIZE, "at least %s", from);
    else if (highest < INT64_MAX)
        snprintf(text, HUMAN_RANGE_SIZE, "at most %s", to);
    else
        strcpy(text, "any");
    return text;
}

const char *human_duration(double seconds, char text[HUMAN_SIZE])
{
    static const struct {
        double below; /* in units of the smaller part */
        double size;  /* of the smaller part, in seconds */
        int ratio;
        char large, small;
    } parts[] = { { 3600, 1, 60, 'm', 's' },
                  { 48 * 60, 60, 60, 'h', 'm' },
                  { 1e9, 3600, 24, 'd', 'h' } };

    if (!(seconds >= 0)) {
        strcpy(text, "unknown");
        return text;
    }
    if (seconds < 59.95) {
        snprintf(text, HUMAN_SIZE, "%.1f s", seconds);
        return text;
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        double whole = round(seconds / parts[i].size);

        if (whole < parts[i].below) {
            snprintf(text, HUMAN_SIZE, "%d %c %02d %c", (int)whole / parts[i].ratio, parts[i].large,
                     (int)whole % parts[i].ratio, parts[i].small);
            return text;
        }
    }
    strcpy(text, "for ever");
    return text;
}
