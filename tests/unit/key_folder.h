/* key_folder - a folder for a test's keys, in /tmp. */
#ifndef LAYERNAS_TESTS_KEY_FOLDER_H
#define LAYERNAS_TESTS_KEY_FOLDER_H

#include <sys/types.h>

/* cmocka fixtures: *state is its path, empty and with mode 0700. */
int key_folder_setup(void **state);
int key_folder_teardown(void **state);

/* Good until the next call but one. */
const char *key_path(const char *folder, const char *file);

void key_make(const char *folder, const char *name);
void key_write(const char *folder, const char *file, mode_t mode, const char *text);
void key_copy(const char *from, const char *file, const char *to, const char *as);
void key_remove(const char *folder, const char *file);
void key_public(const char *folder, const char *name, char text_out[41]);

#endif
