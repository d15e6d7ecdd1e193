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

static void write_line(const char *level, const char *format, va_list args)
{
    char line[1200];
    int used = snprintf(line, sizeof line, "%s %s", stamp(), level);
    char *c = line;

    vsnprintf(line + used, sizeof line - 1 - (size_t)used, format, args);
    for (; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = ' ';
    if (hooks.before)
        hooks.before(hooks.arg);
    *c = '\n'; /* of it, so that the line is one write */
    fwrite(line, 1, (size_t)(c - line) + 1, stderr);
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
