#include "common/json_print.h"

#include <errno.h>

int json_print(json_t *root, int digits, FILE *out)
{
    int rc = json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(digits)) < 0 ? -ENOMEM : 0;

    fputc('\n', out);
    json_decref(root);
    return rc;
}
