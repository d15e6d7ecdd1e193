/* The state directory: made, locked, and the files in it that are not the database. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "coordinator/ledger/store_inside.h"

static int path_error(const char *path, const char *what, struct errmsg *err)
{
    return errmsg_set(err, -errno, "%s: %s: %s", path, what, strerror(errno));
}

/* ---- the directory ---- */

/* So that a name just made in it outlives a power cut. */
static int flush_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

    if (fd < 0)
        return -errno;
    rc = fsync(fd) < 0 && errno != EINVAL ? -errno : 0; /* EINVAL: some file systems cannot */
    close(fd);
    return rc;
}

static int make_one(const char *path)
{
    char parent[STORE_PATH_SIZE];
    struct stat status;

    if (stat(path, &status) == 0)
        return S_ISDIR(status.st_mode) ? 0 : -ENOTDIR;
    if (mkdir(path, 0777) < 0)
        return -errno;
    snprintf(parent, sizeof parent, "%s/..", path);
    return flush_directory(parent);
}

/* What may be there before there is a study: what we make ourselves, and what people put there. */
static bool is_expected(const char *name)
{
    static const char *const expected[] = { "lock",    "logs", "weights",   "results",
                                            "workers", "keys", "lost+found" };

    if (name[0] == '.' || strncmp(name, "study.", 6) == 0)
        return true;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        if (strcmp(name, expected[i]) == 0)
            return true;
    return false;
}

/* A directory of other things, named by mistake, is not to be filled with ours. */
static int refuse_foreign(const char *directory, struct errmsg *err)
{
    char database[STORE_PATH_SIZE];
    struct dirent *entry;
    DIR *dir;
    int rc = 0;

    snprintf(database, sizeof database, "%s/study.db", directory);
    if (access(database, F_OK) == 0)
        return 0;
    dir = opendir(directory);
    if (!dir)
        return path_error(directory, "cannot be read", err);
    while (rc == 0 && (entry = readdir(dir)))
        if (!is_expected(entry->d_name))
            rc = errmsg_set(err, -ENOTEMPTY,
                            "%s: holds '%s' and no study; name a new or empty directory", directory,
                            entry->d_name);
    closedir(dir);
    return rc;
}

int store_make_directory(const char *directory, struct errmsg *err)
{
    char path[STUDY_PATH_SIZE];
    int rc = 0;

    snprintf(path, sizeof path, "%s", directory);
    for (char *c = path + 1; rc == 0 && *c; c++) {
        if (*c != '/')
            continue;
        *c = '\0';
        rc = make_one(path);
        *c = '/';
    }
    if (rc == 0)
        rc = make_one(path);
    if (rc < 0)
        return errmsg_set(err, rc, "%s: cannot be made: %s", directory, strerror(-rc));
    if (access(directory, R_OK | W_OK | X_OK) < 0)
        return path_error(directory, "cannot be written", err);
    return refuse_foreign(directory, err);
}

int store_make_folders(struct store *store, struct errmsg *err)
{
    static const char *const names[] = { "weights", "logs" };
    char path[STORE_PATH_SIZE];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int rc;

        snprintf(path, sizeof path, "%s/%s", store->directory, names[i]);
        rc = make_one(path);
        if (rc < 0)
            return errmsg_set(err, rc, "%s: cannot be made: %s", path, strerror(-rc));
    }
    return 0;
}

/* ---- the lock ---- */

static int held_by_other(const char *path, int fd, struct errmsg *err)
{
    char holder[300] = "";
    ssize_t n = pread(fd, holder, sizeof holder - 1, 0);

    holder[n > 0 ? n : 0] = '\0';
    holder[strcspn(holder, "\n")] = '\0';
    return errmsg_set(err, -EBUSY, "%s: another coordinator%s%s%s works on this study", path,
                      *holder ? " (" : "", holder, *holder ? ")" : "");
}

static void say_who(int fd)
{
    char who[300], host[256] = "";
    int n;

    gethostname(host, sizeof host - 1);
    n = snprintf(who, sizeof who, "process %ld on %s\n", (long)getpid(), host);
    if (ftruncate(fd, 0) < 0 || pwrite(fd, who, (size_t)n, 0) < 0)
        return; /* a full disk: the lock holds all the same */
}

int store_lock(struct store *store, struct errmsg *err)
{
    char path[STORE_PATH_SIZE];

    snprintf(path, sizeof path, "%s/lock", store->directory);
    store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (store->lock_fd < 0)
        return path_error(path, "cannot be opened", err);
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno == EWOULDBLOCK)
            return held_by_other(path, store->lock_fd, err);
        return path_error(path, "cannot be locked", err);
    }
    say_who(store->lock_fd);
    return 0;
}

/* ---- study.commits ---- */

int store_open_commits(struct store *store, struct errmsg *err)
{
    char path[STORE_PATH_SIZE];

    snprintf(path, sizeof path, "%s/study.commits", store->directory);
    store->commits_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    return store->commits_fd < 0 ? path_error(path, "cannot be opened", err) : 0;
}

int store_read_commits(const struct store *store, uint64_t *commits_out)
{
    char text[32] = "";

    if (pread(store->commits_fd, text, sizeof text - 1, 0) < 0)
        return -errno;
    return sscanf(text, "%" SCNu64, commits_out) == 1 ? 0 : -ENOENT;
}

/* Not flushed, so after a power cut it may say less than was committed, but never more. */
void store_write_commits(const struct store *store, uint64_t commits)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%020" PRIu64 "\n", commits);

    if (pwrite(store->commits_fd, text, (size_t)n, 0) < 0)
        return; /* the database has the number too */
}

/* ---- logs and weights ---- */

static int write_all(int fd, const struct bytes *bytes)
{
    for (size_t done = 0; done < bytes->size;) {
        ssize_t n = write(fd, bytes->data + done, bytes->size - done);

        if (n < 0 && errno != EINTR)
            return -errno;
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* Beside its place first, then renamed: a reader never sees half of it. */
static int write_file(const char *path, const struct bytes *bytes, bool durable, struct errmsg *err)
{
    char beside[STORE_PATH_SIZE + 8];
    int fd, rc;

    snprintf(beside, sizeof beside, "%s.new", path);
    fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return path_error(beside, "cannot be opened", err);
    rc = write_all(fd, bytes);
    if (rc == 0 && durable && fsync(fd) < 0)
        rc = -errno;
    if (close(fd) < 0 && rc == 0)
        rc = -errno;
    if (rc == 0 && rename(beside, path) < 0)
        rc = -errno;
    if (rc == 0)
        return 0;
    unlink(beside);
    return errmsg_set(err, rc, "%s: cannot be written: %s", path, strerror(-rc));
}

static int write_log(const struct store *store, const struct write *write, struct errmsg *err)
{
    char path[STORE_PATH_SIZE];

    for (uint32_t n = 1; n < UINT32_MAX; n++) {
        snprintf(path, sizeof path, "%s/logs/trial-%" PRIu64 "-%" PRIu32 ".log", store->directory,
                 write->trial_number, n);
        if (access(path, F_OK) < 0)
            break;
    }
    return write_file(path, &write->output, false, err);
}

static int write_weights(const struct store *store, struct write *write, struct errmsg *err)
{
    char path[STORE_PATH_SIZE], folder[STORE_PATH_SIZE];
    int rc;

    store_weights_path(store, &write->result.result.key, path, sizeof path);
    rc = write_file(path, &write->weights, true, err);
    if (rc < 0)
        return rc;
    snprintf(folder, sizeof folder, "%s/weights", store->directory);
    rc = flush_directory(folder);
    if (rc < 0)
        return errmsg_set(err, rc, "%s: cannot be flushed: %s", folder, strerror(-rc));
    write->weights_content = store_content_digest(&write->weights);
    write->has_weights = true;
    return 0;
}

int store_write_files(const struct store *store, struct write *write, struct errmsg *err)
{
    int rc = 0;

    if (write->files_written)
        return 0;
    if (write->weights.size)
        rc = write_weights(store, write, err);
    if (rc == 0 && write->output.size)
        rc = write_log(store, write, err);
    write->files_written = rc == 0;
    return rc;
}

struct digest store_content_digest(const struct bytes *bytes)
{
    struct digest_state state;
    struct digest digest;

    digest_begin(&state, "file");
    digest_bytes(&state, bytes->data, bytes->size);
    digest_end(&state, &digest);
    return digest;
}

static int read_all(int fd, struct bytes *bytes)
{
    size_t done = 0;

    while (done < bytes->size) {
        ssize_t n = read(fd, bytes->data + done, bytes->size - done);

        if (n == 0)
            return -EIO;
        if (n < 0 && errno != EINTR)
            return -errno;
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

int store_read_file(const char *path, size_t most, struct bytes *bytes_out)
{
    struct bytes bytes = { 0 };
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

    if (fd < 0)
        return -errno;
    rc = fstat(fd, &status) < 0 ? -errno : 0;
    if (rc == 0 && (size_t)status.st_size > most)
        rc = -EFBIG;
    if (rc == 0) {
        bytes.size = (size_t)status.st_size;
        bytes.data = malloc(bytes.size + 1);
        rc = bytes.data ? read_all(fd, &bytes) : -ENOMEM;
    }
    close(fd);
    if (rc < 0)
        free(bytes.data);
    else
        *bytes_out = bytes;
    return rc;
}
