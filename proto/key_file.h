/* key_file - CURVE keys in files, in one folder of each machine.
 *
 *     server.key  server.pub      of the coordinator
 *     worker.key  worker.pub      of a worker; of more of them worker-NAME.key, worker-NAME.pub
 *     observer    control         the same: of who may look with layernas-status, and of who may
 *                                 steer with it too
 *
 * The .pub files beside a coordinator's server.key say who may connect. A .key is secret: it has mode
 * 0600, and is refused where others could read it. Either has two lines: what it is, and the key in
 * Z85 (ZeroMQ RFC 32). The public half of a pair is computed from the secret one, never read from the
 * file beside it. Keys are those of ZeroMQ's CURVE (RFC 26). */
#ifndef LAYERNAS_PROTO_KEY_FILE_H
#define LAYERNAS_PROTO_KEY_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/errmsg.h"

enum {
    KEY_TEXT_SIZE = 41,     /* Z85 and its end */
    KEY_NAME_SIZE = 64,     /* of a pair: "worker-gpu1" */
    KEY_MOST_FILES = 20000, /* .pub files of a folder */
};

enum key_role { KEY_SERVER, KEY_WORKER, KEY_OBSERVER, KEY_CONTROL, KEY_ROLES };

struct public_key {
    char name[KEY_NAME_SIZE];
    char text[KEY_TEXT_SIZE];
};

/* What a client proves with who it is, and who it expects at the other end. */
struct client_keys {
    struct public_key own;
    char secret[KEY_TEXT_SIZE];
    char server[KEY_TEXT_SIZE];
};

const char *key_role_name(enum key_role role);

/* The role of the pair called name. False: no name of a pair, which is a role, or a role other than
 * server, a hyphen, and letters, digits, '.', '_' or '-'. */
bool key_role_of(const char *name, enum key_role *role_out);

/* Makes pairs: name.key with mode 0600, name.pub with 0644. Makes the folder (0700) where there is
 * none. Nothing is ever overwritten: where one of the files is there, -EEXIST, and none is made.
 * -EINVAL: no name of a pair. */
int key_files_make(const char *folder, const char *const *names, size_t n, struct errmsg *err);

/* Either, checked. -ENOENT and the like; -EACCES: others could read the secret (or write the public)
 * key; -EINVAL: no key of that kind is in it. */
int key_file_secret(const char *folder, const char *name, char text_out[KEY_TEXT_SIZE],
                    struct errmsg *err);
int key_file_public(const char *folder, const char *name, char text_out[KEY_TEXT_SIZE],
                    struct errmsg *err);

/* The pairs' names in the folder of which there is a file with that suffix, ".pub" or ".key", sorted;
 * the array is the caller's to free(). Other files are passed over. -E2BIG: more than
 * KEY_MOST_FILES. */
int key_folder_list(const char *folder, const char *suffix, char (**names_out)[KEY_NAME_SIZE],
                    size_t *n_out, struct errmsg *err);

/* The keys of a client in a folder: server.pub, and of the first of roles[0..n) that has any the
 * secret ROLE.key or the only ROLE-NAME.key. -ENOENT: there is none; -EEXIST: several, and no way to
 * choose. */
int key_folder_client(const char *folder, const enum key_role *roles, size_t n,
                      struct client_keys *keys_out, struct errmsg *err);

#endif
