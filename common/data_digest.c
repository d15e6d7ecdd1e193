#include "common/data_digest.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

enum { CHUNK = 1 << 18, PATH_SIZE = 4096 };

/* ---- one file ---- */

static int read_all(gzFile file, const char *path, const atomic_bool *stop,
                    crypto_generichash_state *content, struct errmsg *err)
{
    uint8_t *chunk = malloc(CHUNK);
    int got = 0, code = Z_OK;

    if (!chunk)
        return errmsg_set(err, -ENOMEM, "%s: no memory to read it", path);
    while (!(stop && atomic_load(stop)) && (got = gzread(file, chunk, CHUNK)) > 0)
        crypto_generichash_update(content, chunk, (unsigned long long)got);
    free(chunk);
    if (stop && atomic_load(stop))
        return errmsg_set(err, -ECANCELED, "%s: not read to its end", path);
    gzerror(file, &code); /* a file cut short gives its bytes first and Z_BUF_ERROR then */
    if (got < 0 || code < 0)
        return errmsg_set(err, -EIO, "%s: %s", path,
                          code == Z_ERRNO ? strerror(errno) : "damaged gzip data");
    return 0;
}

/* name: what it is called in the data set. */
static int add_file(struct digest_state *state, const char *name, const char *path,
                    const atomic_bool *stop, struct errmsg *err)
{
    crypto_generichash_state content;
    struct digest digest;
    gzFile file;
    int rc;

    errno = 0; /* gzopen leaves it alone when only memory was missing */
    file = gzopen(path, "rb");
    if (!file) {
        rc = errno ? -errno : -ENOMEM;
        return errmsg_set(err, rc, "%s: %s", path, strerror(-rc));
    }
    gzbuffer(file, 128 * 1024);
    crypto_generichash_init(&content, NULL, 0, sizeof digest);
    rc = read_all(file, path, stop, &content, err);
    gzclose(file);
    if (rc < 0)
        return rc;
    crypto_generichash_final(&content, digest.bytes, sizeof digest.bytes);
    digest_string(state, name);
    digest_bytes(state, digest.bytes, sizeof digest.bytes);
    return 0;
}

/* ---- a folder ---- */

struct data_file {
    char *name; /* without .gz; owned */
    bool gzipped;
};

struct data_files {
    struct data_file *list;
    size_t n;
};

static void clear_files(struct data_files *files)
{
    for (size_t i = 0; i < files->n; i++)
        free(files->list[i].name);
    free(files->list);
}

static bool ends_in(const char *name, size_t length, const char *end)
{
    size_t n = strlen(end);

    return length > n && memcmp(name + length - n, end, n) == 0;
}

static int add_name(struct data_files *files, const char *name)
{
    size_t length = strlen(name);
    bool gzipped = ends_in(name, length, ".gz");
    struct data_file *list;

    length -= gzipped ? 3 : 0;
    if (name[0] == '.' || (!ends_in(name, length, "-ubyte") && !ends_in(name, length, ".bin")))
        return 0;
    list = realloc(files->list, (files->n + 1) * sizeof *list);
    if (!list)
        return -ENOMEM;
    files->list = list;
    list[files->n] = (struct data_file){ .name = strndup(name, length), .gzipped = gzipped };
    if (!list[files->n].name)
        return -ENOMEM;
    files->n++;
    return 0;
}

/* By name, a plain file before its gzipped twin. */
static int compare_files(const void *left, const void *right)
{
    const struct data_file *a = left, *b = right;
    int order = strcmp(a->name, b->name);

    return order ? order : a->gzipped - b->gzipped;
}

static int list_files(DIR *folder, const char *path, struct data_files *files, struct errmsg *err)
{
    struct dirent *entry;
    int rc = 0;

    while (rc == 0 && (errno = 0, entry = readdir(folder)))
        rc = add_name(files, entry->d_name);
    if (rc == 0 && errno)
        rc = -errno;
    if (rc < 0)
        return errmsg_set(err, rc, "%s: %s", path, strerror(-rc));
    if (files->n == 0)
        return errmsg_set(err, -ENOENT, "%s: no data files in it (*-ubyte, *.bin, gzipped or not)",
                          path);
    qsort(files->list, files->n, sizeof *files->list, compare_files);
    return 0;
}

static int path_of(const char *folder, const struct data_file *file, char path[PATH_SIZE])
{
    int n = snprintf(path, PATH_SIZE, "%s/%s%s", folder, file->name, file->gzipped ? ".gz" : "");

    return n < PATH_SIZE ? 0 : -ENAMETOOLONG;
}

static int add_files(struct digest_state *state, const char *path, const struct data_files *files,
                     const atomic_bool *stop, struct errmsg *err)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < files->n; i++) {
        const struct data_file *file = &files->list[i];
        char file_path[PATH_SIZE];

        if (i > 0 && strcmp(file->name, files->list[i - 1].name) == 0)
            continue;
        if (path_of(path, file, file_path) < 0)
            return errmsg_set(err, -ENAMETOOLONG, "%s: the path is too long", path);
        rc = add_file(state, file->name, file_path, stop, err);
    }
    return rc;
}

static int add_folder(struct digest_state *state, const char *path, const atomic_bool *stop,
                      struct errmsg *err)
{
    struct data_files files = { 0 };
    DIR *folder = opendir(path);
    int rc;

    if (!folder)
        return errmsg_set(err, -errno, "%s: %s", path, strerror(errno));
    rc = list_files(folder, path, &files, err);
    closedir(folder);
    if (rc == 0)
        rc = add_files(state, path, &files, stop, err);
    clear_files(&files);
    return rc;
}

static void add_stamp(struct digest_state *state, const char *name, const char *path)
{
    struct stat status = { 0 };

    digest_string(state, name);
    digest_integer(state, stat(path, &status) < 0 ? errno : 0);
    digest_integer(state, (int64_t)status.st_ino);
    digest_integer(state, (int64_t)status.st_size);
    digest_integer(state, (int64_t)status.st_ctim.tv_sec);
    digest_integer(state, (int64_t)status.st_ctim.tv_nsec);
}

struct digest data_stamp(const char *path)
{
    struct data_files files = { 0 };
    struct digest_state state;
    struct digest digest;
    DIR *folder = opendir(path);

    digest_begin(&state, "stamp");
    if (!folder)
        add_stamp(&state, "", path);
    else
        digest_integer(&state, list_files(folder, path, &files, NULL));
    for (size_t i = 0; i < files.n; i++) {
        char file_path[PATH_SIZE];

        path_of(path, &files.list[i], file_path);
        add_stamp(&state, files.list[i].name, file_path);
    }
    clear_files(&files);
    if (folder)
        closedir(folder);
    digest_end(&state, &digest);
    return digest;
}

int data_digest(const char *path, const atomic_bool *stop, struct digest *digest_out,
                struct errmsg *err)
{
    struct digest_state state;
    struct stat status;
    int rc;

    if (stat(path, &status) < 0)
        return errmsg_set(err, -errno, "%s: %s", path, strerror(errno));
    digest_begin(&state, "data set");
    rc = S_ISDIR(status.st_mode) ? add_folder(&state, path, stop, err)
                                 : add_file(&state, "", path, stop, err);
    if (rc == 0)
        digest_end(&state, digest_out);
    return rc;
}
