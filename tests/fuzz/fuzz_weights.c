/* Input: a file of weights. Its checksum is put right first, or mutations would get no further than
 * that. What is accepted comes through packing and unpacking unchanged, and if its network is small,
 * the engine either refuses the numbers or gets finite ones. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "proto/weights_file.h"
#include "worker/engine/weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_PARAMS = 10000, MOST_ACTIVATIONS = 1 << 20 };

static void check_round_trip(const struct weights_file *file)
{
    struct weights_file again;
    struct bytes first, second;

    if (weights_file_pack(file, &first) < 0 ||
        weights_file_unpack(first.data, first.size, &again, NULL) < 0 ||
        weights_file_pack(&again, &second) < 0 || first.size != second.size ||
        memcmp(first.data, second.data, first.size) != 0)
        abort();
    free(first.data);
    free(second.data);
    weights_file_clear(&again);
}

static void load(const struct weights_file *file)
{
    struct costs costs;
    struct errmsg err;
    struct net *net;

    network_costs(&file->network, &file->count, &costs);
    if (costs.params > MOST_PARAMS || costs.activations > MOST_ACTIVATIONS ||
        net_new(&file->network, 1, 1, kernels_best(), &net, &err) < 0)
        return;
    if (weights_load(net, file->floats.data, file->floats.size, &err) == 0 &&
        !weights_are_finite(net))
        abort();
    net_free(net);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *bytes = malloc(size + 1);
    struct weights_file file;
    struct errmsg err;

    if (size > 0)
        memcpy(bytes, data, size);
    if (size > 4) {
        uint32_t sum = (uint32_t)crc32(0, bytes, (unsigned)(size - 4));

        for (int i = 0; i < 4; i++)
            bytes[size - 4 + (size_t)i] = (uint8_t)(sum >> 8 * i);
    }
    if (weights_file_unpack(bytes, size, &file, &err) == 0) {
        check_round_trip(&file);
        load(&file);
        weights_file_clear(&file);
    }
    free(bytes);
    return 0;
}
