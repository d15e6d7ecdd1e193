/* weights_file - a trained network in one block of bytes: what it is, and its numbers.
 *
 * A worker sends it with the result of a final training and gets it back to be tested; the
 * coordinator adds study and test result, and keeps the winner's as results/winner.weights, which
 * `layernas-worker --evaluate` reads without knowing anything else. All integers little-endian:
 *
 *     8 bytes    "LNASWGT" and a zero
 *     uint32     version, 2
 *     uint32     d, bytes of the description
 *     d bytes    a protobuf message Model, of layernas.proto
 *     uint64     n, number of floats
 *     float32    n of them, for each operation of the network in order
 *                    conv    weights [out][in / groups][row][column], bias [out] if it has one
 *                    dense   weights [out][in channel][row][column],  bias [out] if it has one
 *                    norm    scale, shift, running mean, running variance, [channels] each
 *     uint32     CRC-32 of all bytes before */
#ifndef LAYERNAS_PROTO_WEIGHTS_FILE_H
#define LAYERNAS_PROTO_WEIGHTS_FILE_H

#include "common/normalisation.h"
#include "proto/wire.h"

struct weights_file {
    char study[64]; /* empty, test.total 0: nobody has said yet */
    struct reward test;
    struct arch arch;
    uint32_t replica;
    uint64_t seed;                /* of the training */
    struct evaluation evaluation; /* the data and the schedule it was trained with */
    struct reward validation;
    char numerics[TRIAL_NUMERICS_SIZE];
    struct network network; /* owned */
    struct count_rules count;
    struct normalisation normalisation; /* of as many channels as the network's input has */
    struct bytes floats;                /* owned; 4 x n bytes as they stand in the file */
};

/* -ENOMEM. The bytes are the caller's to free(); whether they fit a message is for it to see. */
int weights_file_pack(const struct weights_file *file, struct bytes *bytes_out);

/* -EINVAL with a line in err for whatever is not such a block, or damaged; -ENOMEM. What is accepted
 * has a network as network_check demands and every other field in its range; whether the floats are
 * as many as the network has, and numbers, is for the engine to say. To be cleared on success. */
int weights_file_unpack(const uint8_t *data, size_t size, struct weights_file *file_out,
                        struct errmsg *err);
void weights_file_clear(struct weights_file *file);

#endif
