/* session_parts - what the files of the session share. */
#ifndef LAYERNAS_WORKER_SESSION_PARTS_H
#define LAYERNAS_WORKER_SESSION_PARTS_H

#include <stdatomic.h>
#include <uv.h>

#include "proto/curve.h"
#include "proto/letter.h"
#include "proto/zmq_watch.h"
#include "worker/outbox.h"
#include "worker/session.h"
#include "worker/slot.h"
#include "worker/spool.h"

enum session_state { SESSION_CONNECTING, SESSION_SERVING, SESSION_RESTING };

struct own_data {
    struct data_set set;
    struct digest stamp;   /* data_stamp, from before it was read */
    bool unreadable, told; /* told: the last Hello knew either */
    struct errmsg trouble; /* why it is unreadable */
};

/* At most one data set at a time, on a thread of libuv's pool. */
struct data_reading {
    uv_work_t work;
    struct session *session;
    struct own_data *data; /* NULL: nothing is being read */
    const char *path;
    atomic_bool stop;

    /* The thread's, until it is done. */
    int rc;
    struct digest digest, stamp;
    struct errmsg trouble;
};

struct session {
    const struct worker_options *options;
    uint8_t worker_id[16];
    char numerics[TRIAL_NUMERICS_SIZE];

    uv_loop_t loop;
    void *zmq_context, *socket, *handshakes; /* the last two: NULL while resting */
    struct zmq_watch *watch, *handshakes_watch;
    struct letter letter;    /* to the coordinator, of this turn of the loop */
    struct client_keys keys; /* with options->keys */
    uv_timer_t timer;        /* until the next Hello, or the next heartbeat */
    uv_timer_t idle, farewell;
    uv_signal_t sigint, sigterm;
    uv_pipe_t lifeline; /* standard input, --until-eof */

    enum session_state state;
    bool stopping, ended;
    int exit_code;
    uint32_t tries; /* Hellos since a coordinator last answered */
    uint64_t told_absent_ms;
    int told_handshake; /* enum handshake: why it fails, as the log has it since the last Welcome; -1 */
    uint32_t hang_ups;      /* handshakes since then that ended without a reason */
    uint64_t heard_ms;      /* from the coordinator */
    struct welcome welcome; /* while SERVING */
    uint64_t credit;        /* trials that may have been sent since the last Hello, in all */

    struct slot_settings slot_settings;
    struct slot **slots; /* options->slots of them */
    struct outbox outbox;
    struct spool spool;
    bool spool_failed; /* and that was told */

    struct own_data *data; /* options->n_data of them */
    struct data_reading reading;
};

/* ---- session.c ---- */

uint32_t session_n_running(const struct session *session);
void session_touch_idle(struct session *session); /* something was to do: idle time starts anew */

/* Says farewell, lets go of everything on the loop, and so ends session_run. */
void session_end(struct session *session, int exit_code);

/* Ends after a while: results still unacknowledged get a chance first. */
void session_stop(struct session *session, const char *why);
void session_stop_if_settled(struct session *session);

/* ---- session_connection.c ---- */

/* Opens a socket and says Hello. -EINVAL for an endpoint that makes no sense. */
int session_connect(struct session *session);
void session_disconnect(struct session *session, int linger_ms);

/* Says Hello on the socket there is, and waits for the answer. */
void session_greet(struct session *session);

/* Closes the socket for a while. */
void session_rest(struct session *session);

/* From now on a heartbeat every so often. */
void session_start_heartbeats(struct session *session);

/* ---- session_send.c; what cannot be sent now is lost, and said again in time ---- */

/* Until then all of it waits in session->letter: a zmq_watch_sleep_fn. */
void session_send_letter(void *arg);

void session_send_hello(struct session *session);
void session_send_heartbeat(struct session *session);
void session_send_result(struct session *session, struct outgoing_result *result);
void session_send_results_due(struct session *session);
void session_send_goodbye(struct session *session);

/* ---- session_data.c ---- */

int session_open_data(struct session *session);

/* Finds the digest of a data set out, then says Hello with it, or, where it cannot be read, without
 * the data set. */
void session_read_data(struct session *session, const char *name);
bool session_reads_data(const struct session *session);
void session_stop_reading(struct session *session);

/* Why a data set could not be read; NULL: none failed. */
const char *session_data_trouble(const struct session *session);

/* Whether a data set may have changed since it was read, or found unreadable. Then it counts as unknown,
 * what slots have loaded is forgotten with what they are at, and a Hello without its digest is due. */
bool session_data_changed(struct session *session);

/* Zeros where it is not known. */
struct digest session_data_digest(const struct session *session, const char *name);

/* ---- session_spool.c; disk, so the session waits ---- */

/* Whether the worker can start: a folder that was asked for must be there, the default one may not. */
int session_open_spool(struct session *session);

/* Keeps the good results that nobody has acknowledged: all, or those that have waited for a heartbeat. A
 * failure is not kept: its trial is tried again anyway. */
void session_keep_results(struct session *session);
void session_keep_overdue_results(struct session *session);

/* What a worker that is gone left behind of the last study there was is this worker's to deliver. */
void session_take_left_results(struct session *session);

/* Leaves what is on disk to later: the coordinator would refuse it from a worker whose data is not, or
 * not yet known to be, the study's. */
void session_leave_results(struct session *session);

/* There was a verdict on it; and on those of the present study, whose end is one on all. */
void session_forget_result(struct session *session, struct outgoing_result *result);
void session_forget_results(struct session *session);

/* ---- session_receive.c ---- */

bool session_on_message(void *socket, void *arg); /* a zmq_watch_fn */
void session_on_done(void *arg, struct slot *slot,
                     struct result_message *result); /* slot_done_fn */

#endif
