/* What layernas-status is answered. The first byte says to which question. Whatever reply_unpack takes
 * can be shown, in printable characters only, alone and on the screen of --watch, and written as
 * JSON. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/status/show/reply.h"
#include "coordinator/status/show/show.h"
#include "coordinator/status/show/watch_screen.h"

enum { QUESTIONS = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_printable(const char *text)
{
    for (; *text; text++)
        if (*text != '\n' && (*text < ' ' || *text > '~'))
            return false;
    return true;
}

/* Only what has no blank to break at is wider than a terminal. */
static bool fits(const char *text)
{
    for (; *text; text += *text == '\n') {
        size_t length = strcspn(text, "\n");

        if (length > PRINT_WIDTH && memchr(text + SHOW_INDENT, ' ', length - SHOW_INDENT))
            return false;
        text += length;
    }
    return true;
}

static void check_shown(const Layernas__StatusReply *reply)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out || show_reply(out, reply) < 0 || fclose(out) != 0 || !is_printable(text) ||
        !fits(text))
        abort();
    free(text);
}

static void check_screen(const Layernas__StatusReply *reply)
{
    struct watch_view view = { .metric = reply->metric, .waiting = "waiting" };
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (reply->body_case == LAYERNAS__STATUS_REPLY__BODY_SUMMARY)
        view.summary = reply->summary;
    else if (reply->body_case == LAYERNAS__STATUS_REPLY__BODY_WORKERS)
        view.workers = reply->workers;
    else if (reply->body_case == LAYERNAS__STATUS_REPLY__BODY_LAYERS)
        view.layers = reply->layers;
    else if (reply->body_case == LAYERNAS__STATUS_REPLY__BODY_PARETO)
        view.pareto = reply->pareto;
    else
        view.other = reply;
    if (!out || watch_screen(out, &view, 80, 24) < 0 || fclose(out) != 0)
        abort();
    free(text);
}

static void check_json(const Layernas__StatusReply *reply)
{
    json_t *json = reply_json(reply);
    char *text = json ? json_dumps(json, 0) : NULL;

    if (!text)
        abort();
    free(text);
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Layernas__StatusReply *reply;
    struct errmsg err;

    if (size == 0 || reply_unpack(data + 1, size - 1, &reply, &err) < 0)
        return 0;
    reply_check(reply, 1, data[0] % QUESTIONS, &err);
    if (reply->body_case != LAYERNAS__STATUS_REPLY__BODY__NOT_SET) {
        check_shown(reply);
        check_screen(reply);
        check_json(reply);
    }
    layernas__status_reply__free_unpacked(reply, NULL);
    return 0;
}
