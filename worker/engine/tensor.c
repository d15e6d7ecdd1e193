#include "worker/engine/tensor.h"

#include <errno.h>
#include <sys/mman.h>

static const size_t too_large = SIZE_MAX / 8;

static size_t multiply(size_t a, size_t b)
{
    size_t product;

    return __builtin_mul_overflow(a, b, &product) || product > too_large ? too_large : product;
}

struct tensor tensor_of(const struct shape *shape, size_t batch)
{
    struct tensor tensor = {
        .shape = *shape,
        .blocks = blocks_of((size_t)shape->channels),
        .pixels = (size_t)shape->height * (size_t)shape->width,
    };
    size_t floats = multiply(multiply(tensor.pixels, batch), BLOCK);

    /* Were blocks a multiple of 4 KiB apart, one pixel of all of them would fall into the same
     * few lines of the first cache. */
    tensor.stride = floats == too_large ? floats : floats + 4 * BLOCK;
    return tensor;
}

size_t tensor_floats(const struct tensor *tensor)
{
    return multiply(tensor->blocks, tensor->stride);
}

void *arena_take(struct arena *arena, size_t count, size_t size)
{
    enum { LINE = 64 };
    size_t bytes = multiply(count, size), start = arena->used;

    bytes = bytes == too_large ? bytes : (bytes + LINE - 1) / LINE * LINE;
    arena->used = start + bytes > too_large ? too_large : start + bytes;
    return arena->base ? arena->base + start : NULL;
}

int arena_reserve(struct arena *arena)
{
    void *base;

    if (arena->used == too_large)
        return -ENOMEM;
    base = mmap(NULL, arena->used + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        return -ENOMEM;
    /* Large pages: a step walks through all of it. Where there are none, small ones do. */
    (void)madvise(base, arena->used + 1, MADV_HUGEPAGE);
    *arena = (struct arena){ .base = base, .size = arena->used + 1 };
    return 0;
}

void arena_clear(struct arena *arena)
{
    if (arena->base)
        munmap(arena->base, arena->size);
    *arena = (struct arena){ 0 };
}
