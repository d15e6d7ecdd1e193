#include "proto/wire_parts.h"

#include <errno.h>

int slot_report_pack(const struct slot_report *report, struct bytes *bytes_out)
{
    Layernas__SlotReport message = LAYERNAS__SLOT_REPORT__INIT;
    Layernas__Progress progress;
    struct packed_result result;

    if (report->kind == SLOT_PROGRESS) {
        progress = wire_put_progress(&report->progress);
        message.body_case = LAYERNAS__SLOT_REPORT__BODY_PROGRESS;
        message.progress = &progress;
    } else {
        wire_put_result(&report->result, &result);
        message.body_case = LAYERNAS__SLOT_REPORT__BODY_RESULT;
        message.result = &result.message;
    }
    return wire_encode(&message.base, bytes_out);
}

int slot_report_unpack(const uint8_t *data, size_t size, struct slot_report *report_out,
                       struct errmsg *err)
{
    struct wire_reader r = { .err = err };
    struct slot_report to = { 0 };
    Layernas__SlotReport *from = (void *)wire_decode(&r, &layernas__slot_report__descriptor, data,
                                                     size);

    if (from && from->body_case == LAYERNAS__SLOT_REPORT__BODY_PROGRESS) {
        to.kind = SLOT_PROGRESS;
        to.progress = wire_read_progress(&r, from->progress);
    } else if (from && from->body_case == LAYERNAS__SLOT_REPORT__BODY_RESULT) {
        to.kind = SLOT_RESULT;
        wire_read_result(&r, from->result, &to.result);
    } else {
        wire_fault(&r, "neither progress nor a result");
    }
    wire_free((ProtobufCMessage *)from);
    if (r.rc < 0)
        slot_report_clear(&to);
    else
        *report_out = to;
    return r.rc;
}

void slot_report_clear(struct slot_report *report)
{
    if (report->kind == SLOT_RESULT)
        result_message_clear(&report->result);
    *report = (struct slot_report){ 0 };
}
