#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>

const char *check_data_path(const char *name)
{
    static char path[4096];
    const char *root = getenv("LAYERNAS_DATA");

    snprintf(path, sizeof path, "%s/%s", root ? root : "../shared/data", name);
    return path;
}
