#include "tests/unit/key_folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/key_file.h"
#include "tests/unit/check.h"

int key_folder_setup(void **state)
{
    char *folder = strdup("/tmp/layernas-keys-XXXXXX");

    *state = folder;
    return folder && mkdtemp(folder) ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *stat, int kind, struct FTW *ftw)
{
    (void)stat;
    (void)kind;
    (void)ftw;
    return remove(path);
}

int key_folder_teardown(void **state)
{
    nftw(*state, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return 0;
}

const char *key_path(const char *folder, const char *file)
{
    static char paths[2][256];
    static int last;

    last = !last;
    snprintf(paths[last], sizeof paths[last], "%s/%s", folder, file);
    return paths[last];
}

void key_make(const char *folder, const char *name)
{
    struct errmsg err;

    if (key_files_make(folder, &name, 1, &err) < 0)
        fail_msg("%s", err.text);
}

void key_write(const char *folder, const char *file, mode_t mode, const char *text)
{
    const char *path = key_path(folder, file);
    FILE *stream = fopen(path, "we");

    assert_non_null(stream);
    fputs(text, stream);
    assert_int_equal(fclose(stream), 0);
    assert_int_equal(chmod(path, mode), 0);
}

void key_copy(const char *from, const char *file, const char *to, const char *as)
{
    char text[256] = "";
    struct stat stat_of;
    FILE *stream = fopen(key_path(from, file), "re");

    assert_non_null(stream);
    assert_true(fread(text, 1, sizeof text - 1, stream) > 0);
    assert_int_equal(fstat(fileno(stream), &stat_of), 0);
    fclose(stream);
    key_write(to, as, stat_of.st_mode & 0777, text);
}

void key_remove(const char *folder, const char *file)
{
    assert_int_equal(unlink(key_path(folder, file)), 0);
}

void key_public(const char *folder, const char *name, char text_out[41])
{
    struct errmsg err;

    if (key_file_public(folder, name, text_out, &err) < 0)
        fail_msg("%s", err.text);
}
