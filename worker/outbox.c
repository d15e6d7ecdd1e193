#include "worker/outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static void clear_result(struct result_message *message, int lock)
{
    free(message->output.data);
    free(message->weights.data);
    if (lock >= 0)
        close(lock);
}

void outbox_clear(struct outbox *outbox)
{
    for (size_t i = 0; i < outbox->n; i++)
        clear_result(&outbox->results[i].message, outbox->results[i].lock);
    free(outbox->results);
    *outbox = (struct outbox){ 0 };
}

int outbox_add(struct outbox *outbox, struct result_message *message, const struct digest *data,
               uint64_t now_ms, int lock)
{
    if (outbox->n == outbox->room) {
        size_t room = outbox->room ? 2 * outbox->room : 16;
        struct outgoing_result *grown = realloc(outbox->results, room * sizeof *grown);

        if (!grown) {
            clear_result(message, lock);
            return -ENOMEM;
        }
        outbox->results = grown;
        outbox->room = room;
    }
    outbox->results[outbox->n++] = (struct outgoing_result){
        .message = *message, .data = *data, .came_ms = now_ms, .lock = lock
    };
    return 0;
}

struct outgoing_result *outbox_find(const struct outbox *outbox, const struct attempt *attempt)
{
    for (size_t i = 0; i < outbox->n; i++)
        if (attempt_equal(&outbox->results[i].message.attempt, attempt))
            return &outbox->results[i];
    return NULL;
}

void outbox_remove(struct outbox *outbox, struct outgoing_result *result)
{
    clear_result(&result->message, result->lock);
    *result = outbox->results[--outbox->n];
}

size_t outbox_keep_study(struct outbox *outbox, const struct digest *study_id)
{
    size_t before = outbox->n;

    for (size_t i = outbox->n; i > 0; i--)
        if (!digest_equal(&outbox->results[i - 1].message.study_id, study_id))
            outbox_remove(outbox, &outbox->results[i - 1]);
    return before - outbox->n;
}

bool attempt_equal(const struct attempt *a, const struct attempt *b)
{
    return a->start == b->start && a->counter == b->counter;
}
