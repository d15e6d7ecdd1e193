#include "proto/curve.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

enum {
    FAILURES = ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
               ZMQ_EVENT_HANDSHAKE_FAILED_AUTH,
};

/* ---- sockets ---- */

int curve_serve(void *socket, const char secret[KEY_TEXT_SIZE], const char *domain)
{
    int one = 1;

    if (zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &one, sizeof one) < 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, KEY_TEXT_SIZE) < 0 ||
        zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, domain, strlen(domain)) < 0)
        return -zmq_errno();
    return 0;
}

int curve_connect(void *socket, const struct client_keys *keys)
{
    if (zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, keys->server, KEY_TEXT_SIZE) < 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->own.text, KEY_TEXT_SIZE) < 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->secret, KEY_TEXT_SIZE) < 0)
        return -zmq_errno();
    return 0;
}

/* ---- handshakes ---- */

/* ZeroMQ's thread waits while its end of the pair is full, and holds a lock meanwhile that closing
 * the socket needs: so it must never be full. */
int handshakes_open(void *context, void *socket, void **events_out)
{
    void *events = zmq_socket(context, ZMQ_PAIR);
    char endpoint[64];
    int unlimited = 0, rc = 0;

    if (!events)
        return -zmq_errno();
    snprintf(endpoint, sizeof endpoint, "inproc://handshakes-%p", socket);
    if (zmq_setsockopt(events, ZMQ_RCVHWM, &unlimited, sizeof unlimited) < 0 ||
        zmq_socket_monitor(socket, endpoint, FAILURES) < 0 || zmq_connect(events, endpoint) < 0)
        rc = -zmq_errno();
    if (rc < 0)
        handshakes_close(socket, events);
    else
        *events_out = events;
    return rc;
}

void handshakes_close(void *socket, void *events)
{
    if (!events)
        return;
    zmq_socket_monitor(socket, NULL, 0);
    zmq_close(events);
}

static enum handshake failure_of(uint16_t event, uint32_t value)
{
    if (event == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
        return HANDSHAKE_KEY_REFUSED;
    if (event == ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL)
        return HANDSHAKE_HUNG_UP;
    if (value == ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH)
        return HANDSHAKE_ONE_HAS_KEYS;
    return value == ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC ? HANDSHAKE_OTHER_SERVER
                                                          : HANDSHAKE_GARBAGE;
}

/* An event is two frames: event and value; an address. */
int handshakes_next(void *events, enum handshake *failure_out)
{
    uint8_t frame[6], address[256];
    uint16_t event;
    uint32_t value;

    if (zmq_recv(events, frame, sizeof frame, ZMQ_DONTWAIT) != sizeof frame ||
        zmq_recv(events, address, sizeof address, ZMQ_DONTWAIT) < 0)
        return -EAGAIN;
    memcpy(&event, frame, sizeof event);
    memcpy(&value, frame + sizeof event, sizeof value);
    *failure_out = failure_of(event, value);
    return 0;
}

const char *handshake_explain(enum handshake failure, const struct public_key *own, char *text,
                              size_t size)
{
    switch (failure) {
    case HANDSHAKE_KEY_REFUSED:
        snprintf(text, size,
                 "%s.key is not let in: no .pub file among the coordinator's keys has its public "
                 "half, %s, or it is there for something else",
                 own ? own->name : "", own ? own->text : "");
        break;
    case HANDSHAKE_ONE_HAS_KEYS:
        snprintf(text, size, "%s",
                 own ? "the coordinator there has no keys; start it with --keys DIR, or leave "
                       "--keys away here"
                     : "the coordinator there lets nobody in without a key; say --keys DIR");
        break;
    case HANDSHAKE_OTHER_SERVER:
    case HANDSHAKE_HUNG_UP:
        snprintf(
            text, size, "%s",
            own ? "the connection ends before either side is known: has the coordinator there "
                  "keys, and is server.pub its own?"
                : "the connection ends before a word: does the coordinator there ask for a key "
                  "(--keys DIR)?");
        break;
    case HANDSHAKE_GARBAGE:
        snprintf(text, size, "what listens there is no coordinator");
        break;
    }
    return text;
}
