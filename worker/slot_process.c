#include "worker/slot_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "worker/frame.h"

enum {
    OUTPUT_ROOM = 2 * WIRE_MAX_OUTPUT,
    N_HANDLES = 4,
    MAX_READS = 64, /* of one drain: far more than a pipe holds, should somebody go on writing */
};

struct slot_process {
    struct slot_process_events events;
    uv_process_t process;
    uv_pipe_t trials, reports, output;
    int open_handles;
    bool running, freed, deaf; /* deaf: nothing that it reports is listened to */
    struct frame_reader reader;
    size_t n_printed;
    char printed[OUTPUT_ROOM];
};

/* ---- what it prints ---- */

static void on_output_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct slot_process *p = handle->data;

    (void)suggested;
    if (p->n_printed == OUTPUT_ROOM) {
        memcpy(p->printed, p->printed + OUTPUT_ROOM - WIRE_MAX_OUTPUT, WIRE_MAX_OUTPUT);
        p->n_printed = WIRE_MAX_OUTPUT;
    }
    *buffer = uv_buf_init(p->printed + p->n_printed, (unsigned)(OUTPUT_ROOM - p->n_printed));
}

static void on_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    struct slot_process *p = stream->data;

    (void)buffer;
    if (n < 0)
        uv_read_stop(stream);
    else
        p->n_printed += (size_t)n;
}

/* ---- what it reports ---- */

static void on_report_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct slot_process *p = handle->data;
    size_t size = 0;
    uint8_t *room = frame_reader_room(&p->reader, &size);

    (void)suggested;
    *buffer = uv_buf_init((char *)room, (unsigned)size); /* of no size: on_report gets ENOBUFS */
}

static void turn_deaf(struct slot_process *p, const char *why)
{
    p->deaf = true;
    uv_read_stop((uv_stream_t *)&p->reports);
    p->events.nonsense(p->events.arg, why);
}

/* An event may free the process; its memory stays until the loop has closed the handles. */
static void hand_over_reports(struct slot_process *p)
{
    struct slot_report report;
    struct errmsg why;
    const uint8_t *data;
    size_t size;
    int rc = -EAGAIN;

    while (!p->freed && !p->deaf && (rc = frame_reader_next(&p->reader, &data, &size)) == 0) {
        if (slot_report_unpack(data, size, &report, &why) < 0)
            turn_deaf(p, why.text);
        else
            p->events.report(p->events.arg, &report);
    }
    if (!p->freed && !p->deaf && rc == -EPROTO)
        turn_deaf(p, "a frame longer than any message");
}

static void on_report(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
    struct slot_process *p = stream->data;

    (void)buffer;
    if (n == UV_ENOBUFS) {
        turn_deaf(p, "out of memory for its report");
    } else if (n < 0) {
        uv_read_stop(stream);
    } else {
        frame_reader_came(&p->reader, (size_t)n);
        hand_over_reports(p);
    }
}

/* ---- reading what has come, now: the loop tells of several pipes in any order ---- */

static void drain(uv_pipe_t *pipe, uv_alloc_cb room, uv_read_cb read_cb)
{
    struct slot_process *p = pipe->data;
    uv_buf_t buffer;
    uv_os_fd_t fd;

    if (uv_fileno((uv_handle_t *)pipe, &fd) < 0)
        return;
    for (int i = 0; i < MAX_READS && !p->freed && !(p->deaf && pipe == &p->reports); i++) {
        ssize_t n;

        room((uv_handle_t *)pipe, 0, &buffer);
        if (!buffer.base)
            return;
        n = read(fd, buffer.base, buffer.len);
        if (n <= 0) /* nothing more at present, or ever */
            return;
        read_cb((uv_stream_t *)pipe, n, &buffer);
    }
}

struct bytes slot_process_take_output(struct slot_process *p)
{
    struct bytes output = { 0 };
    size_t n;

    drain(&p->output, on_output_room, on_output);
    n = p->n_printed < WIRE_MAX_OUTPUT ? p->n_printed : WIRE_MAX_OUTPUT;
    if (n > 0)
        output.data = malloc(n);
    if (output.data) {
        memcpy(output.data, p->printed + p->n_printed - n, n);
        output.size = n;
    }
    p->n_printed = 0;
    return output;
}

/* ---- its life ---- */

static void on_closed(uv_handle_t *handle)
{
    struct slot_process *p = handle->data;

    if (--p->open_handles > 0)
        return;
    frame_reader_clear(&p->reader);
    free(p);
}

static void on_exit_of_process(uv_process_t *process, int64_t status, int signal_number)
{
    struct slot_process *p = process->data;
    char how[128];

    p->running = false;
    if (p->freed) {
        uv_close((uv_handle_t *)process, on_closed);
        return;
    }
    if (signal_number == SIGKILL)
        snprintf(how, sizeof how, "killed by signal 9 (Killed), perhaps for lack of memory");
    else if (signal_number)
        snprintf(how, sizeof how, "killed by signal %d (%s)", signal_number,
                 strsignal(signal_number));
    else
        snprintf(how, sizeof how, "exited with status %d", (int)status);
    drain(&p->reports, on_report_room, on_report);
    if (!p->freed)
        p->events.ended(p->events.arg, how);
}

/* Standard output and error share a pipe, so that their lines stay in order. */
static int open_output(struct slot_process *p, int *write_end_out)
{
    uv_file ends[2];
    int rc = uv_pipe(ends, UV_NONBLOCK_PIPE, 0);

    if (rc < 0)
        return rc;
    rc = uv_pipe_open(&p->output, ends[0]);
    if (rc < 0) {
        close(ends[0]);
        close(ends[1]);
        return rc;
    }
    *write_end_out = ends[1];
    return 0;
}

static int spawn(uv_loop_t *loop, struct slot_process *p, char **arguments, int output)
{
    uv_stdio_container_t stdio[] = {
        { .flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (void *)&p->trials },
        { .flags = UV_INHERIT_FD, .data.fd = output },
        { .flags = UV_INHERIT_FD, .data.fd = output },
        { .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (void *)&p->reports },
    };
    uv_process_options_t options = {
        .file = "/proc/self/exe", /* this very build, wherever it was moved meanwhile */
        .args = arguments,
        .stdio = stdio,
        .stdio_count = 4,
        .exit_cb = on_exit_of_process,
    };
    int rc = uv_spawn(loop, &p->process, &options);

    if (rc == 0)
        rc = uv_read_start((uv_stream_t *)&p->reports, on_report_room, on_report);
    if (rc == 0)
        rc = uv_read_start((uv_stream_t *)&p->output, on_output_room, on_output);
    return rc;
}

int slot_process_start(uv_loop_t *loop, char **arguments, const struct slot_process_events *events,
                       struct slot_process **process_out)
{
    struct slot_process *p = calloc(1, sizeof *p);
    int rc, output;

    if (!p)
        return -ENOMEM;
    p->events = *events;
    p->open_handles = N_HANDLES;
    p->process.data = p->trials.data = p->reports.data = p->output.data = p;
    uv_pipe_init(loop, &p->trials, 0);
    uv_pipe_init(loop, &p->reports, 0);
    uv_pipe_init(loop, &p->output, 0);
    rc = open_output(p, &output);
    if (rc == 0) {
        rc = spawn(loop, p, arguments, output);
        close(output);
    } else {
        p->open_handles--; /* the process: only uv_spawn makes a handle of it */
    }
    p->running = rc == 0;
    if (rc < 0)
        slot_process_free(p);
    else
        *process_out = p;
    return rc;
}

void slot_process_kill(struct slot_process *p)
{
    if (p->running)
        uv_process_kill(&p->process, SIGKILL);
}

void slot_process_free(struct slot_process *p)
{
    if (!p)
        return;
    p->freed = true;
    if (p->running)
        slot_process_kill(p); /* its exit closes the handle: closed now, nobody would reap it */
    else if (p->open_handles == N_HANDLES)
        uv_close((uv_handle_t *)&p->process, on_closed);
    uv_close((uv_handle_t *)&p->trials, on_closed);
    uv_close((uv_handle_t *)&p->reports, on_closed);
    uv_close((uv_handle_t *)&p->output, on_closed);
}

struct outgoing {
    uv_write_t request;
    uint8_t frame[];
};

static void on_sent(uv_write_t *request, int status)
{
    (void)status; /* whoever does not read its trial will end, or run into its time limit */
    free(request->data);
}

int slot_process_send(struct slot_process *p, const struct bytes *message)
{
    struct outgoing *out = malloc(sizeof *out + FRAME_HEADER + message->size);
    uv_buf_t buffer;
    int rc;

    if (!out)
        return -ENOMEM;
    frame_put_header(out->frame, message->size);
    memcpy(out->frame + FRAME_HEADER, message->data, message->size);
    out->request.data = out;
    buffer = uv_buf_init((char *)out->frame, (unsigned)(FRAME_HEADER + message->size));
    rc = uv_write(&out->request, (uv_stream_t *)&p->trials, &buffer, 1, on_sent);
    if (rc < 0)
        free(out);
    return rc;
}
