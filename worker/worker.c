#include "worker/worker.h"

#include <sodium.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/standard_streams.h"
#include "worker/evaluate/file.h"
#include "worker/options.h"
#include "worker/session.h"
#include "worker/slot_main.h"

/* BLAS reads it when a process starts: this is for the slots, whose threads are the engine's. */
static void keep_blas_on_one_thread(void)
{
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
}

int worker_main(int argc, char **argv)
{
    struct worker_options options;
    struct errmsg err;

    standard_streams_open();
    options_parse(argc, argv, &options);
    if (sodium_init() < 0) {
        log_error("no source of random numbers");
        return EXIT_FAILED;
    }
    if (options.is_slot)
        return slot_main(&options);
    if (options_check_data(&options, &err) < 0) {
        log_error("%s", err.text);
        return EXIT_USAGE;
    }
    if (options.evaluate)
        return evaluate_file(&options);
    keep_blas_on_one_thread();
    return session_run(&options);
}
