#include "coordinator/tick.h"

#include <inttypes.h>

#include "common/log.h"
#include "coordinator/gate.h"
#include "coordinator/hand_out.h"
#include "coordinator/progress_line.h"
#include "coordinator/request_handlers.h"
#include "coordinator/status/snapshot.h"
#include "coordinator/steering.h"
#include "proto/zmq_watch.h"

enum { TICK_MS = 1000, ELAPSED_MS = 10000 };

/* ---- who was not heard ---- */

static void on_lost(void *arg, const struct trial *trial, const struct attempt *attempt,
                    const uint8_t worker_id[16])
{
    struct coordinator *coordinator = arg;
    struct worker *worker = worker_roster_by_id(coordinator->roster, worker_id);

    (void)attempt;
    if (worker)
        worker_roster_lost(coordinator->roster, worker, 1);
    coordinator_complain(coordinator,
                         "trial %" PRIu64 " is lost: no sign of it from %s for %" PRIu32
                         " s; it is handed out again",
                         trial->number, worker ? worker->name : "a worker that left",
                         coordinator->study->limits.lease_s);
}

static void on_worker_gone(void *arg, const struct worker *worker)
{
    worker_left(arg, worker, "silent");
}

/* Messages that wait may be the very heartbeats: they are read first. A socket that is never empty
 * puts it off for a lease at most; ZeroMQ takes from all peers in turn, so all were heard by then. */
static bool messages_first(struct coordinator *coordinator, uint64_t now_ms, uint64_t lease_ms)
{
    if (!zmq_watch_pending(coordinator->worker_watch)) {
        coordinator->expiry_put_off_ms = 0;
        return false;
    }
    if (coordinator->expiry_put_off_ms == 0)
        coordinator->expiry_put_off_ms = now_ms;
    return now_ms - coordinator->expiry_put_off_ms < lease_ms;
}

static void expire(struct coordinator *coordinator)
{
    uint64_t lease_ms = coordinator->study->limits.lease_s * UINT64_C(1000);
    uint64_t now_ms = coordinator_now(coordinator);

    if (messages_first(coordinator, now_ms, lease_ms))
        return;
    trial_ledger_expire(coordinator->ledger, now_ms, on_lost, coordinator);
    worker_roster_expire(coordinator->roster, now_ms, lease_ms, on_worker_gone, coordinator);
}

/* ---- the rest ---- */

static void check_store(struct coordinator *coordinator)
{
    struct errmsg trouble;
    bool now = store_trouble(coordinator->store, &trouble);

    if (now && !coordinator->trouble)
        log_error("nothing is handed out until results can be stored again: %s", trouble.text);
    else if (!now && coordinator->trouble)
        log_warn("results are stored again, the search goes on");
    coordinator->trouble = now;
}

void tick_check_wall_clock(struct coordinator *coordinator)
{
    uint32_t limit_s = coordinator->study->limits.wall_clock_s;

    if (limit_s > 0 && coordinator_elapsed(coordinator) >= limit_s)
        campaign_stop_search(coordinator->campaign, "wall clock used up");
}

static void save_elapsed(struct coordinator *coordinator)
{
    uint64_t now_ms = uv_now(&coordinator->loop);

    if (coordinator->trouble || now_ms - coordinator->elapsed_saved_ms < ELAPSED_MS)
        return;
    coordinator->elapsed_saved_ms = now_ms;
    store_put_elapsed(coordinator->store, coordinator_elapsed(coordinator));
}

static void show_progress(struct coordinator *coordinator)
{
    Layernas__Summary *summary;

    if (!coordinator->progress_line)
        return;
    summary = snapshot_summary(coordinator);
    if (summary)
        progress_line_show(coordinator->progress_line, summary);
    layernas__summary__free_unpacked(summary, NULL);
}

void tick(struct coordinator *coordinator)
{
    expire(coordinator);
    gate_refresh(coordinator->gate);
    check_store(coordinator);
    tick_check_wall_clock(coordinator);
    save_elapsed(coordinator);
    show_progress(coordinator);
    hand_out(coordinator);
    hand_out_doubles(coordinator);
    steering_tick(coordinator);
}

static void on_tick(uv_timer_t *timer)
{
    tick(timer->data);
}

void tick_start(struct coordinator *coordinator)
{
    coordinator->elapsed_saved_ms = uv_now(&coordinator->loop);
    uv_timer_start(&coordinator->tick_timer, on_tick, TICK_MS, TICK_MS);
}
