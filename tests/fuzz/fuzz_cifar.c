/* Input: one byte, odd for CIFAR-100, and a file. */
#include <stdlib.h>

#include "worker/data/cifar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What holds of every file that loads. */
static void check(const struct images *images, const struct cifar_kind *kind, size_t size)
{
    uint32_t classes = kind->classes[kind->n_labels - 1];
    uint32_t sum = 0;

    if (images->n == 0 || images->n * (kind->n_labels + 3072) != size || images->classes != classes)
        abort();
    for (size_t i = 0; i < images->n * 3072; i++)
        sum += images->pixels[i];
    for (size_t i = 0; i < images->n; i++)
        if (images->labels[i] >= classes)
            abort();
    if (sum > 255 * 3072 * images->n)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct cifar_kind *kind = size && data[0] % 2 ? &cifar100 : &cifar10;
    struct images images;
    struct errmsg err;

    if (size < 1 || cifar_parse("file", data + 1, size - 1, kind, &images, &err) < 0)
        return 0;
    check(&images, kind, size - 1);
    images_clear(&images);
    return 0;
}
