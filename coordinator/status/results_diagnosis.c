#include <errno.h>

#include "coordinator/status/results_content.h"
#include "coordinator/status/show/reply.h"
#include "coordinator/status/show/show.h"
#include "coordinator/status/snapshot.h"

static int write_with(FILE *out, const void *coordinator,
                      int (*print)(FILE *out, const Layernas__StatusReply *reply))
{
    Layernas__StatusReply *reply = snapshot_diagnosis(coordinator);
    int rc = reply ? print(out, reply) : -ENOMEM;

    layernas__status_reply__free_unpacked(reply, NULL);
    return rc;
}

int write_diagnosis_txt(FILE *out, const void *coordinator)
{
    return write_with(out, coordinator, show_reply);
}

int write_diagnosis_json(FILE *out, const void *coordinator)
{
    return write_with(out, coordinator, reply_print_json);
}
