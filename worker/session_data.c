/* The digests of this worker's data sets. Each is found out when a study first asks for it, on another
 * thread: heartbeats go on however large the data is, and what nobody asks for is never read. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/data_digest.h"
#include "common/log.h"
#include "worker/session_parts.h"

int session_open_data(struct session *session)
{
    const struct worker_options *options = session->options;

    session->data = calloc(options->n_data + 1, sizeof *session->data);
    if (!session->data)
        return -ENOMEM;
    for (size_t i = 0; i < options->n_data; i++)
        memcpy(session->data[i].set.name, options->data[i].name, sizeof options->data[i].name);
    return 0;
}

static struct own_data *find(const struct session *session, const char *name)
{
    for (size_t i = 0; i < session->options->n_data; i++)
        if (strcmp(session->data[i].set.name, name) == 0)
            return &session->data[i];
    return NULL;
}

struct digest session_data_digest(const struct session *session, const char *name)
{
    const struct own_data *data = find(session, name);

    return data && data->set.known ? data->set.digest : (struct digest){ { 0 } };
}

const char *session_data_trouble(const struct session *session)
{
    for (size_t i = 0; i < session->options->n_data; i++)
        if (session->data[i].unreadable)
            return session->data[i].trouble.text;
    return NULL;
}

bool session_data_changed(struct session *session)
{
    bool changed = false;

    for (size_t i = 0; i < session->options->n_data; i++) {
        struct own_data *data = &session->data[i];
        struct digest stamp;

        if (!data->set.known && !data->unreadable)
            continue; /* nobody asked for it yet */
        stamp = data_stamp(session->options->data[i].path);
        if (digest_equal(&stamp, &data->stamp))
            continue;
        log_info("data set %s has changed", data->set.name);
        data->set = (struct data_set){ 0 };
        memcpy(data->set.name, session->options->data[i].name, sizeof data->set.name);
        data->unreadable = false;
        changed = true;
    }
    for (uint32_t i = 0; changed && i < session->options->slots; i++)
        slot_reset(session->slots[i]);
    return changed;
}

/* ---- reading ---- */

static void read_data(uv_work_t *work)
{
    struct data_reading *reading = work->data;

    reading->stamp = data_stamp(reading->path);
    reading->rc = data_digest(reading->path, &reading->stop, &reading->digest, &reading->trouble);
}

static void on_data_read(uv_work_t *work, int status)
{
    struct data_reading *reading = work->data;
    struct session *session = reading->session;
    struct own_data *data = reading->data;
    char text[DIGEST_TEXT_SIZE];

    (void)status;
    reading->data = NULL;
    if (session->ended)
        return;
    data->stamp = reading->stamp;
    data->set.digest = reading->digest;
    data->trouble = reading->trouble;
    data->set.known = reading->rc == 0;
    data->unreadable = reading->rc < 0;
    if (data->unreadable)
        log_error("data set %s: %s", data->set.name, data->trouble.text);
    else
        log_info("data set %s: digest %s", data->set.name, digest_format(&data->set.digest, text));
    session_touch_idle(session);
    if (session->state == SESSION_SERVING)
        session_greet(session); /* otherwise the next Hello tells it */
}

bool session_reads_data(const struct session *session)
{
    return session->reading.data != NULL;
}

void session_read_data(struct session *session, const char *name)
{
    struct data_reading *reading = &session->reading;
    struct own_data *data = find(session, name);
    int rc;

    if (!data || reading->data)
        return; /* asked again meanwhile */
    if (data->set.known || data->unreadable) {
        if (!data->told) /* found out while the Hello was on its way */
            session_greet(session);
        return;
    }
    *reading = (struct data_reading){ .session = session,
                                      .data = data,
                                      .path = options_data_path(session->options, name) };
    reading->work.data = reading;
    rc = uv_queue_work(&session->loop, &reading->work, read_data, on_data_read);
    if (rc < 0) {
        log_error("data set %s: no thread to read it: %s", name, uv_strerror(rc));
        session_end(session, EXIT_FAILED);
    }
}

void session_stop_reading(struct session *session)
{
    atomic_store(&session->reading.stop, true);
}
