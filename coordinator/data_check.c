#include "coordinator/data_check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/data_digest.h"
#include "common/log.h"

static int take_data(struct coordinator *coordinator, const struct digest *data, const char *whose)
{
    char text[DIGEST_TEXT_SIZE];

    coordinator->data = *data;
    coordinator->data_known = true;
    log_info("data set %s: digest %s, that of %s", coordinator->study->evaluation.data.name,
             digest_format(data, text), whose);
    return store_put_data(coordinator->store, data);
}

static int refuse_change(const struct coordinator *coordinator, const struct digest *now,
                         struct errmsg *err)
{
    const struct study *study = coordinator->study;
    char now_text[DIGEST_TEXT_SIZE], then_text[DIGEST_TEXT_SIZE];

    return errmsg_set(err, -EEXIST,
                      "%s: evaluate.data.path: %s has digest %s; the results in %s come from data "
                      "of digest %s (name another state directory, or put the data back)",
                      study->path, study->data_path, digest_format(now, now_text),
                      coordinator->state_directory, digest_format(&coordinator->data, then_text));
}

int data_check_open(struct coordinator *coordinator, struct errmsg *err)
{
    const struct study *study = coordinator->study;
    struct digest here;
    int rc;

    coordinator->data_known = store_data(coordinator->store, &coordinator->data);
    if (!*study->data_path)
        return 0;
    rc = data_digest(study->data_path, NULL, &here, err);
    if (rc < 0 && coordinator->options.local_workers == 0) {
        log_info("data set %s is not known here (%s): that of the first worker counts",
                 study->evaluation.data.name, err->text);
        return 0;
    }
    if (rc < 0)
        return rc;
    if (coordinator->data_known)
        return digest_equal(&here, &coordinator->data) ? 0 : refuse_change(coordinator, &here, err);
    rc = take_data(coordinator, &here, study->data_path);
    return rc < 0 ? errmsg_set(err, rc, "out of memory") : 0;
}

/* ---- a worker's ---- */

static const struct data_set *find_set(const struct hello *hello, const char *name)
{
    for (uint32_t i = 0; i < hello->n_data; i++)
        if (strcmp(hello->data[i].name, name) == 0)
            return &hello->data[i];
    return NULL;
}

static void say_other(const struct coordinator *coordinator, const struct data_set *set,
                      struct welcome *welcome)
{
    char its[DIGEST_TEXT_SIZE], ours[DIGEST_TEXT_SIZE];

    snprintf(welcome->no_trials, sizeof welcome->no_trials,
             "data set %s: this worker's has digest %s, the study's %s: other data", set->name,
             digest_format(&set->digest, its), digest_format(&coordinator->data, ours));
}

bool data_check_hello(struct coordinator *coordinator, const struct hello *hello,
                      struct welcome *welcome)
{
    const char *name = coordinator->study->evaluation.data.name;
    const struct data_set *set = find_set(hello, name);

    if (!*name)
        return true;
    if (!set) {
        snprintf(welcome->no_trials, sizeof welcome->no_trials,
                 "data set %s: this worker does not have it; --data %s=PATH", name, name);
    } else if (!set->known) {
        snprintf(welcome->data, sizeof welcome->data, "%s", name);
    } else if (!coordinator->data_known) {
        if (take_data(coordinator, &set->digest, hello->name) < 0)
            coordinator_fail(coordinator, "out of memory");
        return true;
    } else if (digest_equal(&set->digest, &coordinator->data)) {
        return true;
    } else {
        say_other(coordinator, set, welcome);
    }
    return false;
}
