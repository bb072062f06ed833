#include "claims_write.h"

#include "formats.h"

#include <math.h>
#include <string.h>

#define CONFIGS_SHOWN 6 /* in the table for people */

static const char signs[] = "+-?"; /* by decision; too few has none */

/* ---- text ---- */

/* "  WORD CONDITION: configurations 1, 3, 5 ... (40 in all)" */
static void print_condition(const char *word, const char *condition, const struct selection *configs, FILE *out)
{
    char text[1024];
    size_t used = (size_t)snprintf(text, sizeof text, "%s: configuration%s ", condition, configs->n == 1 ? "" : "s");
    for (size_t i = 0; i < configs->n && i < CONFIGS_SHOWN; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%zu", i > 0 ? ", " : "", configs->configs[i]);
    if (configs->n > CONFIGS_SHOWN)
        snprintf(text + used, sizeof text - used, " ... (%zu in all)", configs->n);
    table_wrapped(word, text, out);
}

/* A measure's name in a column of 9, in two lines: as its words are, or divided where there is only one. */
static void write_head(const char *name, int line, FILE *out)
{
    int n = (int)strcspn(name, "_"), all = (int)strlen(name);
    bool is_divided = n == all && n > 9;
    if (line == 0)
        fprintf(out, " %*.*s%s", is_divided ? 8 : 9, is_divided ? n / 2 : n, name, is_divided ? "-" : "");
    else
        fprintf(out, " %9s", is_divided ? name + n / 2 : n < all ? name + n + 1 : "");
}

static void write_overview(const struct claims *claims, FILE *out)
{
    for (int line = 0; line < 2; line++) {
        fprintf(out, "%-22s", line == 0 ? "" : "claim");
        for (int m = 0; m < claims->n_measures; m++)
            write_head(measure_table[m].name, line, out);
        fprintf(out, "\n");
    }
    for (int c = 0; c < N_CLAIMS; c++) {
        fprintf(out, "%-22s%s", claim_table[c].name, claims->results[c].a.n > 0 ? "" : "  not in this file");
        for (int m = 0; m < claims->n_measures && claims->results[c].a.n > 0; m++) {
            enum decision raw = claims->results[c].verdicts[NORMALISE_NONE][m].decision;
            enum decision by_layer = claims->results[c].verdicts[NORMALISE_LAYER][m].decision;
            const char text[] = {signs[raw], ' ', signs[by_layer], '\0'}; /* NULs for too few */
            fprintf(out, " %9s",
                    raw == CLAIM_TOO_FEW || by_layer == CLAIM_TOO_FEW ? decision_names[CLAIM_TOO_FEW] : text);
        }
        fprintf(out, "\n");
    }
}

static void write_verdict(const struct verdict *verdict, bool is_pair, FILE *out)
{
    char effect[64] = "-", numbers[64] = "";
    if (isfinite(verdict->effect.low))
        snprintf(effect, sizeof effect, "%+.3f [%+.3f, %+.3f]", verdict->effect.value, verdict->effect.low,
                 verdict->effect.high);
    else if (isfinite(verdict->effect.value))
        snprintf(effect, sizeof effect, "%+.3f", verdict->effect.value);
    if (is_pair && isfinite(verdict->mean_a))
        snprintf(numbers, sizeof numbers, " %+.2f, %+.2f", verdict->mean_a, verdict->mean_b);
    fprintf(out, "  %-9s  %*s%s", decision_names[verdict->decision], is_pair ? -25 : 0, effect, numbers);
}

static void write_claim(const struct claims *claims, int c, FILE *out)
{
    const struct claim *claim = &claim_table[c];
    const struct claim_result *result = &claims->results[c];
    fprintf(out, "\n%s: %s\n", claim->name, claim->statement);
    if (result->a.n == 0) {
        fprintf(out, "  Not in this file. It takes\n");
        table_wrapped("  a =", claim->a, out);
        if (claim->b)
            table_wrapped("  b =", claim->b, out);
        return;
    }
    table_wrapped(" ", claim->definition, out);
    print_condition("  a =", claim->a, &result->a, out);
    if (claim->b)
        print_condition("  b =", claim->b, &result->b, out);
    fprintf(out, "  %zu seeds; effect [95 %%]%s\n", result->verdicts[0][0].effect.n,
            claim->b ? ", means of a and b" : "");
    for (int n = 0; n < N_NORMALISE; n++)
        for (int m = 0; m < claims->n_measures; m++) {
            fprintf(out, "  %-16s %-6s", measure_table[m].name, n == NORMALISE_LAYER ? "/layer" : "");
            write_verdict(&result->verdicts[n][m], claim->b != NULL, out);
            fprintf(out, "\n");
        }
}

static void write_text(const struct claims *claims, const struct reader *reader, const struct selection *selection,
                       const struct ri_options *options, FILE *out)
{
    table_head(reader, selection, out);
    fprintf(out,
            "\nEach claim is an effect, a mean over seeds. + supported: its 95 %% bootstrap interval is above %g, the\n"
            "smallest effect of interest; - opposed: below it; ? undecided; too few: under %d seeds, which give no\n"
            "verdict. The first sign is for the importances as they are, the second after dividing them by their sum\n"
            "over the layer (/layer).\n"
            "An importance below %g of its layer's mean counts as 0; shares of a layer are shares of %s.\n"
            "Intervals are not corrected for the number of claims and measures.\n\n",
            CLAIM_EFFECT, CLAIM_SEEDS, options->unimportant_below,
            claims->is_of_important ? "its important units" : "all its units");
    write_overview(claims, out);
    for (int c = 0; c < N_CLAIMS; c++)
        write_claim(claims, c, out);
    fprintf(out, "\nWhy measures disagree: correlation, over the models of a configuration, of mean RI (mean of all\n"
                 "layers) with ln(test loss of task 1 / of task 2) [95 %%]. A measure that scales with the residual\n"
                 "follows the losses, whatever neurons do.\n");
    for (int n = 0; n < N_NORMALISE; n++)
        for (int m = 0; m < claims->n_measures; m++) {
            const struct loss_correlation *c = &claims->correlations[n][m];
            fprintf(out, "  %-16s %-6s", measure_table[m].name, n == NORMALISE_LAYER ? "/layer" : "");
            if (isfinite(c->low))
                fprintf(out, "  r = %+.2f [%+.2f, %+.2f]  %zu models\n", c->r, c->low, c->high, c->n);
            else
                fprintf(out, "  r = -  %zu models\n", c->n);
        }
}

static const char *shares_of(const struct claims *claims)
{
    return claims->is_of_important ? "important" : "all";
}

/* ---- CSV: a row for each claim, normalisation and measure; the correlations as claim "loss_correlation" ---- */

static void csv_configs(const struct selection *configs, FILE *out)
{
    for (size_t i = 0; i < configs->n; i++)
        fprintf(out, "%s%zu", i > 0 ? ";" : "", configs->configs[i]);
}

static void csv_row(const struct claims *claims, const struct ri_options *options, const char *name, int n, int m,
                    const char *decision, const double *numbers, size_t n_seeds, FILE *out)
{
    fprintf(out, "%s,%s,%s,%g,%s,%s,%zu", name, measure_table[m].name, normalise_names[n], options->unimportant_below,
            shares_of(claims), decision, n_seeds);
    for (int i = 0; i < 5; i++) {
        fputc(',', out);
        csv_number(out, numbers[i]);
    }
}

static void write_csv(const struct claims *claims, const struct ri_options *options, FILE *out)
{
    fprintf(
        out,
        "claim,measure,normalise,unimportant_below,shares_of,decision,n,effect,effect_low,effect_high,mean_a,mean_b,"
        "configurations_a,configurations_b\n");
    for (int c = 0; c < N_CLAIMS; c++) {
        const struct claim_result *result = &claims->results[c];
        for (int n = 0; n < N_NORMALISE; n++)
            for (int m = 0; m < claims->n_measures; m++) {
                const struct verdict *v = &result->verdicts[n][m];
                const double none[5] = {(double)NAN, (double)NAN, (double)NAN, (double)NAN, (double)NAN};
                const double numbers[5] = {v->effect.value, v->effect.low, v->effect.high, v->mean_a, v->mean_b};
                bool is_there = result->a.n > 0;
                csv_row(claims, options, claim_table[c].name, n, m,
                        is_there ? decision_names[v->decision] : "not_in_file", is_there ? numbers : none, v->effect.n,
                        out);
                fputc(',', out);
                csv_configs(&result->a, out);
                fputc(',', out);
                if (claim_table[c].b)
                    csv_configs(&result->b, out);
                fprintf(out, "\n");
            }
    }
    for (int n = 0; n < N_NORMALISE; n++)
        for (int m = 0; m < claims->n_measures; m++) {
            const struct loss_correlation *c = &claims->correlations[n][m];
            const double numbers[5] = {c->r, c->low, c->high, (double)NAN, (double)NAN};
            csv_row(claims, options, "loss_correlation", n, m, "", numbers, c->n, out);
            fprintf(out, ",,\n");
        }
}

/* ---- JSON ---- */

static void json_configs(const char *key, const struct selection *configs, FILE *out)
{
    fprintf(out, "\"%s\": [", key);
    for (size_t i = 0; i < configs->n; i++)
        fprintf(out, "%s%zu", i > 0 ? ", " : "", configs->configs[i]);
    fprintf(out, "]");
}

static void json_claim(const struct claims *claims, int c, FILE *out)
{
    const struct claim *claim = &claim_table[c];
    const struct claim_result *result = &claims->results[c];
    fprintf(out, "%s\n    {\"name\": \"%s\", \"statement\": \"%s\",\n     \"effect\": \"%s\",\n     \"a\": \"%s\", ",
            c > 0 ? "," : "", claim->name, claim->statement, claim->definition, claim->a);
    if (claim->b)
        fprintf(out, "\"b\": \"%s\",\n     ", claim->b);
    json_configs("configurations_a", &result->a, out);
    fprintf(out, ", ");
    json_configs("configurations_b", claim->b ? &result->b : &(struct selection){NULL, 0}, out);
    fprintf(out, ",\n     \"verdicts\": [");
    for (int n = 0; n < N_NORMALISE && result->a.n > 0; n++)
        for (int m = 0; m < claims->n_measures; m++) {
            const struct verdict *v = &result->verdicts[n][m];
            fprintf(out, "%s\n      {\"measure\": \"%s\", \"normalise\": \"%s\", \"decision\": \"%s\", \"effect\": ",
                    n + m > 0 ? "," : "", measure_table[m].name, normalise_names[n], decision_names[v->decision]);
            json_estimate(out, &v->effect);
            fprintf(out, ", \"mean_a\": ");
            json_number(out, v->mean_a);
            fprintf(out, ", \"mean_b\": ");
            json_number(out, v->mean_b);
            fprintf(out, "}");
        }
    fprintf(out, "]}");
}

static void write_json(const struct claims *claims, const struct reader *reader, const struct ri_options *options,
                       FILE *out)
{
    fprintf(out, "{\n");
    table_json_head(reader, out);
    fprintf(out, "  \"smallest_effect\": %g,\n  \"fewest_seeds\": %d,\n  \"unimportant_below\": ", CLAIM_EFFECT,
            CLAIM_SEEDS);
    json_number(out, options->unimportant_below);
    fprintf(out, ",\n  \"shares_of\": \"%s\",\n  \"claims\": [", shares_of(claims));
    for (int c = 0; c < N_CLAIMS; c++)
        json_claim(claims, c, out);
    fprintf(out, "\n  ],\n  \"loss_correlation\": [");
    for (int n = 0; n < N_NORMALISE; n++)
        for (int m = 0; m < claims->n_measures; m++) {
            const struct loss_correlation *c = &claims->correlations[n][m];
            struct estimate r = {c->r, c->low, c->high, c->n};
            fprintf(out, "%s\n    {\"measure\": \"%s\", \"normalise\": \"%s\", \"r\": ", n + m > 0 ? "," : "",
                    measure_table[m].name, normalise_names[n]);
            json_estimate(out, &r);
            fprintf(out, "}");
        }
    fprintf(out, "\n  ]\n}\n");
}

void claims_write(const struct claims *claims, const struct reader *reader, const struct selection *selection,
                  const struct ri_options *options, enum table_format format, FILE *out)
{
    if (format == TABLE_CSV)
        write_csv(claims, options, out);
    else if (format == TABLE_JSON)
        write_json(claims, reader, options, out);
    else
        write_text(claims, reader, selection, options, out);
}
