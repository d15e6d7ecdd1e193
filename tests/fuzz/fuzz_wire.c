/* What coordinator and workers accept from each other. The first byte says who listens. Whatever is
 * accepted must come through packing and unpacking unchanged. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_equal(struct bytes *first, struct bytes *second)
{
    assert(first->size == second->size && memcmp(first->data, second->data, first->size) == 0);
    free(first->data);
    free(second->data);
}

/* Accepts, packs, accepts what was packed, packs again. */
#define CHECK_ROUND_TRIP(kind)                                                                     \
    static void check_##kind(const uint8_t *data, size_t size)                                     \
    {                                                                                              \
        struct bytes first, second;                                                                \
        struct kind message, again;                                                                \
        struct errmsg err;                                                                         \
                                                                                                   \
        if (kind##_unpack(data, size, &message, &err) < 0)                                         \
            return;                                                                                \
        assert(kind##_pack(&message, &first) == 0);                                                \
        assert(kind##_unpack(first.data, first.size, &again, &err) == 0);                          \
        assert(kind##_pack(&again, &second) == 0);                                                 \
        check_equal(&first, &second);                                                              \
        kind##_clear(&message);                                                                    \
        kind##_clear(&again);                                                                      \
    }

CHECK_ROUND_TRIP(from_worker)
CHECK_ROUND_TRIP(to_worker)
CHECK_ROUND_TRIP(slot_report)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const checks[])(const uint8_t *, size_t) = { check_from_worker, check_to_worker,
                                                               check_slot_report };

    if (size > 0)
        checks[data[0] % 3](data + 1, size - 1);
    return 0;
}
