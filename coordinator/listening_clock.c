#include "coordinator/listening_clock.h"

uint64_t listening_clock_read(struct listening_clock *clock, uint64_t now_ms)
{
    uint64_t step = now_ms - clock->last_ms;

    if (clock->last_ms != 0 && step > LISTENING_STEP_MS)
        clock->missed_ms += step - LISTENING_STEP_MS;
    clock->last_ms = now_ms;
    return now_ms - clock->missed_ms;
}
