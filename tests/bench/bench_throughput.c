/* Durable trials per second through the coordinator: handed out, answered, checked, committed, told to the
 * search, acknowledged. Workers are simulated, over loopback, and a training takes no time. Beside it,
 * in turns: ZeroMQ alone with as many clients, as many messages on their way and the same sizes. */
#include <stdio.h>

#include "tests/bench/echo.h"
#include "tests/bench/fleet.h"
#include "tests/bench/measure.h"
#include "tests/bench/served.h"

enum { ROUNDS = 11, TRIALS = 5000 };

static const struct crowd {
    size_t workers, ahead;
    double goal;
} crowds[] = { { 8, 1, 0.5 }, { 16, 1, 1.0 / 3 }, { 8, 16, 1.0 / 3 } };

static void measure(const struct echo *echo, const struct served *served, const struct crowd *crowd)
{
    double raw[ROUNDS], ours[ROUNDS], ratio[ROUNDS];
    struct fleet fleet;

    fleet_open(&fleet, served, crowd->workers, crowd->ahead);
    fleet_fill(&fleet);
    fleet_work(&fleet, TRIALS / 10);
    for (int r = 0; r < ROUNDS; r++) {
        raw[r] = echo_rate(echo, crowd->workers, crowd->ahead, fleet.result_bytes,
                           fleet.trial_bytes, TRIALS);
        ours[r] = TRIALS / fleet_work(&fleet, TRIALS);
        ratio[r] = ours[r] / raw[r];
    }
    printf("  %2zu workers, %2zu trials ahead (%zu + %zu bytes): raw echo %.0f/s, durable trials "
           "%.0f/s: ratio %.2f (goal %.2f)\n",
           crowd->workers, crowd->ahead, (size_t)fleet.result_bytes, (size_t)fleet.trial_bytes,
           measure_median(raw, ROUNDS), measure_median(ours, ROUNDS), measure_median(ratio, ROUNDS),
           crowd->goal);
    fleet_close(&fleet);
}

static void measure_all(const struct echo *echo, enum served_kind kind, const char *what)
{
    struct served served;

    printf("%s:\n", what);
    served_new(&served, kind);
    served_begin(&served);
    for (size_t i = 0; i < sizeof crowds / sizeof *crowds; i++)
        measure(echo, &served, &crowds[i]);
    served_clear(&served);
}

int main(void)
{
    struct echo echo;

    echo_begin(&echo);
    measure_all(&echo, SERVED_LOOKS_UP, "rewards from a table");
    measure_all(&echo, SERVED_TRAINS, "networks of 24 blocks, each operation in the message");
    echo_end(&echo);
    return 0;
}
