/* driver - runs a fuzz target without a fuzzing engine: every file of its corpus, then seeded
 * mutations of them, for tests on every build. With clang, `make fuzz` links libFuzzer instead.
 *
 *     fuzz_NAME [-n MUTATIONS] [-s SEED] [CORPUS_DIRECTORY]   (tests/fuzz/corpus/NAME)
 *
 * Prints TAP. A target that misbehaves dies; the input is left in crash-fuzz_NAME first. */
#include <dirent.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/rng.h"

enum { MOST_SEEDS = 1000, LARGEST_INPUT = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    uint8_t *data;
    size_t size;
};

static struct input seeds[MOST_SEEDS];
static size_t n_seeds;

static int read_file(const char *path, struct input *input)
{
    FILE *file = fopen(path, "rb");

    if (!file)
        return -1;
    input->data = malloc(LARGEST_INPUT);
    if (input->data)
        input->size = fread(input->data, 1, LARGEST_INPUT, file);
    fclose(file);
    return input->data ? 0 : -1;
}

static int read_seed(const char *directory, const char *name)
{
    char *path;
    int rc;

    if (n_seeds == MOST_SEEDS || asprintf(&path, "%s/%s", directory, name) < 0)
        return -1;
    rc = read_file(path, &seeds[n_seeds]);
    free(path);
    n_seeds += rc == 0;
    return rc;
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* In order of name, so that a seed number means the same run everywhere. */
static int read_corpus(const char *directory)
{
    struct dirent **names;
    int n = scandir(directory, &names, NULL, compare_names), rc = 0;

    for (int i = 0; i < n; i++) {
        if (rc == 0 && names[i]->d_name[0] != '.')
            rc = read_seed(directory, names[i]->d_name);
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    return n_seeds ? rc : -1;
}

static void overwrite(struct rng *rng, struct input *input)
{
    static const uint8_t interesting[] = { 0, 1, 9, 10, '-', '.', ':', ',', 'e', 127, 128, 255 };
    size_t at = rng_below(rng, input->size);

    if (rng_below(rng, 2))
        input->data[at] ^= (uint8_t)(1u << rng_below(rng, 8));
    else
        input->data[at] = interesting[rng_below(rng, sizeof interesting)];
}

static void erase(struct rng *rng, struct input *input)
{
    size_t at = rng_below(rng, input->size);
    size_t n = 1 + rng_below(rng, input->size - at);

    if (n > 64)
        n = 1 + n % 64;
    memmove(input->data + at, input->data + at + n, input->size - at - n);
    input->size -= n;
}

/* Copies a piece of some seed over, or into, the input. */
static void splice(struct rng *rng, struct input *input)
{
    const struct input *other = &seeds[rng_below(rng, n_seeds)];
    size_t from, at, n;

    if (!other->size)
        return;
    from = rng_below(rng, other->size);
    at = rng_below(rng, input->size + 1);
    n = 1 + rng_below(rng, 32);
    if (n > other->size - from)
        n = other->size - from;
    if (input->size + n > LARGEST_INPUT)
        return;
    memmove(input->data + at + n, input->data + at, input->size - at);
    memcpy(input->data + at, other->data + from, n);
    input->size += n;
}

static void mutate(struct rng *rng, struct input *input)
{
    const struct input *seed = &seeds[rng_below(rng, n_seeds)];
    uint64_t n = 1 + rng_below(rng, 6);

    memcpy(input->data, seed->data, seed->size);
    input->size = seed->size;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t kind = rng_below(rng, 8);

        if (kind == 0 || !input->size)
            splice(rng, input);
        else if (kind == 1)
            erase(rng, input);
        else if (kind == 2)
            input->size = rng_below(rng, input->size + 1);
        else
            overwrite(rng, input);
    }
}

static char crash_path[4096];
static const struct input *running; /* what the target is given at this moment */

static void keep_running(void)
{
    FILE *file = running ? fopen(crash_path, "wb") : NULL;

    if (!file)
        return;
    fwrite(running->data, 1, running->size, file);
    fclose(file);
}

static void on_deadly_signal(int number)
{
    keep_running();
    signal(number, SIG_DFL);
    raise(number);
}

/* Only in sanitized builds, which end without a signal. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void watch_for_death(void)
{
    if (__sanitizer_set_death_callback) {
        __sanitizer_set_death_callback(keep_running);
        return;
    }
    signal(SIGSEGV, on_deadly_signal);
    signal(SIGABRT, on_deadly_signal);
    signal(SIGFPE, on_deadly_signal);
}

/* On a heap block of just that size, so that the sanitizer sees a read past the end. */
static void run(const struct input *input)
{
    uint8_t *exact = malloc(input->size ? input->size : 1);

    if (!exact)
        return;
    memcpy(exact, input->data, input->size);
    running = input;
    LLVMFuzzerTestOneInput(exact, input->size);
    running = NULL;
    free(exact);
}

/* Where things lie for the target called program ("build/tests/fuzz/fuzz_NAME"). */
static void name_paths(const char *program, char *corpus, size_t size)
{
    const char *base = strrchr(program, '/') ? strrchr(program, '/') + 1 : program;
    const char *name = strncmp(base, "fuzz_", 5) == 0 ? base + 5 : base;

    snprintf(crash_path, sizeof crash_path, "crash-%s", base);
    snprintf(corpus, size, "tests/fuzz/corpus/%s", name);
}

static void run_mutations(uint64_t mutations, uint64_t seed)
{
    struct input input = { .data = malloc(LARGEST_INPUT) };
    struct rng rng;

    if (!input.data)
        abort();
    rng_init(&rng, seed, 0);
    for (uint64_t i = 0; i < mutations; i++) {
        mutate(&rng, &input);
        run(&input);
    }
    free(input.data);
}

int main(int argc, char **argv)
{
    uint64_t mutations = 20000, seed = 1;
    char corpus[4096];
    int option;

    name_paths(argv[0], corpus, sizeof corpus);
    while ((option = getopt(argc, argv, "n:s:")) != -1) {
        if (option == 'n')
            mutations = strtoull(optarg, NULL, 10);
        else if (option == 's')
            seed = strtoull(optarg, NULL, 10);
        else
            return 2;
    }
    if (optind < argc)
        snprintf(corpus, sizeof corpus, "%s", argv[optind]);
    if (read_corpus(corpus) < 0) {
        fprintf(stderr, "%s: no corpus in %s\n", argv[0], corpus);
        return 2;
    }
    watch_for_death();
    for (size_t i = 0; i < n_seeds; i++)
        run(&seeds[i]);
    run_mutations(mutations, seed);
    printf("1..1\nok 1 - %zu inputs of the corpus and %llu mutations\n", n_seeds,
           (unsigned long long)mutations);
    for (size_t i = 0; i < n_seeds; i++)
        free(seeds[i].data);
    return 0;
}
