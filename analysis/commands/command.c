#include "command.h"

#include <string.h>

const struct command *const commands[] = {
    &command_summary,       &command_claims,          &command_plot_training, &command_plot_ri,
    &command_plot_ri_grid,  &command_plot_heatmap,    &command_plot_measures, &command_plot_importance,
    &command_plot_ri_pairs, &command_plot_tasks,      &command_plot_lesion,   &command_plot_trend,
    &command_plot_models,   &command_plot_units,      &command_plot_ri_loss,  &command_plot_damage,
    &command_plot_claims,   &command_plot_multiverse, &command_report,        &command_export,
};
const size_t n_commands = sizeof commands / sizeof commands[0];

struct figure_request command_figure(const struct request *request)
{
    return (struct figure_request){
        .place = {.path = request->output,
                  .input = request->file,
                  .is_forced = request->is_forced,
                  .keep_script = request->keep_script,
                  .data = request->data,
                  .width_mm = request->width_mm,
                  .font = request->font,
                  .kind = request->command->name,
                  .about = request->command->summary + strlen("Draws ")},
        .title = request->title,
        .palette = request->palette,
        .ri = request->ri,
        .layers = request->layers,
    };
}
