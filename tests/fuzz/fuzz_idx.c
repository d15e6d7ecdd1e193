/* Input: one byte, how many of the last bytes are the file of labels; the file of pixels; that. */
#include <stdlib.h>

#include "worker/data/idx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What holds of every pair of files that loads. */
static void check(const struct images *images)
{
    size_t bytes = images->n * (size_t)images->shape.height * (size_t)images->shape.width;
    uint32_t sum = 0;

    for (size_t i = 0; i < bytes; i++)
        sum += images->pixels[i];
    for (size_t i = 0; i < images->n; i++)
        if (images->labels[i] >= images->classes)
            abort();
    if (sum > 255 * bytes)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct images images;
    struct errmsg err;
    size_t n_labels;

    if (size < 1 || (n_labels = data[0]) > size - 1)
        return 0;
    const struct idx_bytes pixels = { "pixels", data + 1, size - 1 - n_labels };
    const struct idx_bytes labels = { "labels", data + size - n_labels, n_labels };

    if (idx_parse(&pixels, &labels, &images, &err) == 0) {
        check(&images);
        images_clear(&images);
    }
    return 0;
}
