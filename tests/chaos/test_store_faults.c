/* The store on a disk that fails: killed before, after and in the middle of every single call that
 * changes a file; power lost; calls that fail for a while. Each time the store must open again, hold
 * everything that it said was durable, once, and go on. */
#include "tests/chaos/fault.h"
#include "tests/unit/check.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/rng.h"
#include "tests/unit/store_fixture.h"

enum {
    ROWS = 12,
    ROWS_AT_ONCE = 3,
    OPENINGS = 2,
    WEIGHTS = 3000, /* bytes */
    PAIRS = 150,    /* of two kills, one in each of two lives */
    CHILDREN = 96,  /* at a time that wait for a disk to recover */
    STRIDE = 4,     /* of calls that fail one is tried, unless EVERY=1 */
    FAILING = 2,    /* calls in a row */
    PATIENCE_MS = 30000,
    CANNOT_BEGIN = 3, /* exit statuses of a life */
    GAVE_UP = 4,
};

/* What a life did, seen from outside: shared with the process that lives it. */
struct life {
    uint64_t results, openings, failures; /* said to be durable */
    uint64_t calls;
    char error[300]; /* why it could not begin; "" */
};

/* ---- a life ---- */

static bool has_weights(uint64_t number)
{
    return number % 4 == 0;
}

static bool has_failed_before(uint64_t number)
{
    return number % 5 == 0;
}

static void fill_weights(uint64_t number, uint8_t weights[WEIGHTS])
{
    for (size_t i = 0; i < WEIGHTS; i++)
        weights[i] = (uint8_t)(number * 31 + i * i);
}

static void count_one(void *arg)
{
    ++*(uint64_t *)arg;
}

static void put_row(struct store *store, struct life *life, uint64_t number)
{
    struct trial trial = some_trial(number);
    struct trial_result result = some_result(number);
    uint8_t filled[WEIGHTS];
    struct bytes weights = { .data = filled, .size = has_weights(number) ? WEIGHTS : 0 };
    struct bytes output = { .data = filled, .size = number % 3 == 0 ? 100 : 0 };
    struct stored_failure failure = { .attempt = { number, 1 }, .reason = "exit status 1" };

    fill_weights(number, filled);
    if (has_failed_before(number))
        store_put_failure(store, &trial, &failure, &output, count_one, &life->failures);
    store_put_result(store, &trial, &result, &output, &weights, count_one, &life->results);
}

static void put_opening(struct store *store, struct life *life, uint32_t number)
{
    struct arch parent = { .n = 2 };
    struct opening_child child = { .arch.n = 2, .candidate.n = 2, .cost = 4242 };
    struct opening opening = {
        .number = number, .n_parents = 1, .n_children = 1, .parents = &parent, .children = &child
    };

    store_put_opening(store, &opening, count_one, &life->openings);
}

static int take_opening(void *arg, const struct opening *opening)
{
    return opening->number == (*(uint64_t *)arg)++ ? 0 : -EINVAL;
}

static int take_failure(void *arg, const struct stored_failure *failure)
{
    return strcmp(failure->reason, "exit status 1") == 0 ? (int)++*(uint64_t *)arg : -EINVAL;
}

/* What is there; negative if that is not what was put. */
static int read_all(struct store *store, struct life *there, struct errmsg *err)
{
    int rc = store_each_opening(store, take_opening, &there->openings, err);

    if (rc == 0)
        rc = store_each_failure(store, take_failure, &there->failures, err);
    if (rc == 0)
        rc = store_each_result(store, take_in_order, &there->results, err);
    return rc;
}

/* As wait_for_all; a process of a life cannot fail a test, but it can end with a status that does. */
static void wait_or_exit(struct store *store)
{
    struct pollfd poll_fd = { .fd = store_fd(store), .events = POLLIN };

    while (store_pending(store) > 0) {
        if (poll(&poll_fd, 1, PATIENCE_MS) != 1)
            _exit(GAVE_UP);
        store_dispatch(store);
    }
    store_dispatch(store);
}

/* Goes on from what is there, which is in *life when it begins to write. A negative errno with
 * life->error when it cannot begin. */
static int live(const struct bed *bed, struct life *life)
{
    struct store *store = NULL;
    struct errmsg err = { "" };
    struct life there = { 0 };
    int rc = store_open(bed->directory, bed->study, &store, &err);

    if (rc == 0)
        rc = read_all(store, &there, &err);
    if (rc < 0) {
        store_close(store);
        snprintf(life->error, sizeof life->error, "%s", err.text);
        return rc;
    }
    *life = there;
    for (uint64_t number = there.results + 1; number <= ROWS; number++) {
        if (number % (ROWS / OPENINGS) == 1 && there.openings < OPENINGS)
            put_opening(store, life, (uint32_t)there.openings++);
        put_row(store, life, number);
        if (number % ROWS_AT_ONCE == 0)
            wait_or_exit(store);
    }
    wait_or_exit(store);
    store_close(store);
    return 0;
}

static struct life *share_life(void)
{
    struct life *life = mmap(NULL, sizeof *life, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                             -1, 0);

    assert_true(life != MAP_FAILED);
    return life;
}

/* In a process of its own, on a disk with this plan. */
static pid_t begin_life(const struct bed *bed, const struct fault_plan *plan, struct life *life)
{
    pid_t child;

    fflush(NULL);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int rc;

        fault_set(plan);
        rc = live(bed, life);
        life->calls = fault_count();
        _exit(rc < 0 ? CANNOT_BEGIN : 0);
    }
    return child;
}

/* Waits for it. True: it lived to its end; false: it was killed by the plan, or could not begin. */
static bool end_life(pid_t child, const struct life *life, const char *name)
{
    int status;

    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        check_int_equal(name, WTERMSIG(status), SIGKILL);
    else if (WEXITSTATUS(status) != 0)
        check_true(name, WEXITSTATUS(status) == CANNOT_BEGIN && *life->error);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---- afterwards ---- */

static void check_weights(struct store *store, uint64_t n, const char *name)
{
    for (uint64_t number = 1; number <= n; number++) {
        struct trial trial = some_trial(number);
        uint8_t want[WEIGHTS];
        struct bytes got = { 0 };
        struct errmsg err;

        if (!has_weights(number))
            continue;
        fill_weights(number, want);
        if (store_read_weights(store, &trial.key, &got, &err) < 0)
            fail_msg("%s: %s", name, err.text);
        check_int_equal(name, got.size, WEIGHTS);
        check_true(name, memcmp(got.data, want, WEIGHTS) == 0);
        free(got.data);
    }
}

static void check_there(const struct bed *bed, const struct life *said, const char *name)
{
    struct store *store = NULL;
    struct errmsg err = { "" };
    struct life there = { 0 };
    int rc = store_open(bed->directory, bed->study, &store, &err);

    if (rc == 0)
        rc = read_all(store, &there, &err);
    if (rc < 0)
        fail_msg("%s: %s", name, err.text);
    check_true(name, there.results >= said->results);
    check_true(name, there.openings >= said->openings);
    check_true(name, there.failures >= said->failures);
    check_weights(store, there.results, name);
    store_close(store);
}

/* Whatever happened before: it goes on, and ends with everything once. */
static void check_goes_on(const struct bed *bed, const struct life *said, const char *name)
{
    static const struct life all = { .results = ROWS, .openings = OPENINGS, .failures = ROWS / 5 };
    struct life life = { 0 };

    check_there(bed, said, name);
    if (live(bed, &life) < 0)
        fail_msg("%s: it does not go on: %s", name, life.error);
    check_int_equal(name, life.results, ROWS);
    check_int_equal(name, life.openings, OPENINGS);
    check_there(bed, &all, name);
}

static struct fault_plan plan_for(const struct bed *bed, enum fault_kind kind, uint64_t at)
{
    return (struct fault_plan){
        .directory = bed->directory, .kind = kind, .at = at, .length = FAILING, .seed = at
    };
}

static uint64_t count_calls(const struct bed *bed, struct life *life)
{
    struct fault_plan plan = plan_for(bed, FAULT_NONE, 0);
    struct fault_plan ours = { .directory = bed->root }; /* no fault, and no wait for the disk */

    fault_set(&ours);

    assert_true(end_life(begin_life(bed, &plan, life), life, "undisturbed"));
    check_goes_on(bed, life, "undisturbed");
    assert_true(life->calls > 50);
    return life->calls;
}

/* ---- the tests ---- */

static void test_killed_at_every_call(void **state)
{
    /* After one call is before the next. */
    static const enum fault_kind kinds[] = { FAULT_KILL_BEFORE, FAULT_TORN, FAULT_POWER };
    const struct bed *bed = *state;
    struct life *life = share_life();
    uint64_t calls = count_calls(bed, life), killed = 0;

    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        for (uint64_t at = 1; at <= calls; at++) {
            struct fault_plan plan = plan_for(bed, kinds[k], at);
            char name[64];

            snprintf(name, sizeof name, "%s, call %llu", fault_kind_name(kinds[k]),
                     (unsigned long long)at);
            bed_clear(bed);
            *life = (struct life){ 0 };
            killed += !end_life(begin_life(bed, &plan, life), life, name);
            check_goes_on(bed, life, name);
        }
    }
    printf("# %llu calls change files; killed %llu times\n", (unsigned long long)calls,
           (unsigned long long)killed);
    check_true("killed nearly always", killed > calls * 3 * 9 / 10);
}

/* The second life begins with what the first left behind. */
static void test_killed_and_killed_again(void **state)
{
    const struct bed *bed = *state;
    struct life *life = share_life();
    uint64_t calls = count_calls(bed, life);
    struct rng rng;

    rng_init(&rng, 7, 0);
    for (int pair = 0; pair < PAIRS; pair++) {
        struct life said = { 0 };
        char name[64];

        snprintf(name, sizeof name, "pair %d", pair);
        bed_clear(bed);
        for (int i = 0; i < 2; i++) {
            enum fault_kind kind = FAULT_KILL_BEFORE + (enum fault_kind)rng_below(&rng, 4);
            struct fault_plan plan = plan_for(bed, kind, 1 + rng_below(&rng, calls));

            plan.seed = rng_u64(&rng);
            *life = said;
            end_life(begin_life(bed, &plan, life), life, name);
            check_true(name, life->results >= said.results && *life->error == '\0');
            said = *life;
        }
        check_goes_on(bed, &said, name);
    }
}

struct patient {
    struct bed bed;
    struct life *life;
    pid_t child;
    char name[64];
};

static void end_patient(struct patient *patient, uint64_t *recovered)
{
    if (end_life(patient->child, patient->life, patient->name)) {
        ++*recovered;
        check_int_equal(patient->name, patient->life->results, ROWS);
    }
    check_goes_on(&patient->bed, patient->life, patient->name);
    munmap(patient->life, sizeof *patient->life);
}

/* The same life goes on when the disk does. At its very beginning it may instead say why it cannot. */
static void test_calls_that_fail_for_a_while(void **state)
{
    static const enum fault_kind kinds[] = { FAULT_FULL, FAULT_IO, FAULT_READ_ONLY };
    static struct patient patients[CHILDREN];
    const struct bed *bed = *state;
    struct life *life = share_life();
    uint64_t stride = getenv("EVERY") ? 1 : STRIDE, calls = count_calls(bed, life);
    uint64_t total = 3 * (calls / stride), recovered = 0;

    for (uint64_t first = 0; first < total; first += CHILDREN) {
        size_t n = total - first < CHILDREN ? (size_t)(total - first) : CHILDREN;

        for (size_t i = 0; i < n; i++) {
            struct patient *patient = &patients[i];
            enum fault_kind kind = kinds[(first + i) % 3];
            struct fault_plan plan;

            patient->bed = *bed;
            snprintf(patient->bed.directory, sizeof patient->bed.directory, "%s/%zu", bed->root, i);
            bed_clear(&patient->bed);
            plan = plan_for(&patient->bed, kind, 1 + (first + i) / 3 * stride);
            snprintf(patient->name, sizeof patient->name, "%s, call %llu", fault_kind_name(kind),
                     (unsigned long long)plan.at);
            patient->life = share_life();
            patient->child = begin_life(&patient->bed, &plan, patient->life);
        }
        for (size_t i = 0; i < n; i++)
            end_patient(&patients[i], &recovered);
    }
    printf("# %llu of %llu lives went on by themselves\n", (unsigned long long)recovered,
           (unsigned long long)total);
    check_true("most lives", recovered > total / 2);
}

static bool in_trouble(struct store *store, struct errmsg *trouble)
{
    struct pollfd poll_fd = { .fd = store_fd(store), .events = POLLIN };

    for (int left = PATIENCE_MS; left > 0 && !store_trouble(store, trouble); left -= 100)
        poll(&poll_fd, 1, 100);
    return store_trouble(store, trouble);
}

/* What is wrong with the disk, in the system's words, and that the same store goes on afterwards. */
static void test_trouble_is_told_as_it_is(void **state)
{
    const struct bed *bed = *state;
    const struct {
        enum fault_kind kind;
        const char *want;
    } cases[] = {
        { FAULT_FULL, "No space left on device" },
        { FAULT_IO, "Input/output error" },
        { FAULT_READ_ONLY, "Read-only file system" },
    };
    struct fault_plan plan = plan_for(bed, FAULT_NONE, 0);
    struct store *store;

    fault_set(&plan);
    store = bed_open(bed);
    for (uint64_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct errmsg trouble = { "" };

        plan = plan_for(bed, cases[i].kind, 1);
        plan.length = UINT64_MAX;
        fault_set(&plan);
        put(store, i + 1, NULL, NULL);
        check_true(cases[i].want, in_trouble(store, &trouble));
        if (!strstr(trouble.text, cases[i].want))
            fail_msg("wanted '%s': %s", cases[i].want, trouble.text);
        plan.kind = FAULT_NONE;
        fault_set(&plan);
        wait_for_all(store);
    }
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_bed(test_killed_at_every_call),
        with_bed(test_killed_and_killed_again),
        with_bed(test_calls_that_fail_for_a_while),
        with_bed(test_trouble_is_told_as_it_is),
    };
    return cmocka_run_group_tests(tests, study_fixture_make, study_fixture_remove);
}
