/* Threads that do one job after the other: each rank does its share of each, once, and all of it is
 * there when the job is over, whoever sleeps. */
#include "tests/unit/check.h"

#include <time.h>

#include "worker/engine/team.h"

enum { MOST = 7, JOBS = 3000 };

struct work {
    size_t slow;       /* the rank that sleeps during a job; MOST: none */
    size_t done[MOST]; /* jobs */
};

static void count(void *arg, size_t rank)
{
    struct work *work = arg;

    if (rank == work->slow)
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    work->done[rank]++;
}

/* What the ranks write between two jobs is the caller's to read, without a lock. */
static void play(size_t size, size_t slow, size_t jobs)
{
    struct work work = { .slow = slow };
    struct team *team;

    assert_int_equal(team_new(size, &team), 0);
    check_int_equal("threads", team_size(team), size);
    for (size_t i = 1; i <= jobs; i++) {
        team_run(team, count, &work);
        for (size_t rank = 0; rank < MOST; rank++)
            check_int_equal("jobs done", work.done[rank], rank < size ? i : 0);
    }
    team_free(team);
}

static void test_every_rank_does_every_job(void **state)
{
    (void)state;
    for (size_t size = 1; size <= MOST; size++) /* more than this machine may have processors */
        play(size, MOST, JOBS);
}

/* Longer than anybody looks on. */
static void test_some_sleep(void **state)
{
    (void)state;
    for (size_t slow = 0; slow < 3; slow++)
        play(3, slow, 20);
}

static void test_no_job_at_all(void **state)
{
    struct team *team;

    (void)state;
    for (size_t size = 0; size <= MOST; size++) {
        assert_int_equal(team_new(size, &team), 0);
        assert_true((size <= 1) == !team);
        team_free(team);
    }
}

static void test_shares(void **state)
{
    (void)state;
    for (size_t total = 0; total < 100; total++)
        for (size_t grain = 1; grain <= 16; grain *= 4)
            for (size_t size = 1; size <= MOST; size++) {
                size_t next = 0, most = 0, least = total;

                for (size_t rank = 0; rank < size; rank++) {
                    const struct team_share s = team_share(total, grain, rank, size);

                    check_int_equal("first", s.first, next);
                    check_true("whole grains", s.first % grain == 0 || s.n == 0);
                    next += s.n;
                    most = s.n > most ? s.n : most;
                    least = s.n < least ? s.n : least;
                }
                check_int_equal("shares in all", next, total);
                check_true("even", most - least < 2 * grain);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_rank_does_every_job),
        cmocka_unit_test(test_some_sleep),
        cmocka_unit_test(test_no_job_at_all),
        cmocka_unit_test(test_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
