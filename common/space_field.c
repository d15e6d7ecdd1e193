#include "common/space_field.h"

#include <string.h>

static const char *const no_words[] = { NULL };
static const char *const truth_words[] = { "false", "true", NULL };

const struct field_spec field_specs[BLOCK_FIELDS] = {
    [FIELD_EXPAND] = { "expand", no_words, FIELD_FRACTION, 100, 64 * FRACTION_ONE, "e", "" },
    [FIELD_HIDDEN] = { "hidden", no_words, FIELD_NUMBER, 1, NETWORK_MAX_CHANNELS, "h", "" },
    [FIELD_POOLING] = { "kind", (const char *const[]){ "avg", "max", NULL }, FIELD_WORDS, 0, 0, "",
                        "" },
    [FIELD_KERNEL] = { "kernel", no_words, FIELD_NUMBER, 1, NETWORK_MAX_SIDE, "k", "" },
    [FIELD_SIZE] = { "size", (const char *const[]){ "all", NULL }, FIELD_NUMBER, 1,
                     NETWORK_MAX_SIDE, "", "" },
    [FIELD_OUT] = { "out", (const char *const[]){ "same", "classes", "cell", NULL }, FIELD_NUMBER,
                    1, NETWORK_MAX_CHANNELS, "o", "" },
    [FIELD_WIDTH] = { "width", no_words, FIELD_FRACTION, 100, 64 * FRACTION_ONE, "w", "" },
    [FIELD_LEAST] = { "least", no_words, FIELD_NUMBER, 1, NETWORK_MAX_CHANNELS, "least", "" },
    [FIELD_STRIDE] = { "stride", (const char *const[]){ "cell", NULL }, FIELD_NUMBER, 1,
                       NETWORK_MAX_SIDE, "s", "s=" },
    [FIELD_PAD] = { "pad", no_words, FIELD_NUMBER, 0, NETWORK_MAX_SIDE - 1, "p", "" },
    [FIELD_GROUPS] = { "groups", (const char *const[]){ "channels", NULL }, FIELD_NUMBER, 1,
                       NETWORK_MAX_CHANNELS, "g", "groups=" },
    [FIELD_SE] = { "se", truth_words, FIELD_WORDS, 0, 0, "", "" },
    [FIELD_SQUEEZE] = { "squeeze", no_words, FIELD_NUMBER, 1, 64, "squeeze", "" },
    [FIELD_ACT] = { "act",
                    (const char *const[]){ "none", "relu", "relu6", "hswish", "swish", "hsigmoid",
                                           "sigmoid", "zero", NULL },
                    FIELD_WORDS, 0, 0, "", "" },
    [FIELD_GATE] = { "gate", (const char *const[]){ "hsigmoid", "sigmoid", NULL }, FIELD_WORDS, 0,
                     0, "", "gate=" },
    [FIELD_NORM] = { "norm", truth_words, FIELD_WORDS, 0, 0, "", "" },
    [FIELD_BIAS] = { "bias", truth_words, FIELD_WORDS, 0, 0, "", "" },
    [FIELD_RATE] = { "rate", no_words, FIELD_FRACTION, 0, FRACTION_ONE - 1, "", "" },
};

enum block_field field_named(const char *name)
{
    enum block_field field = 0;

    while (field < BLOCK_FIELDS && strcmp(field_specs[field].name, name) != 0)
        field++;
    return field;
}

void field_print(FILE *stream, enum block_field field, int32_t value)
{
    const struct field_spec *spec = &field_specs[field];

    if (spec->words == truth_words)
        fprintf(stream, "%s%s", value == BLOCK_TRUE ? "" : "no-", spec->name);
    else if (value < 0)
        fprintf(stream, "%s%s", spec->word, spec->words[BLOCK_WORD(value)]);
    else if (spec->type == FIELD_FRACTION)
        fprintf(stream, "%s%g", spec->number, (double)value / FRACTION_ONE);
    else
        fprintf(stream, "%s%d", spec->number, value);
}
