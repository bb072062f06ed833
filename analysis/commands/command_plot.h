/* What the commands of figures about pairs of tasks, or a statistic, have in common. */
#ifndef PICKY_COMMAND_PLOT_H
#define PICKY_COMMAND_PLOT_H

#include "command.h"
#include "sample.h"

/* The bound of selective units, as help names it. */
#define SELECTIVE RI_TEXT(RI_SELECTIVE_ABOVE)

/* How a figure of pairs of tasks is drawn, from a selection that has each configuration once for each pair. */
typedef enum error_code (*pair_figure)(struct reader *reader, const struct selection *selection,
                                       const struct figure_request *figure, const struct request *request,
                                       struct error *error);
enum error_code draw_pairs(pair_figure draw, struct reader *reader, const struct selection *selection,
                           const struct request *request, struct error *error);

/* The same of a figure which has no room for several pairs. */
enum error_code draw_pair(pair_figure draw, struct reader *reader, const struct selection *selection,
                          const struct request *request, struct error *error);

/* The one statistic that --statistic names, or `otherwise`. ERROR_INPUT if it names several. */
enum error_code one_statistic(const struct request *request, enum statistic otherwise, enum statistic *statistic,
                              struct error *error);

/* Draws a figure of one statistic: by draw_pair, or draw_pairs if it has room for several pairs; without pairs if the
 * statistic is not about any. */
enum error_code draw_statistic(pair_figure draw, bool has_room, enum statistic statistic, struct reader *reader,
                               const struct selection *selection, const struct request *request, struct error *error);

#endif
