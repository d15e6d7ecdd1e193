#include "coordinator/status/show/watch.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <zmq.h>

#include "coordinator/status/show/client.h"
#include "coordinator/status/show/reply.h"
#include "coordinator/status/show/show.h"
#include "coordinator/status/show/terminal.h"
#include "coordinator/status/show/watch_screen.h"

enum {
    MOST_ANSWERS = 4,
    PATIENCE_MS = 1500, /* for an answer; after so long nobody seems to be there */
    RETRY_MS = 50,      /* while no connection stands */
    WAITING_MS = 1000,  /* between two lines that say so on a terminal */
    MOST_ROWS = 200,    /* of a list on a screen */
};

enum going { GOES_ON, ENDS };

struct watch {
    const struct options *options;
    struct client *client;
    int signals;
    bool on_terminal;

    struct question questions[MOST_ANSWERS];
    Layernas__StatusReply *answers[MOST_ANSWERS]; /* the newest of each; NULL: none yet */
    int n_questions;
    uint64_t first_id; /* of the round that is out */
    uint32_t missing;  /* bits: not answered in this round */
    int64_t asked_ms, shown_ms, next_ms;
    int64_t seen_ms; /* 0: never */
    int64_t away_ms; /* since when nobody answers; 0: somebody does */
};

/* ---- what is asked ---- */

static void add_question(struct watch *watch, Layernas__Query__What what, uint32_t limit)
{
    watch->questions[watch->n_questions++] = (struct question){
        .what = what,
        .limit = limit,
        .arch = what == LAYERNAS__QUERY__WHAT__WHY ? watch->options->arch : NULL,
        .watch = what == LAYERNAS__QUERY__WHAT__SUMMARY,
    };
}

static void choose_questions(struct watch *watch)
{
    const struct options *options = watch->options;

    add_question(watch, LAYERNAS__QUERY__WHAT__SUMMARY, 0);
    if (!options->has_what) {
        add_question(watch, LAYERNAS__QUERY__WHAT__WORKERS, MOST_ROWS);
        add_question(watch, LAYERNAS__QUERY__WHAT__LAYERS, 1);
        add_question(watch, LAYERNAS__QUERY__WHAT__PARETO, 0);
    } else if (options->what != LAYERNAS__QUERY__WHAT__SUMMARY) {
        add_question(watch, options->what, options->last);
    }
}

/* A round of all questions, if a connection stands. */
static void ask(struct watch *watch)
{
    watch->first_id += MOST_ANSWERS;
    for (int q = 0; q < watch->n_questions; q++)
        if (client_send(watch->client, &watch->questions[q], watch->first_id + (uint64_t)q) < 0) {
            watch->missing = 0; /* what went out is answered in vain */
            watch->next_ms = client_now_ms() + RETRY_MS;
            if (watch->away_ms == 0)
                watch->away_ms = client_now_ms();
            return;
        }
    watch->asked_ms = client_now_ms();
    watch->missing = (1u << watch->n_questions) - 1;
}

/* ---- what is shown ---- */

static const Layernas__StatusReply *answer_of(const struct watch *watch,
                                              Layernas__StatusReply__BodyCase body)
{
    for (int q = 0; q < watch->n_questions; q++)
        if (watch->answers[q] && watch->answers[q]->body_case == body)
            return watch->answers[q];
    return NULL;
}

static struct watch_view view_of(const struct watch *watch, const char *waiting)
{
    static const Layernas__StatusReply none = LAYERNAS__STATUS_REPLY__INIT;
    const Layernas__StatusReply *summary, *workers, *layers, *pareto;
    struct watch_view view = { .waiting = waiting };

    summary = answer_of(watch, LAYERNAS__STATUS_REPLY__BODY_SUMMARY);
    view.summary = summary ? summary->summary : NULL;
    view.metric = summary ? summary->metric : none.metric;
    if (watch->options->has_what) {
        view.other = watch->answers[watch->n_questions - 1];
        return view;
    }
    workers = answer_of(watch, LAYERNAS__STATUS_REPLY__BODY_WORKERS);
    layers = answer_of(watch, LAYERNAS__STATUS_REPLY__BODY_LAYERS);
    pareto = answer_of(watch, LAYERNAS__STATUS_REPLY__BODY_PARETO);
    view.workers = workers ? workers->workers : NULL;
    view.layers = layers ? layers->layers : NULL;
    view.pareto = pareto ? pareto->pareto : NULL;
    return view;
}

static void draw(struct watch *watch, const char *waiting)
{
    struct watch_view view = view_of(watch, waiting);
    char *text = NULL;
    size_t size, columns, rows;
    FILE *memory = open_memstream(&text, &size);

    if (!memory)
        return;
    terminal_size(&columns, &rows);
    watch_screen(memory, &view, columns, rows);
    if (fclose(memory) == 0)
        terminal_draw(text);
    free(text);
}

/* {"summary": {...}, "workers": {...}, ...} */
static void print_json(const struct watch *watch)
{
    json_t *all = json_object();

    for (int q = 0; q < watch->n_questions; q++)
        if (watch->answers[q])
            json_object_set_new(all, view_name(watch->questions[q].what),
                                reply_json(watch->answers[q]));
    json_dumpf(all, stdout, JSON_COMPACT | JSON_REAL_PRECISION(10));
    json_decref(all);
    putchar('\n');
}

/* All answers are here. */
static void show(struct watch *watch)
{
    struct watch_view view = view_of(watch, NULL);

    watch->shown_ms = client_now_ms();
    if (watch->on_terminal) {
        draw(watch, NULL);
        return;
    }
    if (watch->options->json) {
        print_json(watch);
    } else {
        watch_screen(stdout, &view, 80, 0);
        putchar('\n');
    }
    fflush(stdout);
}

static const char *waiting_text(struct watch *watch, char text[512])
{
    int used = snprintf(text, 512, "waiting for coordinator at %.200s", watch->options->endpoint);

    const char *trouble = client_trouble(watch->client);

    if (*trouble)
        snprintf(text + used, 512 - (size_t)used, ": %.250s", trouble);
    else if (watch->seen_ms > 0)
        snprintf(text + used, 512 - (size_t)used, ", last seen %lld s ago",
                 (long long)(client_now_ms() - watch->seen_ms) / 1000);
    return text;
}

/* Asks again as soon as a connection stands. */
static void give_round_up(struct watch *watch)
{
    if (watch->away_ms == 0)
        watch->away_ms = watch->asked_ms;
    watch->missing = 0;
    watch->next_ms = client_now_ms();
}

/* On a terminal every second, elsewhere as often as all else; with --json to the error output. */
static void show_waiting(struct watch *watch)
{
    int64_t pause_ms = watch->on_terminal ? WAITING_MS : (int64_t)(watch->options->watch_s * 1000);
    char text[512];

    if (client_now_ms() - watch->away_ms < PATIENCE_MS ||
        client_now_ms() - watch->shown_ms < pause_ms)
        return;
    watch->shown_ms = client_now_ms();
    waiting_text(watch, text);
    if (watch->on_terminal) {
        draw(watch, text);
        return;
    }
    fprintf(watch->options->json ? stderr : stdout, "%s\n", text);
    fflush(stdout);
}

/* ---- what comes ---- */

static void leave(struct watch *watch)
{
    if (watch->on_terminal)
        terminal_leave();
}

/* The study is over: what stays on the screen. */
static void say_end(struct watch *watch, const Layernas__StatusReply *reply)
{
    leave(watch);
    if (watch->options->json) {
        json_t *json = json_pack("{s:o}", "end", reply_json(reply));

        json_dumpf(json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(10));
        json_decref(json);
        putchar('\n');
    } else {
        show_reply(stdout, reply);
    }
}

static int find_question(const struct watch *watch, const Layernas__StatusReply *reply)
{
    uint64_t q = reply->id - watch->first_id;

    return reply->id >= watch->first_id && q < (uint64_t)watch->n_questions &&
                   watch->missing & 1u << q
               ? (int)q
               : -1;
}

/* Takes the reply over. A question that the coordinator does not answer is an error for good. */
static int take_reply(struct watch *watch, Layernas__StatusReply *reply, enum going *going,
                      struct errmsg *err)
{
    int q = find_question(watch, reply), rc = 0;

    watch->seen_ms = client_now_ms();
    watch->away_ms = 0;
    if (reply->id == 0 && reply->body_case == LAYERNAS__STATUS_REPLY__BODY_END) {
        say_end(watch, reply);
        *going = ENDS;
    } else if (q >= 0) {
        rc = reply_check(reply, reply->id, watch->questions[q].what, err);
        if (rc == 0) {
            layernas__status_reply__free_unpacked(watch->answers[q], NULL);
            watch->answers[q] = reply;
            watch->missing &= ~(1u << q);
            return 0;
        }
    }
    layernas__status_reply__free_unpacked(reply, NULL);
    return rc;
}

static int take_replies(struct watch *watch, enum going *going, struct errmsg *err)
{
    uint32_t missing = watch->missing;
    Layernas__StatusReply *reply;
    int rc = 0;

    while (*going == GOES_ON && (rc = client_receive(watch->client, &reply, err)) == 0) {
        rc = take_reply(watch, reply, going, err);
        if (rc < 0)
            return rc;
    }
    if (*going == GOES_ON && missing && !watch->missing) {
        show(watch);
        watch->next_ms = watch->asked_ms + (int64_t)(watch->options->watch_s * 1000);
    }
    return rc == -EAGAIN ? 0 : rc;
}

/* ---- signals ---- */

/* Stopped like any program, with the terminal as it was; drawn anew when it goes on. */
static void suspend(struct watch *watch)
{
    leave(watch);
    raise(SIGSTOP);
    if (watch->on_terminal) {
        terminal_enter();
        draw(watch, NULL);
    }
}

static void take_signal(struct watch *watch, enum going *going)
{
    struct signalfd_siginfo info;

    if (read(watch->signals, &info, sizeof info) != sizeof info)
        return;
    if (info.ssi_signo == SIGWINCH && watch->on_terminal)
        draw(watch, NULL);
    else if (info.ssi_signo == SIGTSTP)
        suspend(watch);
    else if (info.ssi_signo != SIGWINCH)
        *going = ENDS;
}

static int block_signals(void)
{
    static const int taken[] = { SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP };
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        sigaddset(&set, taken[i]);
    sigprocmask(SIG_BLOCK, &set, NULL); /* before ZeroMQ starts its threads, which inherit it */
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* ---- the loop ---- */

static long pause_ms(const struct watch *watch)
{
    int64_t left = watch->missing ? PATIENCE_MS / 10 : watch->next_ms - client_now_ms();

    return left < 0 ? 0 : left > WAITING_MS ? WAITING_MS : (long)left;
}

static int turn(struct watch *watch, enum going *going, struct errmsg *err)
{
    zmq_pollitem_t items[] = {
        { .socket = client_socket(watch->client), .events = ZMQ_POLLIN },
        { .fd = watch->signals, .events = ZMQ_POLLIN },
        { .fd = terminal_keys(), .events = ZMQ_POLLIN },
    };
    int n_items = watch->on_terminal && terminal_keys() >= 0 ? 3 : 2, rc = 0;

    if (!watch->missing && client_now_ms() >= watch->next_ms)
        ask(watch);
    zmq_poll(items, n_items, pause_ms(watch));
    if (items[1].revents)
        take_signal(watch, going);
    if (*going == GOES_ON && n_items > 2 && items[2].revents && terminal_quit_pressed())
        *going = ENDS;
    if (*going == GOES_ON && items[0].revents)
        rc = take_replies(watch, going, err);
    if (*going == ENDS || rc < 0)
        return rc;
    if (watch->missing && client_now_ms() - watch->asked_ms > PATIENCE_MS)
        give_round_up(watch);
    if (watch->away_ms > 0)
        show_waiting(watch);
    return 0;
}

int watch(const struct options *options)
{
    struct watch watch = {
        .options = options,
        .signals = block_signals(),
        .on_terminal = !options->json && isatty(STDOUT_FILENO),
    };
    enum going going = GOES_ON;
    struct errmsg err;
    int rc = client_open(options->endpoint, options->keys, &watch.client, &err);

    choose_questions(&watch);
    if (rc == 0 && watch.on_terminal)
        terminal_enter();
    while (rc == 0 && going == GOES_ON)
        rc = turn(&watch, &going, &err);
    leave(&watch);
    if (rc < 0)
        fprintf(stderr, "layernas-status: %s\n", err.text);
    for (int q = 0; q < watch.n_questions; q++)
        layernas__status_reply__free_unpacked(watch.answers[q], NULL);
    client_close(watch.client);
    return rc == -EINVAL ? EXIT_USAGE : rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
