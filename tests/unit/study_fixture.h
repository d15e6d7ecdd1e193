/* study_fixture - a folder with a small space, a space of names and a table; studies beside them. */
#ifndef LAYERNAS_TESTS_STUDY_FIXTURE_H
#define LAYERNAS_TESTS_STUDY_FIXTURE_H

#include "common/study.h"

/* A study of the small space that trains, one of the names that reads the table. */
extern const char training_study[], table_study[];

/* cmocka group fixtures: the folder, made and removed. */
int study_fixture_make(void **state);
int study_fixture_remove(void **state);

/* A teardown for tests that wrote into it. */
int study_fixture_refill(void **state);

/* Where the files are. */
const char *study_fixture_folder(void);

/* Writes a file of the folder. */
void study_fixture_write(const char *name, const char *text);

/* text with the first `from` in it, which must be there, replaced by `to`. Valid until the next call. */
const char *study_fixture_edit(const char *text, const char *from, const char *to);

/* Parses text with the first `from` in it, which must be there, replaced by `to`. */
int study_fixture_parse(const char *text, const char *from, const char *to,
                        struct study **study_out, struct errmsg *err);

/* The same for studies without a fault. */
struct study *study_fixture_study(const char *text, const char *from, const char *to);

/* text after the folder's name: "study.yaml:3: ..." */
const char *study_fixture_strip(const char *text);

#endif
