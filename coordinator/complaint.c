#include "coordinator/complaint.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/log.h"

void complain(struct complaints *complaints, uint64_t now_ms, const char *format, ...)
{
    char text[512];
    va_list args;

    if (now_ms - complaints->period_ms >= COMPLAINTS_PERIOD_MS) {
        if (complaints->unsaid > 0)
            log_warn("%" PRIu32 " more lines like these were left out", complaints->unsaid);
        *complaints = (struct complaints){ .period_ms = now_ms };
    }
    if (complaints->said == COMPLAINTS) {
        complaints->unsaid++;
        return;
    }
    complaints->said++;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log_warn("%s", text);
}
