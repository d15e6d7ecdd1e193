#include "tests/bench/skim.h"

#include <string.h>

enum { VARINT, FIXED64, BYTES };
enum { TO_WORKER_TRIAL = 3, TO_WORKER_VERDICT = 4 };

/* What is left of a message, and the field that was read last. A fault leaves nothing. */
struct skim {
    const uint8_t *at, *end;
    uint32_t number;
    uint64_t integer;       /* of a varint or a fixed64 */
    const uint8_t *content; /* of bytes */
    size_t size;
};

static uint64_t varint(struct skim *skim)
{
    uint64_t value = 0;

    for (int shift = 0; skim->at < skim->end && shift < 64; shift += 7) {
        uint8_t byte = *skim->at++;

        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return value;
    }
    skim->at = skim->end;
    return 0;
}

static bool read_bytes(struct skim *skim, size_t size)
{
    if (size > (size_t)(skim->end - skim->at))
        return false;
    skim->content = skim->at;
    skim->size = size;
    skim->at += size;
    return true;
}

static bool next(struct skim *skim)
{
    uint64_t tag;

    if (skim->at >= skim->end)
        return false;
    tag = varint(skim);
    skim->number = (uint32_t)(tag >> 3);
    switch (tag & 7) {
    case VARINT:
        skim->integer = varint(skim);
        return true;
    case FIXED64:
        if (!read_bytes(skim, sizeof skim->integer))
            return false;
        memcpy(&skim->integer, skim->content, sizeof skim->integer);
        return true;
    case BYTES:
        return read_bytes(skim, varint(skim));
    default:
        return false;
    }
}

static struct skim inside(const struct skim *skim)
{
    return (struct skim){ .at = skim->content, .end = skim->content + skim->size };
}

static struct digest digest(const struct skim *skim)
{
    struct digest digest = { { 0 } };

    if (skim->size == sizeof digest)
        memcpy(&digest, skim->content, sizeof digest);
    return digest;
}

static struct attempt attempt(struct skim skim)
{
    struct attempt attempt = { 0 };

    while (next(&skim))
        *(skim.number == 1 ? &attempt.start : &attempt.counter) = skim.integer;
    return attempt;
}

static struct costs costs(struct skim skim)
{
    struct costs costs = { 0 };
    int64_t *fields[] = { NULL, &costs.madds, &costs.params, &costs.activations };

    while (next(&skim))
        if (skim.number < sizeof fields / sizeof *fields)
            *fields[skim.number] = (int64_t)skim.integer;
    return costs;
}

static struct arch arch(struct skim skim)
{
    struct arch arch = { 0 };

    while (skim.at < skim.end && arch.n < ARCH_MAX_LAYERS)
        arch.option[arch.n++] = (uint16_t)varint(&skim);
    return arch;
}

static void take_field(const struct skim *skim, struct trial_message *to)
{
    switch (skim->number) {
    case 1:
        to->study_id = digest(skim);
        break;
    case 2:
        to->attempt = attempt(inside(skim));
        break;
    case 3:
        to->trial.key = digest(skim);
        break;
    case 5:
        to->trial.stage = (enum stage)skim->integer;
        break;
    case 6:
        to->trial.replica = (uint32_t)skim->integer;
        break;
    case 7:
        to->trial.arch = arch(inside(skim));
        break;
    case 9:
        to->trial.costs = costs(inside(skim));
        break;
    case 10:
        to->trial.seed = skim->integer;
        break;
    }
}

/* The message is one of this kind; *inside_out is then what is in it. */
static bool is_kind(const uint8_t *data, size_t size, uint32_t kind, struct skim *inside_out)
{
    struct skim skim = { .at = data, .end = data + size };

    if (!next(&skim) || skim.number != kind)
        return false;
    *inside_out = inside(&skim);
    return true;
}

bool skim_trial(const uint8_t *data, size_t size, struct trial_message *trial_out)
{
    struct skim skim;

    if (!is_kind(data, size, TO_WORKER_TRIAL, &skim))
        return false;
    *trial_out = (struct trial_message){ 0 };
    while (next(&skim) && skim.number <= 10) /* behind them the network, most of the message */
        take_field(&skim, trial_out);
    return true;
}

bool skim_accepted(const uint8_t *data, size_t size)
{
    struct skim skim;
    bool accepted = false;

    if (!is_kind(data, size, TO_WORKER_VERDICT, &skim))
        return false;
    while (next(&skim))
        accepted |= skim.number == 3 && skim.integer == 1;
    return accepted;
}
