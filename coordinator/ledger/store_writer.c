/* The writer: what is waiting goes into one transaction; what fails is tried again. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "coordinator/ledger/store_inside.h"

/* Puts front before whatever came meanwhile. */
static void put_back(struct write_list *queue, struct write_list front)
{
    front.last->next = queue->first;
    if (queue->first)
        front.last = queue->last;
    front.n += queue->n;
    *queue = front;
}

static void append_list(struct write_list *list, struct write_list tail)
{
    if (list->last)
        list->last->next = tail.first;
    else
        list->first = tail.first;
    list->last = tail.last;
    list->n += tail.n;
}

/* One transaction. */
static int insert_all(struct store *store, const struct write_list *batch, struct tally *tally,
                      struct errmsg *err)
{
    int rc;

    pthread_mutex_lock(&store->database);
    rc = sql_run(store, STATEMENT_BEGIN, err);

    for (const struct write *write = batch->first; rc == 0 && write; write = write->next)
        rc = store_insert(store, write, tally, err);
    if (rc == 0)
        rc = store_update_tally(store, tally, err);
    if (rc == 0)
        rc = sql_run(store, STATEMENT_COMMIT, err);
    if (rc == 0)
        store->tally = *tally;
    else if (!sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    pthread_mutex_unlock(&store->database);
    return rc;
}

/* Files first, so that no row speaks of one that is not there. Either all of it is durable
 * afterwards, or no row is, and the same can be tried again. */
static int commit_batch(struct store *store, const struct write_list *batch, struct errmsg *err)
{
    struct tally tally = store->tally;
    int rc = 0;

    for (struct write *write = batch->first; rc == 0 && write; write = write->next)
        rc = store_write_files(store, write, err);
    if (rc < 0)
        return rc;
    tally.commits++;
    rc = insert_all(store, batch, &tally, err);
    if (rc == 0)
        store_write_commits(store, tally.commits);
    return rc;
}

/* ---- with the mutex held, from here on ---- */

static void set_trouble(struct store *store, const struct errmsg *why)
{
    if (!store->in_trouble)
        store_wake_loop(store);
    store->in_trouble = true;
    errmsg_set(&store->trouble, 0, "%s; trying again every second", why->text);
}

static void batch_is_durable(struct store *store, struct write_list batch)
{
    for (struct write *write = batch.first; write; write = write->next)
        if (write->has_weights)
            store_note_weights(store, &write->result.result.key, &write->weights_content);
    append_list(&store->durable, batch);
    store->in_trouble = false;
    store_wake_loop(store);
}

static struct timespec after_ms(const struct timespec *time, long ms)
{
    struct timespec after = *time;

    after.tv_sec += ms / 1000;
    after.tv_nsec += ms % 1000 * 1000000;
    if (after.tv_nsec >= 1000000000) {
        after.tv_sec++;
        after.tv_nsec -= 1000000000;
    }
    return after;
}

static struct timespec now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time;
}

/* A second, or until the store is to be closed. */
static void wait_to_try_again(struct store *store)
{
    struct timespec begun = now(), until = after_ms(&begun, 1000);

    while (!store->closing &&
           pthread_cond_timedwait(&store->changed, &store->mutex, &until) != ETIMEDOUT)
        ;
}

/* Transactions that follow each other as fast as the disk goes hold a few rows each, and cost the
 * processor more than the rows do. Nobody but the worker's copy of a result waits for them: the next
 * trial went out when the result came. One that nothing went before begins at once. */
static void wait_for_more(struct store *store, const struct timespec *last_begun)
{
    struct timespec until = after_ms(last_begun, STORE_PACE_MS);

    store->pacing = true;
    while (!store->closing && store->queue.n < STORE_MAX_BATCH &&
           pthread_cond_timedwait(&store->changed, &store->mutex, &until) != ETIMEDOUT)
        ;
    store->pacing = false;
}

void *store_writer(void *arg)
{
    struct store *store = arg;
    struct timespec begun = { 0 };
    struct errmsg why = { "" };

    pthread_mutex_lock(&store->mutex);
    for (;;) {
        struct write_list batch;
        bool last_try;
        int rc;

        if (!store->queue.first) {
            if (store->closing)
                break;
            pthread_cond_wait(&store->changed, &store->mutex);
            continue;
        }
        wait_for_more(store, &begun);
        last_try = store->closing;
        begun = now();
        batch = store_take_writes(&store->queue, STORE_MAX_BATCH);
        pthread_mutex_unlock(&store->mutex);
        rc = commit_batch(store, &batch, &why);
        pthread_mutex_lock(&store->mutex);
        if (rc == 0) {
            batch_is_durable(store, batch);
            continue;
        }
        put_back(&store->queue, batch);
        set_trouble(store, &why);
        if (last_try)
            break;
        wait_to_try_again(store);
    }
    pthread_mutex_unlock(&store->mutex);
    return NULL;
}
