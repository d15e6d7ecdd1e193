/* Durable trials per second through the coordinator: handed out, answered, checked, committed, told to the
 * search, acknowledged. Workers are simulated, over loopback, and a training takes no time. Beside it,
 * in turns: ZeroMQ alone with as many clients, as many messages on their way and the same sizes. On a
 * machine that others use too, look at the processor time. */
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

/* Of all rounds: messages or trials per second, and seconds of processor time that both sides took. */
struct speed {
    double rate[ROUNDS], processor_s;
};

static double echo_round(const struct echo *echo, const struct crowd *crowd,
                         const struct fleet *fleet, struct speed *speed, int round)
{
    double before = measure_processor_s() + measure_processor_of(echo->pid);

    speed->rate[round] = echo_rate(echo, crowd->workers, crowd->ahead, fleet->result_bytes,
                                   fleet->trial_bytes, TRIALS);
    speed->processor_s += measure_processor_s() + measure_processor_of(echo->pid) - before;
    return speed->rate[round];
}

static double fleet_round(struct fleet *fleet, struct speed *speed, int round)
{
    double before = measure_processor_s() + measure_processor_of(fleet->served->pid);

    speed->rate[round] = TRIALS / fleet_work(fleet, TRIALS);
    speed->processor_s += measure_processor_s() + measure_processor_of(fleet->served->pid) - before;
    return speed->rate[round];
}

static void print(const struct crowd *crowd, const struct fleet *fleet, struct speed *raw,
                  struct speed *ours, double ratio)
{
    double each = 1e6 / ((double)ROUNDS * TRIALS);

    printf(
        "  %2zu workers, %2zu trials ahead: raw echo of %zu and %zu bytes %.0f/s, durable trials "
        "%.0f/s: ratio %.2f (goal %.2f);\n"
        "    processor time of both sides %.1f and %.1f us each: ratio %.2f\n",
        crowd->workers, crowd->ahead, (size_t)fleet->result_bytes, (size_t)fleet->trial_bytes,
        measure_median(raw->rate, ROUNDS), measure_median(ours->rate, ROUNDS), ratio, crowd->goal,
        each * raw->processor_s, each * ours->processor_s, raw->processor_s / ours->processor_s);
}

static void measure(const struct echo *echo, const struct served *served, const struct crowd *crowd)
{
    struct speed raw = { 0 }, ours = { 0 };
    double ratio[ROUNDS];
    struct fleet fleet;

    fleet_open(&fleet, served, crowd->workers, crowd->ahead);
    fleet_fill(&fleet);
    fleet_work(&fleet, TRIALS / 10);
    for (int r = 0; r < ROUNDS; r++) {
        double limit = echo_round(echo, crowd, &fleet, &raw, r);

        ratio[r] = fleet_round(&fleet, &ours, r) / limit;
    }
    print(crowd, &fleet, &raw, &ours, measure_median(ratio, ROUNDS));
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
