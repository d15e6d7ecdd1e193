/* digest - 128-bit names for things, by BLAKE2b (libsodium's generichash).
 *
 * Whoever adds fields says which: each goes in with its length, integers as eight little-endian
 * bytes, so that no two lists of fields give the same bytes. */
#ifndef LAYERNAS_COMMON_DIGEST_H
#define LAYERNAS_COMMON_DIGEST_H

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DIGEST_TEXT_SIZE = 33 };

struct digest {
    uint8_t bytes[16];
};

struct digest_state {
    crypto_generichash_state blake;
};

/* purpose keeps digests of different kinds of things apart. */
void digest_begin(struct digest_state *state, const char *purpose);
void digest_bytes(struct digest_state *state, const void *bytes, size_t size);
void digest_string(struct digest_state *state, const char *text);
void digest_integer(struct digest_state *state, int64_t value);
void digest_real(struct digest_state *state, double value);
void digest_end(struct digest_state *state, struct digest *digest_out);

bool digest_equal(const struct digest *a, const struct digest *b);

/* 32 hexadecimal digits; returns text. */
const char *digest_format(const struct digest *digest, char text[DIGEST_TEXT_SIZE]);

#endif
