#include "coordinator/status/network_json.h"

const char *network_layer_name(const struct space *space, const struct op *op)
{
    if (op->layer < 0)
        return op->layer == NETWORK_STEM ? "stem" : "head";
    return space_layer_name(space, (uint32_t)op->layer);
}

static json_t *inputs_json(const struct op *op)
{
    json_t *inputs = json_array();

    for (int i = 0; i < op_inputs(op->kind); i++)
        json_array_append_new(inputs, json_integer(op->input[i]));
    return inputs;
}

/* What only some kinds of op have. */
static json_t *details_json(const struct op *op)
{
    switch (op->kind) {
    case OP_CONV:
        return json_pack("{s:[i, i], s:i, s:i, s:i, s:b}", "kernel", op->kernel_h, op->kernel_w,
                         "stride", op->stride, "pad", op->pad, "groups", op->groups, "bias",
                         op->bias);
    case OP_POOL:
        return json_pack("{s:[i, i], s:i, s:i, s:s}", "kernel", op->kernel_h, op->kernel_w,
                         "stride", op->stride, "pad", op->pad, "pooling",
                         pooling_name(op->pooling));
    case OP_ACTIVATION:
        return json_pack("{s:s}", "activation", activation_name(op->activation));
    case OP_DENSE:
        return json_pack("{s:b}", "bias", op->bias);
    case OP_DROPOUT:
        return json_pack("{s:f}", "drop", (double)op->drop / DROP_ONE);
    default:
        return json_object();
    }
}

static json_t *op_json(const struct space *space, const struct network *network, size_t i)
{
    const struct op *op = &network->ops[i];
    struct costs costs = { 0 };
    json_t *object, *details = details_json(op);

    op_costs(network, i, space_count_rules(space), &costs);
    object = json_pack("{s:I, s:s, s:s, s:o, s:[i, i, i], s:I, s:I}", "op", (json_int_t)i, "layer",
                       network_layer_name(space, op), "kind", op_kind_name(op->kind), "inputs",
                       inputs_json(op), "output", op->out.channels, op->out.height, op->out.width,
                       "params", (json_int_t)costs.params, "madds", (json_int_t)costs.madds);
    if (object && (!details || json_object_update(object, details) < 0)) {
        json_decref(object);
        object = NULL;
    }
    json_decref(details);
    return object;
}

json_t *network_json(const struct space *space, const struct network *network)
{
    json_t *list = json_array();

    for (size_t i = 0; i < network->n_ops && list; i++)
        if (json_array_append_new(list, op_json(space, network, i)) < 0) {
            json_decref(list);
            list = NULL;
        }
    return list;
}

json_t *options_json(const struct space *space, const struct arch *arch)
{
    json_t *list = json_array();

    for (uint32_t l = 0; l < arch->n && list; l++) {
        json_t *layer = json_pack("{s:s, s:i, s:s}", "layer", space_layer_name(space, l), "option",
                                  (int)arch->option[l], "name",
                                  space_option_name(space, l, arch->option[l]));

        if (json_array_append_new(list, layer) < 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}
