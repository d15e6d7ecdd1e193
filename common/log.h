/* log - lines for the operator on standard error, with a UTC time and a level.
 *
 * Only programs log (main and loop callbacks); libraries return errors. One thread. */
#ifndef LAYERNAS_COMMON_LOG_H
#define LAYERNAS_COMMON_LOG_H

#include <stdbool.h>

/* Called before and after what is written, so that a progress line on a terminal can step aside. */
struct log_hooks {
    void (*before)(void *arg), (*after)(void *arg);
    void *arg;
};

void log_set_hooks(const struct log_hooks *hooks);

/* Off: only warnings and errors are written. On is the default. */
void log_set_verbose(bool verbose);

/* Between the two, lines of log_info wait, for one write of many: when a burst of them is to come. A
 * warning or an error is written at once, and they before it. */
void log_hold(void);
void log_release(void);

void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
