#include "coordinator/ledger/index_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void index_set_clear(struct index_set *set)
{
    for (int l = 0; l < INDEX_SET_LEVELS; l++)
        free(set->level[l]);
    *set = (struct index_set){ 0 };
}

int index_set_reserve(struct index_set *set, size_t n)
{
    if (n > INDEX_SET_LIMIT)
        return -ERANGE;
    for (int l = 0; l < INDEX_SET_LEVELS; l++) {
        size_t words = set->words[l] ? set->words[l] : 1;
        uint64_t *grown;

        n = (n + 63) / 64;
        if (n <= set->words[l])
            continue;
        while (words < n)
            words *= 2;
        grown = realloc(set->level[l], words * sizeof *grown);
        if (!grown)
            return -ENOMEM;
        memset(grown + set->words[l], 0, (words - set->words[l]) * sizeof *grown);
        set->level[l] = grown;
        set->words[l] = words;
    }
    return 0;
}

void index_set_add(struct index_set *set, size_t i)
{
    for (int l = 0; l < INDEX_SET_LEVELS; l++, i /= 64)
        set->level[l][i / 64] |= (uint64_t)1 << i % 64;
}

void index_set_remove(struct index_set *set, size_t i)
{
    for (int l = 0; l < INDEX_SET_LEVELS; l++, i /= 64) {
        set->level[l][i / 64] &= ~((uint64_t)1 << i % 64);
        if (set->level[l][i / 64])
            break;
    }
}

/* Climbs until a word has a member at or after `from`, then descends to the smallest below it. */
size_t index_set_next(const struct index_set *set, size_t from)
{
    for (int l = 0; l < INDEX_SET_LEVELS; l++) {
        size_t word = from / 64;
        uint64_t bits;

        if (word >= set->words[l])
            break;
        bits = set->level[l][word] & (~(uint64_t)0 << from % 64);
        if (bits) {
            size_t i = word * 64 + (size_t)__builtin_ctzll(bits);

            while (l-- > 0)
                i = i * 64 + (size_t)__builtin_ctzll(set->level[l][i]);
            return i;
        }
        from = word + 1;
    }
    return INDEX_SET_NONE;
}
