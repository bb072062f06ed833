#include "first_texts.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *name, *text;
} texts[] = {
    {"/@Conventions", "CF-1.8"},
    {"/@coordinates",
     "N_train N_test lr epochs batch_size context_location train_mode second_task fraction hidden_size hidden_layers "
     "output_activation optimizer replay_every error_threshold max_attempts context_layer"},
    {"/attempt_error@long_name",
     "mean absolute test error at the end of each attempt; NaN if it diverged or was not made"},
    {"/attempts@long_name", "training runs the job used"},
    {"/context_layer@long_name", "context_location as the number of a hidden layer"},
    {"/context_weights@long_name", "weights from the task context to the units of layer context_layer"},
    {"/fraction@long_name", "fraction of the training samples that belong to task 1"},
    {"/hidden_layer@long_name", "hidden layer that is fed by a hidden layer"},
    {"/hidden_weights@long_name", "weights from the hidden layer before"},
    {"/importance@long_name", "importance of each hidden unit to each task, raw"},
    {"/input@long_name", "input"},
    {"/layer@long_name", "hidden layer"},
    {"/loss_change@long_name", "mean change of the test loss when the unit is silenced"},
    {"/mean_activation@long_name", "mean activation over the task's test samples"},
    {"/measure@long_name", "measure of importance"},
    {"/pair@long_name", "pair of tasks A-B"},
    {"/relative_importance@long_name", "relative importance (I_A - I_B)/(I_A + I_B); importances below "
                                       "unimportant_below times the layer's mean count as 0, both 0 gives NaN"},
    {"/replay_every@long_name", "in replay, every so many steps of task 2's phase train on task 1"},
    {"/second_task@long_name", "target of task 2; task 1 is x0 + x1"},
    {"/seed@long_name", "seed of the job's random streams"},
    {"/status@long_name", "outcome of the job"},
    {"/task@long_name", "task: 1 is x0 + x1, 2 is what second_task says of the configuration"},
    {"/test_error@long_name", "mean absolute test error after each epoch, entry 0 untrained"},
    {"/test_inputs@long_name", "inputs of the test samples"},
    {"/test_loss@long_name", "mean squared test error of the trained model"},
    {"/train_inputs@long_name", "inputs of the training samples"},
    {"/train_loss@long_name", "training loss: mean over the epoch's batches of the mean squared error before each "
                              "step; entry 0: mean squared error of the untrained model over the training set"},
    {"/train_task@long_name", "task of each training sample, 1-based; 255 where the configuration has fewer samples"},
    {"/provenance/reason@long_name", "why a job has no result"},
};

const char *first_text(const char *full_name)
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (strcmp(texts[i].name, full_name) == 0)
            return texts[i].text;
    return NULL;
}
