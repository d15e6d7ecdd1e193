/* Durable trials per second through the coordinator: handed out, answered, checked, committed, told to the
 * search, acknowledged. Workers are simulated, over loopback, and a training takes no time. Beside it,
 * in turns: ZeroMQ alone with as many clients, as many messages on their way and the same sizes. On a
 * machine that others use too, look at the processor time. Also SQLite
 * alone, and Optuna, where it is installed. */
#include <stdio.h>

#include "tests/bench/echo.h"
#include "tests/bench/fleet.h"
#include "tests/bench/measure.h"
#include "tests/bench/served.h"
#include "tests/bench/sqlite_alone.h"

enum { ROUNDS = 7, TRIALS = 10000, ROWS = 20000, BATCH = 1000, OPTUNA_SECONDS = 5 };

static const struct crowd {
    size_t workers, ahead;
    double goal;
    bool beside_optuna;
} crowds[] = { { 8, 1, 0.5, true }, { 16, 1, 1.0 / 3, false }, { 8, 16, 1.0 / 3, false } };

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
    fflush(stdout);
}

/* Beside ours, with as many workers. */
static void compare_with_optuna(const struct served *served, size_t workers, double ours)
{
    char command[SERVED_NAME_SIZE + 64], storage[16];
    double rate;
    int n = 0;
    FILE *output;

    snprintf(command, sizeof command,
             "/usr/bin/python3 tests/bench/optuna_trials.py %zu %d '%s' 2>/dev/null", workers,
             OPTUNA_SECONDS, served->folder);
    output = popen(command, "r");
    while (output && fscanf(output, "%15s %lf", storage, &rate) == 2 && rate > 0) {
        printf("    Optuna, %s: %.0f/s: ratio %.0f (goal 50)\n", storage, rate, ours / rate);
        n++;
    }
    if (output)
        pclose(output);
    if (n == 0)
        printf("    Optuna is not installed (python3-optuna)\n");
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
    if (crowd->beside_optuna)
        compare_with_optuna(served, crowd->workers, measure_median(ours.rate, ROUNDS));
    fleet_close(&fleet);
}

static void measure_all(const struct echo *echo, enum served_kind kind, const char *what)
{
    double rows[ROUNDS];
    struct served served;

    printf("%s:\n", what);
    served_new(&served, kind);
    served_begin(&served);
    for (size_t i = 0; i < sizeof crowds / sizeof *crowds; i++)
        measure(echo, &served, &crowds[i]);
    for (int r = 0; r < ROUNDS; r++)
        rows[r] = sqlite_alone_rate(served.folder, ROWS, BATCH);
    printf("  SQLite alone, %d a commit: %.0f/s\n", BATCH, measure_median(rows, ROUNDS));
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
