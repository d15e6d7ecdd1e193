/* fault_undo - what a power cut may take back: every change below the directory not flushed yet.
 *
 * A file's content is flushed by fsync of the file, names (made, removed, renamed) by fsync of their
 * directory. Undoing goes backwards, over a part of what there is, as a disk writes in any order.
 *
 * Notes hold descriptors of their own, and closing one gives up the locks (fcntl) that the process
 * has on that file: not for tests of locks. */
#ifndef LAYERNAS_TESTS_FAULT_UNDO_H
#define LAYERNAS_TESTS_FAULT_UNDO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Forgets all; off: nothing is noted from here on. */
void undo_begin(bool on);

/* Each before the change. */
void undo_note_write(int fd, off_t offset, size_t size);
void undo_note_truncate(int fd, off_t size);
void undo_note_create(const char *path);
void undo_note_empty(const char *path);
void undo_note_rename(const char *from, const char *to);
void undo_note_unlink(const char *path);

/* Of a file or a directory. */
void undo_note_flush(int fd);

/* By seed: all of it, or about a half. */
void undo_unflushed(uint64_t seed);

#endif
