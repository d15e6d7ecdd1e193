/* Input: a block of weights for the network below. Its checksum is put right first, or mutations
 * would get no further than that. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "worker/engine/weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void append(struct network *network, struct op op)
{
    if (op_infer_shape(network, &op, NULL) < 0 || network_append(network, &op) < 0)
        abort();
}

/* 2x2 images, a convolution to 3 channels, a norm, 2 classes. */
static struct net *make_net(void)
{
    struct network network = { 0 };
    struct net *net;

    append(&network, (struct op){ .kind = OP_INPUT, .out = { 1, 2, 2 } });
    append(&network, (struct op){ .kind = OP_CONV,
                                  .out.channels = 3,
                                  .kernel_h = 2,
                                  .kernel_w = 2,
                                  .stride = 1,
                                  .groups = 1,
                                  .bias = true });
    append(&network, (struct op){ .kind = OP_NORM, .input = { 1 } });
    append(&network, (struct op){ .kind = OP_DENSE, .input = { 2 }, .out.channels = 2 });
    if (net_new(&network, 1, kernels_best(), &net, NULL) < 0)
        abort();
    network_clear(&network);
    return net;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct net *net;
    uint8_t *bytes = malloc(size + 1);
    struct errmsg err;

    if (!net)
        net = make_net(); /* once: memory of its own is most of the work */
    if (size > 0)
        memcpy(bytes, data, size);
    if (size > 4) {
        uint32_t sum = (uint32_t)crc32(0, bytes, (unsigned)(size - 4));

        for (int i = 0; i < 4; i++)
            bytes[size - 4 + (size_t)i] = (uint8_t)(sum >> 8 * i);
    }
    if (weights_load(net, bytes, size, &err) == 0 && !weights_are_finite(net))
        abort();
    free(bytes);
    return 0;
}
