/* spool - results that no coordinator has acknowledged, on disk, for when their worker is gone.
 *
 * A folder that any number of workers may share, with a file for each result:
 *     STUDY-DATA-START-COUNTER.result      the two digests and the attempt, in hexadecimal
 * It is written beside its place, made durable and renamed, so none is ever half there. The worker
 * that has the result in memory holds a lock (flock) on its file; the lock ends with that worker,
 * and whoever gets it next delivers the result. A file that does not hold what its name says becomes
 * STUDY-...result.damaged. Whatever is older than SPOOL_DAYS goes when the folder is opened.
 *
 * Each function waits for the disk. 0 or a negative errno with a line in err. */
#ifndef LAYERNAS_WORKER_SPOOL_H
#define LAYERNAS_WORKER_SPOOL_H

#include <dirent.h>

#include "common/errmsg.h"
#include "proto/wire.h"

enum { SPOOL_PATH_SIZE = 3072, SPOOL_DAYS = 30 };

struct spool {
    char folder[SPOOL_PATH_SIZE]; /* "": there is none */
};

/* Makes the folder, and those above it. -ENAMETOOLONG and the like: *spool_out is of none then. */
int spool_open(struct spool *spool_out, const char *folder, struct errmsg *err);

/* Keeps a result that was got from data of that digest. *lock_out, a descriptor, holds the file's lock
 * until it is closed. */
int spool_put(const struct spool *spool, const struct result_message *message,
              const struct digest *data, int *lock_out, struct errmsg *err);

/* Removes what was kept. Only for who holds its lock. */
void spool_remove(const struct spool *spool, const struct result_message *message,
                  const struct digest *data);

/* ---- the results of one study, got from data of that digest, that nobody holds ---- */

struct spool_scan {
    const struct spool *spool;
    DIR *folder;
    struct digest study_id, data;
};

int spool_scan_begin(struct spool_scan *scan, const struct spool *spool,
                     const struct digest *study_id, const struct digest *data, struct errmsg *err);

/* The next one: the message is the caller's to clear, the lock to close. -ENOENT: that was the last.
 * Otherwise err says what is wrong with a file, which is left out; the scan may go on. */
int spool_scan_next(struct spool_scan *scan, struct result_message *message_out, int *lock_out,
                    struct errmsg *err);
void spool_scan_end(struct spool_scan *scan);

#endif
