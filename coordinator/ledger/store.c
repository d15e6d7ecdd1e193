#include "coordinator/ledger/store.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "coordinator/ledger/store_inside.h"

/* ---- opening and closing ---- */

static struct store *new_store(const char *directory)
{
    struct store *store = calloc(1, sizeof *store);
    pthread_condattr_t monotonic;

    if (!store)
        return NULL;
    store->lock_fd = store->commits_fd = store->event_fd = -1;
    snprintf(store->directory, sizeof store->directory, "%s", directory);
    pthread_mutex_init(&store->database, NULL);
    pthread_mutex_init(&store->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&store->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return store;
}

/* Signals are for the loop. */
static int start_writer(struct store *store)
{
    sigset_t all, before;
    int rc;

    store->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (store->event_fd < 0)
        return -errno;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = -pthread_create(&store->thread, NULL, store_writer, store);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    store->has_thread = rc == 0;
    return rc;
}

int store_open(const char *directory, const struct study *study, struct store **store_out,
               struct errmsg *err)
{
    struct store *store;
    int rc;

    if (strlen(directory) >= STUDY_PATH_SIZE)
        return errmsg_set(err, -ENAMETOOLONG, "state directory: its name has %zu characters; %d",
                          strlen(directory), STUDY_PATH_SIZE - 1);
    store = new_store(directory);
    if (!store)
        return errmsg_set(err, -ENOMEM, "no memory to open %s", directory);
    rc = store_make_directory(directory, err);
    if (rc == 0)
        rc = store_lock(store, err);
    if (rc == 0)
        rc = store_open_database(store, study, err);
    if (rc == 0)
        rc = store_make_folders(store, err);
    if (rc == 0) {
        rc = start_writer(store);
        if (rc < 0)
            errmsg_set(err, rc, "no thread to write %s: %s", directory, strerror(-rc));
    }
    if (rc < 0) {
        store_close(store);
        return rc;
    }
    store->elapsed_before_s = store->tally.elapsed_s;
    *store_out = store;
    return 0;
}

static void stop_writer(struct store *store)
{
    if (!store->has_thread)
        return;
    pthread_mutex_lock(&store->mutex);
    store->closing = true;
    pthread_cond_signal(&store->changed);
    pthread_mutex_unlock(&store->mutex);
    pthread_join(store->thread, NULL);
}

static void free_list(struct write_list *list)
{
    for (struct write *write = list->first, *next; write; write = next) {
        next = write->next;
        store_free_write(write);
    }
}

static void close_fd(int fd)
{
    if (fd >= 0)
        close(fd);
}

void store_close(struct store *store)
{
    if (!store)
        return;
    stop_writer(store);
    store_close_database(store);
    free_list(&store->queue);
    free_list(&store->durable);
    close_fd(store->commits_fd);
    close_fd(store->event_fd);
    close_fd(store->lock_fd); /* last: from here on another coordinator may begin */
    pthread_cond_destroy(&store->changed);
    pthread_mutex_destroy(&store->mutex);
    pthread_mutex_destroy(&store->database);
    free(store->weights);
    free(store);
}

/* ---- the loop's side of the queue ---- */

void store_wake_loop(const struct store *store)
{
    uint64_t one = 1;

    if (write(store->event_fd, &one, sizeof one) < 0)
        return; /* full: it is awake already */
}

int store_fd(const struct store *store)
{
    return store->event_fd;
}

void store_dispatch(struct store *store)
{
    struct write_list durable;
    uint64_t count;

    if (read(store->event_fd, &count, sizeof count) < 0 && errno != EAGAIN)
        return;
    pthread_mutex_lock(&store->mutex);
    durable = store_take_writes(&store->durable, STORE_MAX_DISPATCH);
    store->pending -= durable.n;
    if (store->durable.n > 0)
        store_wake_loop(store);
    pthread_mutex_unlock(&store->mutex);
    for (const struct write *write = durable.first; write; write = write->next)
        if (write->done)
            write->done(write->arg);
    free_list(&durable);
}

const struct steering *store_steering(const struct store *store)
{
    return &store->steering_before;
}

size_t store_pending(const struct store *store)
{
    pthread_mutex_t *mutex = (pthread_mutex_t *)(uintptr_t)&store->mutex;
    size_t pending;

    pthread_mutex_lock(mutex);
    pending = store->pending;
    pthread_mutex_unlock(mutex);
    return pending;
}

bool store_trouble(struct store *store, struct errmsg *trouble_out)
{
    bool in_trouble;

    pthread_mutex_lock(&store->mutex);
    in_trouble = store->in_trouble;
    if (in_trouble)
        *trouble_out = store->trouble;
    pthread_mutex_unlock(&store->mutex);
    return in_trouble;
}

double store_elapsed(const struct store *store)
{
    return store->elapsed_before_s;
}

bool store_data(const struct store *store, struct digest *data_out)
{
    *data_out = store->data_before;
    return store->has_data_before;
}
