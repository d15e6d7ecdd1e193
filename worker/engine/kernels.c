#include "worker/engine/kernels.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "worker/engine/kernels_amx.h"

enum { SETS = 3 };

/* Whether this processor runs set i of the list below, fastest first. */
static bool runs(int i)
{
#if defined __x86_64__ || defined __i386__
    static const struct {
        bool avx512, avx2;
    } needs[SETS] = { { true, false }, { false, true }, { false, false } };

    __builtin_cpu_init();
    return (!needs[i].avx512 || __builtin_cpu_supports("avx512f")) &&
           (!needs[i].avx2 || (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")));
#else
    return i == SETS - 1;
#endif
}

const struct kernels *const *kernels_all(void)
{
    static const struct kernels *all[SETS + 1];
    const struct kernels *sets[SETS] = { kernels_avx512, kernels_avx2, kernels_plain };
    int n = 0;

    if (all[0])
        return all;
    for (int i = SETS - 1; i >= 0; i--)
        if (sets[i] && runs(i))
            n++;
    for (int i = SETS - 1; i >= 0; i--)
        if (sets[i] && runs(i))
            all[--n] = sets[i];
    return all;
}

static const struct kernels *chosen;

const struct kernels *kernels_best(void)
{
    return chosen ? chosen : kernels_all()[0];
}

int kernels_choose(const char *name)
{
    for (const struct kernels *const *set = kernels_all(); *set; set++)
        if (strcmp((*set)->name, name) == 0) {
            chosen = *set;
            return 0;
        }
    return -EINVAL;
}

static bool has_amx(const struct kernels *kernels)
{
    static int runs_it = -1;

    if (runs_it < 0)
        runs_it = kernels_amx && amx_runs();
    return runs_it && kernels == kernels_avx512;
}

const struct kernels *kernels_bf16(const struct kernels *kernels, bool amx)
{
    static struct kernels rounded[SETS][2];
    static char name[SETS][2][16];
    int i = 0;

    amx = amx && has_amx(kernels);
    while (kernels_all()[i] != kernels)
        i++;
    if (rounded[i][amx].bf16) /* a net's threads may be reading it */
        return &rounded[i][amx];
    snprintf(name[i][amx], sizeof name[i][amx], "%s+%s", kernels->name, amx ? "amx" : "bf16");
    rounded[i][amx] = *kernels;
    rounded[i][amx].name = name[i][amx];
    rounded[i][amx].bf16 = true;
    rounded[i][amx].amx = amx ? kernels_amx : NULL;
    return &rounded[i][amx];
}
