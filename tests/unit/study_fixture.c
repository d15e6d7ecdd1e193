#include "tests/unit/study_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/check.h"

static char folder[] = "/tmp/layernas-study-XXXXXX";

static const char *const files[] = { "space.yaml", "names.yaml", "table.csv", "study.yaml" };

static const char space_text[] = "input: {channels: 1, height: 8, width: 8, classes: 10}\n"
                                 "stem:\n"
                                 "  - conv: {out: 4, kernel: 3, act: relu}\n"
                                 "layers:\n"
                                 "  - name: first\n"
                                 "    options:\n"
                                 "      - conv: {out: [4, 8, 16], kernel: 3, act: relu}\n"
                                 "  - name: second\n"
                                 "    options:\n"
                                 "      - skip\n"
                                 "      - conv: {out: same, kernel: 3, act: relu}\n"
                                 "head:\n"
                                 "  - pool: {kind: avg, size: all}\n"
                                 "  - dense: {out: classes}\n";

static const char names_text[] = "names:\n"
                                 "  - {name: first, options: [thin, middle, wide]}\n"
                                 "  - {name: second, options: [skip, conv]}\n";

/* No row for 2:0. */
static const char table_text[] = "arch,width,depth,acc,test,flops,ms\n"
                                 "0:0,8,1,70.5,69,100,1.5\n"
                                 "0:1,8,2,71,70,200,2\n"
                                 "1:0,16,1,72,71,300,2\n"
                                 "1:1,16,2,73,72,400,3\n"
                                 "2:1,32,2,75,74,800,4\n";

const char training_study[] = "name: tiny\n"
                              "space: space.yaml\n"
                              "cost: {metric: madds, max: 50%}\n"
                              "search: {trials: 20}\n"
                              "evaluate:\n"
                              "  with: train\n"
                              "  data: {name: digits, train: 100, valid: 50}\n"
                              "  schedule: {epochs: 1, lr: 0.1}\n"
                              "final: {top: 2, epochs: 3}\n"
                              "limits: {lease: 30}\n";

const char table_study[] = "name: tiny-table\n"
                           "space: names.yaml\n"
                           "cost: {metric: table, column: flops, max: 400}\n"
                           "search: {trials: 20}\n"
                           "evaluate:\n"
                           "  with: table\n"
                           "  data: {name: bench, path: table.csv}\n"
                           "  table: {arch: arch, write: colons, reward: acc, report: test}\n";

const char *study_fixture_folder(void)
{
    return folder;
}

void study_fixture_write(const char *name, const char *text)
{
    char path[100];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

int study_fixture_refill(void **state)
{
    (void)state;
    study_fixture_write("space.yaml", space_text);
    study_fixture_write("names.yaml", names_text);
    study_fixture_write("table.csv", table_text);
    return 0;
}

int study_fixture_make(void **state)
{
    return mkdtemp(folder) ? study_fixture_refill(state) : -1;
}

int study_fixture_remove(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[100];

        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    return rmdir(folder);
}

const char *study_fixture_edit(const char *text, const char *from, const char *to)
{
    static char edited[4096];
    const char *found = strstr(text, from);

    if (!found)
        fail_msg("no \"%s\" in the study to edit", from);
    snprintf(edited, sizeof edited, "%.*s%s%s", (int)(found - text), text, to,
             found + strlen(from));
    return edited;
}

int study_fixture_parse(const char *text, const char *from, const char *to,
                        struct study **study_out, struct errmsg *err)
{
    const char *edited = study_fixture_edit(text, from, to);
    char path[100];

    snprintf(path, sizeof path, "%s/study.yaml", folder);
    return study_parse(edited, strlen(edited), path, NULL, study_out, err);
}

struct study *study_fixture_study(const char *text, const char *from, const char *to)
{
    struct study *study = NULL;
    struct errmsg err = { "" };

    if (study_fixture_parse(text, from, to, &study, &err) < 0)
        fail_msg("\"%s\" for \"%s\": %s", to, from, err.text);
    return study;
}

const char *study_fixture_strip(const char *text)
{
    size_t n = strlen(folder);

    return strncmp(text, folder, n) == 0 ? text + n + 1 : text;
}
