#include "coordinator/status/network_json.h"

static const char *part_name(const struct space *space, int32_t layer)
{
    if (layer == NETWORK_STEM)
        return "stem";
    return layer == NETWORK_HEAD ? "head" : space_layer_name(space, (uint32_t)layer);
}

static json_t *inputs_json(const struct op *op)
{
    if (op->kind == OP_INPUT)
        return json_array();
    if (op->kind == OP_ADD)
        return json_pack("[i, i]", op->input[0], op->input[1]);
    return json_pack("[i]", op->input[0]);
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
        return json_pack("{s:s, s:[i, i], s:i, s:i}", "pooling", pooling_name(op->pooling),
                         "kernel", op->kernel_h, op->kernel_w, "stride", op->stride, "pad",
                         op->pad);
    case OP_ACTIVATION:
        return json_pack("{s:s}", "activation", activation_name(op->activation));
    case OP_DENSE:
        return json_pack("{s:b}", "bias", op->bias);
    default:
        return json_object();
    }
}

static json_t *op_json(const struct space *space, const struct op *op)
{
    json_t *object = json_pack("{s:s, s:s, s:o, s:[i, i, i]}", "op", op_kind_name(op->kind), "part",
                               part_name(space, op->layer), "inputs", inputs_json(op), "out",
                               op->out.channels, op->out.height, op->out.width);
    json_t *details = details_json(op);

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
        if (json_array_append_new(list, op_json(space, &network->ops[i])) < 0) {
            json_decref(list);
            list = NULL;
        }
    return list;
}
