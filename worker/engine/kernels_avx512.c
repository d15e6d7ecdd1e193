#ifdef __AVX512F__
#define KERNELS kernels_avx512
#define NAME    "avx512"
#include "worker/engine/kernels.inc"
#else
#include "worker/engine/kernels.h"
const struct kernels *const kernels_avx512 = NULL;
#endif
