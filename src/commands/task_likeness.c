#include "task_likeness.h"

#include "task_check.h"
#include "task_registry.h"

#include <math.h>
#include <string.h>

enum { LINES_MAX = 24, TEXT_SHOWN = 200, PAIRS_A_LINE = 7 };

/* Whether targets are the same numbers in two configurations, but for standardising, which changes no correlation. */
static bool is_same(const struct hyperparameters *x, const struct hyperparameters *y)
{
    const uint16_t dials = task_registry_get(x->tasks)->uses.dials;
    return x->tasks == y->tasks && x->n_inputs == y->n_inputs && x->input_low == y->input_low &&
           x->input_high == y->input_high && (!(dials & 1) || x->a == y->a) && (!(dials & 2) || x->b == y->b) &&
           (!(dials & 4) || x->c == y->c);
}

/* " (a = 0.5, n_inputs = 3)": the dials that the list uses, and what else varies in the sweep. */
static void print_setting(FILE *out, const struct sweep *sweep, const struct hyperparameters *h)
{
    static const char *const names[] = {"a", "b", "c", "n_inputs", "input_low", "input_high"};
    const uint16_t dials = task_registry_get(h->tasks)->uses.dials;
    const char *before = " (";
    for (int i = 0; i < 6; i++) {
        const struct hyperparameter *row = hyperparameter_find(names[i]);
        char value[HYPERPARAMETER_FORMAT_MAX];
        if (i < 3 ? !(dials >> i & 1) : !sweep->swept[row - hyperparameter_table])
            continue;
        hyperparameter_format(h, row, value);
        fprintf(out, "%s%s = %s", before, names[i], value);
        before = ", ";
    }
    fputs(*before == ',' ? ")" : "", out);
}

static void print_correlations(FILE *out, const struct sweep *sweep, const struct hyperparameters *h)
{
    const struct task_list *list = &task_registry_get(h->tasks)->list;
    struct formula_values values = {.dials = {(float)h->a, (float)h->b, (float)h->c}};
    int n = 0;
    task_list_randoms(sweep->seed, values.randoms);
    for (int b = 1; b < list->n_tasks; b++)
        for (int a = 0; a < b; a++) {
            double r = task_correlation(&list->formulas[a], &list->formulas[b], &values, (int)h->n_inputs,
                                        (float)h->input_low, (float)h->input_high);
            fputs(n == 0 && list->n_tasks == 2 ? ": "
                  : n == 0                     ? ":\n    "
                  : n % PAIRS_A_LINE == 0      ? ",\n    "
                                               : ", ",
                  out);
            n++;
            if (isnan(r))
                fprintf(out, "%d-%d -", a + 1, b + 1);
            else
                fprintf(out, "%d-%d %.2f", a + 1, b + 1, fabs(r) < 0.005 ? 0 : r);
        }
    fputc('\n', out);
}

void task_likeness_print(FILE *out, const struct sweep *sweep)
{
    size_t shown[LINES_MAX], n = 0;
    fprintf(out, "tasks           and correlations of their targets over the inputs\n");
    for (size_t c = 0; c < sweep->n_configs; c++) {
        const struct hyperparameters *h = &sweep->configs[c];
        size_t known = 0;
        while (known < n && !is_same(&sweep->configs[shown[known]], h))
            known++;
        if (known < n)
            continue;
        if (n == LINES_MAX) {
            fprintf(out, "  ...\n");
            return;
        }
        shown[n++] = c;
        char text[TASK_LIST_NAMED_MAX];
        task_registry_named_text(h->tasks, text);
        fprintf(out, "  %.*s%s", TEXT_SHOWN, text, strlen(text) > TEXT_SHOWN ? "..." : "");
        print_setting(out, sweep, h);
        print_correlations(out, sweep, h);
    }
}
