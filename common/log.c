#include "common/log.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

enum {
    LINE_SIZE = 1200,
    HELD_SIZE = PIPE_BUF, /* so much of it is not torn where workers write into the same pipe */
};

static struct log_hooks hooks;
static bool verbose = true;
static bool holding;
static char held[HELD_SIZE];
static size_t n_held; /* bytes */

void log_set_hooks(const struct log_hooks *wanted)
{
    hooks = *wanted;
}

void log_set_verbose(bool wanted)
{
    verbose = wanted;
}

/* Of this second: a busy coordinator writes thousands of lines in one. */
static const char *stamp(void)
{
    static time_t last = -1;
    static char text[32];
    time_t now = time(NULL);
    struct tm utc;

    if (now != last && gmtime_r(&now, &utc))
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    last = now;
    return text;
}

static void write_held(void)
{
    if (n_held == 0)
        return;
    if (hooks.before)
        hooks.before(hooks.arg);
    fwrite(held, 1, n_held, stderr); /* unbuffered: one write */
    if (hooks.after)
        hooks.after(hooks.arg);
    n_held = 0;
}

void log_hold(void)
{
    holding = true;
}

void log_release(void)
{
    holding = false;
    write_held();
}

static void add_line(const char *level, const char *format, va_list args)
{
    char *line = held + n_held, *c = line;
    int used = snprintf(line, LINE_SIZE, "%s %s", stamp(), level);

    vsnprintf(line + used, LINE_SIZE - 1 - (size_t)used, format, args);
    for (; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = ' ';
    *c = '\n';
    n_held += (size_t)(c - line) + 1;
    if (!holding || n_held > HELD_SIZE - LINE_SIZE)
        write_held();
}

void log_info(const char *format, ...)
{
    va_list args;

    if (!verbose)
        return;
    va_start(args, format);
    add_line("", format, args);
    va_end(args);
}

void log_warn(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_line("warning: ", format, args);
    va_end(args);
    write_held();
}

void log_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_line("error: ", format, args);
    va_end(args);
    write_held();
}
