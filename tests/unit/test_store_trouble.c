/* A disk that is full, and a process that is killed: nothing acknowledged is lost. */
#include "tests/unit/check.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/store_fixture.h"

/* ---- a full disk, played by a limit on the size of files ---- */

static rlim_t limit_file_size(rlim_t bytes)
{
    struct rlimit limit;
    rlim_t before;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    before = limit.rlim_cur;
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    return before;
}

static void wait_for_trouble(struct store *store, struct errmsg *trouble)
{
    struct pollfd poll_fd = { .fd = store_fd(store), .events = POLLIN };

    while (!store_trouble(store, trouble)) {
        assert_int_equal(poll(&poll_fd, 1, 30000), 1); /* trouble wakes the loop */
        store_dispatch(store);
    }
}

struct turns {
    int next;
};

struct turn {
    struct turns *turns;
    int number;
};

static void take_turn(void *arg)
{
    struct turn *turn = arg;

    assert_int_equal(turn->turns->next++, turn->number);
}

static void check_stored(const struct bed *bed, uint64_t want)
{
    struct store *store = bed_open(bed);
    struct errmsg err = { "" };
    uint64_t n = 0;

    assert_int_equal(store_each_result(store, take_in_order, &n, &err), 0);
    assert_int_equal(n, want);
    store_close(store);
}

static void test_full_disk_and_room_again(void **state)
{
    enum { BEFORE = 10, MANY = 1500 };
    static struct turn turn[MANY];
    const struct bed *bed = *state;
    struct store *store = bed_open(bed);
    struct turns turns = { 0 };
    struct errmsg trouble = { "" };
    rlim_t before;

    for (int i = 0; i < MANY; i++)
        turn[i] = (struct turn){ &turns, i };
    for (int i = 0; i < BEFORE; i++)
        put(store, (uint64_t)i + 1, take_turn, &turn[i]);
    wait_for_all(store);
    assert_int_equal(turns.next, BEFORE);
    assert_false(store_trouble(store, &trouble));

    before = limit_file_size(100000);
    for (int i = BEFORE; i < MANY; i++)
        put(store, (uint64_t)i + 1, take_turn, &turn[i]);
    wait_for_trouble(store, &trouble);
    assert_non_null(strstr(trouble.text, "study.db"));
    assert_non_null(strstr(trouble.text, "trying again every second"));
    assert_null(strchr(trouble.text, '\n'));
    store_dispatch(store);
    assert_int_equal(turns.next + (int)store_pending(store), MANY);
    assert_true(store_pending(store) > 0);

    limit_file_size(before);
    wait_for_all(store);
    assert_int_equal(turns.next, MANY);
    assert_false(store_trouble(store, &trouble));
    store_close(store);
    check_stored(bed, MANY);
}

static void test_a_log_that_finds_no_room_holds_its_row_back(void **state)
{
    const struct bed *bed = *state;
    struct store *store = bed_open(bed);
    struct bytes output = { calloc(1, 200000), 200000 };
    struct trial trial = some_trial(1);
    struct trial_result result = some_result(1);
    struct errmsg trouble = { "" };
    struct turns turns = { 0 };
    struct turn turn = { &turns, 0 };
    rlim_t before = limit_file_size(150000);

    store_put_result(store, &trial, &result, &output, NULL, take_turn, &turn);
    wait_for_trouble(store, &trouble);
    assert_non_null(strstr(trouble.text, "logs/trial-1-1.log"));
    assert_int_equal(store_pending(store), 1);
    limit_file_size(before);
    wait_for_all(store);
    assert_int_equal(turns.next, 1);
    store_close(store);
    check_stored(bed, 1);
    free(output.data);
}

static void test_closing_in_trouble_gives_up(void **state)
{
    enum { BEFORE = 10, MANY = 1000 };
    static struct turn turn[MANY];
    const struct bed *bed = *state;
    struct store *store = bed_open(bed);
    struct errmsg trouble = { "" };
    struct turns turns = { 0 };
    rlim_t before;

    for (int i = 0; i < MANY; i++)
        turn[i] = (struct turn){ &turns, i };
    for (int i = 0; i < BEFORE; i++)
        put(store, (uint64_t)i + 1, take_turn, &turn[i]);
    wait_for_all(store);
    before = limit_file_size(60000);
    for (int i = BEFORE; i < MANY; i++)
        put(store, (uint64_t)i + 1, take_turn, &turn[i]);
    wait_for_trouble(store, &trouble);
    store_dispatch(store);
    store_close(store);
    limit_file_size(before);
    check_stored(bed, (uint64_t)turns.next); /* no half of a transaction */
}

/* ---- SIGKILL ---- */

static void report(void *arg)
{
    int fd = *(int *)arg;

    if (write(fd, "+", 1) != 1)
        _exit(1);
}

/* Puts results first, first + 1, ... and writes a byte for each that is durable, until killed. */
static void put_until_killed(const struct bed *bed, uint64_t first, int fd)
{
    struct store *store = bed_open(bed);
    struct pollfd poll_fd = { .fd = store_fd(store), .events = POLLIN };

    for (uint64_t number = first;;) {
        while (store_pending(store) < 40)
            put(store, number++, report, &fd);
        poll(&poll_fd, 1, 1000);
        store_dispatch(store);
    }
}

static uint64_t stored_rows(const struct bed *bed)
{
    struct store *store = bed_open(bed);
    struct errmsg err = { "" };
    uint64_t n = 0;

    if (store_each_result(store, take_in_order, &n, &err) < 0)
        fail_msg("%s", err.text);
    store_close(store);
    return n;
}

static void test_killed_many_times_nothing_reported_is_lost(void **state)
{
    enum { KILLS = 20 };
    const struct bed *bed = *state;
    uint64_t stored = 0, reported_in_all = 0;

    for (int k = 0; k < KILLS; k++) {
        uint64_t reported = 0;
        char bytes[512];
        int fds[2], status;
        ssize_t n;
        pid_t child;

        assert_int_equal(pipe(fds), 0);
        child = fork();
        if (child == 0) {
            close(fds[0]);
            put_until_killed(bed, stored + 1, fds[1]);
        }
        close(fds[1]);
        while (reported < (uint64_t)k * 17 % 300 + 1 && (n = read(fds[0], bytes, sizeof bytes)) > 0)
            reported += (uint64_t)n;
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        while ((n = read(fds[0], bytes, sizeof bytes)) > 0)
            reported += (uint64_t)n;
        close(fds[0]);
        assert_true(WIFSIGNALED(status) && reported > 0);
        reported_in_all += reported;
        assert_true(stored_rows(bed) >= stored + reported);
        stored = stored_rows(bed);
    }
    print_message("# %d kills, %d results reported, %d stored\n", KILLS, (int)reported_in_all,
                  (int)stored);
}

/* Killed while it is made: the next start makes it, or finds it whole. */
static void test_killed_while_it_is_made(void **state)
{
    const struct bed *bed = *state;

    for (useconds_t us = 0; us < 6000; us += 500) {
        struct store *store;
        int status;
        pid_t child;

        bed_clear(bed);
        child = fork();
        if (child == 0) {
            store = bed_open(bed);
            pause();
        }
        usleep(us);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        store = bed_open(bed);
        put(store, 1, NULL, NULL);
        store_close(store);
        check_stored(bed, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_bed(test_full_disk_and_room_again),
        with_bed(test_a_log_that_finds_no_room_holds_its_row_back),
        with_bed(test_closing_in_trouble_gives_up),
        with_bed(test_killed_many_times_nothing_reported_is_lost),
        with_bed(test_killed_while_it_is_made),
    };

    signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, study_fixture_make, study_fixture_remove);
}
