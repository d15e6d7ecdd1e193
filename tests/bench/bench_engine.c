/* Trains and evaluates mobile networks on one thread and on two, and beside it PyTorch on the same ones
 * and as many threads, in turns: images per second, GFLOP/s (two for each multiply-add; a training step
 * counts as three passes), and the ratio to the better of PyTorch's two memory layouts, all medians
 * over the rounds. Where there is AMX also with `precision: bf16`, beside PyTorch's floats. Then the same
 * once more with AVX2 at most, on both sides.
 *
 * bench_engine [SECONDS] [ROUNDS] [NETWORK or all] [BATCH] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/rng.h"
#include "tests/bench/models.h"
#include "worker/data/images.h"
#include "worker/engine/kernels.h"
#include "worker/engine/trainer.h"

enum { CLASSES = 10, MOST_ROUNDS = 100, MOST_THREADS = 2, MOST_BATCH = 1024 };

static unsigned batch = 64;

static void mobilenet_v2(struct network *network)
{
    model_mobilenet_v2(network, 32, CLASSES);
}

static void mobilenet_v3_large(struct network *network)
{
    model_mobilenet_v3_large(network, 32, CLASSES);
}

static void nats_size_64(struct network *network)
{
    static const int channels[] = { 64, 64, 64, 64, 64 };

    model_nats_size(network, channels, CLASSES);
}

static void nas_bench_macro(struct network *network)
{
    model_nas_bench_macro(network, "22212220");
}

static const struct {
    const char *name;
    void (*build)(struct network *network);
} networks[] = {
    { "fashion", model_fashion },
    { "mobilenet_v2", mobilenet_v2 },
    { "mobilenet_v3_large", mobilenet_v3_large },
    { "nats_size_64", nats_size_64 },
    { "nas_bench_macro", nas_bench_macro },
};

/* Images per second in one round; bf16 and pytorch 0 where there is none. */
struct speeds {
    double train, evaluate, bf16, pytorch;
};

static double train_of(const struct speeds *s)
{
    return s->train;
}

static double evaluate_of(const struct speeds *s)
{
    return s->evaluate;
}

static double bf16_of(const struct speeds *s)
{
    return s->bf16;
}

static double pytorch_of(const struct speeds *s)
{
    return s->pytorch;
}

static double ratio_of(const struct speeds *s)
{
    return s->pytorch > 0 ? s->train / s->pytorch : 0;
}

static double bf16_ratio_of(const struct speeds *s)
{
    return s->pytorch > 0 ? s->bf16 / s->pytorch : 0;
}

static double gain_of(const struct speeds *s)
{
    return s->bf16 / s->train;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(const struct speeds *round, int n, double (*of)(const struct speeds *))
{
    double sorted[MOST_ROUNDS];

    for (int i = 0; i < n; i++)
        sorted[i] = of(&round[i]);
    qsort(sorted, (size_t)n, sizeof *sorted, compare);
    return (sorted[n / 2] + sorted[(n - 1) / 2]) / 2;
}

/* Of one thread the processor's time, so that others who share the machine count as little as may be; of
 * more, who wait for each other, the wall's. */
static double now(unsigned threads)
{
    struct timespec t;

    clock_gettime(threads == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "bench_engine: %s\n", what);
    exit(1);
}

/* Noise of the network's size. */
static struct images make_images(const struct shape *shape, size_t n)
{
    struct images images = { .n = n, .shape = *shape, .classes = CLASSES };
    size_t size = (size_t)shape->channels * (size_t)shape->height * (size_t)shape->width;
    struct rng rng;

    images.pixels = malloc(n * size);
    images.labels = malloc(n * sizeof *images.labels);
    if (!images.pixels || !images.labels)
        die("no memory");
    rng_init(&rng, 1, 0);
    for (size_t i = 0; i < n * size; i++)
        images.pixels[i] = (uint8_t)rng_u64(&rng);
    for (size_t i = 0; i < n; i++)
        images.labels[i] = (uint16_t)(i % CLASSES);
    return images;
}

/* Seconds that a training, or else an evaluation, over the first n of the set takes. */
static double seconds_for(struct trainer *trainer, unsigned threads, struct image_set set, size_t n,
                          bool training)
{
    struct accuracy accuracy;
    double start = now(threads);

    set.n = n;
    if (training ? trainer_fit(trainer, &set, NULL, NULL, NULL) < 0
                 : trainer_evaluate(trainer, &set, &accuracy) < 0)
        die("a training failed");
    return now(threads) - start;
}

/* Images per second, measured for about so many seconds. */
static double measure(struct trainer *trainer, unsigned threads, const struct image_set *set,
                      double seconds, bool training)
{
    const size_t warm_up = 2 * batch;
    double warm;
    size_t n;

    seconds_for(trainer, threads, *set, warm_up, training); /* pages and caches */
    warm = seconds_for(trainer, threads, *set, warm_up, training);
    n = (size_t)(seconds / warm) * warm_up;
    n = n < warm_up ? warm_up : n > set->n ? set->n / batch * batch : n;
    return (double)n / seconds_for(trainer, threads, *set, n, training);
}

static struct trainer *make_trainer(const struct network *network, unsigned threads,
                                    enum precision precision)
{
    const struct schedule schedule = { .epochs = 1,
                                       .batch = batch,
                                       .lr = 0.1,
                                       .momentum = 0.9,
                                       .nesterov = true,
                                       .weight_decay = 5e-4,
                                       .precision = precision };
    struct trainer *trainer;
    struct errmsg err;

    if (trainer_new(network, &schedule, threads, 1, &trainer, &err) < 0)
        die(err.text);
    return trainer;
}

static bool has_amx(void)
{
    return kernels_bf16(kernels_best(), true)->amx != NULL;
}

static void run_engine(const struct network *network, const struct image_set *set, unsigned threads,
                       double seconds, struct speeds *speeds)
{
    struct trainer *trainer = make_trainer(network, threads, PRECISION_FLOAT);

    speeds->train = measure(trainer, threads, set, seconds, true);
    speeds->evaluate = measure(trainer, threads, set, seconds / 3, false);
    trainer_free(trainer);
    if (!has_amx())
        return;
    trainer = make_trainer(network, threads, PRECISION_BF16);
    speeds->bf16 = measure(trainer, threads, set, seconds, true);
    trainer_free(trainer);
}

/* PyTorch returns its memory to the system at every step, unless malloc is told to keep it, which
 * triples its speed. */
static void run_pytorch(const char *name, unsigned threads, double seconds, struct speeds *speeds)
{
    char command[400], layout[32];
    double speed;
    FILE *output;

    snprintf(command, sizeof command,
             "MALLOC_MMAP_THRESHOLD_=4294967296 MALLOC_TRIM_THRESHOLD_=68719476736 "
             "MALLOC_TOP_PAD_=1073741824 OMP_NUM_THREADS=%u "
             "/usr/bin/python3 tests/bench/pytorch_engine.py %s %u %.1f %u 2>/dev/null",
             threads, name, batch, seconds, threads);
    output = popen(command, "r");
    if (!output)
        return;
    while (fscanf(output, "%31s %lf", layout, &speed) == 2)
        speeds->pytorch = speed > speeds->pytorch ? speed : speeds->pytorch;
    pclose(output);
}

static void print(const struct network *network, unsigned threads, const struct speeds *round,
                  int rounds)
{
    static const struct count_rules rules = { 0 };
    double train = median(round, rounds, train_of), evaluate = median(round, rounds, evaluate_of);
    struct costs costs;
    double giga;

    network_costs(network, &rules, &costs);
    giga = 2e-9 * (double)costs.madds;
    printf("  %u thread%s\n", threads, threads == 1 ? "" : "s");
    printf("    train     %8.0f images/s  %6.1f GFLOP/s\n", train, 3 * giga * train);
    printf("    evaluate  %8.0f images/s  %6.1f GFLOP/s\n", evaluate, giga * evaluate);
    if (round->bf16 > 0)
        printf("    bf16      %8.0f images/s in training; %.2f times float\n",
               median(round, rounds, bf16_of), median(round, rounds, gain_of));
    if (round->pytorch > 0)
        printf("    PyTorch   %8.0f images/s in training; ratio %.2f",
               median(round, rounds, pytorch_of), median(round, rounds, ratio_of));
    if (round->pytorch > 0 && round->bf16 > 0)
        printf(", of bf16 %.2f", median(round, rounds, bf16_ratio_of));
    if (round->pytorch > 0)
        printf("\n");
    else
        printf("    PyTorch   not installed (python3-torch)\n");
    fflush(stdout);
}

static void print_name(const char *name, const struct network *network)
{
    static const struct count_rules rules = { 0 };
    struct costs costs;

    network_costs(network, &rules, &costs);
    printf("%s, %.2f M multiply-adds, batch %u, %s\n", name, 1e-6 * (double)costs.madds, batch,
           trainer_numerics(PRECISION_FLOAT));
}

static void bench(size_t i, double seconds, int rounds)
{
    static struct speeds round[MOST_THREADS + 1][MOST_ROUNDS];
    struct dataset_spec everything = { 0 };
    struct network network = { 0 };
    struct image_set set, none;
    struct images images;

    memset(round, 0, sizeof round);
    networks[i].build(&network);
    images = make_images(&network.ops[0].out, i == 0 ? 120000 : 12000);
    if (images_split(&images, &everything, &set, &none, NULL) < 0)
        die("no memory");
    for (int k = 0; k < rounds; k++)
        for (unsigned threads = 1; threads <= MOST_THREADS; threads++) {
            run_engine(&network, &set, threads, seconds, &round[threads][k]);
            run_pytorch(networks[i].name, threads, seconds, &round[threads][k]);
        }
    print_name(networks[i].name, &network);
    for (unsigned threads = 1; threads <= MOST_THREADS; threads++)
        print(&network, threads, round[threads], rounds);
    image_set_clear(&set);
    image_set_clear(&none);
    images_clear(&images);
    network_clear(&network);
}

/* OpenBLAS decides as it is loaded, PyTorch's libraries do as they start: hence a process of its own.
 * Only where there is more than AVX2 does it differ from what has been measured. */
static void again_with_avx2(char **argv)
{
    static const char *const variables[][2] = { { "BENCH_KERNELS", "avx2" },
                                                { "OPENBLAS_CORETYPE", "Haswell" },
                                                { "ATEN_CPU_CAPABILITY", "avx2" },
                                                { "DNNL_MAX_CPU_ISA", "AVX2" } };

    if (getenv(variables[0][0]) || kernels_best() != kernels_avx512)
        return;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        setenv(variables[i][0], variables[i][1], true);
    execv("/proc/self/exe", argv);
    die("cannot start again");
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 4;
    int rounds = argc > 2 ? atoi(argv[2]) : 3;
    const char *kernels = getenv("BENCH_KERNELS");

    batch = argc > 4 ? (unsigned)atoi(argv[4]) : batch;
    if (seconds <= 0 || rounds < 1 || rounds > MOST_ROUNDS || batch < 2 || batch > MOST_BATCH)
        die("bench_engine [SECONDS] [ROUNDS, at most 100] [NETWORK or all] [BATCH, at most 1024]");
    if (kernels && kernels_choose(kernels) < 0)
        die("BENCH_KERNELS: not a set that this processor runs");
    printf("-- %s%s\n", kernels_best()->name, kernels ? " at most, on both sides" : "");
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        if (argc <= 3 || strcmp(argv[3], "all") == 0 || strcmp(argv[3], networks[i].name) == 0)
            bench(i, seconds, rounds);
    again_with_avx2(argv);
    return 0;
}
