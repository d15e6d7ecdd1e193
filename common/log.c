#include "common/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

static struct log_hooks hooks;
static bool verbose = true;

void log_set_hooks(const struct log_hooks *wanted)
{
    hooks = *wanted;
}

void log_set_verbose(bool wanted)
{
    verbose = wanted;
}

static void write_line(const char *level, const char *format, va_list args)
{
    time_t now = time(NULL);
    char line[1200], stamp[32];
    struct tm utc;
    int used;

    gmtime_r(&now, &utc);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &utc);
    used = snprintf(line, sizeof line, "%s %s", stamp, level);
    vsnprintf(line + used, sizeof line - (size_t)used, format, args);
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = ' ';
    if (hooks.before)
        hooks.before(hooks.arg);
    fprintf(stderr, "%s\n", line);
    if (hooks.after)
        hooks.after(hooks.arg);
}

void log_info(const char *format, ...)
{
    va_list args;

    if (!verbose)
        return;
    va_start(args, format);
    write_line("", format, args);
    va_end(args);
}

void log_warn(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    write_line("warning: ", format, args);
    va_end(args);
}

void log_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    write_line("error: ", format, args);
    va_end(args);
}
