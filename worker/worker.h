/* worker - the program layernas-worker, whole: a session, or with --slot one of its slots. */
#ifndef LAYERNAS_WORKER_WORKER_H
#define LAYERNAS_WORKER_WORKER_H

/* Returns the exit code. */
int worker_main(int argc, char **argv);

#endif
