/* session - a worker's conversation with its coordinator, for ever.
 *
 *                   Hello              Welcome
 *     CONNECTING ----------> (waits) -----------> SERVING
 *       ^    ^                  |                  |   |
 *       |    '-- no answer -----'                  |   |
 *       |    '-- silence of three heartbeats ------'   |
 *       |    '-- HelloAgain ---------------------------'
 *       '------- pause -------- RESTING <----- StudyOver
 *
 * Trials go to slots, whose processes train; the session waits for nothing but the disk, when it
 * keeps a result, so heartbeats flow. Results are kept until there is a verdict on them, over any
 * number of connections and coordinators; on disk where that takes longer than a heartbeat, or the
 * session ends. PROTOCOL.md has the messages and the timeouts. */
#ifndef LAYERNAS_WORKER_SESSION_H
#define LAYERNAS_WORKER_SESSION_H

#include "worker/options.h"

/* Serves until told to stop (SIGINT, SIGTERM, --idle-exit, end of input), or refused. Logs. Returns the
 * exit code. A second signal ends the process at once. */
int session_run(const struct worker_options *options);

#endif
