#include "command.h"

const struct command *const commands[] = {
    &command_summary,       &command_claims,       &command_plot_training, &command_plot_ri,
    &command_plot_ri_grid,  &command_plot_heatmap, &command_plot_measures, &command_plot_importance,
    &command_plot_ri_pairs, &command_plot_tasks,   &command_plot_lesion,   &command_plot_trend,
    &command_plot_models,   &command_plot_units,   &command_plot_ri_loss,  &command_plot_damage,
    &command_report,        &command_export,
};
const size_t n_commands = sizeof commands / sizeof commands[0];
