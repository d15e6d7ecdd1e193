#include "proto/key_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

enum { PATH_SIZE = 4096, FILE_SIZE = 128, OTHERS = 077, OTHERS_WRITE = 022 };

static const char secret_head[] = "layernas secret key", public_head[] = "layernas public key";

static const char *const role_names[KEY_ROLES] = {
    [KEY_SERVER] = "server",
    [KEY_WORKER] = "worker",
    [KEY_OBSERVER] = "observer",
    [KEY_CONTROL] = "control",
};

const char *key_role_name(enum key_role role)
{
    return role_names[role];
}

static bool is_name_part(const char *text)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

    return *text && text[strspn(text, allowed)] == '\0';
}

bool key_role_of(const char *name, enum key_role *role_out)
{
    if (strlen(name) >= KEY_NAME_SIZE)
        return false;
    for (int role = 0; role < KEY_ROLES; role++) {
        size_t n = strlen(role_names[role]);

        if (strncmp(name, role_names[role], n) != 0)
            continue;
        *role_out = (enum key_role)role;
        return name[n] == '\0' ||
               (role != KEY_SERVER && name[n] == '-' && is_name_part(name + n + 1));
    }
    return false;
}

static int path_of(const char *folder, const char *name, const char *suffix, char path[PATH_SIZE],
                   struct errmsg *err)
{
    if (snprintf(path, PATH_SIZE, "%s/%s%s", folder, name, suffix) >= PATH_SIZE)
        return errmsg_set(err, -ENAMETOOLONG, "--keys: longer than %d bytes", PATH_SIZE);
    return 0;
}

/* ---- reading ---- */

static int check_mode(const char *path, int fd, mode_t forbidden, struct errmsg *err)
{
    struct stat stat;

    if (fstat(fd, &stat) < 0)
        return errmsg_set(err, -errno, "%s: %s", path, strerror(errno));
    if (!S_ISREG(stat.st_mode))
        return errmsg_set(err, -EINVAL, "%s: no regular file", path);
    if (stat.st_mode & forbidden)
        return errmsg_set(err, -EACCES, "%s: others can %s it (mode %04o); chmod %s it", path,
                          forbidden == OTHERS ? "read" : "write", (unsigned)stat.st_mode & 07777,
                          forbidden == OTHERS ? "600" : "644");
    return 0;
}

static int read_text(const char *path, mode_t forbidden, char text[FILE_SIZE], struct errmsg *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;
    ssize_t n;

    if (fd < 0)
        return errmsg_set(err, -errno, "%s: %s", path, strerror(errno));
    rc = check_mode(path, fd, forbidden, err);
    if (rc == 0) {
        n = read(fd, text, FILE_SIZE - 1);
        if (n < 0)
            rc = errmsg_set(err, -errno, "%s: %s", path, strerror(errno));
        else
            text[n] = '\0';
    }
    close(fd);
    return rc;
}

/* The key of a file's text: its second line. */
static bool parse(const char *text, const char *head, char key_out[KEY_TEXT_SIZE])
{
    size_t n = strlen(head);
    uint8_t bytes[32];

    if (strncmp(text, head, n) != 0 || text[n] != '\n' || strlen(text + n + 1) != KEY_TEXT_SIZE ||
        text[n + KEY_TEXT_SIZE] != '\n')
        return false;
    memcpy(key_out, text + n + 1, KEY_TEXT_SIZE - 1);
    key_out[KEY_TEXT_SIZE - 1] = '\0';
    if (zmq_z85_decode(bytes, key_out) == NULL)
        return false;
    sodium_memzero(bytes, sizeof bytes);
    return true;
}

static int read_key(const char *folder, const char *name, const char *suffix, const char *head,
                    mode_t forbidden, char text_out[KEY_TEXT_SIZE], struct errmsg *err)
{
    char path[PATH_SIZE], text[FILE_SIZE];
    int rc = path_of(folder, name, suffix, path, err);

    if (rc == 0)
        rc = read_text(path, forbidden, text, err);
    if (rc == 0 && !parse(text, head, text_out))
        rc = errmsg_set(err, -EINVAL, "%s: no %s is in it", path, head);
    sodium_memzero(text, sizeof text);
    return rc;
}

int key_file_secret(const char *folder, const char *name, char text_out[KEY_TEXT_SIZE],
                    struct errmsg *err)
{
    return read_key(folder, name, ".key", secret_head, OTHERS, text_out, err);
}

int key_file_public(const char *folder, const char *name, char text_out[KEY_TEXT_SIZE],
                    struct errmsg *err)
{
    return read_key(folder, name, ".pub", public_head, OTHERS_WRITE, text_out, err);
}

/* ---- making ---- */

static int write_whole(int fd, const char *text, size_t size)
{
    ssize_t n = write(fd, text, size);

    if (n < 0)
        return -errno;
    if ((size_t)n < size)
        return -ENOSPC;
    return fsync(fd) < 0 ? -errno : 0;
}

/* A new file, there once it is whole. */
static int write_new(const char *path, mode_t mode, const char *text, struct errmsg *err)
{
    char draft[PATH_SIZE + 8];
    int fd, rc;

    snprintf(draft, sizeof draft, "%s.XXXXXX", path);
    fd = mkstemp(draft);
    if (fd < 0)
        return errmsg_set(err, -errno, "%s: %s", path, strerror(errno));
    rc = write_whole(fd, text, strlen(text));
    if (rc == 0 && fchmod(fd, mode) < 0)
        rc = -errno;
    if (rc == 0 && link(draft, path) < 0) /* which, unlike rename, overwrites nothing */
        rc = -errno;
    close(fd);
    unlink(draft);
    if (rc == -EEXIST)
        return errmsg_set(err, rc, "%s: is there already; nothing is overwritten", path);
    return rc < 0 ? errmsg_set(err, rc, "%s: %s", path, strerror(-rc)) : 0;
}

static int write_key(const char *folder, const char *name, const char *suffix, const char *head,
                     const char *key, mode_t mode, struct errmsg *err)
{
    char path[PATH_SIZE], text[FILE_SIZE];
    int rc = path_of(folder, name, suffix, path, err);

    snprintf(text, sizeof text, "%s\n%s\n", head, key);
    if (rc == 0)
        rc = write_new(path, mode, text, err);
    sodium_memzero(text, sizeof text);
    return rc;
}

static int check_absent(const char *folder, const char *name, const char *suffix,
                        struct errmsg *err)
{
    char path[PATH_SIZE];
    struct stat stat;
    int rc = path_of(folder, name, suffix, path, err);

    if (rc == 0 && lstat(path, &stat) == 0)
        rc = errmsg_set(err, -EEXIST, "%s: is there already; nothing is overwritten", path);
    return rc;
}

static int check_name(const char *folder, const char *name, struct errmsg *err)
{
    enum key_role role;
    int rc;

    if (!key_role_of(name, &role))
        return errmsg_set(
            err, -EINVAL,
            "\"%s\" is no name of a key pair; server, worker, observer or control, or "
            "one of the last three with a name of its own, as in worker-gpu1",
            name);
    rc = check_absent(folder, name, ".key", err);
    return rc < 0 ? rc : check_absent(folder, name, ".pub", err);
}

static int make_pair(const char *folder, const char *name, struct errmsg *err)
{
    char public[KEY_TEXT_SIZE], secret[KEY_TEXT_SIZE];
    int rc;

    if (zmq_curve_keypair(public, secret) < 0)
        return errmsg_set(err, -errno, "no key pair: %s", zmq_strerror(errno));
    rc = write_key(folder, name, ".key", secret_head, secret, 0600, err);
    if (rc == 0)
        rc = write_key(folder, name, ".pub", public_head, public, 0644, err);
    sodium_memzero(secret, sizeof secret);
    return rc;
}

int key_files_make(const char *folder, const char *const *names, size_t n, struct errmsg *err)
{
    int rc = 0;

    for (size_t i = 0; i < n && rc == 0; i++)
        rc = check_name(folder, names[i], err);
    if (rc == 0 && mkdir(folder, 0700) < 0 && errno != EEXIST)
        rc = errmsg_set(err, -errno, "%s: %s", folder, strerror(errno));
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = make_pair(folder, names[i], err);
    return rc;
}

/* ---- folders ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* "worker-gpu1.pub" as "worker-gpu1". */
static bool take_name(const char *file, const char *suffix, char name[KEY_NAME_SIZE])
{
    size_t n = strlen(file), end = strlen(suffix);
    enum key_role role;

    if (n <= end || n - end >= KEY_NAME_SIZE || strcmp(file + n - end, suffix) != 0)
        return false;
    memcpy(name, file, n - end);
    name[n - end] = '\0';
    return key_role_of(name, &role);
}

static int append_name(char (**names)[KEY_NAME_SIZE], size_t *n, const char name[KEY_NAME_SIZE])
{
    char(*more)[KEY_NAME_SIZE] = *names;

    if (*n == KEY_MOST_FILES)
        return -E2BIG;
    if ((*n & (*n - 1)) == 0) { /* full: there is room for a power of two */
        more = realloc(*names, (*n ? 2 * *n : 1) * sizeof **names);
        if (!more)
            return -ENOMEM;
        *names = more;
    }
    memcpy(more[(*n)++], name, KEY_NAME_SIZE);
    return 0;
}

int key_folder_list(const char *folder, const char *suffix, char (**names_out)[KEY_NAME_SIZE],
                    size_t *n_out, struct errmsg *err)
{
    DIR *directory = opendir(folder);
    char name[KEY_NAME_SIZE], (*names)[KEY_NAME_SIZE] = NULL;
    size_t n = 0;
    int rc = 0;

    if (!directory)
        return errmsg_set(err, -errno, "%s: %s", folder, strerror(errno));
    for (const struct dirent *entry; rc == 0 && (entry = readdir(directory));)
        if (take_name(entry->d_name, suffix, name))
            rc = append_name(&names, &n, name);
    closedir(directory);
    if (rc < 0) {
        free(names);
        return errmsg_set(err, rc, "%s: %s", folder,
                          rc == -E2BIG ? "too many keys" : strerror(-rc));
    }
    if (n > 0)
        qsort(names, n, sizeof *names, compare_names);
    *names_out = names;
    *n_out = n;
    return 0;
}

/* ---- a client's ---- */

/* 1: found; 0: no pair of this role has its secret here. */
static int choose(const char *folder, enum key_role role, char (*names)[KEY_NAME_SIZE], size_t n,
                  char name_out[KEY_NAME_SIZE], struct errmsg *err)
{
    const char *first = NULL, *second = NULL;

    for (size_t i = 0; i < n; i++) {
        enum key_role of;

        if (!key_role_of(names[i], &of) || of != role)
            continue;
        if (strcmp(names[i], key_role_name(role)) == 0) {
            snprintf(name_out, KEY_NAME_SIZE, "%s", names[i]);
            return 1;
        }
        if (!first)
            first = names[i];
        else if (!second)
            second = names[i];
    }
    if (second)
        return errmsg_set(err, -EEXIST,
                          "%s: %s.key and %s.key; which of them? name the folder of one, or call "
                          "one %s.key",
                          folder, first, second, key_role_name(role));
    if (first)
        snprintf(name_out, KEY_NAME_SIZE, "%s", first);
    return first != NULL;
}

static int choose_any(const char *folder, const enum key_role *roles, size_t n,
                      char name_out[KEY_NAME_SIZE], struct errmsg *err)
{
    char(*names)[KEY_NAME_SIZE];
    size_t n_names;
    int rc = key_folder_list(folder, ".key", &names, &n_names, err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = choose(folder, roles[i], names, n_names, name_out, err);
    free(names);
    if (rc == 0)
        return errmsg_set(err, -ENOENT,
                          "%s: no %s.key is there; 'layernas-coordinator --keygen' "
                          "makes them, where the coordinator runs",
                          folder, key_role_name(roles[n - 1]));
    return rc < 0 ? rc : 0;
}

int key_folder_client(const char *folder, const enum key_role *roles, size_t n,
                      struct client_keys *keys_out, struct errmsg *err)
{
    int rc = choose_any(folder, roles, n, keys_out->own.name, err);

    if (rc == 0)
        rc = key_file_secret(folder, keys_out->own.name, keys_out->secret, err);
    if (rc == 0)
        rc = key_file_public(folder, key_role_name(KEY_SERVER), keys_out->server, err);
    if (rc == 0 && zmq_curve_public(keys_out->own.text, keys_out->secret) < 0)
        rc = errmsg_set(err, -EINVAL, "%s/%s.key: no secret key is in it", folder,
                        keys_out->own.name);
    return rc;
}
