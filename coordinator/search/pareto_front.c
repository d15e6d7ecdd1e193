#include "coordinator/search/pareto_front.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void pareto_front_clear(struct pareto_front *front)
{
    free(front->at);
    *front = (struct pareto_front){ 0 };
}

/* The first that costs as much or more. */
static size_t find_place(const struct pareto_front *front, int64_t cost)
{
    size_t low = 0, high = front->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (front->at[middle].cost < cost)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_covered(const struct pareto_front *front, size_t place,
                       const struct candidate *candidate)
{
    if (place > 0 && reward_compare(front->at[place - 1].reward, candidate->reward) >= 0)
        return true;
    return place < front->n && front->at[place].cost == candidate->cost &&
           candidate_compare(&front->at[place], candidate) <= 0;
}

static int make_room(struct pareto_front *front)
{
    size_t room = front->room ? 2 * front->room : 16;
    struct candidate *grown;

    if (front->n < front->room)
        return 0;
    grown = realloc(front->at, room * sizeof *grown);
    if (!grown)
        return -ENOMEM;
    front->at = grown;
    front->room = room;
    return 0;
}

int pareto_front_offer(struct pareto_front *front, const struct candidate *candidate)
{
    size_t place = find_place(front, candidate->cost), end = place;

    if (is_covered(front, place, candidate))
        return 0;
    if (make_room(front) < 0)
        return -ENOMEM;
    while (end < front->n && reward_compare(front->at[end].reward, candidate->reward) <= 0)
        end++; /* these are covered from now on */
    memmove(&front->at[place + 1], &front->at[end], (front->n - end) * sizeof *front->at);
    front->at[place] = *candidate;
    front->n = front->n - (end - place) + 1;
    return 0;
}
