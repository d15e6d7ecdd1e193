#include "common/study_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/table.h"

enum { LABEL_SIZE = 32, KEY_SIZE = ARCH_MAX_LAYERS * LABEL_SIZE, MOST_COSTS = 1 << 22 };

enum spelling { SPELL_DIGITS, SPELL_COLONS, SPELL_COLUMNS, SPELLINGS };

static const char *const spelling_names[SPELLINGS + 1] = { "digits", "colons", "columns", NULL };

/* ---- how a table spells architectures ---- */

/* Appends a column's name to those joined by ','. */
static void add_column(struct section *table, const char *key, yaml_node_t *node,
                       char columns[EVALUATION_COLUMNS_SIZE])
{
    const char *name = yaml_text(node);
    size_t used = strlen(columns), room = EVALUATION_COLUMNS_SIZE - used;

    if (!name || !section_plain_text(name, ",\""))
        section_fault(table, key, "a column's name, or a list of them");
    else if ((size_t)snprintf(columns + used, room, "%s%s", used ? "," : "", name) >= room)
        section_fault(table, key, "column names of over %d characters in all",
                      EVALUATION_COLUMNS_SIZE - 1);
}

/* arch: COLUMN, or arch: [COLUMN, ...], a column for each layer. */
static void read_columns(struct section *table, struct table_spec *spec, uint32_t layers,
                         unsigned *spelling)
{
    yaml_node_t *node, *item;
    size_t n = 1;

    section_require(table, "arch");
    node = table->rc ? NULL : yaml_map_get(table->doc, table->map, "arch");
    if (node && node->type == YAML_SEQUENCE_NODE) {
        *spelling = SPELL_COLUMNS;
        n = yaml_length(node);
        for (size_t i = 0; table->rc == 0 && (item = yaml_list_item(table->doc, node, i)); i++)
            add_column(table, "arch", item, spec->arch_columns);
    } else if (node) {
        add_column(table, "arch", node, spec->arch_columns);
    }
    section_choice(table, "write", spelling_names, spelling);
    if (n != (*spelling == SPELL_COLUMNS ? layers : 1))
        section_fault(table, "arch", "%zu columns; %u with `write: %s` and %u layers", n,
                      *spelling == SPELL_COLUMNS ? layers : 1, spelling_names[*spelling], layers);
}

static uint32_t most_options(const struct space *space)
{
    uint32_t most = 0;

    for (uint32_t layer = 0; layer < space_n_layers(space); layer++)
        if (space_n_options(space, layer) > most)
            most = space_n_options(space, layer);
    return most;
}

static void add_label(struct section *table, struct study *study, const char *label)
{
    char *copy;

    if (table->rc)
        return;
    if (!section_plain_text(label, ",:\"") || strlen(label) >= LABEL_SIZE) {
        section_fault(table, "labels",
                      "\"%.40s\"; 1 to %d characters, no comma, colon or quote among them", label,
                      LABEL_SIZE - 1);
        return;
    }
    for (uint32_t i = 0; i < study->n_table_labels; i++)
        if (strcmp(study->table_labels[i], label) == 0) {
            section_fault(table, "labels", "\"%s\" twice; a label for each option", label);
            return;
        }
    copy = strdup(label);
    if (!copy)
        table->rc = errmsg_set(table->err, -ENOMEM, "no memory for labels");
    else
        study->table_labels[study->n_table_labels++] = copy;
}

/* labels: [8, 16, ...], or first: 1, or nothing: options count from 0. */
static void read_labels(struct section *table, struct study *study)
{
    uint32_t n = most_options(study->space), first = 0;
    yaml_node_t *list = table->rc ? NULL : yaml_map_get(table->doc, table->map, "labels");
    char number[16];

    study->table_labels = calloc(n, sizeof *study->table_labels);
    if (!study->table_labels) {
        table->rc = errmsg_set(table->err, -ENOMEM, "no memory for labels");
        return;
    }
    section_count(table, "first", 0, 1000000, &first);
    if (list)
        section_refuse(table, "first", "together with labels");
    if (list && yaml_length(list) != n)
        section_fault(table, "labels", "%zu of them; %u, one for each option of a layer",
                      yaml_length(list), n);
    for (uint32_t i = 0; i < n && table->rc == 0; i++) {
        const char *label = number;

        snprintf(number, sizeof number, "%u", first + i);
        if (list)
            label = yaml_text(yaml_list_item(table->doc, list, i));
        add_label(table, study, label ? label : "");
    }
}

/* Without separators, only labels of one length can be told apart. */
static void check_digits(struct section *table, const struct study *study)
{
    for (uint32_t i = 1; i < study->n_table_labels && table->rc == 0; i++)
        if (strlen(study->table_labels[i]) != strlen(study->table_labels[0]))
            section_fault(table, "write", "digits, with options written %s and %s; of one length",
                          study->table_labels[0], study->table_labels[i]);
}

/* ---- its rewards ---- */

/* table_rewards one by one; none while none is read. columns point into names. */
static uint32_t reward_columns(const struct study *study, char names[EVALUATION_COLUMNS_SIZE],
                               const char *columns[STUDY_MAX_REWARDS])
{
    uint32_t n = 0;

    strcpy(names, study->table_rewards);
    table_split_columns(names, columns, STUDY_MAX_REWARDS, &n);
    return n;
}

static bool has_reward(const struct study *study, const char *name)
{
    const char *columns[STUDY_MAX_REWARDS];
    char names[EVALUATION_COLUMNS_SIZE];
    uint32_t n = reward_columns(study, names, columns);

    for (uint32_t i = 0; i < n; i++)
        if (strcmp(columns[i], name) == 0)
            return true;
    return false;
}

static void add_reward(struct section *table, yaml_node_t *node, struct study *study)
{
    const char *name = yaml_text(node);

    if (name && has_reward(study, name))
        section_fault(table, "reward", "\"%.40s\" twice; a column for each training", name);
    else if (name && strlen(name) >= EVALUATION_NAME_SIZE)
        section_fault(table, "reward", "a column's name of over %d characters",
                      EVALUATION_NAME_SIZE - 1);
    else
        add_column(table, "reward", node, study->table_rewards);
}

/* reward: COLUMN, or reward: [COLUMN, ...], a column for each training of the same network. */
static void read_rewards(struct section *table, struct study *study)
{
    yaml_node_t *node, *item;

    section_require(table, "reward");
    node = table->rc ? NULL : yaml_map_get(table->doc, table->map, "reward");
    if (node && node->type != YAML_SEQUENCE_NODE) {
        add_reward(table, node, study);
        return;
    }
    if (node && (yaml_length(node) == 0 || yaml_length(node) > STUDY_MAX_REWARDS))
        section_fault(table, "reward", "%zu columns; 1 to %d", yaml_length(node),
                      STUDY_MAX_REWARDS);
    for (size_t i = 0; node && table->rc == 0 && (item = yaml_list_item(table->doc, node, i)); i++)
        add_reward(table, item, study);
}

uint32_t study_reward_column(uint64_t seed, uint32_t n_columns)
{
    return (uint32_t)((seed % n_columns + n_columns - 1) % n_columns);
}

void study_choose_reward(struct study *study)
{
    const char *columns[STUDY_MAX_REWARDS];
    char names[EVALUATION_COLUMNS_SIZE];
    uint32_t n;

    if (study->evaluation.evaluator != EVALUATOR_TABLE)
        return;
    n = reward_columns(study, names, columns);
    strcpy(study->evaluation.table.reward_column,
           columns[study_reward_column(study->search.seed, n)]);
}

int study_read_table(const struct section *evaluate, struct study *study)
{
    static const char *const allowed[] = { "arch",   "write",  "first",   "labels",
                                           "reward", "report", "seconds", NULL };
    static const char *const separators[SPELLINGS] = { "", ":", "," };
    struct table_spec *spec = &study->evaluation.table;
    struct section table = section_open(evaluate, "table", allowed);
    unsigned spelling = SPELL_DIGITS;

    read_columns(&table, spec, space_n_layers(study->space), &spelling);
    strcpy(study->table_separator, separators[spelling]);
    read_rewards(&table, study);
    section_text(&table, "report", spec->report_column, sizeof spec->report_column);
    section_text(&table, "seconds", spec->seconds_column, sizeof spec->seconds_column);
    read_labels(&table, study);
    if (spelling == SPELL_DIGITS)
        check_digits(&table, study);
    return table.rc;
}

int study_table_key(const struct study *study, const struct arch *arch, char *key, size_t size)
{
    size_t used = 0;

    for (int layer = 0; layer < arch->n && used < size; layer++)
        used += (size_t)snprintf(key + used, size - used, "%s%s",
                                 layer ? study->table_separator : "",
                                 study->table_labels[arch->option[layer]]);
    return used < size ? 0 : -ENAMETOOLONG;
}

/* ---- costs that a table supplies ---- */

/* A whole number of table costs, -1 where the table has no such row. */
static int cost_in_table(const struct study *study, const struct table *table,
                         const struct arch *arch, int64_t *cost_out, struct errmsg *err)
{
    static const double most = (double)(INT64_C(1) << 53); /* exact in a double */
    char key[KEY_SIZE];
    double value;
    long row;

    study_table_key(study, arch, key, sizeof key);
    row = table_find(table, key);
    if (row < 0) {
        *cost_out = -1;
        return 0;
    }
    value = table_value(table, (size_t)row, 0);
    if (value < 0 || value > most || value != (double)(int64_t)value)
        return errmsg_set(
            err, -EINVAL,
            "%s: %s of architecture %s: %.17g; costs are whole numbers from 0 to 2^53",
            study->data_path, study->cost_column, key, value);
    *cost_out = (int64_t)value;
    return 0;
}

/* The next option vector, last layer fastest; from the last one back to the first. */
static void next_arch(const struct space *space, struct arch *arch)
{
    for (uint32_t layer = arch->n; layer-- > 0;) {
        if (++arch->option[layer] < space_n_options(space, layer))
            return;
        arch->option[layer] = 0;
    }
}

int study_cost_from_table(struct section *cost, const char *column, struct study *study)
{
    double size = space_size(study->space);
    struct arch arch = { .n = (uint16_t)space_n_layers(study->space) };
    struct table *table = NULL;
    int64_t *costs = NULL;

    if (size > MOST_COSTS)
        return section_fault(cost, "metric", "table, for %.0f architectures; up to %d", size,
                             MOST_COSTS);
    if (!*study->data_path)
        return section_fault(cost, "metric", "table; evaluate.data.path must say where it is");
    cost->rc = table_load(study->data_path, study->evaluation.table.arch_columns, &column, 1,
                          &table, cost->err);
    if (cost->rc < 0)
        return cost->rc;
    study->cost_table = table_digest(table);
    costs = malloc((size_t)size * sizeof *costs);
    if (!costs)
        cost->rc = errmsg_set(cost->err, -ENOMEM, "%s: no memory for costs", study->data_path);
    for (size_t i = 0; i < (size_t)size && cost->rc == 0; i++) {
        cost->rc = cost_in_table(study, table, &arch, &costs[i], cost->err);
        next_arch(study->space, &arch);
    }
    if (cost->rc == 0)
        cost->rc = cost_model_from_table(study->space, costs, (size_t)size, &study->cost_model);
    free(costs);
    table_free(table);
    return cost->rc;
}

/* ---- is the data there ---- */

static int check_rows(const struct study *study, const struct table *table, struct errmsg *err)
{
    const struct arch *arch = &study->search.layernas.default_arch;
    char key[KEY_SIZE], text[ARCH_TEXT_SIZE];

    study_table_key(study, arch, key, sizeof key);
    if (table_find(table, key) >= 0)
        return 0;
    return errmsg_set(err, -EINVAL,
                      "%s: no row with %s = %s, architecture %s; evaluate.table of %s must say "
                      "how the table writes architectures",
                      study->data_path, study->evaluation.table.arch_columns, key,
                      arch_format(arch, text), study->path);
}

static int check_table(const struct study *study, struct errmsg *err)
{
    const struct table_spec *spec = &study->evaluation.table;
    const char *columns[STUDY_MAX_REWARDS + 2];
    char names[EVALUATION_COLUMNS_SIZE];
    struct table *table;
    uint32_t n;
    int rc;

    n = reward_columns(study, names, columns);
    if (*spec->report_column)
        columns[n++] = spec->report_column;
    if (*spec->seconds_column)
        columns[n++] = spec->seconds_column;
    rc = table_load(study->data_path, spec->arch_columns, columns, n, &table, err);
    if (rc < 0)
        return rc;
    if (*spec->seconds_column)
        rc = table_check_seconds(table, n - 1, study->data_path, spec->seconds_column, err);
    if (rc == 0)
        rc = check_rows(study, table, err);
    table_free(table);
    return rc;
}

int study_check_data(const struct study *study, struct errmsg *err)
{
    if (!*study->data_path)
        return 0;
    if (study->evaluation.evaluator == EVALUATOR_TABLE)
        return check_table(study, err);
    if (study->evaluation.evaluator == EVALUATOR_SURROGATE)
        return study_check_surrogate(study, err);
    if (access(study->data_path, R_OK | X_OK) < 0)
        return errmsg_set(err, -errno, "%s: evaluate.data.path: %s: %s", study->path,
                          study->data_path, strerror(errno));
    return 0;
}
