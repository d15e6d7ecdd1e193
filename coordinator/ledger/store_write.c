/* A queued write, made by the loop and put into rows by the writer. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "coordinator/ledger/store_inside.h"
#include "coordinator/search/opening.h"

void store_append_write(struct write_list *list, struct write *write)
{
    write->next = NULL;
    if (list->last)
        list->last->next = write;
    else
        list->first = write;
    list->last = write;
    list->n++;
}

struct write_list store_take_writes(struct write_list *list, size_t most)
{
    struct write_list taken = { 0 };

    if (list->n <= most) { /* not one by one: the other thread waits for the list */
        taken = *list;
        *list = (struct write_list){ 0 };
    }
    while (list->first && taken.n < most) {
        struct write *write = list->first;

        list->first = write->next;
        if (!list->first)
            list->last = NULL;
        list->n--;
        store_append_write(&taken, write);
    }
    return taken;
}

void store_free_write(struct write *write)
{
    if (!write)
        return;
    if (write->kind == WRITE_OPENING)
        opening_clear(&write->opening);
    if (write->kind == WRITE_STEERING)
        free(write->steering);
    free(write->output.data);
    free(write->weights.data);
    free(write);
}

/* ---- made ---- */

static int copy_bytes(const struct bytes *bytes, struct bytes *copy_out)
{
    if (!bytes || bytes->size == 0)
        return 0;
    copy_out->data = malloc(bytes->size);
    if (!copy_out->data)
        return -ENOMEM;
    memcpy(copy_out->data, bytes->data, bytes->size);
    copy_out->size = bytes->size;
    return 0;
}

static struct write *new_write(enum write_kind kind, store_done_fn *done, void *arg)
{
    struct write *write = calloc(1, sizeof *write);

    if (!write)
        return NULL;
    write->kind = kind;
    write->done = done;
    write->arg = arg;
    return write;
}

/* Hands write over to the writer, or frees it. */
static int queue(struct store *store, struct write *write, int rc)
{
    if (rc < 0) {
        store_free_write(write);
        return rc;
    }
    pthread_mutex_lock(&store->mutex);
    store_append_write(&store->queue, write);
    store->pending++;
    if (!store->pacing || store->queue.n >= STORE_MAX_BATCH)
        pthread_cond_signal(&store->changed);
    pthread_mutex_unlock(&store->mutex);
    return 0;
}

static double unix_time(void)
{
    struct timeval now;

    gettimeofday(&now, NULL);
    return (double)now.tv_sec + 1e-6 * (double)now.tv_usec;
}

int store_put_result(struct store *store, const struct trial *trial,
                     const struct trial_result *result, const struct bytes *output,
                     const struct bytes *weights, store_done_fn *done, void *arg)
{
    struct write *write = new_write(WRITE_RESULT, done, arg);
    int rc;

    if (!write)
        return -ENOMEM;
    write->trial_number = trial->number;
    write->result.result = *result;
    write->result.result.loss = sql_canonical(result->loss);
    write->result.result.seconds = sql_canonical(result->seconds);
    write->result.finished_at = unix_time();
    rc = copy_bytes(output, &write->output);
    if (rc == 0)
        rc = copy_bytes(weights, &write->weights);
    return queue(store, write, rc);
}

static struct write *new_verdict(const struct trial *trial, const char *reason, store_done_fn *done,
                                 void *arg)
{
    struct write *write = new_write(WRITE_RESULT, done, arg);
    struct trial_result *result;

    if (!write)
        return NULL;
    result = &write->result.result;
    write->result.finished_at = unix_time();
    result->key = trial->key;
    result->stage = trial->stage;
    result->replica = trial->replica;
    result->arch = trial->arch;
    result->outcome = OUTCOME_FAILED;
    snprintf(result->reason, sizeof result->reason, "%s", reason);
    return write;
}

int store_put_quarantine(struct store *store, const struct trial *trial, const char *reason,
                         store_done_fn *done, void *arg)
{
    struct write *write = new_verdict(trial, reason, done, arg);

    if (!write)
        return -ENOMEM;
    write->result.quarantined = true;
    return queue(store, write, 0);
}

int store_put_retry(struct store *store, const struct trial *trial, store_done_fn *done, void *arg)
{
    struct write *write = new_verdict(trial, "", done, arg);

    if (!write)
        return -ENOMEM;
    write->result.retried = true;
    return queue(store, write, 0);
}

int store_put_failure(struct store *store, const struct trial *trial,
                      const struct stored_failure *failure, const struct bytes *output,
                      store_done_fn *done, void *arg)
{
    struct write *write = new_write(WRITE_FAILURE, done, arg);

    if (!write)
        return -ENOMEM;
    write->trial_number = trial->number;
    write->failure = *failure;
    return queue(store, write, copy_bytes(output, &write->output));
}

int store_put_opening(struct store *store, const struct opening *opening, store_done_fn *done,
                      void *arg)
{
    struct write *write = new_write(WRITE_OPENING, done, arg);

    if (!write)
        return -ENOMEM;
    return queue(store, write, opening_copy(opening, &write->opening));
}

int store_put_elapsed(struct store *store, double elapsed_s)
{
    struct write *write = new_write(WRITE_ELAPSED, NULL, NULL);

    if (!write)
        return -ENOMEM;
    write->elapsed_s = sql_canonical(elapsed_s);
    return queue(store, write, 0);
}

int store_put_data(struct store *store, const struct digest *data)
{
    struct write *write = new_write(WRITE_DATA, NULL, NULL);

    if (!write)
        return -ENOMEM;
    write->data = *data;
    return queue(store, write, 0);
}

int store_put_steering(struct store *store, const struct steering *steering, store_done_fn *done,
                       void *arg)
{
    struct write *write = new_write(WRITE_STEERING, done, arg);

    if (!write)
        return -ENOMEM;
    write->steering = malloc(sizeof *steering);
    if (write->steering)
        *write->steering = *steering;
    return queue(store, write, write->steering ? 0 : -ENOMEM);
}

/* ---- put into rows ---- */

/* A retry forgets what failed before it. */
static int insert_result(struct store *store, const struct write *write, struct tally *tally,
                         struct errmsg *err)
{
    const struct digest *weights = write->has_weights ? &write->weights_content : NULL;
    struct stored_result stored = write->result;

    if (stored.retried)
        stored.failures_before = tally->failures;
    return store_insert_result(store, ++tally->results, &stored, weights, err);
}

int store_insert(struct store *store, const struct write *write, struct tally *tally,
                 struct errmsg *err)
{
    switch (write->kind) {
    case WRITE_RESULT:
        return insert_result(store, write, tally, err);
    case WRITE_FAILURE:
        return store_insert_failure(store, ++tally->failures, &write->failure, err);
    case WRITE_OPENING:
        return store_insert_opening(store, ++tally->openings, &write->opening, err);
    case WRITE_ELAPSED:
        tally->elapsed_s = write->elapsed_s;
        return 0;
    case WRITE_DATA:
        return store_update_data(store, &write->data, err);
    case WRITE_STEERING:
        return store_update_steering(store, write->steering, err);
    }
    return -EINVAL;
}
