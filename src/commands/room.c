#include "room.h"

#include "coordinator.h"
#include "description.h"
#include "kernels.h"
#include "memory_budget.h"
#include "text.h"
#include "trainer.h"

#include <inttypes.h>
#include <string.h>

/* What a rank needs for records, rank 0 being the one that writes. */
static uint64_t record_bytes(const struct record_layout *layout, int rank)
{
    return trainer_bytes(layout) + (rank == 0 ? coordinator_bytes(layout) : 0);
}

enum error_code room_look(struct room *room, const struct sweep *sweep, const struct record_layout *layout,
                          const uint64_t *memory, int n_ranks, struct error *error)
{
    const struct kernels *widest;
    *room = (struct room){.sweep = sweep,
                          .n_least = UINT64_MAX,
                          .n_record_bytes = record_bytes(layout, 0),
                          .most = memory[0],
                          .fewest = memory[0],
                          .n_ranks = n_ranks};
    if (kernels_choose(&widest, error))
        return error->code;
    uint64_t packs = memory_less(memory[0], room->n_record_bytes); /* that the rank with most may use for them */
    for (int rank = 1; rank < n_ranks; rank++) {
        uint64_t left = memory_less(memory[rank], record_bytes(layout, rank));
        if (left > packs) {
            packs = left;
            room->most = memory[rank];
            room->n_record_bytes = record_bytes(layout, rank);
        }
        room->fewest = memory[rank] < room->fewest ? memory[rank] : room->fewest;
    }
    struct packing full = {0}, found = {0}, one = {0};
    struct shape shape = {0};
    for (size_t c = 0; c < sweep->n_configs; c++) {
        const struct hyperparameters *h = &sweep->configs[c];
        const struct shape last = shape;
        shape = shape_of(h);
        if (c == 0 || h->N_train != h[-1].N_train || !shape_equal(&shape, &last)) { /* else as before */
            full = packing_choose(widest, h, widest->lanes, MEMORY_UNLIMITED);
            found = packing_choose(widest, h, widest->lanes, packs);
            one = packing_choose(widest, h, 1, 0);
        }
        uint64_t n_one = found.n_bytes;
        if (found.n_models == 0) {
            if (room->n_unfit < ROOM_NAMED_MAX)
                room->unfit[room->n_unfit] = c;
            room->n_unfit++;
        } else {
            n_one = one.n_bytes;
        }
        if (n_one < room->n_least) {
            room->n_least = n_one;
            room->least_config = c;
        }
        if (full.n_bytes > room->largest.n_bytes) {
            room->largest = full;
            room->largest_config = c;
            room->found = found;
        }
    }
    for (int rank = 0; rank < n_ranks; rank++)
        room->n_small += memory_less(memory[rank], record_bytes(layout, rank)) < room->n_least;
    return ERROR_NONE;
}

static void label(const struct room *room, size_t config, char text[RESULTS_LABEL_MAX])
{
    results_label(&room->sweep->configs[config], room->sweep->swept, config, text);
}

enum error_code room_check(const struct room *room, struct error *error)
{
    char name[RESULTS_LABEL_MAX];
    if (room->n_unfit < room->sweep->n_configs)
        return ERROR_NONE;
    label(room, room->least_config, name);
    return error_set(error, ERROR_INPUT,
                     "%s: no configuration fits into memory: one model of %s, which needs least, takes %s and its "
                     "records %s; a rank may use %s",
                     room->sweep->path, name, text_size((double)room->n_least).words,
                     text_size((double)room->n_record_bytes).words, text_size((double)room->most).words);
}

void room_print_largest(FILE *stream, const struct room *room)
{
    const struct hyperparameters *h = &room->sweep->configs[room->largest_config];
    const struct text_words most = text_size((double)room->most);
    fprintf(stream, "the largest pack (hidden_size %" PRId64 ", %zu model%s at a time) needs %s, records %s; ",
            h->hidden_size, room->largest.n_models, room->largest.n_models == 1 ? "" : "s",
            text_size((double)room->largest.n_bytes).words, text_size((double)room->n_record_bytes).words);
    if (room->most == MEMORY_UNLIMITED)
        fprintf(stream, "what there is is not known\n");
    else if (room->most == room->fewest)
        fprintf(stream, "a rank may use %s", most.words);
    else
        fprintf(stream, "a rank may use %s to %s", text_size((double)room->fewest).words, most.words);
    if (room->most != MEMORY_UNLIMITED && room->found.n_models > 0 && room->found.n_models < room->largest.n_models)
        fprintf(stream, ": %zu at a time\n", room->found.n_models);
    else if (room->most != MEMORY_UNLIMITED)
        fprintf(stream, "\n");
}

void room_print_warnings(FILE *stream, const struct room *room)
{
    char name[RESULTS_LABEL_MAX];
    for (size_t i = 0; i < room->n_unfit && i < ROOM_NAMED_MAX; i++) {
        uint64_t n_bytes = packing_choose(room->largest.kernels, &room->sweep->configs[room->unfit[i]], 1, 0).n_bytes;
        label(room, room->unfit[i], name);
        fprintf(stream,
                "picky: warning: %s: not one model fits into memory: with its records it needs %s, a rank may use %s; "
                "its jobs end as errors\n",
                name, text_size((double)(n_bytes + room->n_record_bytes)).words, text_size((double)room->most).words);
    }
    if (room->n_unfit > ROOM_NAMED_MAX)
        fprintf(stream, "picky: warning: and %zu more configurations do not fit\n", room->n_unfit - ROOM_NAMED_MAX);
    if (room->n_small > 0 && room->n_small < room->n_ranks)
        fprintf(stream,
                "picky: warning: %d of %d ranks have too little memory for any configuration: jobs that they get end "
                "as errors\n",
                room->n_small, room->n_ranks);
}
