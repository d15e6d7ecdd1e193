#include "coordinator/status/results_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static int fault(struct errmsg *err, int rc, const char *path)
{
    return errmsg_set(err, rc, "%s: %s", path, strerror(-rc));
}

static int join(char path[PATH_MAX], const char *directory, const char *name, const char *suffix,
                struct errmsg *err)
{
    if (snprintf(path, PATH_MAX, "%s/%s%s", directory, name, suffix) < PATH_MAX)
        return 0;
    return fault(err, -ENAMETOOLONG, directory);
}

static int sync_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;

    if (fd < 0)
        return -errno;
    if (fsync(fd) < 0)
        rc = -errno;
    close(fd);
    return rc;
}

int results_file_adopt(const char *directory, const char *name, struct errmsg *err)
{
    char fresh[PATH_MAX], path[PATH_MAX];
    int rc = join(fresh, directory, name, ".new", err);

    if (rc == 0)
        rc = join(path, directory, name, "", err);
    if (rc < 0)
        return rc;
    rc = sync_file(fresh);
    if (rc == 0 && rename(fresh, path) < 0)
        rc = -errno;
    if (rc == 0)
        return 0;
    unlink(fresh);
    return fault(err, rc, path);
}

static int fill(const char *path, results_writer *write, const void *arg)
{
    FILE *out = fopen(path, "we");
    int rc;

    if (!out)
        return -errno;
    rc = write(out, arg);
    if (fflush(out) != 0 && rc == 0)
        rc = -errno;
    if (ferror(out) && rc == 0)
        rc = -EIO;
    if (fclose(out) != 0 && rc == 0)
        rc = -errno;
    return rc;
}

int results_file_replace(const char *directory, const char *name, results_writer *write,
                         const void *arg, struct errmsg *err)
{
    char fresh[PATH_MAX];
    int rc = join(fresh, directory, name, ".new", err);

    if (rc < 0)
        return rc;
    rc = fill(fresh, write, arg);
    if (rc < 0) {
        unlink(fresh);
        return fault(err, rc, fresh);
    }
    return results_file_adopt(directory, name, err);
}

void results_csv_text(FILE *out, const char *text)
{
    if (!strpbrk(text, ",\"\n\r")) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}
