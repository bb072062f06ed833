#include "layout.h"

#include "text.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define LEGEND_SIZE FONT_TEXT
#define LEGEND_LINE 14.0
#define LEGEND_KEY  25.0 /* from an entry's line to its text */
#define RAMP_WIDTH  170.0
#define RAMP_HEIGHT 8.0
#define RAMP_STEPS  48
#define TITLE_LINE  16.0
#define COMMON_LINE 13.0
#define HEAD_ABOVE  6.0
#define LEGEND_GAP  12.0

struct ri_options figure_ri(const struct figure_request *request, size_t i)
{
    struct ri_options ri = request->ri;
    if (request->pairs) {
        ri.task_a = request->pairs->pairs[i].a;
        ri.task_b = request->pairs->pairs[i].b;
    }
    return ri;
}

struct ri_options figure_common_ri(const struct figure_request *request)
{
    struct ri_options ri = request->ri;
    const struct task_pairs *pairs = request->pairs;
    for (size_t i = 0; pairs && i < pairs->selection.n; i++) {
        ri.task_a = i == 0 || ri.task_a == pairs->pairs[i].a ? pairs->pairs[i].a : -1;
        ri.task_b = i == 0 || ri.task_b == pairs->pairs[i].b ? pairs->pairs[i].b : -1;
    }
    return ri;
}

/* Appends; what does not fit is left out. */
static void append(char label[LABEL_MAX], const char *separator, const char *text)
{
    size_t used = strlen(label);
    snprintf(label + used, LABEL_MAX - used, "%s%.*s", used ? separator : "", LABEL_MAX / 2, text);
}

/* Whether all of the selection have the same value. */
static bool is_common(const struct reader *reader, const struct selection *selection, const struct hyperparameter *key)
{
    for (size_t i = 1; i < selection->n; i++)
        if (!hyperparameter_equal(&reader->configs[selection->configs[0]], &reader->configs[selection->configs[i]],
                                  key))
            return false;
    return true;
}

/* The swept hyperparameters that are common to the selection, or those that are not. */
static void append_values(const struct reader *reader, const struct selection *selection, size_t config, bool common,
                          char label[LABEL_MAX])
{
    for (int i = 0; i < n_hyperparameters; i++) {
        const struct hyperparameter *key = &hyperparameter_table[i];
        char value[HYPERPARAMETER_FORMAT_MAX], text[LABEL_MAX];
        if (!reader->swept[i] || is_common(reader, selection, key) != common)
            continue;
        hyperparameter_format(&reader->configs[config], key, value);
        snprintf(text, sizeof text, "%s = %.*s", key->name, LABEL_MAX - 64, value);
        append(label, ", ", text);
    }
}

#define MODELS_TEXT_MAX 64

/* "12 models", or "5 of 12 models": those that are shown, of the accepted ones. */
static void models_text(const struct reader *reader, size_t config, size_t n, char text[MODELS_TEXT_MAX])
{
    size_t n_accepted = models_accepted(reader, config);
    if (n < n_accepted)
        snprintf(text, MODELS_TEXT_MAX, "%zu of %zu models", n, n_accepted);
    else
        snprintf(text, MODELS_TEXT_MAX, "%zu model%s", n, n == 1 ? "" : "s");
}

static bool models_are_common(const struct reader *reader, const struct selection *selection, const size_t *n_models)
{
    size_t n_accepted = models_accepted(reader, selection->configs[0]);
    bool is_sampled = n_models[0] < n_accepted;
    for (size_t i = 1; i < selection->n; i++)
        if (n_models[i] != n_models[0] ||
            (models_accepted(reader, selection->configs[i]) != n_accepted &&
             (is_sampled || n_models[i] < models_accepted(reader, selection->configs[i]))))
            return false;
    return true;
}

void figure_label(const struct figure_request *request, const struct reader *reader, const struct selection *selection,
                  size_t i, const size_t *n_models, char label[LABEL_MAX])
{
    char text[TASK_PAIR_LABEL_MAX], models[MODELS_TEXT_MAX];
    *label = '\0';
    append_values(reader, selection, selection->configs[i], false, label);
    if (request->pairs && request->pairs->is_all) {
        task_pairs_text(request->pairs, reader, i, text);
        size_t n = strlen(text) + 2;
        if (strlen(label) + n >= LABEL_MAX)
            label[LABEL_MAX - n - 1] = '\0';
        append(label, ", ", text);
    }
    if (n_models && !models_are_common(reader, selection, n_models)) {
        models_text(reader, selection->configs[i], n_models[i], models);
        append(label, "; ", models);
    }
}

size_t figure_label_lines(const struct figure_request *request, const struct reader *reader,
                          const struct selection *selection, size_t i, const size_t *n_models, double width,
                          char lines[LAYOUT_LINES_MAX][LABEL_MAX])
{
    char text[LABEL_MAX];
    figure_label(request, reader, selection, i, n_models, text);
    return *text ? layout_wrap(text, width, FONT_TEXT, lines) : 0;
}

void figure_common(const struct reader *reader, const struct selection *selection, const size_t *n_models,
                   char label[LABEL_MAX])
{
    char text[MODELS_TEXT_MAX];
    bool is_one = true;
    *label = '\0';
    for (size_t i = 1; i < selection->n; i++)
        is_one &= selection->configs[i] == selection->configs[0];
    if (is_one)
        selection_label(reader, selection->configs[0], label);
    else
        append_values(reader, selection, selection->configs[0], true, label);
    if (n_models && models_are_common(reader, selection, n_models)) {
        models_text(reader, selection->configs[0], n_models[0], text);
        append(label, "; ", text);
        if (selection->n > 1)
            append(label, " ", "each");
    }
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
    size = fmax(size, FONT_SMALL);
    fprintf(figure->script, "set label ");
    gnuplot_write_string(figure->script, text);
    fprintf(figure->script, " at screen %.6f,%.6f %s font ',%g' textcolor rgb '#%06" PRIx32 "'%s front\n",
            x / figure->width, 1 - y / figure->height, names[align], size, colour, rotated ? " rotate" : "");
}

/* Advance widths of DejaVu Sans, from the blank to the tilde, in thousandths of the size. */
static const short widths[] = {318,  401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337,
                               636,  636, 636, 636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531,
                               1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863, 748, 787,
                               603,  787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500,
                               500,  613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612,
                               635,  635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838};

/* Of the first `length` bytes. */
static double width_of(const char *text, size_t length, double size)
{
    double width = 0;
    for (size_t i = 0; i < length && text[i]; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= ' ' && c <= '~')
            width += widths[c - ' '];
        else if ((c & 0xc0) != 0x80) /* the first byte of a character */
            width += c < 0xe0 ? 690 : 1000;
    }
    return size * width / 1000;
}

double layout_text_width(const char *text, double size)
{
    return width_of(text, SIZE_MAX, size);
}

/* How many bytes of a text go into a line: up to a blank, or if not even a word fits, characters as they fit. */
static size_t line_length(const char *text, double width, double size)
{
    size_t end = strcspn(text, " "), next;
    for (; text[end]; end = next) {
        next = end + 1 + strcspn(text + end + 1, " ");
        if (width_of(text, next, size) > width)
            break;
    }
    while (end > 1 && (width_of(text, end, size) > width || end >= LABEL_MAX))
        for (end--; end > 1 && ((unsigned char)text[end] & 0xc0) == 0x80; end--)
            continue;
    return end;
}

size_t layout_wrap_words(const char *text, double width, double size, layout_line *line, void *context)
{
    size_t n = 0;
    for (text += strspn(text, " "); *text; text += strspn(text, " "), n++) {
        char shown[LABEL_MAX];
        size_t length = line_length(text, width, size);
        snprintf(shown, sizeof shown, "%.*s", (int)length, text);
        if (line)
            line(context, n, shown);
        text += length;
    }
    return n;
}

/* The first lines of a text. */
struct first_lines {
    char lines[LAYOUT_LINES_MAX][LABEL_MAX];
    size_t n, n_max;
};

static void keep_line(void *context, size_t number, const char *text)
{
    struct first_lines *kept = context;
    if (number >= kept->n_max)
        return;
    snprintf(kept->lines[number], LABEL_MAX, "%s", text);
    kept->n = number + 1;
}

/* Ends a line by "..." within the width. */
static void cut_line(char line[LABEL_MAX], double width, double size)
{
    size_t length = strlen(line);
    while (length > 0 &&
           (length > LABEL_MAX - 4 || width_of(line, length, size) + layout_text_width("...", size) > width))
        for (length--; length > 0 && ((unsigned char)line[length] & 0xc0) == 0x80; length--)
            continue;
    snprintf(line + length, 4, "...");
}

void layout_text_lines(const struct gnuplot *figure, double x, double y, enum layout_align align, double width,
                       size_t n_max, double size, uint32_t colour, const char *text)
{
    struct first_lines kept = {.n_max = n_max < LAYOUT_LINES_MAX ? n_max : LAYOUT_LINES_MAX};
    const double line = 1.25 * size;
    if (layout_wrap_words(text, width, size, keep_line, &kept) > kept.n)
        cut_line(kept.lines[kept.n - 1], width, size);
    for (size_t i = 0; i < kept.n; i++)
        layout_text(figure, x, y + line * ((double)i - ((double)kept.n - 1) / 2), align, size, colour, false,
                    kept.lines[i]);
}

size_t layout_wrap(const char *label, double width, double size, char lines[LAYOUT_LINES_MAX][LABEL_MAX])
{
    size_t n = 1, used = 0;
    lines[0][0] = '\0';
    while (*label) {
        const char *comma = strstr(label, ", "), *semicolon = strstr(label, "; "); /* between tasks */
        comma = !comma || (semicolon && semicolon < comma) ? semicolon : comma;
        size_t length = comma ? (size_t)(comma - label) + 2 : strlen(label);
        if (used > 0 && width_of(lines[n - 1], used, size) + width_of(label, length, size) > width) {
            if (n == LAYOUT_LINES_MAX) {
                snprintf(lines[n - 1] + used, LABEL_MAX - used, "...");
                return n;
            }
            lines[n++][0] = '\0';
            used = 0;
        }
        if (used == 0 && width_of(label, length, size) > width)
            length = line_length(label, width, size);
        snprintf(lines[n - 1] + used, LABEL_MAX - used, "%.*s", (int)length, label);
        used = strlen(lines[n - 1]);
        label += length;
        label += used ? strspn(label, " ") : 0;
    }
    return n;
}

const char *layout_title(const struct reader *reader, const char *title)
{
    return title ? title : reader->name;
}

/* ---- The head of a page ---- */

static double available(const struct head *head, double width)
{
    return width - head->left - LAYOUT_MARGIN;
}

static double item_width(const struct legend_item *item)
{
    return (item->style ? LEGEND_KEY : 0) + layout_text_width(item->text, LEGEND_SIZE);
}

/* Where an entry of a legend goes: from the head's left, and its first line; *x and *line move on. One that is too
 * wide for a line has lines of its own. */
static double place_item(const struct legend_item *item, double width, double *x, size_t *line)
{
    double own = item_width(item), key = item->style ? LEGEND_KEY : 0;
    if (*x > 0 && *x + own > width) {
        *x = 0;
        (*line)++;
    }
    double place = *x;
    *x += own + LEGEND_GAP;
    if (own > width) {
        *line += layout_wrap_words(item->text, width - key, LEGEND_SIZE, NULL, NULL) - 1;
        *x = width; /* the next one begins a line */
    }
    return place;
}

static double legend_height(const struct head *head, double width)
{
    double x = 0;
    size_t line = 0;
    for (size_t i = 0; i < head->n_legend; i++)
        place_item(&head->legend[i], available(head, width), &x, &line);
    return head->n_legend ? LEGEND_LINE * (double)(line + 1) : 0;
}

static size_t ramp_lines(const struct head *head, double width)
{
    return layout_wrap_words(head->ramp->name, available(head, width), LEGEND_SIZE, NULL, NULL);
}

double layout_head_height(const struct head *head, double width)
{
    size_t n_title = layout_wrap_words(head->title, available(head, width), FONT_HEAD, NULL, NULL);
    size_t n_common = layout_wrap_words(head->common, available(head, width), FONT_TEXT, NULL, NULL);
    double ramp = 0;
    if (head->ramp)
        ramp = LEGEND_LINE * (double)(ramp_lines(head, width) + 1) + RAMP_HEIGHT + 4;
    return HEAD_ABOVE + TITLE_LINE * (double)n_title + COMMON_LINE * (double)n_common + legend_height(head, width) +
           ramp + 4;
}

/* Lines of text below each other. */
struct lines {
    const struct gnuplot *figure;
    double left, top, height, size;
    uint32_t colour;
};

static void write_line(void *context, size_t number, const char *text)
{
    const struct lines *lines = context;
    layout_text(lines->figure, lines->left, lines->top + lines->height * ((double)number + 0.5), ALIGN_LEFT,
                lines->size, lines->colour, false, text);
}

static void write_legend(const struct gnuplot *figure, const struct head *head, double top)
{
    double next = 0, width = available(head, figure->width);
    size_t line = 0;
    for (size_t i = 0; i < head->n_legend; i++) {
        const struct legend_item *item = &head->legend[i];
        size_t last = line;
        bool breaks = next > 0 && next + item_width(item) > width;
        double x = head->left + place_item(item, width, &next, &line);
        double y = top + LEGEND_LINE * ((double)(last + breaks) + 0.5), shown_y = 1 - y / figure->height;
        if (item->style && item->is_point)
            fprintf(figure->script, "set label '' at screen %.6f,%.6f point %s front\n", (x + 12) / figure->width,
                    shown_y, item->style);
        else if (item->style)
            fprintf(figure->script, "set arrow from screen %.6f,%.6f to screen %.6f,%.6f nohead %s\n",
                    x / figure->width, shown_y, (x + 20) / figure->width, shown_y, item->style);
        double key = item->style ? LEGEND_KEY : 0;
        struct lines lines = {figure, x + key, y - LEGEND_LINE / 2, LEGEND_LINE, LEGEND_SIZE, COLOUR_TEXT};
        layout_wrap_words(item->text, width - key, LEGEND_SIZE, write_line, &lines);
        gnuplot_describe(figure, "%s%s", i ? "; " : " ", item->text);
    }
    gnuplot_describe(figure, "%s", head->n_legend ? "." : "");
}

static void write_ramp(const struct gnuplot *figure, const struct head *head, double top)
{
    const struct ramp *ramp = head->ramp;
    struct lines name = {figure, head->left, top, LEGEND_LINE, LEGEND_SIZE, COLOUR_TEXT};
    double width = fmin(RAMP_WIDTH, available(head, figure->width) - 20), left = head->left + 10;
    double range = ramp->high - ramp->low, y = top + LEGEND_LINE * (double)ramp_lines(head, figure->width);

    layout_wrap_words(ramp->name, available(head, figure->width), LEGEND_SIZE, write_line, &name);
    for (int i = 0; i < RAMP_STEPS; i++) {
        double share = (i + 0.5) / RAMP_STEPS;
        fprintf(figure->script,
                "set object rectangle from screen %.6f,%.6f to screen %.6f,%.6f fc rgb '#%06" PRIx32
                "' fs solid 1 noborder\n",
                (left + width * i / RAMP_STEPS) / figure->width, 1 - y / figure->height,
                (left + width * (i + 1 == RAMP_STEPS ? i + 1 : i + 1.5) / RAMP_STEPS) / figure->width,
                1 - (y + RAMP_HEIGHT) / figure->height, ramp->colour(ramp->context, ramp->low + share * range));
    }
    if (!(range > 0))
        return;
    double step = layout_step(range * ramp->scale, 4);
    if (range * ramp->scale < 2 * step) /* a single tick might be all there is */
        step = layout_step(range * ramp->scale, 8);
    for (double tick = ceil(ramp->low * ramp->scale / step - 1e-6);
         tick * step <= ramp->high * ramp->scale + step * 1e-6; tick++) {
        char text[32];
        double x = left + width * (tick * step / ramp->scale - ramp->low) / range;
        snprintf(text, sizeof text, "%g", tick == 0 ? 0 : tick * step);
        fprintf(figure->script, "set arrow from screen %.6f,%.6f to screen %.6f,%.6f nohead lw 0.8 lc rgb '#%06x'\n",
                x / figure->width, 1 - (y + RAMP_HEIGHT) / figure->height, x / figure->width,
                1 - (y + RAMP_HEIGHT + 3) / figure->height, COLOUR_GREY);
        layout_text(figure, x, y + RAMP_HEIGHT + 9, ALIGN_CENTER, FONT_SMALL, COLOUR_TEXT, false, text);
    }
    gnuplot_describe(figure, " Colours: %s, from %g to %g.", ramp->name, ramp->low * ramp->scale,
                     ramp->high * ramp->scale);
}

void layout_head(const struct gnuplot *figure, const struct head *head)
{
    double width = available(head, figure->width);
    struct lines lines = {figure, head->left, HEAD_ABOVE, TITLE_LINE, FONT_HEAD, COLOUR_TEXT};
    lines.top += TITLE_LINE * (double)layout_wrap_words(head->title, width, FONT_HEAD, write_line, &lines);
    lines.height = COMMON_LINE;
    lines.size = FONT_TEXT;
    lines.top += COMMON_LINE * (double)layout_wrap_words(head->common, width, FONT_TEXT, write_line, &lines);
    if (*head->common)
        gnuplot_describe(figure, " In all panels: %s.", head->common);
    write_legend(figure, head, lines.top);
    if (head->ramp)
        write_ramp(figure, head, lines.top + legend_height(head, figure->width));
    layout_flush(figure);
}

void layout_flush(const struct gnuplot *figure)
{
    fprintf(figure->script, "set lmargin 0\nset rmargin 0\nset tmargin 0\nset bmargin 0\nunset key\nunset border\n"
                            "unset tics\nplot [0:1] [0:1] NaN\nunset label\nunset arrow\nunset object\n"
                            "set xtics nomirror\nset ytics nomirror\n");
}

void layout_axes(const struct gnuplot *figure)
{
    fprintf(figure->script,
            "set border 3 lw 0.8 lc rgb '#%06x'\nset tics out nomirror scale 0.4 font ',%g' textcolor rgb '#%06x'\n"
            "set xtics offset 0,0.4\nunset key\nset clip two\n",
            COLOUR_LINE, FONT_SMALL, COLOUR_TEXT);
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
    bool has_own = options->selective_above > 0 || options->mixed_below > 0;
    char below[64] = "", own[96] = "";
    if (has_own)
        snprintf(own, sizeof own, "selective: |RI| > %.30s, mixed: |RI| < %.30s",
                 text_number(ri_selective_above(options)).words, text_number(ri_mixed_below(options)).words);
    if (is_cut)
        snprintf(below, sizeof below, "unimportant: below %.23s of the layer's mean",
                 text_number(options->unimportant_below).words);
    snprintf(text, LABEL_MAX, "%s%s%s%s%s", is_divided ? "importances divided by their sum over the layer" : "",
             is_divided && is_cut ? "; " : "", below, (is_divided || is_cut) && has_own ? "; " : "", own);
    return is_divided || is_cut || has_own;
}
