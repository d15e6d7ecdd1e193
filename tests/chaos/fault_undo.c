#include "tests/chaos/fault_undo.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum change { CHANGE_CONTENT, CHANGE_CREATE, CHANGE_RENAME, CHANGE_UNLINK };

/* old: the bytes that were at offset; of a name, the whole file that it stood for. */
struct note {
    enum change change;
    int fd;       /* of the file whose content changed, our own; else -1 */
    dev_t device; /* whose flush settles it: the file's, */
    ino_t inode;  /* or the directory's */
    char from[256], to[256];
    bool was_there;
    off_t offset, old_size;
    char *old; /* owned */
    size_t n_old;
};

static bool noting;
static struct note *notes;
static size_t n_notes, room;

/* System calls, not functions: those are the ones that are replaced. */
static int raw_open(const char *path, int flags)
{
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0666);
}

static void raw_write(int fd, const char *data, size_t size, off_t offset)
{
    if (syscall(SYS_pwrite64, fd, data, size, offset) != (long)size)
        abort();
}

static void clear(struct note *note)
{
    if (note->fd >= 0)
        close(note->fd);
    free(note->old);
}

void undo_begin(bool on)
{
    while (n_notes > 0)
        clear(&notes[--n_notes]);
    noting = on;
}

static struct note *add(enum change change)
{
    if (n_notes == room) {
        room = room ? 2 * room : 64;
        notes = realloc(notes, room * sizeof *notes);
        if (!notes)
            abort();
    }
    notes[n_notes] = (struct note){ .change = change, .fd = -1 };
    return &notes[n_notes++];
}

/* ---- noting ---- */

static void keep_old(struct note *note, int fd, off_t offset, off_t end)
{
    if (end <= offset)
        return;
    note->old = malloc((size_t)(end - offset));
    if (!note->old)
        abort();
    note->n_old = (size_t)pread(fd, note->old, (size_t)(end - offset), offset);
}

/* Through a descriptor of our own, which goes on standing for the file whatever it is called. */
static void note_content(const char *path, off_t offset, off_t end)
{
    int fd = raw_open(path, O_RDWR);
    struct stat status;
    struct note *note;

    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
        if (fd >= 0)
            close(fd);
        return;
    }
    note = add(CHANGE_CONTENT);
    note->fd = fd;
    note->device = status.st_dev;
    note->inode = status.st_ino;
    note->offset = offset;
    note->old_size = status.st_size;
    keep_old(note, fd, offset, end < status.st_size ? end : status.st_size);
}

static void note_fd(int fd, off_t offset, off_t end)
{
    char path[64];

    if (!noting)
        return;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    note_content(path, offset, end);
}

void undo_note_write(int fd, off_t offset, size_t size)
{
    note_fd(fd, offset, offset + (off_t)size);
}

void undo_note_truncate(int fd, off_t size)
{
    note_fd(fd, size, INT32_MAX);
}

void undo_note_empty(const char *path)
{
    if (noting)
        note_content(path, 0, INT32_MAX);
}

static struct note *note_name(enum change change, const char *path)
{
    struct note *note = add(change);
    char parent[256 + 4];
    struct stat status;
    char *slash;

    snprintf(note->to, sizeof note->to, "%s", path);
    snprintf(parent, sizeof parent, "%s", path);
    slash = strrchr(parent, '/');
    if (slash)
        *slash = '\0';
    if (stat(parent, &status) == 0) {
        note->device = status.st_dev;
        note->inode = status.st_ino;
    }
    return note;
}

static void keep_file(struct note *note, const char *path)
{
    int fd = raw_open(path, O_RDONLY);
    struct stat status;

    if (fd < 0)
        return;
    note->was_there = true;
    if (fstat(fd, &status) == 0)
        keep_old(note, fd, 0, status.st_size);
    close(fd);
}

void undo_note_create(const char *path)
{
    if (noting)
        note_name(CHANGE_CREATE, path);
}

void undo_note_rename(const char *from, const char *to)
{
    struct note *note;

    if (!noting)
        return;
    note = note_name(CHANGE_RENAME, to);
    snprintf(note->from, sizeof note->from, "%s", from);
    keep_file(note, to);
}

void undo_note_unlink(const char *path)
{
    if (noting)
        keep_file(note_name(CHANGE_UNLINK, path), path);
}

void undo_note_flush(int fd)
{
    struct stat status;
    size_t kept = 0;

    if (!noting || fstat(fd, &status) < 0)
        return;
    for (size_t i = 0; i < n_notes; i++) {
        if (notes[i].device == status.st_dev && notes[i].inode == status.st_ino)
            clear(&notes[i]);
        else
            notes[kept++] = notes[i];
    }
    n_notes = kept;
}

/* ---- undoing ---- */

static void put_file_back(const struct note *note)
{
    int fd;

    if (!note->was_there)
        return;
    fd = raw_open(note->to, O_WRONLY | O_CREAT | O_TRUNC);
    if (fd >= 0) {
        raw_write(fd, note->old, note->n_old, 0);
        close(fd);
    }
}

static void undo(const struct note *note)
{
    switch (note->change) {
    case CHANGE_CONTENT:
        if (note->n_old > 0)
            raw_write(note->fd, note->old, note->n_old, note->offset);
        if (syscall(SYS_ftruncate, note->fd, note->old_size) < 0)
            abort();
        break;
    case CHANGE_CREATE:
        syscall(SYS_unlink, note->to);
        break;
    case CHANGE_RENAME:
        syscall(SYS_rename, note->to, note->from);
        put_file_back(note);
        break;
    case CHANGE_UNLINK:
        put_file_back(note);
        break;
    }
}

void undo_unflushed(uint64_t seed)
{
    bool all = seed % 3 == 0;

    noting = false;
    for (size_t i = n_notes; i-- > 0;) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        if (all || seed >> 63)
            undo(&notes[i]);
    }
}
