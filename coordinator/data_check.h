/* data_check - whether a worker's data is the study's, so that results from different data never mix.
 *
 * The study's data is that which its stored results come from; while there are none, what lies at
 * its evaluate.data.path on this machine, or else what the first worker has. Loop thread only. */
#ifndef LAYERNAS_COORDINATOR_DATA_CHECK_H
#define LAYERNAS_COORDINATOR_DATA_CHECK_H

#include "coordinator/coordinator.h"

/* At the start. -EEXIST: the data at evaluate.data.path is not that of the stored results; the errno
 * of data that cannot be read, where local workers are to use it. */
int data_check_open(struct coordinator *coordinator, struct errmsg *err);

/* Whether the worker that says hello can work on this study. If not, *welcome asks for the digest of
 * its data set, or says why it gets no trials. */
bool data_check_hello(struct coordinator *coordinator, const struct hello *hello,
                      struct welcome *welcome);

#endif
