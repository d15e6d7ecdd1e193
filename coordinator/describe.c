#include "coordinator/describe.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "common/json_print.h"
#include "common/print.h"
#include "common/target.h"
#include "coordinator/status/network_json.h"

struct description {
    const struct study *study;
    struct arch arch, canonical;
    int64_t cost; /* -1: not in the table */
    bool meets_target;
    struct network network; /* empty where the space has none */
    struct costs costs;
};

static int check_arch(const struct study *study, const char *text, struct arch *arch_out,
                      struct errmsg *err)
{
    if (arch_parse(text, arch_out) < 0)
        return errmsg_set(
            err, -EINVAL,
            "architecture \"%.60s\"; one option a layer, joined by ':', for %u layers", text,
            space_n_layers(study->space));
    return space_check_arch(study->space, arch_out, err);
}

static int make_description(const struct study *study, const char *text,
                            struct description *description_out, struct errmsg *err)
{
    const struct cost_range *target = &study->search.target;
    struct description d = { .study = study };
    int rc = check_arch(study, text, &d.arch, err);

    if (rc < 0)
        return rc;
    rc = study_canonical(study, &d.arch, &d.canonical);
    if (rc == 0 && space_has_networks(study->space))
        rc = space_resolve(study->space, &d.arch, &d.network);
    if (rc < 0)
        return errmsg_set(err, rc, "no memory for the network");
    d.cost = cost_of(study->cost_model, &d.arch);
    d.meets_target = d.cost >= 0 && target_holds(target, d.cost);
    if (d.network.n_ops)
        network_costs(&d.network, space_count_rules(study->space), &d.costs);
    *description_out = d;
    return 0;
}

/* What op i alone costs. */
static struct costs costs_of(const struct description *d, size_t i)
{
    struct costs costs = { 0 };

    op_costs(&d->network, i, space_count_rules(d->study->space), &costs);
    return costs;
}

/* ---- for people ---- */

/* " s2", or nothing where a number is the usual one. */
static void append_unusual(char *text, size_t size, const char *letter, int32_t number,
                           int32_t usual)
{
    size_t used = strlen(text);

    if (number != usual)
        snprintf(text + used, size - used, " %s%d", letter, number);
}

/* "3x3 s2 g144": what an operation is made of besides its shapes. */
static void window_text(const struct op *op, char *text, size_t size)
{
    *text = '\0';
    if (op->kind == OP_CONV) {
        snprintf(text, size, "%dx%d", op->kernel_h, op->kernel_w);
        append_unusual(text, size, "s", op->stride, 1);
        append_unusual(text, size, "g", op->groups, 1);
        if (op->bias)
            snprintf(text + strlen(text), size - strlen(text), " bias");
    } else if (op->kind == OP_POOL) {
        snprintf(text, size, "%s %dx%d", pooling_name(op->pooling), op->kernel_h, op->kernel_w);
        append_unusual(text, size, "s", op->stride, 1);
        append_unusual(text, size, "p", op->pad, 0);
    } else if (op->kind == OP_ACTIVATION) {
        snprintf(text, size, "%s", activation_name(op->activation));
    } else if (op->kind == OP_DENSE) {
        snprintf(text, size, "%s", op->bias ? "bias" : "no bias");
    } else if (op->kind == OP_DROPOUT) {
        snprintf(text, size, "%g", (double)op->drop / DROP_ONE);
    }
}

static void inputs_text(const struct op *op, char *text, size_t size)
{
    int inputs = op_inputs(op->kind);

    *text = '\0';
    if (inputs == 1)
        snprintf(text, size, "%d", op->input[0]);
    else if (inputs == 2)
        snprintf(text, size, "%d%c%d", op->input[0], op->kind == OP_ADD ? '+' : '*', op->input[1]);
}

static void print_row(FILE *out, const char *op, const char *layer, const char *kind,
                      const char *from, const char *shape, const char *window, const char *params,
                      const char *madds)
{
    char line[2 * PRINT_WIDTH];
    int room = 20 - (int)strlen(window); /* a long window has short params: they share columns */
    int length = snprintf(line, sizeof line, "%3s %-14.14s %-7s %-7s %-11s %s %*s %11s", op, layer,
                          kind, from, shape, window, room > 0 ? room : 0, params, madds);

    length = length < (int)sizeof line ? length : (int)sizeof line - 1;
    while (length > 0 && line[length - 1] == ' ')
        length--;
    fprintf(out, "%.*s\n", length, line);
}

static void print_op(const struct description *d, size_t i, FILE *out)
{
    const struct op *op = &d->network.ops[i];
    struct costs costs = costs_of(d, i);
    char number[24], from[24], shape[40], window[64];
    char params[PRINT_NUMBER_SIZE] = "", madds[PRINT_NUMBER_SIZE] = "";

    snprintf(number, sizeof number, "%zu", i);
    inputs_text(op, from, sizeof from);
    snprintf(shape, sizeof shape, "%dx%dx%d", op->out.channels, op->out.height, op->out.width);
    window_text(op, window, sizeof window);
    if (costs.params)
        print_grouped(costs.params, params);
    if (costs.madds)
        print_grouped(costs.madds, madds);
    print_row(out, number, network_layer_name(d->study->space, op), op_kind_name(op->kind), from,
              shape, window, params, madds);
}

static void print_network(const struct description *d, FILE *out)
{
    char params[PRINT_NUMBER_SIZE], madds[PRINT_NUMBER_SIZE], bytes[PRINT_NUMBER_SIZE];

    fputc('\n', out);
    print_row(out, "op", "layer", "kind", "from", "output", "", "params", "madds");
    for (size_t i = 0; i < d->network.n_ops; i++)
        print_op(d, i, out);
    print_row(out, "", "total", "", "", "", "", print_grouped(d->costs.params, params),
              print_grouped(d->costs.madds, madds));
    fputc('\n', out);
    print_item(out, "memory", "%s bytes of activations for one image",
               print_grouped(d->costs.activations, bytes));
}

static void print_cost(const struct description *d, FILE *out)
{
    const struct cost_range *target = &d->study->search.target;
    char cost[PRINT_NUMBER_SIZE], low[PRINT_NUMBER_SIZE], high[PRINT_NUMBER_SIZE];

    if (d->cost < 0) {
        print_item(out, "cost", "unknown: the table has no such architecture");
        return;
    }
    print_item(out, "cost", "%s %s: %s the target, %s to %s", print_grouped(d->cost, cost),
               d->study->metric == COST_TABLE ? d->study->cost_column
                                              : cost_metric_name(d->study->metric),
               d->meets_target ? "meets" : "misses", print_grouped(target->lowest, low),
               print_grouped(target->highest, high));
}

static void print_text(const struct description *d, FILE *out)
{
    const struct space *space = d->study->space;
    char text[ARCH_TEXT_SIZE];

    print_item(out, "arch", "%s", arch_format(&d->arch, text));
    print_item(out, "canonical", "%s%s", arch_format(&d->canonical, text),
               arch_equal(&d->arch, &d->canonical) ? ", itself" : "");
    print_cost(d, out);
    for (uint32_t layer = 0; layer < d->arch.n; layer++)
        print_item(out, layer ? "" : "options", "%s: %u %s", space_layer_name(space, layer),
                   d->arch.option[layer], space_option_name(space, layer, d->arch.option[layer]));
    if (d->network.n_ops)
        print_network(d, out);
}

/* ---- for programs ---- */

static int print_json(const struct description *d, FILE *out)
{
    char arch[ARCH_TEXT_SIZE], canonical[ARCH_TEXT_SIZE];
    json_t *root;

    root = json_pack(
        "{s:s, s:s, s:o, s:s, s:o, s:b, s:I, s:I, s:I, s:o}", "arch", arch_format(&d->arch, arch),
        "canonical", arch_format(&d->canonical, canonical), "options",
        options_json(d->study->space, &d->arch), "metric", cost_metric_name(d->study->metric),
        "cost", d->cost < 0 ? json_null() : json_integer(d->cost), "meets_target", d->meets_target,
        "madds", (json_int_t)d->costs.madds, "params", (json_int_t)d->costs.params, "activations",
        (json_int_t)d->costs.activations, "ops", network_json(d->study->space, &d->network));
    return json_print(root, 15, out);
}

int describe_print(const struct study *study, const char *arch, bool json, FILE *out,
                   struct errmsg *err)
{
    struct description description;
    int rc = make_description(study, arch, &description, err);

    if (rc < 0)
        return rc;
    if (json)
        rc = print_json(&description, out);
    else
        print_text(&description, out);
    if (rc < 0)
        errmsg_set(err, rc, "no memory for the description");
    network_clear(&description.network);
    return rc;
}
