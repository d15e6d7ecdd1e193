/* Any processor: the compiler makes what it can of the vectors. */
#define KERNELS kernels_plain
#define NAME    "plain"
#include "worker/engine/kernels.inc"
