#include <string.h>

#include "common/study.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char space_text[] = "input: {channels: 1, height: 8, width: 8, classes: 10}\n"
                                 "layers:\n"
                                 "  - name: first\n"
                                 "    options: [skip, conv: {out: [4, 8], kernel: 3}]\n"
                                 "head: [pool: {kind: avg, size: all}, dense: {out: classes}]\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct study *study = NULL;
    struct space *space = NULL;
    struct errmsg err;

    if (space_parse(space_text, strlen(space_text), "space.yaml", &space, &err) < 0)
        __builtin_trap();
    if (study_parse((const char *)data, size, "/nonexistent/study.yaml", space, &study, &err) < 0)
        space_free(space);
    study_free(study);
    return 0;
}
