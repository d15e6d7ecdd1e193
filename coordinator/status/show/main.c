/* layernas-status - asks a coordinator how its study goes, and shows the answer. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coordinator/status/show/client.h"
#include "coordinator/status/show/options.h"
#include "coordinator/status/show/reply.h"
#include "coordinator/status/show/show.h"
#include "coordinator/status/show/watch.h"
#include "coordinator/status/snapshot.h"

static int print_reply(const Layernas__StatusReply *reply, bool json)
{
    int rc = json ? reply_print_json(stdout, reply) : show_reply(stdout, reply);

    if (rc == 0 && fflush(stdout) != 0)
        rc = -errno;
    return rc;
}

/* How many rows the list has that a reply is a part of, and how many of them it holds: a part only. */
static uint64_t *list_of(Layernas__StatusReply *reply, size_t *n_out)
{
    switch (reply->body_case) {
    case LAYERNAS__STATUS_REPLY__BODY_LAYERS:
        *n_out = reply->layers->n_layers;
        return &reply->layers->total;
    case LAYERNAS__STATUS_REPLY__BODY_TRIALS:
        *n_out = reply->trials->n_rows;
        return &reply->trials->total;
    case LAYERNAS__STATUS_REPLY__BODY_WORKERS:
        *n_out = reply->workers->n_rows;
        return &reply->workers->total;
    case LAYERNAS__STATUS_REPLY__BODY_PARETO:
        *n_out = reply->pareto->n_candidates;
        return &reply->pareto->total;
    case LAYERNAS__STATUS_REPLY__BODY_DIAGNOSIS:
        *n_out = reply->diagnosis->n_layers;
        return &reply->diagnosis->total;
    default:
        return NULL;
    }
}

/* Prints a page, and moves the question on to the next one; 1 when there is none. */
static int print_page(Layernas__StatusReply *reply, const struct options *options,
                      struct question *question)
{
    size_t n = 0;
    uint64_t *total = list_of(reply, &n), rows = total ? *total : 0;
    uint64_t first = question->first;
    int rc;

    question->first += n;
    if (total && n == 0 && first > 1)
        return 1;
    if (total && !options->json)
        *total = n; /* a page leaves nothing out */
    if (first > 1 && !options->json)
        putchar('\n');
    rc = print_reply(reply, options->json);
    if (rc < 0)
        return rc;
    return !total || n == 0 || question->first > rows;
}

static int ask(struct client *client, const struct options *options, struct errmsg *err)
{
    struct question question = {
        .what = options->what,
        .limit = options->all ? 0 : options->last,
        .first = options->all ? 1 : 0,
        .arch = options->arch,
        .command = options->commands ? &options->command : NULL,
    };
    Layernas__StatusReply *reply;
    int rc;

    do {
        rc = client_ask(client, &question, (int)ceil(options->timeout_s * 1000), &reply, err);
        if (rc < 0)
            return rc;
        rc = options->all ? print_page(reply, options, &question)
                          : print_reply(reply, options->json);
        layernas__status_reply__free_unpacked(reply, NULL);
        if (rc < 0)
            errmsg_set(err, rc, "standard output: %s", strerror(-rc));
    } while (rc == 0 && options->all);
    return rc < 0 ? rc : 0;
}

int main(int argc, char **argv)
{
    struct options options;
    struct client *client;
    struct errmsg err;
    int rc;

    options_parse(argc, argv, &options);
    if (options.watch_s > 0)
        return watch(&options);
    rc = client_open(options.endpoint, options.keys, &client, &err);
    if (rc == 0) {
        rc = ask(client, &options, &err);
        client_close(client);
    }
    if (rc < 0)
        fprintf(stderr, "layernas-status: %s\n", err.text);
    return rc == -EINVAL ? EXIT_USAGE : rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
