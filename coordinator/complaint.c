#include "coordinator/complaint.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/log.h"

typedef void log_fn(const char *format, ...);

static void say(struct complaints *complaints, uint32_t most, uint64_t now_ms, log_fn *log,
                const char *format, va_list args)
{
    char text[512];

    if (now_ms - complaints->period_ms >= COMPLAINTS_PERIOD_MS) {
        if (complaints->unsaid > 0)
            log("%" PRIu32 " more lines like these were left out", complaints->unsaid);
        *complaints = (struct complaints){ .period_ms = now_ms };
    }
    if (complaints->said == most) {
        complaints->unsaid++;
        return;
    }
    complaints->said++;
    vsnprintf(text, sizeof text, format, args);
    log("%s", text);
}

void complain(struct complaints *complaints, uint64_t now_ms, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(complaints, COMPLAINTS, now_ms, log_warn, format, args);
    va_end(args);
}

void remark(struct complaints *remarks, uint64_t now_ms, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(remarks, REMARKS, now_ms, log_info, format, args);
    va_end(args);
}
