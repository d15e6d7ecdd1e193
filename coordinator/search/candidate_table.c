#include "coordinator/search/candidate_table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int candidate_compare(const struct candidate *a, const struct candidate *b)
{
    int by_reward = reward_compare(b->reward, a->reward);
    int by_identity;

    if (by_reward)
        return by_reward;
    if (a->cost != b->cost)
        return a->cost < b->cost ? -1 : 1;
    by_identity = arch_compare(&a->canonical, &b->canonical);
    return by_identity ? by_identity : arch_compare(&a->arch, &b->arch);
}

/* Costs are counted from edges->lowest in 128 bits: a latency in nanoseconds times the number of
 * buckets does not fit 64, and a double would file a cost on an edge one bucket low. */
static __int128 edges_width(const struct cost_range *edges)
{
    return (__int128)edges->highest - edges->lowest + 1;
}

int bucket_index(const struct cost_range *edges, uint32_t n_buckets, int64_t cost)
{
    if (cost < edges->lowest || cost > edges->highest)
        return -ERANGE;
    return (int)(((__int128)cost - edges->lowest) * n_buckets / edges_width(edges));
}

struct cost_range bucket_edges(const struct cost_range *edges, uint32_t n_buckets, uint32_t bucket)
{
    __int128 width = edges_width(edges);
    /* The first cost of bucket b is the least x with x n / width >= b: b width / n, rounded up. */
    __int128 first = (bucket * width + n_buckets - 1) / n_buckets;
    __int128 next = ((bucket + (__int128)1) * width + n_buckets - 1) / n_buckets;

    return (struct cost_range){ .lowest = (int64_t)(edges->lowest + first),
                                .highest = (int64_t)(edges->lowest + next - 1) };
}

struct entry {
    uint32_t bucket, interface;
    struct candidate candidate;
};

/* entries[0 .. n_kept) are in their final order, the offers since then follow. */
struct content {
    struct entry *entries;
    size_t n, n_kept, room;
    bool displaced;
};

struct candidate_table {
    uint32_t keep;
    struct content *content; /* apart, because reading a const table sorts the offers in */
};

struct candidate_table *candidate_table_new(uint32_t keep)
{
    struct candidate_table *table = calloc(1, sizeof *table);

    if (!table)
        return NULL;
    table->keep = keep;
    table->content = calloc(1, sizeof *table->content);
    if (!table->content) {
        free(table);
        return NULL;
    }
    return table;
}

void candidate_table_free(struct candidate_table *table)
{
    if (!table)
        return;
    free(table->content->entries);
    free(table->content);
    free(table);
}

static bool same_cell(const struct entry *a, const struct entry *b)
{
    return a->bucket == b->bucket && a->interface == b->interface;
}

static int entry_compare(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;

    if (a->bucket != b->bucket)
        return a->bucket < b->bucket ? -1 : 1;
    if (a->interface != b->interface)
        return a->interface < b->interface ? -1 : 1;
    return candidate_compare(&a->candidate, &b->candidate);
}

static bool holds(const struct entry *cell, size_t n, const struct arch *canonical)
{
    for (size_t i = 0; i < n; i++)
        if (arch_equal(&cell[i].candidate.canonical, canonical))
            return true;
    return false;
}

/* Sorts the offers in and trims every cell to its best. What is trimmed had `keep` better ones, and
 * later offers only add to these: so trimming early or late gives the same table. */
static void settle(const struct candidate_table *table)
{
    struct content *c = table->content;
    size_t n = 0, cell = 0;

    if (c->n_kept == c->n)
        return;
    qsort(c->entries, c->n, sizeof *c->entries, entry_compare);
    for (size_t i = 0; i < c->n; i++) {
        const struct entry *e = &c->entries[i];

        if (n == 0 || !same_cell(&c->entries[cell], e))
            cell = n;
        if (holds(&c->entries[cell], n - cell, &e->candidate.canonical))
            continue;
        if (n - cell < table->keep)
            c->entries[n++] = *e;
        else
            c->displaced = true;
    }
    c->n = c->n_kept = n;
}

static int make_room(const struct candidate_table *table)
{
    struct content *c = table->content;
    struct entry *grown;
    size_t room;

    if (c->n < c->room)
        return 0;
    settle(table); /* most offers may be displaced: then their places serve again */
    if (c->n < c->room / 2)
        return 0;
    room = c->room ? 2 * c->room : 64;
    grown = realloc(c->entries, room * sizeof *grown);
    if (!grown)
        return -ENOMEM;
    c->entries = grown;
    c->room = room;
    return 0;
}

int candidate_table_offer(struct candidate_table *table, uint32_t bucket, uint32_t interface,
                          const struct candidate *candidate)
{
    int rc = make_room(table);

    if (rc < 0)
        return rc;
    table->content->entries[table->content->n++] = (struct entry){ .bucket = bucket,
                                                                   .interface = interface,
                                                                   .candidate = *candidate };
    return 0;
}

size_t candidate_table_n(const struct candidate_table *table)
{
    settle(table);
    return table->content->n;
}

const struct candidate *candidate_table_at(const struct candidate_table *table, size_t i,
                                           uint32_t *bucket_out, uint32_t *interface_out)
{
    const struct entry *e;

    settle(table);
    assert(i < table->content->n);
    e = &table->content->entries[i];
    *bucket_out = e->bucket;
    *interface_out = e->interface;
    return &e->candidate;
}

bool candidate_table_displaced(const struct candidate_table *table)
{
    settle(table);
    return table->content->displaced;
}

static void digest_arch(struct digest_state *state, const struct arch *arch)
{
    char text[ARCH_TEXT_SIZE];

    digest_string(state, arch_format(arch, text));
}

struct digest candidate_table_digest(const struct candidate_table *table)
{
    struct digest_state state;
    struct digest digest;

    settle(table);
    digest_begin(&state, "candidate table");
    digest_integer(&state, (int64_t)table->content->n);
    for (size_t i = 0; i < table->content->n; i++) {
        const struct entry *e = &table->content->entries[i];

        digest_integer(&state, e->bucket);
        digest_integer(&state, e->interface);
        digest_arch(&state, &e->candidate.arch);
        digest_arch(&state, &e->candidate.canonical);
        digest_integer(&state, e->candidate.cost);
        digest_integer(&state, e->candidate.reward.correct);
        digest_integer(&state, e->candidate.reward.total);
    }
    digest_end(&state, &digest);
    return digest;
}
