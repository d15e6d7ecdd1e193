#include "coordinator/request_handlers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/version.h"
#include "coordinator/data_check.h"
#include "coordinator/gate.h"
#include "coordinator/hand_out.h"
#include "coordinator/reply.h"
#include "coordinator/result_handler.h"
#include "coordinator/steering.h"

enum { HELD_LOOKAHEAD = 1000 }; /* READY trials proposed in search of one that a worker holds */

void worker_left(struct coordinator *coordinator, const struct worker *worker, const char *why)
{
    size_t lost = trial_ledger_lose_worker(coordinator->ledger, worker->id, NULL, 0);

    coordinator_remark(coordinator, "worker %s left (%s): %zu trials of it to be handed out again",
                       worker->name, why, lost);
}

static const char key_gone[] = "its key is not allowed any more";

/* Backwards: removal moves the last worker into the gap, and that one has been looked at. */
void workers_check_keys(void *arg)
{
    struct coordinator *coordinator = arg;

    for (size_t i = worker_roster_n(coordinator->roster); i-- > 0;) {
        struct worker *worker = worker_roster_by_id(coordinator->roster,
                                                    worker_roster_at(coordinator->roster, i)->id);

        if (worker->route.size == 0 || gate_key(coordinator->gate, GATE_WORKERS, &worker->route))
            continue;
        reply_refusal(coordinator, &worker->route, key_gone);
        worker_left(coordinator, worker, key_gone);
        worker_roster_remove(coordinator->roster, worker);
    }
    hand_out(coordinator);
}

/* ---- Hello ---- */

static bool speaks_our_protocol(const struct hello *hello)
{
    return hello->protocol_lowest <= WIRE_PROTOCOL_HIGHEST &&
           hello->protocol_highest >= WIRE_PROTOCOL_LOWEST;
}

static void refuse(struct coordinator *coordinator, const struct route *route, const char *reason)
{
    coordinator->counts.refused++;
    coordinator_complain(coordinator, "worker refused: %s", reason);
    reply_refusal(coordinator, route, reason);
}

static void refuse_version(struct coordinator *coordinator, const struct route *route,
                           const struct hello *hello)
{
    char reason[TRIAL_REASON_SIZE];

    snprintf(reason, sizeof reason,
             "worker %s speaks protocol %" PRIu32 " to %" PRIu32
             ", coordinator %s speaks %d to %d: install the same version on both",
             hello->version, hello->protocol_lowest, hello->protocol_highest, LAYERNAS_VERSION,
             WIRE_PROTOCOL_LOWEST, WIRE_PROTOCOL_HIGHEST);
    refuse(coordinator, route, reason);
}

/* Returns whether the worker can work on the study; if not, it is marked so. */
static bool welcome(struct coordinator *coordinator, struct worker *worker,
                    const struct hello *hello)
{
    const struct study *study = coordinator->study;
    struct to_worker message = {
        .kind = TO_WELCOME,
        .welcome = {
            .protocol = hello->protocol_highest < WIRE_PROTOCOL_HIGHEST ? hello->protocol_highest
                                                                       : WIRE_PROTOCOL_HIGHEST,
            .version = LAYERNAS_VERSION,
            .study_id = study->id,
            .start = coordinator->start,
            .heartbeat_ms = study->limits.heartbeat_s * 1000,
            .lease_ms = study->limits.lease_s * 1000,
        },
    };
    bool fit = data_check_hello(coordinator, hello, &message.welcome);

    if (*message.welcome.no_trials)
        coordinator_complain(coordinator, "worker %s gets no trials: %s", worker->name,
                             message.welcome.no_trials);
    snprintf(message.welcome.study_name, sizeof message.welcome.study_name, "%s", study->name);
    if (!fit)
        worker_roster_unfit(coordinator->roster, worker, *message.welcome.data);
    reply_send(coordinator, &worker->route, &message);
    return fit;
}

/* A coordinator that restarted proposes as it goes: a trial that a worker still holds from before
 * may not have been proposed yet. */
static int adopt_held(struct coordinator *coordinator, const struct worker *worker,
                      const struct attempt *attempt, const struct digest *key)
{
    uint64_t now_ms = coordinator_now(coordinator);
    uint64_t lease_ms = coordinator->study->limits.lease_s * UINT64_C(1000);
    int rc;

    do
        rc = trial_ledger_adopt_attempt(coordinator->ledger, key, attempt, worker->id, now_ms,
                                        lease_ms);
    while (rc == -ENOENT && hand_out_n_ready(coordinator) < HELD_LOOKAHEAD &&
           hand_out_propose(coordinator));
    return rc;
}

static void take_up_held(struct coordinator *coordinator, struct worker *worker,
                         const struct hello *hello)
{
    size_t lost = trial_ledger_lose_worker(coordinator->ledger, worker->id, hello->held,
                                           hello->n_held);

    worker_roster_lost(coordinator->roster, worker, lost);
    if (lost > 0)
        coordinator_remark(coordinator, "worker %s came back without %zu trials that it was sent",
                           worker->name, lost);
    for (uint32_t i = 0; i < hello->n_held; i++)
        if (adopt_held(coordinator, worker, &hello->held[i], &hello->held_keys[i]) < 0)
            reply_cancel(coordinator, &worker->route, &hello->held[i], "not needed");
}

/* What it holds may come from other data, as after the study was begun anew. */
static void turn_away(struct coordinator *coordinator, struct worker *worker,
                      const struct hello *hello)
{
    worker_roster_lost(coordinator->roster, worker,
                       trial_ledger_lose_worker(coordinator->ledger, worker->id, NULL, 0));
    for (uint32_t i = 0; i < hello->n_held; i++)
        reply_cancel(coordinator, &worker->route, &hello->held[i], "its data is not the study's");
}

static void handle_hello(struct coordinator *coordinator, const struct route *route,
                         const struct from_worker *message)
{
    const struct hello *hello = &message->hello;
    struct worker *worker = worker_roster_by_id(coordinator->roster, hello->worker_id);
    bool known = worker, was_asked = worker && worker->asked;
    int rc;

    if (!speaks_our_protocol(hello)) {
        refuse_version(coordinator, route, hello);
        return;
    }
    rc = worker_roster_hello(coordinator->roster, hello, route, coordinator_now(coordinator),
                             &worker);
    if (rc < 0) {
        refuse(coordinator, route,
               rc == -ENOSPC ? "as many workers as this coordinator takes are connected"
                             : "the coordinator is out of memory");
        return;
    }
    if (steering_is_aside(coordinator, worker->name))
        worker_roster_set_aside(coordinator->roster, worker, true);
    if (!was_asked) /* for its data's digest: this is the answer */
        coordinator_remark(coordinator, "worker %s %s: slots %" PRIu32 ", threads %" PRIu32 ", %s",
                           worker->name, known ? "is back" : "came", worker->slots, worker->threads,
                           worker->numerics);
    if (welcome(coordinator, worker, hello))
        take_up_held(coordinator, worker, hello);
    else
        turn_away(coordinator, worker, hello);
    hand_out(coordinator);
}

/* ---- Heartbeat, Goodbye ---- */

/* The worker that sent this; one that is not known is asked to say Hello. */
static struct worker *sender(struct coordinator *coordinator, const struct route *route)
{
    struct worker *worker = worker_roster_heard(coordinator->roster, route,
                                                coordinator_now(coordinator));

    if (!worker)
        reply_plain(coordinator, route, TO_HELLO_AGAIN);
    return worker;
}

static void handle_heartbeat(struct coordinator *coordinator, const struct route *route,
                             const struct from_worker *message)
{
    const struct heartbeat *heartbeat = &message->heartbeat;
    struct worker *worker = sender(coordinator, route);
    uint64_t now_ms = coordinator_now(coordinator);
    uint64_t lease_ms = coordinator->study->limits.lease_s * UINT64_C(1000);

    if (!worker)
        return;
    for (uint32_t i = 0; i < heartbeat->n_running; i++)
        if (trial_ledger_renew(coordinator->ledger, &heartbeat->running[i].attempt, worker->id,
                               &heartbeat->running[i].progress, now_ms, lease_ms) == -ENOENT)
            reply_cancel(coordinator, route, &heartbeat->running[i].attempt, "not needed any more");
    reply_plain(coordinator, route, TO_ALIVE);
    worker_roster_credit(coordinator->roster, worker, heartbeat->credit);
    hand_out(coordinator);
}

static void refuse_result(struct coordinator *coordinator, const struct worker *worker,
                          const struct result_message *result)
{
    static const char reason[] = "it does not come from the study's data";

    coordinator->counts.refused++;
    coordinator_complain(coordinator, "a result of worker %s is refused: %s", worker->name, reason);
    reply_verdict(coordinator, &worker->route, &result->result.key, &result->attempt, false,
                  reason);
}

static void handle_result(struct coordinator *coordinator, const struct route *route,
                          const struct from_worker *message)
{
    struct worker *worker = sender(coordinator, route);

    if (!worker)
        return;
    worker_roster_credit(coordinator->roster, worker, message->result.credit);
    if (worker->asked)
        return; /* it will send it again, after it has said what its data is */
    if (worker->unfit)
        refuse_result(coordinator, worker, &message->result);
    else
        result_handle(coordinator, worker, &message->result);
    hand_out(coordinator);
}

static void handle_goodbye(struct coordinator *coordinator, const struct route *route,
                           const struct from_worker *message)
{
    struct worker *worker = worker_roster_heard(coordinator->roster, route,
                                                coordinator_now(coordinator));

    (void)message;
    if (!worker)
        return;
    worker_left(coordinator, worker, "goodbye");
    worker_roster_remove(coordinator->roster, worker);
    hand_out(coordinator);
}

/* ---- the socket ---- */

static void drop_malformed(struct coordinator *coordinator, const char *what)
{
    coordinator->counts.malformed++;
    coordinator_complain(coordinator, "a malformed message is ignored: %s", what);
}

bool on_worker_message(void *socket, void *arg)
{
    typedef void handler(struct coordinator *, const struct route *, const struct from_worker *);
    static handler *const handlers[FROM_KINDS] = {
        [FROM_HELLO] = handle_hello,
        [FROM_HEARTBEAT] = handle_heartbeat,
        [FROM_RESULT] = handle_result,
        [FROM_GOODBYE] = handle_goodbye,
    };
    struct coordinator *coordinator = arg;
    struct from_worker message;
    const struct route *route = &coordinator->sender.route;
    struct errmsg err = { "" };
    zmq_msg_t bytes;
    int rc = router_receive_frame(socket, &coordinator->sender, &bytes);

    if (rc == -EBADMSG)
        drop_malformed(coordinator, "no frame");
    if (rc < 0)
        return rc == -EBADMSG;
    if (!gate_admits(coordinator->gate, GATE_WORKERS, route)) {
        zmq_msg_close(&bytes);
        reply_refusal(coordinator, route, key_gone);
        return true;
    }
    rc = from_worker_unpack(zmq_msg_data(&bytes), zmq_msg_size(&bytes), &message, &err);
    zmq_msg_close(&bytes);
    if (rc < 0) {
        drop_malformed(coordinator, err.text);
        return true;
    }
    handlers[message.kind](coordinator, route, &message);
    from_worker_clear(&message);
    if (!coordinator->sender.more)
        hand_out_send(coordinator);
    return true;
}
