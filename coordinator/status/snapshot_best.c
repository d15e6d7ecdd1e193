#include "coordinator/status/parts.h"
#include "coordinator/status/results.h"
#include "coordinator/status/results_best.h"
#include "coordinator/status/snapshot_build.h"

Layernas__Pareto *build_pareto(struct build *build)
{
    Layernas__Pareto *pareto = build_message(build, &layernas__pareto__descriptor);
    const struct candidate *front;
    struct rows rows;
    size_t n;

    if (!pareto)
        return NULL;
    front = campaign_pareto(build->coordinator->campaign, &n);
    rows = build_rows(build, n);
    pareto->total = n;
    pareto->candidates = build_list(build, rows.n);
    for (size_t i = rows.first; i < rows.first + rows.n && pareto->candidates; i++) {
        Layernas__Candidate *candidate = build_candidate(build, &front[i], &front[i].canonical);

        if (!candidate)
            break;
        pareto->candidates[pareto->n_candidates++] = candidate;
    }
    return pareto;
}

static Layernas__Part *build_part(struct build *build, const struct part *part)
{
    Layernas__Part *message = build_message(build, &layernas__part__descriptor);

    if (!message)
        return NULL;
    message->name = build_text(build, part->name);
    message->option = build_text(build, part->option);
    message->channels = (uint32_t)part->out.channels;
    message->height = (uint32_t)part->out.height;
    message->width = (uint32_t)part->out.width;
    message->madds = part->costs.madds;
    message->params = part->costs.params;
    return message;
}

static void fill_network(struct build *build, const struct arch *arch, Layernas__Best *best)
{
    struct part parts[PARTS_MAX];
    size_t n = network_parts(build->coordinator->study->space, arch, parts);

    best->network = build_list(build, n);
    for (size_t i = 0; i < n && best->network; i++) {
        best->network[i] = build_part(build, &parts[i]);
        if (!best->network[i])
            break;
        best->n_network++;
    }
}

Layernas__Best *build_best(struct build *build)
{
    const struct campaign *campaign = build->coordinator->campaign;
    Layernas__Best *best = build_message(build, &layernas__best__descriptor);
    struct results_best found = results_best(campaign);
    char directory[RESULTS_PATH_SIZE];
    struct candidate searched;

    if (!best)
        return NULL;
    best->results = build_text(build, results_directory(build->coordinator, directory));
    if (campaign_best(campaign, &searched, 1) > 0)
        best->search = build_candidate(build, &searched, &searched.canonical);
    if (found.retrained) {
        best->winner = build_candidate(build, &found.candidate, &found.candidate.canonical);
        best->winner_percent = found.winner.mean_percent;
        best->test_correct = found.winner.test.correct;
        best->test_total = found.winner.test.total;
    }
    if (found.found)
        fill_network(build, &found.candidate.canonical, best);
    return best;
}
