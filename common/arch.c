#include "common/arch.h"

#include <errno.h>
#include <string.h>

/* Reads a number below ARCH_MAX_OPTIONS; NULL when there is none at text. */
static const char *parse_option(const char *text, uint16_t *option_out)
{
    unsigned value = 0;
    const char *c = text;

    for (; *c >= '0' && *c <= '9'; c++) {
        value = value * 10 + (unsigned)(*c - '0');
        if (value >= ARCH_MAX_OPTIONS)
            return NULL;
    }
    *option_out = (uint16_t)value;
    return c == text ? NULL : c;
}

int arch_parse(const char *text, struct arch *arch_out)
{
    struct arch arch = { 0 };

    for (;;) {
        if (arch.n == ARCH_MAX_LAYERS)
            return -EINVAL;
        text = parse_option(text, &arch.option[arch.n]);
        if (!text)
            return -EINVAL;
        arch.n++;
        if (*text == '\0')
            break;
        if (*text++ != ':')
            return -EINVAL;
    }
    *arch_out = arch;
    return 0;
}

/* Without snprintf: keys are hashes of the text form, so each trial needs it several times. */
static char *format_option(char *to, uint32_t option)
{
    if (option >= 100)
        *to++ = (char)('0' + option / 100);
    if (option >= 10)
        *to++ = (char)('0' + option / 10 % 10);
    *to++ = (char)('0' + option % 10);
    return to;
}

const char *arch_format(const struct arch *arch, char text[ARCH_TEXT_SIZE])
{
    char *to = text;

    for (int i = 0; i < arch->n && i < ARCH_MAX_LAYERS; i++) {
        if (i > 0)
            *to++ = ':';
        to = format_option(to, arch->option[i] % ARCH_MAX_OPTIONS);
    }
    *to = '\0';
    return text;
}

int arch_compare(const struct arch *a, const struct arch *b)
{
    for (int i = 0; i < a->n && i < b->n; i++)
        if (a->option[i] != b->option[i])
            return a->option[i] < b->option[i] ? -1 : 1;
    return (a->n > b->n) - (a->n < b->n);
}

bool arch_equal(const struct arch *a, const struct arch *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}
