/* echo - what ZeroMQ alone can do: a ROUTER in a process of its own that answers each message with one
 * of a given size, and DEALERs of one thread that send the next when an answer comes. */
#ifndef LAYERNAS_TESTS_ECHO_H
#define LAYERNAS_TESTS_ECHO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct echo {
    pid_t pid;
    char endpoint[64];
};

/* Before this process has any ZeroMQ context: it forks. */
void echo_begin(struct echo *echo);

/* Messages per second: n in all, `ahead` at a time from each client. */
double echo_rate(const struct echo *echo, size_t n_clients, size_t ahead, size_t request_bytes,
                 size_t reply_bytes, uint64_t n);
void echo_end(struct echo *echo);

#endif
