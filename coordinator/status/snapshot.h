/* snapshot - the state of a running study, as the status socket tells it.
 *
 * Reads what the coordinator holds and changes nothing. Bytes in, bytes out: a request is checked like
 * anything from outside, and a bad one is answered with an error line. Loop thread only. */
#ifndef LAYERNAS_COORDINATOR_STATUS_SNAPSHOT_H
#define LAYERNAS_COORDINATOR_STATUS_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/layernas.pb-c.h"
#include "proto/wire.h"

struct coordinator;

enum {
    STATUS_PROTOCOL = 1,
    STATUS_MAX_REQUEST = 64 << 10, /* bytes */
    STATUS_MAX_REPLY = 64 << 20,
    STATUS_MAX_ROWS = 1000,      /* of a reply, so that building it never holds the loop up */
    STATUS_MOST_COMPARED = 2000, /* trials in a diagnosis, for the same reason */
    RESULTS_MOST_COMPARED =
        200000, /* in that of the results: they may take seconds, not a minute */
};

/* The reply to a request, packed; the caller's to free(). *watches_out: who asked wants to hear of
 * the end, too. -ENOMEM. */
int snapshot_reply(const struct coordinator *coordinator, const uint8_t *request, size_t size,
                   struct bytes *reply_out, bool *watches_out);

/* What those who watch hear when the study is over; as above. */
int snapshot_end(const struct coordinator *coordinator, struct bytes *reply_out);

/* The summary alone, for the progress line. The caller frees it with
 * layernas__summary__free_unpacked(summary, NULL). NULL when memory runs out. */
Layernas__Summary *snapshot_summary(const struct coordinator *coordinator);

/* The whole diagnosis, as a reply with the id 0, for the results directory; it takes as long as the study
 * is large. The caller frees it with layernas__status_reply__free_unpacked(reply, NULL). NULL when
 * memory runs out. */
Layernas__StatusReply *snapshot_diagnosis(const struct coordinator *coordinator);

#endif
