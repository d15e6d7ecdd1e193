#include "common/digest.h"

#include <string.h>

static void add_length(struct digest_state *state, uint64_t size)
{
    uint8_t bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(size >> (8 * i));
    crypto_generichash_update(&state->blake, bytes, sizeof bytes);
}

void digest_begin(struct digest_state *state, const char *purpose)
{
    crypto_generichash_init(&state->blake, NULL, 0, sizeof(struct digest));
    digest_string(state, purpose);
}

void digest_bytes(struct digest_state *state, const void *bytes, size_t size)
{
    add_length(state, size);
    crypto_generichash_update(&state->blake, bytes, size);
}

void digest_string(struct digest_state *state, const char *text)
{
    digest_bytes(state, text, strlen(text));
}

void digest_integer(struct digest_state *state, int64_t value)
{
    add_length(state, 8);
    add_length(state, (uint64_t)value);
}

void digest_real(struct digest_state *state, double value)
{
    int64_t bits;

    memcpy(&bits, &value, sizeof bits);
    digest_integer(state, bits);
}

void digest_end(struct digest_state *state, struct digest *digest_out)
{
    crypto_generichash_final(&state->blake, digest_out->bytes, sizeof digest_out->bytes);
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

const char *digest_format(const struct digest *digest, char text[DIGEST_TEXT_SIZE])
{
    return sodium_bin2hex(text, DIGEST_TEXT_SIZE, digest->bytes, sizeof digest->bytes);
}
