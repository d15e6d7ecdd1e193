/* What 2,000 workers cost the coordinator that run a long training each: processor time, as a share of
 * one core, while they only send their heartbeats, every 5 s. */
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/bench/fleet.h"
#include "tests/bench/measure.h"
#include "tests/bench/served.h"

enum { WORKERS = 2000, BEATS = 4, HEARTBEAT_S = 5, STEPS = 50 };

/* All workers, in small groups one after the other, as they would come who started at any time. */
static void beat(struct fleet *fleet, double start)
{
    for (int step = 0; step < STEPS; step++) {
        double due = start + (double)HEARTBEAT_S * (step + 1) / STEPS, left;

        fleet_beat(fleet, (size_t)(WORKERS * step / STEPS), (size_t)(WORKERS * (step + 1) / STEPS));
        left = due - measure_now();
        if (left > 0)
            usleep((useconds_t)(1e6 * left));
    }
}

int main(void)
{
    struct rlimit limit;
    struct served served;
    struct fleet fleet;
    double start, used, alone;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    served_new(&served, SERVED_TRAINS);
    served_begin(&served);
    sleep(HEARTBEAT_S);
    alone = measure_processor_of(served.pid);
    sleep(HEARTBEAT_S);
    alone = (measure_processor_of(served.pid) - alone) / HEARTBEAT_S;
    fleet_open(&fleet, &served, WORKERS, 1);
    fleet_fill(&fleet);
    beat(&fleet, measure_now());
    used = measure_processor_of(served.pid);
    start = measure_now();
    for (int i = 0; i < BEATS; i++)
        beat(&fleet, start + (double)i * HEARTBEAT_S);
    used = (measure_processor_of(served.pid) - used) / (measure_now() - start);
    printf(
        "%d workers that only send heartbeats: %.1f %% of a core (goal 5); without any %.1f %%\n",
        WORKERS, 100 * used, 100 * alone);
    fleet_close(&fleet);
    served_clear(&served);
    return 0;
}
