/* space - what can be searched: a fixed stem, layers with options, a fixed head. From a YAML file.
 *
 * The language is described in deploy/README.md. Immutable once loaded, safe to share. A space
 * may also be mere lists of option names (`names:`), for benchmark tables that come without
 * networks: then only the table knows costs, and the functions that need networks give -ENOTSUP. */
#ifndef LAYERNAS_COMMON_SPACE_H
#define LAYERNAS_COMMON_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arch.h"
#include "common/digest.h"
#include "common/errmsg.h"
#include "common/network.h"

struct space;

enum {
    SPACE_MAX_INTERFACES = 1024,            /* that can reach one border, and */
    SPACE_MAX_INTERFACES_IN_ALL = 8 * 1024, /* over all borders */
};

/* Reads a space file, and the files it is based on, and checks it whole: every option must fit every
 * interface that can reach it. -EINVAL with FILE:LINE: FIELD in err, -ENOENT and the like, -ENOMEM. */
int space_load(const char *path, struct space **space_out, struct errmsg *err);

/* The same from memory, without a base; name stands for the file in faults. */
int space_parse(const char *text, size_t size, const char *name, struct space **space_out,
                struct errmsg *err);
void space_free(struct space *space);

uint32_t space_n_layers(const struct space *space);
uint32_t space_n_options(const struct space *space, uint32_t layer);
const char *space_layer_name(const struct space *space, uint32_t layer);
const char *space_option_name(const struct space *space, uint32_t layer,
                              uint32_t option); /* "mbconv e3 k5 o24 s2" */

/* An item of a layer's options: a block, or blocks, with lists that multiply out to options
 * [first, first + n), the last list fastest. */
struct option_group {
    uint32_t first, n;
    char *name; /* "mbconv [e3 e6] k5 o24 s2" */
};

/* Their number, and *groups_out the first of them; none where there are no networks. */
uint32_t space_groups(const struct space *space, uint32_t layer,
                      const struct option_group **groups_out);

bool space_has_networks(const struct space *space);
const struct count_rules *space_count_rules(const struct space *space);
struct shape space_input(const struct space *space);
uint32_t space_classes(const struct space *space);

/* What the numbers of channels in names of options are multiplied by; 1 without networks. */
double space_width(const struct space *space);

/* The number of architectures, canonical or not, as a double: it may pass 2^63. */
double space_size(const struct space *space);

/* -EINVAL unless arch has one existing option for each layer. */
int space_check_arch(const struct space *space, const struct arch *arch, struct errmsg *err);

/* An interface is what a block sees of all before it: the shape of the last op. Border b lies before
 * layer b, border space_n_layers before the head. The interfaces that can reach a border have the
 * numbers 0, 1, ... there, in an order that depends only on the file. Border 0 has one. */
uint32_t space_n_interfaces(const struct space *space, uint32_t border);
struct shape space_interface(const struct space *space, uint32_t border, uint32_t interface);

/* The interface that layer passes on when it holds option and sees that interface; the cost of its
 * ops is added to *costs. */
uint32_t space_step(const struct space *space, uint32_t layer, uint32_t option, uint32_t interface,
                    struct costs *costs);

/* The cost of the input and the stem, and of the head on an interface, added to *costs. */
void space_stem(const struct space *space, struct costs *costs);
void space_head(const struct space *space, uint32_t interface, struct costs *costs);

/* Resolves arch (which space_check_arch accepts) to its network, the caller's to clear.
 * -ENOTSUP, -ENOMEM. */
int space_resolve(const struct space *space, const struct arch *arch, struct network *network_out);

/* The smallest option vector that resolves to the same network as arch: same primitive operations
 * in the same order. Where there are no networks, arch itself. -ENOMEM. */
int space_canonical(const struct space *space, const struct arch *arch, struct arch *canonical_out);

/* A name for all that the space means; spacing and comments of the file do not change it. */
struct digest space_digest(const struct space *space);

#endif
