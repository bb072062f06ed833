#include "task_kind.h"

#include "errors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char sum[] = "x0 + x1", product[] = "x0 * x1";

/* The shortest decimals of a float. */
static void format_factor(float factor, char text[32])
{
    for (int digits = 1; digits <= 9; digits++) {
        snprintf(text, 32, "%.*g", digits, (double)factor);
        if (strtof(text, NULL) == factor)
            return;
    }
}

void task_text(const struct hyperparameters *h, int task, char text[TASK_TEXT_MAX])
{
    bool is_product = false;
    double factor = 1;
    char number[32];
    if (task == 1)
        check(hyperparameters_parse_second_task(h->second_task, &is_product, &factor));
    format_factor(fabsf((float)factor), number);
    if (is_product || (float)factor == 1)
        snprintf(text, TASK_TEXT_MAX, "%s", is_product ? product : sum);
    else
        snprintf(text, TASK_TEXT_MAX, "x0 %c %s * x1", factor < 0 ? '-' : '+', number);
}

/* Whether a text is x0 + K * x1, or x0 - K * x1. */
static bool is_scaled_sum(const char *text)
{
    char sign, *end;
    int used = 0;
    if (sscanf(text, "x0 %c %n", &sign, &used) != 1 || (sign != '+' && sign != '-') || used == 0)
        return false;
    strtod(text + used, &end);
    return end != text + used && strcmp(end, " * x1") == 0;
}

enum pair_kind task_pair_kind(const struct hyperparameters *h, struct task_pair pair)
{
    char a[TASK_TEXT_MAX], b[TASK_TEXT_MAX];
    task_text(h, pair.a, a);
    task_text(h, pair.b, b);
    if (strcmp(a, b) == 0)
        return PAIR_IDENTICAL;
    if (strcmp(a, sum) != 0 && strcmp(b, sum) != 0)
        return PAIR_OTHER;
    const char *other = strcmp(a, sum) == 0 ? b : a;
    return strcmp(other, product) == 0 ? PAIR_UNLIKE : is_scaled_sum(other) ? PAIR_SIMILAR : PAIR_OTHER;
}

bool task_pair_find(const struct hyperparameters *h, enum pair_kind kind, struct task_pair *pair)
{
    int n_tasks = hyperparameters_n_tasks(h);
    for (int b = 1; b < n_tasks; b++)
        for (int a = 0; a < b; a++) {
            enum pair_kind found = task_pair_kind(h, (struct task_pair){a, b});
            *pair = (struct task_pair){a, b};
            if (found == kind || (kind == PAIR_OTHER && found != PAIR_IDENTICAL))
                return true;
        }
    return false;
}

bool task_is_all(const struct hyperparameters *h, const char *text)
{
    int n_tasks = hyperparameters_n_tasks(h);
    for (int t = 0; t < n_tasks; t++) {
        char other[TASK_TEXT_MAX];
        task_text(h, t, other);
        if (strcmp(other, text) != 0)
            return false;
    }
    return n_tasks > 1;
}

bool task_set_twice(struct hyperparameters *h, const char *text)
{
    struct error error;
    return strcmp(text, sum) == 0 && !hyperparameter_set_text(h, task_key(), "add1", &error);
}

const struct hyperparameter *task_key(void)
{
    return hyperparameter_find("second_task");
}
