#include "coordinator/compare/descent_print.h"

static void print_layer(const struct study *study, const struct descent_layer *layer, FILE *out)
{
    fprintf(out, "%-17.17s %7u %4u %6u ", space_layer_name(study->space, layer->layer), layer->n,
            layer->n_buckets, layer->largest);
    for (uint32_t k = 0; k < DESCENT_KEEPS; k++)
        fprintf(out, " %4.0f",
                layer->n_buckets ? 100.0 * layer->descend[k] / layer->n_buckets : 0.0);
    fputc(' ', out);
    for (uint32_t k = 0; k < DESCENT_KEEPS; k++)
        fprintf(out, " %4.2f", layer->lost[k]);
    fputc('\n', out);
}

void descent_print(const char *label, const struct study *study, const struct descent_layer *layers,
                   FILE *out)
{
    fprintf(out,
            "%.40s, %u buckets: does the best of a bucket descend from one of the best K\n"
            "of a bucket before? All architectures, one layer after the other.\n"
            "%-17s %7s %4s %6s  %-19s  %s\n%-17s %7s %4s %6s ",
            label, study->search.layernas.buckets, "", "", "", "",
            "% that do, K =", "points lost, K =", "layer", "archs", "used", "most");
    for (uint32_t side = 0; side < 2; side++) {
        for (uint32_t k = 0; k < DESCENT_KEEPS; k++)
            fprintf(out, " %4u", descent_keeps[k]);
        fputs(side == 0 ? " " : "\n", out);
    }
    for (uint32_t l = 0; l < space_n_layers(study->space); l++)
        print_layer(study, &layers[l], out);
}

static json_t *layer_json(const struct study *study, const struct descent_layer *layer)
{
    json_t *json = json_pack("{s:s, s:I, s:I, s:I}", "layer",
                             space_layer_name(study->space, layer->layer), "architectures",
                             (json_int_t)layer->n, "buckets_used", (json_int_t)layer->n_buckets,
                             "most_in_a_bucket", (json_int_t)layer->largest);
    json_t *keeps = json_array();

    for (uint32_t k = 0; k < DESCENT_KEEPS; k++)
        json_array_append_new(
            keeps, json_pack("{s:I, s:I, s:I, s:f}", "keep", (json_int_t)descent_keeps[k],
                             "descend", (json_int_t)layer->descend[k], "reached",
                             (json_int_t)layer->reached[k], "points_lost", layer->lost[k]));
    json_object_set_new(json, "keeps", keeps);
    return json;
}

json_t *descent_json(const char *label, const struct study *study,
                     const struct descent_layer *layers)
{
    json_t *all = json_array();

    for (uint32_t l = 0; l < space_n_layers(study->space); l++)
        json_array_append_new(all, layer_json(study, &layers[l]));
    return json_pack("{s:s, s:I, s:o}", "strategy", label, "buckets",
                     (json_int_t)study->search.layernas.buckets, "layers", all);
}
