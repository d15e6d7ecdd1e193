/* Input: changes to the ops of a once-for-all network, four bytes each: the op, the field, the value.
 * What the predictor takes it for is one resolution, and a kernel and an expansion for each block. */
#include <stdlib.h>

#include "common/space.h"
#include "common/surrogate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct space *space;

static void make_network(struct network *network)
{
    static const char path[] = "deploy/spaces/ofa-mobilenet-v3.yaml";
    struct arch arch = { .n = 20 };
    struct errmsg err;

    if ((!space && space_load(path, &space, &err) < 0) || space_resolve(space, &arch, network) < 0)
        abort();
}

static void change(struct network *network, const uint8_t bytes[4])
{
    struct op *op = &network->ops[bytes[0] % network->n_ops];
    int32_t value = (int16_t)(bytes[2] | bytes[3] << 8);
    int32_t *fields[] = { &op->layer,    &op->out.channels, &op->out.height,
                          &op->kernel_h, &op->groups,       &op->out.width };

    *fields[bytes[1] % (sizeof fields / sizeof *fields)] = value;
}

static int ones(const uint8_t *x, int n)
{
    int count = 0;

    for (int i = 0; i < n; i++)
        count += x[i];
    return count;
}

static void check(const uint8_t x[SURROGATE_INPUTS])
{
    for (int block = 0; block < SURROGATE_BLOCKS; block++) {
        int kernels = ones(x + 3 * block, 3), expansions = ones(x + 60 + 3 * block, 3);

        if (kernels > 1 || kernels != expansions || (block % 4 < 2 && kernels == 0))
            abort();
    }
    if (ones(x + 120, 8) != 1)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t x[SURROGATE_INPUTS];
    struct surrogate *surrogate;
    struct network network;
    struct errmsg err;

    make_network(&network);
    for (size_t at = 0; at + 4 <= size; at += 4)
        change(&network, data + at);
    if (surrogate_encode(&network, x, &err) == 0)
        check(x);
    network_clear(&network);
    if (surrogate_read(data, size, "fuzz", &surrogate, &err) == 0)
        surrogate_free(surrogate);
    return 0;
}
