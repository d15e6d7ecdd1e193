/* Bytes that nobody packed: cut short, changed at random, claiming more than they are. */
#include "tests/unit/wire_messages.h"

#include <errno.h>
#include <stdlib.h>

#include "common/rng.h"
#include "tests/unit/check.h"

static void check_all(const uint8_t *data, size_t size)
{
    /* Of the exact size, so that the sanitizer sees a read past the end. */
    uint8_t *exact = malloc(size + (size == 0));
    struct from_worker from;
    struct to_worker to;
    struct slot_report report;

    memcpy(exact, data, size);
    if (from_worker_unpack(exact, size, &from, NULL) == 0)
        from_worker_clear(&from);
    if (to_worker_unpack(exact, size, &to, NULL) == 0)
        to_worker_clear(&to);
    if (slot_report_unpack(exact, size, &report, NULL) == 0)
        slot_report_clear(&report);
    free(exact);
}

static struct bytes pack_trial(void)
{
    struct to_worker message = wire_training_trial();
    struct bytes bytes;

    free(message.trial.weights.data);
    message.trial.weights = (struct bytes){ 0 };
    assert_int_equal(to_worker_pack(&message, &bytes), 0);
    to_worker_clear(&message);
    return bytes;
}

static struct bytes pack_result(void)
{
    struct from_worker message = wire_full_result();
    struct bytes bytes;

    message.result.output.size = message.result.weights.size = 10;
    assert_int_equal(from_worker_pack(&message, &bytes), 0);
    from_worker_clear(&message);
    return bytes;
}

static void test_a_message_cut_short_is_refused(void **state)
{
    struct bytes trial = pack_trial(), result = pack_result();
    struct to_worker to;
    struct from_worker from;

    (void)state;
    for (size_t size = 0; size < trial.size; size++) {
        check_all(trial.data, size);
        assert_int_equal(to_worker_unpack(trial.data, size, &to, NULL), -EPROTO);
    }
    for (size_t size = 0; size < result.size; size++) {
        check_all(result.data, size);
        assert_int_equal(from_worker_unpack(result.data, size, &from, NULL), -EPROTO);
    }
    free(trial.data);
    free(result.data);
}

static void mutate(struct bytes original)
{
    uint8_t *copy = malloc(original.size);
    struct rng rng;

    rng_init(&rng, 1, 0);
    for (int i = 0; i < 5000; i++) {
        memcpy(copy, original.data, original.size);
        for (uint64_t n = 1 + rng_below(&rng, 4); n > 0; n--)
            copy[rng_below(&rng, original.size)] = (uint8_t)rng_u64(&rng);
        check_all(copy, original.size);
    }
    free(copy);
    free(original.data);
}

static void test_random_changes_do_no_harm(void **state)
{
    (void)state;
    mutate(pack_trial());
    mutate(pack_result());
}

/* 16 million empty submessages or unknown fields, two bytes each: unchecked, gigabytes. */
static void test_a_small_message_cannot_claim_much_memory(void **state)
{
    static const struct {
        const char *name;
        uint8_t outer, inner;
    } cases[] = {
        { "held attempts of a hello", 0x0a, 0x5a },
        { "running attempts of a heartbeat", 0x12, 0x12 },
        { "unknown fields", 0x0a, 0x7a },
    };
    enum { N = 1 << 24 };
    uint8_t *data = malloc(2 * N + 5);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static const uint8_t length[] = { 0x80, 0x80, 0x80, 0x10 }; /* 2^25 */
        struct from_worker message;
        struct errmsg err = { "" };

        data[0] = cases[i].outer;
        memcpy(data + 1, length, sizeof length);
        for (size_t k = 0; k < N; k++) {
            data[5 + 2 * k] = cases[i].inner;
            data[6 + 2 * k] = 0;
        }
        check_int_equal(cases[i].name, from_worker_unpack(data, 2 * N + 5, &message, &err),
                        -EPROTO);
        check_true(cases[i].name, strstr(err.text, "not a message") != NULL);
    }
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message_cut_short_is_refused),
        cmocka_unit_test(test_random_changes_do_no_harm),
        cmocka_unit_test(test_a_small_message_cannot_claim_much_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
