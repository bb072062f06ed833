#include "layout.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define LETTER 0.55 /* width of the mean letter of a sans-serif font, generously, in its size */

#define LEGEND_SIZE  10.0 /* of its letters */
#define LEGEND_LINE  18.0
#define LEGEND_BELOW 4.0
#define LEGEND_KEY   25.0 /* from an entry's line to its text */
#define LEGEND_GAP   14.0

/* ColorBrewer's Set2, and for the eighth a blue that is not the grey of everything else. */
const uint32_t layout_task_colours[TASKS_MAX] = {COLOUR_TASK_1, COLOUR_TASK_2, 0x8da0cbu, 0xe78ac3u,
                                                 0x8fb935u,     0xe0b800u,     0xb08d57u, 0x3c6ea5u};

struct ri_options figure_ri(const struct figure_request *request, size_t i)
{
    struct ri_options ri = request->ri;
    if (request->pairs) {
        ri.task_a = request->pairs->pairs[i].a;
        ri.task_b = request->pairs->pairs[i].b;
    }
    return ri;
}

void figure_label(const struct figure_request *request, const struct reader *reader, const struct selection *selection,
                  size_t i, char label[LABEL_MAX])
{
    char text[TASK_PAIR_LABEL_MAX];
    selection_label(reader, selection->configs[i], label);
    if (!request->pairs || !request->pairs->is_all)
        return;
    task_pairs_text(request->pairs, reader, i, text);
    size_t used = strlen(label), n = strlen(text) + 2;
    if (used + n >= LABEL_MAX)
        used = LABEL_MAX - n - 1;
    snprintf(label + used, LABEL_MAX - used, ", %s", text);
}

void layout_panel(const struct gnuplot *figure, const struct box *box)
{
    fprintf(figure->script,
            "set lmargin at screen %.6f\nset rmargin at screen %.6f\nset tmargin at screen %.6f\n"
            "set bmargin at screen %.6f\n",
            box->left / figure->width, (box->left + box->width) / figure->width, 1 - box->top / figure->height,
            1 - (box->top + box->height) / figure->height);
}

void layout_text(const struct gnuplot *figure, double x, double y, enum layout_align align, double size,
                 uint32_t colour, bool rotated, const char *text)
{
    static const char *const names[] = {"left", "center", "right"};
    fprintf(figure->script, "set label ");
    gnuplot_write_string(figure->script, text);
    fprintf(figure->script, " at screen %.6f,%.6f %s font ',%g' textcolor rgb '#%06" PRIx32 "'%s front\n",
            x / figure->width, 1 - y / figure->height, names[align], size, colour, rotated ? " rotate" : "");
}

double layout_text_width(const char *text, double size)
{
    return LETTER * size * (double)strlen(text);
}

size_t layout_wrap(const char *label, double width, double size, char lines[LAYOUT_LINES_MAX][LABEL_MAX])
{
    size_t n = 1;
    lines[0][0] = '\0';
    while (*label) {
        const char *comma = strstr(label, ", "), *semicolon = strstr(label, "; "); /* between tasks */
        comma = !comma || (semicolon && semicolon < comma) ? semicolon : comma;
        size_t length = comma ? (size_t)(comma - label) + 2 : strlen(label);
        size_t used = strlen(lines[n - 1]);
        if (used > 0 && LETTER * size * (double)(used + length) > width) {
            if (n == LAYOUT_LINES_MAX) {
                snprintf(lines[n - 1] + used, LABEL_MAX - used, "...");
                return n;
            }
            lines[n++][0] = '\0';
            used = 0;
        }
        snprintf(lines[n - 1] + used, LABEL_MAX - used, "%.*s", (int)length, label);
        label += length;
    }
    return n;
}

const char *layout_title(const struct reader *reader, const char *title)
{
    return title ? title : reader->name;
}

void layout_page_title(const struct gnuplot *figure, double left, const char *name)
{
    const double size = 12;
    char title[LABEL_MAX];
    size_t n_max = (size_t)((figure->width - left) / (LETTER * size)), n = 0, end = 0;

    /* Letters are counted, not bytes: those that go on a UTF-8 sequence do not count. */
    for (; name[end] && end < LABEL_MAX - 8 && n <= n_max; end++)
        n += ((unsigned char)name[end] & 0xc0) != 0x80;
    bool is_cut = name[end] != '\0' || n > n_max;
    if (is_cut)
        for (size_t dropped = 0; end > 0 && dropped < 4;)
            dropped += ((unsigned char)name[--end] & 0xc0) != 0x80;
    snprintf(title, sizeof title, "%.*s%s", (int)end, name, is_cut ? "..." : "");
    if (*title)
        layout_text(figure, left, 16, ALIGN_LEFT, size, COLOUR_TEXT, false, title);
}

static double item_width(const struct legend_item *item)
{
    return (item->style ? LEGEND_KEY : 0) + layout_text_width(item->text, LEGEND_SIZE);
}

double layout_legend_width(const struct legend_item *items, size_t n, double left)
{
    double width = 0;
    for (size_t i = 0; i < n; i++)
        width = fmax(width, left + item_width(&items[i]) + LEGEND_GAP);
    return width;
}

/* Moves (*x, *line) to where the next entry of a legend starts; returns its own place. */
static double place_item(const struct legend_item *item, double left, double width, double *x, size_t *line)
{
    double own = item_width(item);
    if (*x > left && *x + own > width) {
        *x = left;
        (*line)++;
    }
    double place = *x;
    *x += own + LEGEND_GAP;
    return place;
}

double layout_legend_height(const struct legend_item *items, size_t n, double left, double width)
{
    double x = left;
    size_t line = 0;
    for (size_t i = 0; i < n; i++)
        place_item(&items[i], left, width, &x, &line);
    return n ? LEGEND_LINE * (double)(line + 1) + LEGEND_BELOW : 0;
}

void layout_legend(const struct gnuplot *figure, const struct legend_item *items, size_t n, double left, double top)
{
    double next = left;
    size_t line = 0;
    for (size_t i = 0; i < n; i++) {
        const struct legend_item *item = &items[i];
        double x = place_item(item, left, figure->width, &next, &line), y = top + LEGEND_LINE * ((double)line + 0.5);
        double shown_y = 1 - y / figure->height;
        if (!item->style)
            x -= LEGEND_KEY; /* nothing to show */
        else if (item->is_point)
            fprintf(figure->script, "set label '' at screen %.6f,%.6f point %s front\n", (x + 12) / figure->width,
                    shown_y, item->style);
        else
            fprintf(figure->script, "set arrow from screen %.6f,%.6f to screen %.6f,%.6f nohead %s\n",
                    x / figure->width, shown_y, (x + 20) / figure->width, shown_y, item->style);
        layout_text(figure, x + LEGEND_KEY, y, ALIGN_LEFT, LEGEND_SIZE, COLOUR_TEXT, false, item->text);
    }
}

void layout_axes(const struct gnuplot *figure)
{
    fprintf(figure->script,
            "set border 3 lw 0.8 lc rgb '#%06x'\nset tics out nomirror scale 0.4 font ',9.5' textcolor rgb '#%06x'\n"
            "set xtics offset 0,0.4\nunset key\n",
            COLOUR_GREY, COLOUR_TEXT);
}

void layout_logarithmic(const struct gnuplot *figure, char axis, double low, double high, double end, int n_max)
{
    /* 1, 2 and 5 times powers of ten; over many decades powers alone, over still more every n-th. */
    double decades = log10(high / low);
    int step = (int)fmax(1, ceil(decades / n_max)), first = (int)floor(log10(low)), last = (int)floor(log10(high));
    bool has_digits = 3 * decades <= 2 * n_max;
    const char *separator = "";
    fprintf(figure->script, "set %crange [%.6g:%.6g]\nset logscale %c\nset %ctics (", axis, low, end, axis, axis);
    for (int power = first + (step - (first % step + step) % step) % step; power <= last; power += step)
        for (int digit = 1; digit <= 5; digit += digit == 1 ? 1 : 3) {
            if ((digit != 1 && !has_digits) || digit * pow(10, power) > high * (1 + 1e-9))
                continue;
            fprintf(figure->script, "%s%de%d", separator, digit, power);
            separator = ", ";
        }
    fprintf(figure->script, ")\n");
}

void layout_y_range(const struct gnuplot *figure, double low, double high, double room, bool is_logarithmic)
{
    if (is_logarithmic)
        layout_logarithmic(figure, 'y', low / pow(high / low, 0.02), high, high * pow(high / low, 1 / (1 - room) - 1),
                           8);
    else
        fprintf(figure->script, "set yrange [%.6g:%.6g]\nset ytics 0,%.6g\n", low, low + (high - low) / (1 - room),
                layout_step(high - low, 5));
}

double layout_step(double range, int n_max)
{
    double step = pow(10, floor(log10(range / n_max)));
    if (range / step > n_max * (1 + 1e-9))
        step *= range / (2 * step) <= n_max * (1 + 1e-9) ? 2 : range / (5 * step) <= n_max * (1 + 1e-9) ? 5 : 10;
    return step;
}

enum error_code layout_check_count(const struct reader *reader, const struct selection *selection, struct error *error)
{
    char names[LABEL_MAX];
    if (selection->n <= LAYOUT_CONFIGS_MAX)
        return ERROR_NONE;
    selection_swept(reader, names);
    bool has_pairs = selection->configs[0] == selection->configs[1]; /* one configuration, several times */
    return error_set(
        error, ERROR_INPUT,
        "%s: a figure shows at most %d configurations%s, these are %zu: choose some with --where KEY=VALUE "
        "(swept: %s)%s",
        reader->path, LAYOUT_CONFIGS_MAX, has_pairs ? " and pairs of tasks" : "", selection->n, names,
        has_pairs ? " or --pair A-B" : "");
}

void layout_layers_text(uint64_t layers, char text[LABEL_MAX])
{
    bool is_one = (layers & (layers - 1)) == 0;
    snprintf(text, LABEL_MAX, layers == 0 ? "all hidden layers" : is_one ? "layer" : "layers");
    const char *separator = " ";
    for (int layer = 1; layer <= LAYERS_MAX; layer++)
        if (layers >> (layer - 1) & 1) {
            size_t used = strlen(text);
            snprintf(text + used, LABEL_MAX - used, "%s%d", separator, layer);
            separator = ", ";
        }
}

bool layout_ri_text(const struct ri_options *options, char text[LABEL_MAX])
{
    bool is_divided = options->normalise == NORMALISE_LAYER, is_cut = options->unimportant_below != UNIMPORTANT_BELOW;
    char below[64] = "";
    if (is_cut)
        snprintf(below, sizeof below, "unimportant: below %g of the layer's mean", options->unimportant_below);
    snprintf(text, LABEL_MAX, "%s%s%s", is_divided ? "importances divided by their sum over the layer" : "",
             is_divided && is_cut ? "; " : "", below);
    return is_divided || is_cut;
}

uint32_t layout_ri_colour(double ri)
{
    return layout_blend(COLOUR_TASK_2, COLOUR_TASK_1, (ri + 1) / 2);
}

uint32_t layout_blend(uint32_t a, uint32_t b, double share)
{
    uint32_t result = 0;
    for (int shift = 0; shift < 24; shift += 8) {
        double from = (double)(a >> shift & 255), to = (double)(b >> shift & 255);
        result |= (uint32_t)lround(from + share * (to - from)) << shift;
    }
    return result;
}
