#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "common/log.h"
#include "common/version.h"
#include "worker/session_parts.h"

static bool send_message(struct session *session, const struct from_worker *message)
{
    struct bytes frame;
    int rc = from_worker_pack(message, &frame);

    if (rc == 0)
        rc = letter_add(&session->letter, frame);
    if (rc < 0)
        log_error("a message cannot be packed: %s", uv_strerror(rc));
    return rc == 0;
}

void session_send_letter(void *arg)
{
    struct session *session = arg;

    letter_send(&session->letter, session->socket);
}

/* What the worker is running, and of what it still has the result. */
static void list_held(const struct session *session, struct hello *hello)
{
    for (uint32_t i = 0; i < session->options->slots; i++) {
        const struct slot *slot = session->slots[i];

        if (!slot_attempt(slot))
            continue;
        hello->held[hello->n_held] = *slot_attempt(slot);
        hello->held_keys[hello->n_held++] = slot_trial(slot)->key;
    }
    for (size_t i = 0; i < session->outbox.n && hello->n_held < WIRE_MAX_HELD; i++) {
        const struct result_message *message = &session->outbox.results[i].message;

        hello->held[hello->n_held] = message->attempt;
        hello->held_keys[hello->n_held++] = message->result.key;
    }
}

/* Of what cannot be read it does not speak. */
static void list_data(const struct session *session, struct hello *hello)
{
    for (size_t i = 0; i < session->options->n_data; i++) {
        struct own_data *data = &session->data[i];

        data->told = data->set.known || data->unreadable;
        if (!data->unreadable)
            hello->data[hello->n_data++] = data->set;
    }
}

static uint32_t count_free_slots(const struct session *session)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < session->options->slots; i++)
        n += slot_is_free(session->slots[i]);
    return n;
}

void session_send_hello(struct session *session)
{
    const struct worker_options *options = session->options;
    size_t most_held = options->slots + session->outbox.n;
    struct from_worker message = {
        .kind = FROM_HELLO,
        .hello = {
            .protocol_lowest = WIRE_PROTOCOL_LOWEST,
            .protocol_highest = WIRE_PROTOCOL_HIGHEST,
            .version = LAYERNAS_VERSION,
            .slots = options->slots,
            .threads = options->threads,
            .data = calloc(options->n_data + 1, sizeof *message.hello.data),
            .held = calloc(most_held, sizeof *message.hello.held),
            .held_keys = calloc(most_held, sizeof *message.hello.held_keys),
        },
    };
    struct hello *hello = &message.hello;

    /* The coordinator counts trials from the Hello on; what is running now will add its slot to the
     * credit when it is done. */
    session->credit = hello->credit = session->stopping ? 0 : count_free_slots(session);
    memcpy(hello->worker_id, session->worker_id, sizeof hello->worker_id);
    memcpy(hello->name, options->name, sizeof hello->name);
    memcpy(hello->numerics, session->numerics, sizeof hello->numerics);
    if (hello->data && hello->held && hello->held_keys) {
        list_data(session, hello);
        list_held(session, hello);
        send_message(session, &message);
    }
    from_worker_clear(&message);
}

void session_send_heartbeat(struct session *session)
{
    struct from_worker message = {
        .kind = FROM_HEARTBEAT,
        .heartbeat = {
            .credit = session->credit,
            .running = calloc(session->options->slots, sizeof *message.heartbeat.running),
        },
    };
    struct heartbeat *heartbeat = &message.heartbeat;

    for (uint32_t i = 0; heartbeat->running && i < session->options->slots; i++) {
        const struct slot *slot = session->slots[i];

        if (slot_attempt(slot))
            heartbeat->running[heartbeat->n_running++] = (struct running){
                .attempt = *slot_attempt(slot), .progress = *slot_progress(slot)
            };
    }
    send_message(session, &message);
    from_worker_clear(&message);
}

void session_send_result(struct session *session, struct outgoing_result *result)
{
    struct from_worker message = { .kind = FROM_RESULT, .result = result->message };

    message.result.credit = session->credit;
    if (send_message(session, &message)) /* its bytes stay the outbox's */
        result->sent_ms = uv_now(&session->loop);
}

void session_send_results_due(struct session *session)
{
    uint64_t now_ms = uv_now(&session->loop);
    uint64_t patience_ms = 2 * (uint64_t)session->welcome.heartbeat_ms;

    for (size_t i = 0; i < session->outbox.n; i++) {
        struct outgoing_result *result = &session->outbox.results[i];

        if (result->sent_ms == 0 || now_ms - result->sent_ms >= patience_ms)
            session_send_result(session, result);
    }
}

void session_send_goodbye(struct session *session)
{
    struct from_worker message = { .kind = FROM_GOODBYE };

    send_message(session, &message);
}
