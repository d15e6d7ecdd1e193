#if defined __AVX2__ && defined __FMA__
#define KERNELS kernels_avx2
#define NAME    "avx2"
#include "worker/engine/kernels.inc"
#else
#include "worker/engine/kernels.h"
const struct kernels *const kernels_avx2 = NULL;
#endif
