#include "grid.h"

#include "keys.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_SHOWN_MAX 36    /* characters of a row's or column's name that is a list of tasks */
#define SIDE_MAX        60    /* most rows and columns */
#define BLOCK_MIN       150.0 /* width: its title has to fit */
#define BLOCK_GAP       22.0
#define LABEL_SIZE      FONT_SMALL
#define TITLE_SIZE      FONT_TEXT
#define LINE_HEIGHT     12.0
#define LABELS_GAP      8.0 /* between the names of rows and what is right of them */

/* Numbers upwards, words in the file's order. */
static bool comes_before(const struct hyperparameters *a, const struct hyperparameters *b,
                         const struct hyperparameter *key)
{
    if (key->type == HYPERPARAMETER_INTEGER)
        return hyperparameter_integer(a, key) < hyperparameter_integer(b, key);
    return key->type == HYPERPARAMETER_REAL && hyperparameter_real(a, key) < hyperparameter_real(b, key);
}

/* The place of a configuration's value among the first n examples, or n. */
static size_t find_value(const struct grid *grid, const struct grid_axis *axis, size_t config)
{
    size_t i = 0;
    while (i < axis->n && axis->key &&
           !hyperparameter_equal(&grid->reader->configs[axis->examples[i]], &grid->reader->configs[config], axis->key))
        i++;
    return i;
}

/* Finds the values of `key` among the selected configurations; false if memory is short. */
static bool make_axis(const struct grid *grid, struct grid_axis *axis, const struct hyperparameter *key)
{
    *axis = (struct grid_axis){.key = key, .examples = malloc(grid->selection->n * sizeof *axis->examples)};
    if (!axis->examples)
        return false;
    for (size_t i = 0; i < grid->selection->n; i++) {
        size_t config = grid->selection->configs[i];
        if (find_value(grid, axis, config) < axis->n)
            continue;
        size_t k = axis->n++;
        for (; k > 0 && key &&
               comes_before(&grid->reader->configs[config], &grid->reader->configs[axis->examples[k - 1]], key);
             k--)
            axis->examples[k] = axis->examples[k - 1];
        axis->examples[k] = config;
        if (!key)
            break;
    }
    return true;
}

/* The hyperparameter, `other` apart, that has the most values among the selected configurations; NULL if none has more
 * than one. *is_short: memory is short. */
static const struct hyperparameter *most_values(const struct grid *grid, const struct hyperparameter *other,
                                                bool *is_short)
{
    const struct hyperparameter *best = NULL;
    size_t n_best = 1;
    for (int i = 0; i < n_hyperparameters; i++) {
        struct grid_axis axis;
        if (!grid->reader->swept[i] || &hyperparameter_table[i] == other)
            continue;
        if (!make_axis(grid, &axis, &hyperparameter_table[i])) {
            *is_short = true;
            return NULL;
        }
        if (axis.n > n_best) {
            n_best = axis.n;
            best = &hyperparameter_table[i];
        }
        free(axis.examples);
    }
    return best;
}

/* What the configurations differ in besides rows and columns, and the groups that this makes. */
static enum error_code make_groups(struct grid *grid, struct error *error)
{
    char names[LABEL_MAX] = "";
    for (int i = 0; i < n_hyperparameters; i++) {
        const struct hyperparameter *key = &hyperparameter_table[i];
        bool differs = false;
        if (!grid->reader->swept[i] || key == grid->rows.key || key == grid->columns.key)
            continue;
        for (size_t k = 1; k < grid->selection->n && !differs; k++)
            differs = !hyperparameter_equal(&grid->reader->configs[grid->selection->configs[0]],
                                            &grid->reader->configs[grid->selection->configs[k]], key);
        if (!differs)
            continue;
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", used ? "," : "", key->name);
        grid->n_others++;
    }
    return groups_make(&grid->groups, grid->reader, grid->selection, names, error);
}

enum error_code grid_make(struct grid *grid, const struct reader *reader, const struct selection *selection,
                          const char *rows_name, const char *columns_name, struct error *error)
{
    const struct hyperparameter *rows = NULL, *columns = NULL;
    bool is_short = false;

    *grid = (struct grid){.reader = reader, .selection = selection, .is_chosen = rows_name || columns_name};
    if ((rows_name && *rows_name && key_find(&rows, "rows", rows_name, rows_name, error)) ||
        (columns_name && key_find(&columns, "columns", columns_name, columns_name, error)))
        return error->code;
    if (rows && rows == columns)
        return error_set(error, ERROR_INPUT, "--rows %s --columns %s: allowed: two different hyperparameters",
                         rows->name, columns->name);
    if (!columns)
        columns = most_values(grid, rows, &is_short);
    if (!rows_name)
        rows = most_values(grid, columns, &is_short);
    if (is_short || !make_axis(grid, &grid->rows, rows) || !make_axis(grid, &grid->columns, columns))
        error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
    else
        make_groups(grid, error);
    if (error->code)
        grid_free(grid);
    return error->code;
}

bool grid_is_sparse(const struct grid *grid)
{
    return grid->selection->n > 1 && 2 * grid->selection->n <= grid->groups.n * grid->rows.n * grid->columns.n;
}

void grid_free(struct grid *grid)
{
    groups_free(&grid->groups);
    free(grid->rows.examples);
    free(grid->columns.examples);
    memset(grid, 0, sizeof *grid);
}

enum error_code grid_check_count(const struct grid *grid, size_t n_blocks, size_t n_cells_max, struct error *error)
{
    size_t n_rows = grid->rows.n, n_columns = grid->columns.n;
    char names[LABEL_MAX];
    if (n_rows <= SIDE_MAX && n_columns <= SIDE_MAX && n_rows * n_columns * n_blocks <= n_cells_max)
        return ERROR_NONE;
    selection_swept(grid->reader, names);
    return error_set(error, ERROR_INPUT,
                     "%s: this figure shows at most %zu cells and %d rows and columns, these are %zu x %zu, %zu times: "
                     "choose some with --where KEY=VALUE (swept: %s)",
                     grid->reader->path, n_cells_max, SIDE_MAX, n_rows, n_columns, n_blocks, names);
}

size_t grid_config(const struct grid *grid, size_t group, size_t row, size_t column)
{
    const struct selection *configs = &grid->groups.groups[group];
    for (size_t i = 0; i < configs->n; i++)
        if (find_value(grid, &grid->rows, configs->configs[i]) == row &&
            find_value(grid, &grid->columns, configs->configs[i]) == column)
            return configs->configs[i];
    return GRID_NO_CONFIG;
}

void grid_group_label(const struct grid *grid, size_t group, char label[LABEL_MAX])
{
    *label = '\0';
    if (grid->n_others > 0)
        groups_label(&grid->groups, grid->reader, group, label);
}

/* The name of a row or column. */
static void value_text(const struct grid *grid, const struct grid_axis *axis, size_t i,
                       char text[HYPERPARAMETER_FORMAT_MAX])
{
    *text = '\0';
    if (!axis->key)
        return;
    hyperparameter_format(&grid->reader->configs[axis->examples[i]], axis->key, text);
    size_t length = strlen(text);
    if (length <= VALUE_SHOWN_MAX)
        return;
    if (axis->key->type == HYPERPARAMETER_TASKS) { /* of a long list its length, beginning and end */
        int n_tasks = hyperparameters_n_tasks(&grid->reader->configs[axis->examples[i]]);
        char whole[HYPERPARAMETER_FORMAT_MAX];
        memcpy(whole, text, length + 1);
        snprintf(text, HYPERPARAMETER_FORMAT_MAX, "%d task%s: %.*s ... %s", n_tasks, n_tasks == 1 ? "" : "s",
                 VALUE_SHOWN_MAX / 2 - 8, whole, whole + length - VALUE_SHOWN_MAX / 2 + 8);
    }
}

/* How wide the widest name of an axis is. */
static double values_width(const struct grid *grid, const struct grid_axis *axis)
{
    double width = 0;
    for (size_t i = 0; i < axis->n; i++) {
        char text[HYPERPARAMETER_FORMAT_MAX];
        value_text(grid, axis, i, text);
        width = fmax(width, layout_text_width(text, LABEL_SIZE));
    }
    return width;
}

static size_t wrap_title(const struct grid *grid, size_t block, char lines[LAYOUT_LINES_MAX][LABEL_MAX])
{
    return *grid->titles[block] ? layout_wrap(grid->titles[block], grid->block_width, TITLE_SIZE, lines) : 0;
}

struct box grid_block(const struct grid *grid, size_t block)
{
    size_t across = block % grid->n_across, down = block / grid->n_across;
    double columns = (double)grid->columns.n, rows = (double)grid->rows.n;
    return (struct box){
        LAYOUT_MARGIN + (double)across * (grid->block_width + BLOCK_GAP) + grid->labels_width + grid->numbers_left,
        grid->top + (double)down * grid->block_height + grid->head_height,
        columns * (grid->cell_width + grid->gap) - grid->gap, rows * (grid->cell_height + grid->gap) - grid->gap};
}

struct box grid_cell(const struct grid *grid, size_t block, size_t row, size_t column)
{
    struct box box = grid_block(grid, block);
    return (struct box){box.left + (double)column * (grid->cell_width + grid->gap),
                        box.top + (double)row * (grid->cell_height + grid->gap), grid->cell_width, grid->cell_height};
}

/* Of names whose places are `distance` apart, each how manieth has room. */
static size_t skipped(double distance)
{
    return (size_t)fmax(1, ceil(LINE_HEIGHT / distance));
}

/* The width that the names of rows have, at most. */
static double names_max(const struct grid *grid)
{
    return 0.3 * gnuplot_page_width(&grid->request->place);
}

static void write_names(const struct grid *grid, size_t block)
{
    struct box box = grid_block(grid, block);
    char lines[LAYOUT_LINES_MAX][LABEL_MAX], text[HYPERPARAMETER_FORMAT_MAX];
    double left = box.left - grid->numbers_left - grid->labels_width, above = box.top - LINE_HEIGHT / 2 - 2;
    double labels = box.left - grid->numbers_left - LABELS_GAP;

    size_t n_lines = wrap_title(grid, block, lines);
    for (size_t l = 0; l < n_lines; l++)
        layout_text(&grid->gnuplot, left,
                    box.top - grid->names_height - 6 - LINE_HEIGHT * ((double)(n_lines - l) - 0.5), ALIGN_LEFT,
                    TITLE_SIZE, COLOUR_TEXT, false, lines[l]);
    if (grid->rows.key)
        layout_text(&grid->gnuplot, labels, above, ALIGN_RIGHT, LABEL_SIZE, COLOUR_GREY, false, grid->rows.key->name);
    for (size_t row = 0; row < grid->rows.n; row += skipped(grid->cell_height + grid->gap)) {
        struct box cell = grid_cell(grid, block, row, 0);
        value_text(grid, &grid->rows, row, text);
        layout_text_lines(&grid->gnuplot, labels, cell.top + cell.height / 2, ALIGN_RIGHT, names_max(grid),
                          (size_t)fmax(1, cell.height / LINE_HEIGHT), LABEL_SIZE, COLOUR_TEXT, text);
    }
    if (grid->columns.key)
        layout_text(&grid->gnuplot, box.left, box.top - grid->names_height + LINE_HEIGHT / 2 - 2, ALIGN_LEFT,
                    LABEL_SIZE, COLOUR_GREY, false, grid->columns.key->name);
    for (size_t column = 0; column < grid->columns.n;
         column += grid->is_upright ? skipped(grid->cell_width + grid->gap) : 1) {
        struct box cell = grid_cell(grid, block, 0, column);
        value_text(grid, &grid->columns, column, text);
        if (*text)
            layout_text(&grid->gnuplot, cell.left + cell.width / 2, grid->is_upright ? box.top - 4 : above,
                        grid->is_upright ? ALIGN_LEFT : ALIGN_CENTER, LABEL_SIZE, COLOUR_TEXT, grid->is_upright, text);
    }
}

double grid_room(const struct grid *grid)
{
    double labels = fmin(values_width(grid, &grid->rows), names_max(grid));
    if (grid->rows.key)
        labels = fmax(labels, layout_text_width(grid->rows.key->name, LABEL_SIZE));
    return gnuplot_page_width(&grid->request->place) - 2 * LAYOUT_MARGIN - labels - LABELS_GAP - grid->numbers_left;
}

/* How wide a cell is if all of a row fill the page. */
static double widest_cell(const struct grid *grid)
{
    return (grid_room(grid) + grid->gap) / (double)grid->columns.n - grid->gap;
}

void grid_turn(struct grid *grid)
{
    const struct grid_axis rows = grid->rows, columns = grid->columns;
    if (grid->is_chosen || widest_cell(grid) >= grid->cell_min)
        return;
    grid->rows = columns;
    grid->columns = rows;
    if (widest_cell(grid) >= grid->cell_min)
        return;
    grid->rows = rows;
    grid->columns = columns;
}

/* Fits the cells and their names into the page. */
static enum error_code fit_cells(struct grid *grid, struct error *error)
{
    double page = gnuplot_page_width(&grid->request->place) - 2 * LAYOUT_MARGIN, room = grid_room(grid);
    double n = (double)grid->columns.n, fit = widest_cell(grid);
    double names = values_width(grid, &grid->columns);
    if (fit < grid->cell_min)
        return error_set(error, ERROR_INPUT,
                         "%s: %zu columns do not fit into %g mm: choose some with --where KEY=VALUE, other --rows and "
                         "--columns, or a larger --width",
                         grid->reader->path, grid->columns.n, grid->request->place.width_mm);
    grid->cell_width = fmin(fmax(grid->cell_width, names + 6 - grid->gap), fit);
    grid->is_upright = names + 4 > grid->cell_width + grid->gap;
    grid->names_height = (grid->columns.key ? LINE_HEIGHT + (grid->is_upright ? names + 6 : LINE_HEIGHT)
                          : grid->rows.key  ? LINE_HEIGHT
                                            : 0);
    grid->labels_width = page - room - grid->numbers_left;
    double cells_width = n * (grid->cell_width + grid->gap) - grid->gap;
    if (grid->columns.key)
        cells_width = fmax(cells_width, layout_text_width(grid->columns.key->name, LABEL_SIZE));
    grid->block_width = fmin(page, fmax(BLOCK_MIN, grid->labels_width + grid->numbers_left + cells_width));
    size_t n_fit = (size_t)fmax(1, floor((page + BLOCK_GAP) / (grid->block_width + BLOCK_GAP)));
    grid->n_across = grid->n_blocks < n_fit ? grid->n_blocks : n_fit;
    return ERROR_NONE;
}

enum error_code grid_begin(struct grid *grid, struct error *error)
{
    char lines[LAYOUT_LINES_MAX][LABEL_MAX], common[LABEL_MAX];
    const struct head head = {layout_title(grid->reader, grid->request->title),
                              common,
                              grid->legend,
                              grid->n_legend,
                              grid->ramp,
                              LAYOUT_MARGIN};
    size_t n_lines = 0;

    if (fit_cells(grid, error))
        return error->code;
    figure_common(grid->reader, grid->selection, NULL, common);
    for (size_t block = 0; block < grid->n_blocks; block++) {
        size_t n = wrap_title(grid, block, lines);
        n_lines = n > n_lines ? n : n_lines;
    }
    grid->head_height = LINE_HEIGHT * (double)n_lines + (n_lines ? 4 : 0) + grid->names_height + 2;
    grid->block_height = grid->head_height + (double)grid->rows.n * (grid->cell_height + grid->gap) - grid->gap +
                         grid->numbers_below + BLOCK_GAP;
    double n_down = ceil((double)grid->n_blocks / (double)grid->n_across);
    grid->top = layout_head_height(&head, gnuplot_page_width(&grid->request->place)) + 4;
    double height = grid->top + n_down * grid->block_height - BLOCK_GAP + grid->margin_bottom;
    if (gnuplot_begin(&grid->gnuplot, &grid->request->place, head.title, height, error))
        return error->code;
    fprintf(grid->gnuplot.script, "set multiplot\n");
    layout_head(&grid->gnuplot, &head);
    for (size_t block = 0; block < grid->n_blocks; block++)
        write_names(grid, block);
    return ERROR_NONE;
}

enum error_code grid_finish(struct grid *grid, struct error *error)
{
    fprintf(grid->gnuplot.script, "unset multiplot\n");
    return gnuplot_finish(&grid->gnuplot, error);
}

size_t grid_place(const struct grid *grid, size_t config)
{
    size_t i = 0;
    while (i + 1 < grid->selection->n && grid->selection->configs[i] != config)
        i++;
    return i;
}
