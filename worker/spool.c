#include "worker/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/digest.h"

enum {
    NAME_SIZE = 128,
    PATH_SIZE = SPOOL_PATH_SIZE + NAME_SIZE + 16,
    LARGEST_FILE = WIRE_MAX_MESSAGE + (int)sizeof(struct digest),
};

static const char suffix[] = ".result";

static void name_of(const struct digest *study_id, const struct digest *data,
                    const struct attempt *attempt, char name[NAME_SIZE])
{
    char study[DIGEST_TEXT_SIZE], from[DIGEST_TEXT_SIZE];

    snprintf(name, NAME_SIZE, "%s-%s-%016" PRIx64 "-%016" PRIx64 "%s",
             digest_format(study_id, study), digest_format(data, from), attempt->start,
             attempt->counter, suffix);
}

static void path_of(const struct spool *spool, const char *name, const char *more,
                    char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s/%s%s", spool->folder, name, more);
}

/* ---- the folder ---- */

static int make_folders(const char *folder)
{
    char path[SPOOL_PATH_SIZE];

    strcpy(path, folder);
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        int rc;

        *slash = '\0';
        rc = mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
        *slash = '/';
        if (rc < 0)
            return rc;
    }
    return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static bool is_ours(const char *name)
{
    return strstr(name, suffix) != NULL;
}

/* A study that nobody asks for in a month is not asked for any more. */
static void remove_old(const struct spool *spool)
{
    DIR *folder = opendir(spool->folder);
    time_t oldest = time(NULL) - SPOOL_DAYS * 24 * 60 * 60;
    struct dirent *entry;
    struct stat status;

    while (folder && (entry = readdir(folder)))
        if (is_ours(entry->d_name) &&
            fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(status.st_mode) && status.st_mtime < oldest)
            unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder)
        closedir(folder);
}

int spool_open(struct spool *spool_out, const char *folder, struct errmsg *err)
{
    struct spool spool;
    int rc;

    *spool_out = (struct spool){ "" };
    if (!*folder || strlen(folder) >= sizeof spool.folder)
        return errmsg_set(err, -ENAMETOOLONG, "\"%.40s\": a folder of 1 to %zu characters", folder,
                          sizeof spool.folder - 1);
    snprintf(spool.folder, sizeof spool.folder, "%s", folder);
    rc = make_folders(spool.folder);
    if (rc == 0 && access(spool.folder, R_OK | W_OK | X_OK) < 0)
        rc = -errno;
    if (rc < 0)
        return errmsg_set(err, rc, "%s: %s", folder, strerror(-rc));
    remove_old(&spool);
    *spool_out = spool;
    return 0;
}

/* ---- keeping ---- */

static struct digest checksum(const uint8_t *data, size_t size)
{
    struct digest_state state;
    struct digest digest;

    digest_begin(&state, "spooled result");
    digest_bytes(&state, data, size);
    digest_end(&state, &digest);
    return digest;
}

static int write_all(int fd, const void *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = write(fd, (const char *)data + done, size - done);

        if (n < 0 && errno != EINTR)
            return -errno;
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static int sync_folder(const struct spool *spool)
{
    int fd = open(spool->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;

    if (fd < 0)
        return -errno;
    if (fsync(fd) < 0 && errno != EINVAL) /* some file systems cannot */
        rc = -errno;
    close(fd);
    return rc;
}

/* In a folder that may have been tidied away since. */
static int open_new(const struct spool *spool, const char *path)
{
    enum { FLAGS = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC };
    int fd = open(path, FLAGS, 0600);

    if (fd < 0 && errno == ENOENT && make_folders(spool->folder) == 0)
        fd = open(path, FLAGS, 0600);
    return fd < 0 ? -errno : fd;
}

/* Locked before it gets its name: nobody takes it for one that was left behind. */
static int write_file(const struct spool *spool, const char *name, const struct bytes *bytes,
                      int *lock_out)
{
    const struct digest sum = checksum(bytes->data, bytes->size);
    char path[PATH_SIZE], beside[PATH_SIZE];
    int fd, rc;

    path_of(spool, name, "", path);
    path_of(spool, name, ".new", beside);
    fd = open_new(spool, beside);
    if (fd < 0)
        return fd;
    rc = flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
    if (rc == 0)
        rc = write_all(fd, bytes->data, bytes->size);
    if (rc == 0)
        rc = write_all(fd, sum.bytes, sizeof sum.bytes);
    if (rc == 0 && (fsync(fd) < 0 || rename(beside, path) < 0))
        rc = -errno;
    if (rc == 0)
        rc = sync_folder(spool);
    if (rc < 0) {
        unlink(beside);
        close(fd);
        return rc;
    }
    *lock_out = fd;
    return 0;
}

int spool_put(const struct spool *spool, const struct result_message *message,
              const struct digest *data, int *lock_out, struct errmsg *err)
{
    struct from_worker packed = { .kind = FROM_RESULT, .result = *message };
    struct bytes bytes = { 0 };
    char name[NAME_SIZE];
    int rc = from_worker_pack(&packed, &bytes);

    name_of(&message->study_id, data, &message->attempt, name);
    if (rc == 0) {
        rc = write_file(spool, name, &bytes, lock_out);
        free(bytes.data);
    }
    return rc < 0 ? errmsg_set(err, rc, "%s: %s", spool->folder, strerror(-rc)) : 0;
}

void spool_remove(const struct spool *spool, const struct result_message *message,
                  const struct digest *data)
{
    char name[NAME_SIZE], path[PATH_SIZE];

    name_of(&message->study_id, data, &message->attempt, name);
    path_of(spool, name, "", path);
    unlink(path);
}

/* ---- scanning ---- */

int spool_scan_begin(struct spool_scan *scan, const struct spool *spool,
                     const struct digest *study_id, const struct digest *data, struct errmsg *err)
{
    *scan = (struct spool_scan){
        .spool = spool, .folder = opendir(spool->folder), .study_id = *study_id, .data = *data
    };
    return scan->folder || errno == ENOENT
               ? 0
               : errmsg_set(err, -errno, "%s: %s", spool->folder, strerror(errno));
}

void spool_scan_end(struct spool_scan *scan)
{
    if (scan->folder)
        closedir(scan->folder);
}

/* Locks the file if it is of that study and data. Its holder may have removed it just before the lock
 * became free: then it has no name any more. Open for writing, which NFS wants for such a lock. */
static int claim(const struct spool_scan *scan, const char *name, struct stat *status_out)
{
    char wanted[NAME_SIZE];
    size_t length;
    int fd;

    name_of(&scan->study_id, &scan->data, &(struct attempt){ 0 }, wanted);
    length = strlen(wanted);
    if (strlen(name) != length || memcmp(name, wanted, 2 * (DIGEST_TEXT_SIZE - 1) + 2) != 0 ||
        strcmp(name + length - strlen(suffix), suffix) != 0)
        return -EAGAIN;
    fd = openat(dirfd(scan->folder), name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return -EAGAIN;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, status_out) < 0 ||
        !S_ISREG(status_out->st_mode) || status_out->st_nlink == 0) {
        close(fd);
        return -EAGAIN;
    }
    return fd;
}

static int read_file(int fd, size_t size, struct bytes *bytes_out, struct errmsg *err)
{
    uint8_t *data;

    if (size <= sizeof(struct digest) || size > LARGEST_FILE)
        return errmsg_set(err, -EBADMSG, "%zu bytes; %zu to %d make a result", size,
                          sizeof(struct digest) + 1, LARGEST_FILE);
    data = malloc(size);
    if (!data)
        return errmsg_set(err, -ENOMEM, "out of memory");
    for (size_t done = 0; done < size;) {
        ssize_t n = read(fd, data + done, size - done);

        if (n == 0 || (n < 0 && errno != EINTR)) {
            int rc = n < 0 ? -errno : -EIO;

            free(data);
            return errmsg_set(err, rc, "cannot be read: %s", strerror(-rc));
        }
        done += n > 0 ? (size_t)n : 0;
    }
    *bytes_out = (struct bytes){ data, size };
    return 0;
}

static bool is_named(const struct spool_scan *scan, const struct result_message *message,
                     const char *name)
{
    char wanted[NAME_SIZE];

    name_of(&message->study_id, &scan->data, &message->attempt, wanted);
    return strcmp(name, wanted) == 0;
}

static int unpack(const struct spool_scan *scan, const char *name, const struct bytes *bytes,
                  struct result_message *message_out, struct errmsg *err)
{
    size_t size = bytes->size - sizeof(struct digest);
    const struct digest sum = checksum(bytes->data, size);
    struct from_worker packed;
    struct errmsg why;

    if (memcmp(sum.bytes, bytes->data + size, sizeof sum.bytes) != 0)
        return errmsg_set(err, -EBADMSG, "damaged: its checksum is wrong");
    if (from_worker_unpack(bytes->data, size, &packed, &why) < 0)
        return errmsg_set(err, -EBADMSG, "no result: %s", why.text);
    if (packed.kind != FROM_RESULT || !is_named(scan, &packed.result, name)) {
        from_worker_clear(&packed);
        return errmsg_set(err, -EBADMSG, "not the result that its name says");
    }
    *message_out = packed.result;
    return 0;
}

static void set_aside(const struct spool *spool, const char *name)
{
    char path[PATH_SIZE], aside[PATH_SIZE];

    path_of(spool, name, "", path);
    path_of(spool, name, ".damaged", aside);
    rename(path, aside);
}

static int load(const struct spool_scan *scan, const char *name, int fd, size_t size,
                struct result_message *message_out, struct errmsg *err)
{
    struct errmsg why;
    struct bytes bytes = { 0 };
    int rc = read_file(fd, size, &bytes, &why);

    if (rc == 0) {
        rc = unpack(scan, name, &bytes, message_out, &why);
        free(bytes.data);
    }
    if (rc == -EBADMSG)
        set_aside(scan->spool, name);
    return rc < 0 ? errmsg_set(err, rc, "%s/%s: %s%s", scan->spool->folder, name, why.text,
                               rc == -EBADMSG ? "; it is set aside" : "")
                  : 0;
}

int spool_scan_next(struct spool_scan *scan, struct result_message *message_out, int *lock_out,
                    struct errmsg *err)
{
    struct dirent *entry;

    while (scan->folder && (entry = readdir(scan->folder))) {
        struct stat status;
        int fd = claim(scan, entry->d_name, &status), rc;

        if (fd < 0)
            continue;
        rc = load(scan, entry->d_name, fd, (size_t)status.st_size, message_out, err);
        if (rc < 0)
            close(fd);
        else
            *lock_out = fd;
        return rc;
    }
    return -ENOENT;
}
