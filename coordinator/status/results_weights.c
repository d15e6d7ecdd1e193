/* The winner's weights: what its final training brought, with the study's name and the test result
 * put in. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coordinator/status/results_content.h"
#include "proto/weights_file.h"

bool results_weights_path(const struct coordinator *coordinator,
                          char path[RESULTS_WEIGHTS_PATH_SIZE])
{
    struct campaign_winner winner;

    if (!campaign_winner(coordinator->campaign, &winner))
        return false;
    store_weights_path(coordinator->store, &winner.weights_key, path, RESULTS_WEIGHTS_PATH_SIZE);
    return access(path, R_OK) == 0;
}

/* A worker in another language may have a format of its own: then they go as they are. */
static int describe(const struct coordinator *coordinator, struct bytes *bytes)
{
    struct campaign_winner winner;
    struct weights_file file;
    struct bytes described;
    int rc = weights_file_unpack(bytes->data, bytes->size, &file, NULL);

    if (rc < 0)
        return rc == -ENOMEM ? rc : 0;
    snprintf(file.study, sizeof file.study, "%s", coordinator->study->name);
    if (campaign_winner(coordinator->campaign, &winner))
        file.test = winner.test;
    rc = weights_file_pack(&file, &described);
    weights_file_clear(&file);
    if (rc < 0)
        return rc;
    free(bytes->data);
    *bytes = described;
    return 0;
}

int write_winner_weights(FILE *out, const void *arg)
{
    const struct coordinator *coordinator = arg;
    struct campaign_winner winner;
    struct bytes bytes = { 0 };
    int rc = -ENOENT;

    if (campaign_winner(coordinator->campaign, &winner))
        rc = store_read_weights(coordinator->store, &winner.weights_key, &bytes, NULL);
    if (rc < 0)
        return rc;
    rc = describe(coordinator, &bytes);
    if (rc == 0)
        fwrite(bytes.data, 1, bytes.size, out);
    free(bytes.data);
    return rc;
}
