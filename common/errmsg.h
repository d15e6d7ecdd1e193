/* errmsg - one line for a person, filled by whoever finds the fault, printed by the program.
 *
 * Libraries return a negative errno and describe the fault here; they never print. A fault
 * in a user's file reads "FILE:LINE: FIELD: what was found; what is allowed". */
#ifndef LAYERNAS_COMMON_ERRMSG_H
#define LAYERNAS_COMMON_ERRMSG_H

struct errmsg {
    char text[512];
};

/* Describes a fault, cut to fit and kept to one line, and returns code, so that a caller can
 * write `return errmsg_set(err, -EINVAL, ...)`. err may be NULL. */
int errmsg_set(struct errmsg *err, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
