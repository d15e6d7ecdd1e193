#include "coordinator/allowed_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CLOCK_TICK_S = 2 }; /* of the coarsest file systems */

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct allowed_key *)a)->key.text,
                  ((const struct allowed_key *)b)->key.text);
}

/* Notes when the folder last changed, before it is read. */
static int look(struct allowed_keys *keys, struct stat *stat_out, struct errmsg *err)
{
    if (stat(keys->folder, stat_out) < 0)
        return errmsg_set(err, -errno, "%s: %s", keys->folder, strerror(errno));
    if (stat_out->st_mode & (S_IWGRP | S_IWOTH))
        return errmsg_set(err, -EACCES,
                          "%s: others can write to it (mode %04o), and so let themselves in; chmod "
                          "go-w it",
                          keys->folder, (unsigned)stat_out->st_mode & 07777);
    return 0;
}

/* The key of one file; 0 where it is nobody's who connects. */
static int read_one(const char *folder, const char *name, struct allowed_key *key_out,
                    struct errmsg *err)
{
    int rc;

    if (!key_role_of(name, &key_out->role) || key_out->role == KEY_SERVER)
        return 0;
    strcpy(key_out->key.name, name);
    rc = key_file_public(folder, name, key_out->key.text, err);
    return rc < 0 ? rc : 1;
}

/* One key in two files: the worker that it was made for could steer, say. */
static int check_distinct(const struct allowed_keys *keys, struct errmsg *err)
{
    for (size_t i = 1; i < keys->n; i++)
        if (compare(&keys->keys[i - 1], &keys->keys[i]) == 0)
            return errmsg_set(err, -EINVAL, "%s: %s.pub and %s.pub are one key; make one for each",
                              keys->folder, keys->keys[i - 1].key.name, keys->keys[i].key.name);
    return 0;
}

/* The first fault is in err and returned; what is good is in *keys all the same. */
static int read_files(struct allowed_keys *keys, char (*names)[KEY_NAME_SIZE], size_t n,
                      struct errmsg *err)
{
    int first = 0;

    keys->n = 0;
    memset(keys->by_role, 0, sizeof keys->by_role);
    for (size_t i = 0; i < n; i++) {
        struct allowed_key *key = &keys->keys[keys->n];
        int rc = read_one(keys->folder, names[i], key, first ? NULL : err);

        if (rc > 0) {
            keys->by_role[key->role]++;
            keys->n++;
        } else if (rc < 0 && first == 0) {
            first = rc;
        }
    }
    if (keys->n > 0)
        qsort(keys->keys, keys->n, sizeof *keys->keys, compare);
    return first;
}

static bool is_recent(const struct timespec *when)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec - when->tv_sec <= CLOCK_TICK_S && now.tv_sec - when->tv_sec >= -CLOCK_TICK_S;
}

/* An errno: *keys is as it was. 0: read; *fault_out is that of the first bad file, with its line. */
static int read_folder(struct allowed_keys *keys, int *fault_out, struct errmsg *err)
{
    struct allowed_keys new = { .folder = keys->folder };
    char(*names)[KEY_NAME_SIZE] = NULL;
    struct stat stat;
    size_t n;
    int rc = look(keys, &stat, err);

    if (rc == 0)
        rc = key_folder_list(keys->folder, ".pub", &names, &n, err);
    if (rc < 0)
        return rc;
    new.changed = stat.st_mtim;
    new.read_too_soon = is_recent(&new.changed);
    new.keys = calloc(n + 1, sizeof *new.keys);
    if (!new.keys) {
        free(names);
        return errmsg_set(err, -ENOMEM, "out of memory");
    }
    *fault_out = read_files(&new, names, n, err);
    free(names);
    free(keys->keys);
    *keys = new;
    if (*fault_out == 0)
        *fault_out = check_distinct(keys, err);
    return 0;
}

int allowed_keys_open(struct allowed_keys *keys, const char *folder, struct errmsg *err)
{
    int fault = 0, rc;

    *keys = (struct allowed_keys){ .folder = folder };
    rc = read_folder(keys, &fault, err);
    if (rc == 0)
        rc = fault;
    if (rc < 0)
        allowed_keys_clear(keys);
    return rc;
}

void allowed_keys_clear(struct allowed_keys *keys)
{
    free(keys->keys);
    *keys = (struct allowed_keys){ 0 };
}

static bool has_changed(const struct allowed_keys *keys)
{
    struct stat now;

    return stat(keys->folder, &now) < 0 || now.st_mtim.tv_sec != keys->changed.tv_sec ||
           now.st_mtim.tv_nsec != keys->changed.tv_nsec;
}

int allowed_keys_refresh(struct allowed_keys *keys, bool always, struct errmsg *err)
{
    int fault, rc;

    *err = (struct errmsg){ "" };
    if (!always && !has_changed(keys))
        return 0;
    rc = read_folder(keys, &fault, err);
    return rc < 0 ? rc : 1;
}

const struct allowed_key *allowed_keys_find(const struct allowed_keys *keys, const char *text)
{
    struct allowed_key wanted;

    if (strlen(text) != KEY_TEXT_SIZE - 1)
        return NULL;
    strcpy(wanted.key.text, text);
    return keys->n == 0 ? NULL : bsearch(&wanted, keys->keys, keys->n, sizeof wanted, compare);
}
