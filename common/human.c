#include "common/human.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *human_count(uint64_t count, char text[HUMAN_SIZE])
{
    char digits[HUMAN_SIZE];
    int n = snprintf(digits, sizeof digits, "%" PRIu64, count), used = 0;

    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = '\0';
    return text;
}

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
    double value = (double)amount;

    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (value >= units[i].from) {
            value /= units[i].unit;
            snprintf(text, HUMAN_SIZE, "%.*f %c", decimals_of(value), value, units[i].letter);
            return text;
        }
    if (amount < 0)
        snprintf(text, HUMAN_SIZE, "%" PRId64, amount);
    else
        human_count((uint64_t)amount, text);
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
