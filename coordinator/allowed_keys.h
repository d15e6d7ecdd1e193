/* allowed_keys - the public keys in a coordinator's folder: who may connect, and as what.
 *
 * Read again whenever the folder has changed: a new file lets its holder in, a file that is gone
 * keeps its holder out. Loop thread only. */
#ifndef LAYERNAS_COORDINATOR_ALLOWED_KEYS_H
#define LAYERNAS_COORDINATOR_ALLOWED_KEYS_H

#include <stdint.h>
#include <time.h>

#include "proto/key_file.h"

struct allowed_key {
    struct public_key key;
    enum key_role role;
};

struct allowed_keys {
    const char *folder;
    struct allowed_key *keys; /* sorted by text */
    size_t n, by_role[KEY_ROLES];
    struct timespec changed; /* the folder, when it was read */
    bool read_too_soon;      /* it may have changed again in that tick of the file system's clock */
};

/* Reads the folder, which only its owner may be able to write. Every file must be good: the errors
 * are those of key_file. folder must outlive it. */
int allowed_keys_open(struct allowed_keys *keys, const char *folder, struct errmsg *err);
void allowed_keys_clear(struct allowed_keys *keys);

/* Reads it again if it has changed, or in any case where always is given. A file that is no good any
 * more lets nobody in. 1: it was read, and err has a line on the first such file, or is empty; 0: no
 * change; an errno: the folder cannot be read, and what was known holds on. */
int allowed_keys_refresh(struct allowed_keys *keys, bool always, struct errmsg *err);

/* NULL: not one of them. Good until the next refresh. */
const struct allowed_key *allowed_keys_find(const struct allowed_keys *keys, const char *text);

#endif
