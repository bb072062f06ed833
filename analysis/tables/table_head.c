#include "table_head.h"

#include "formats.h"
#include "json.h"
#include "numbers.h"
#include "streams.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#define COLUMNS_MIN 40
#define INDENT      4 /* of lines that go on */

enum output_format table_output_format(enum table_format format)
{
    return format == TABLE_CSV ? OUTPUT_CSV : format == TABLE_JSON ? OUTPUT_JSON : OUTPUT_TEXT;
}

/* "12 accepted, 1 rejected" of the statuses that occur, pending ones not included. */
static void print_statuses(FILE *out, const uint64_t counts[N_STATUSES])
{
    bool is_first = true;
    for (int s = STATUS_PENDING + 1; s < N_STATUSES; s++)
        if (counts[s] > 0) {
            fprintf(out, "%s%" PRIu64 " %s", is_first ? "" : ", ", counts[s], status_names[s]);
            is_first = false;
        }
}

void table_head(const struct reader *reader, const struct selection *selection, FILE *out)
{
    uint64_t total[N_STATUSES] = {0}, n_jobs = 0;
    char names[LABEL_MAX];
    for (size_t c = 0; c < reader->n_configs; c++) {
        uint64_t counts[N_STATUSES];
        reader_count(reader, c, counts);
        for (int s = 0; s < N_STATUSES; s++)
            total[s] += counts[s];
    }
    for (int s = 0; s < N_STATUSES; s++)
        n_jobs += total[s];

    fprintf(out, "%s", reader->path);
    fprintf(out, "%s", *reader->name ? ": " : "");
    for (const char *c = reader->name; *c; c++) /* nothing in it must steer the terminal */
        fputc((unsigned char)*c < 0x20 || *c == 0x7f ? ' ' : *c, out);
    fprintf(out, "\n%zu configuration%s x %zu replicate%s", reader->n_configs, reader->n_configs == 1 ? "" : "s",
            reader->n_replicates, reader->n_replicates == 1 ? "" : "s");
    char shard[SHARD_TEXT_MAX];
    shard_format(&reader->shard, shard);
    if (reader->shard.n > 1)
        fprintf(out, ", shard %s", shard);
    fprintf(out, " = %" PRIu64 " job%s: ", n_jobs, n_jobs == 1 ? "" : "s");
    if (total[STATUS_PENDING] > 0)
        fprintf(out, "UNFINISHED, %" PRIu64 " done (%.1f %%)", n_jobs - total[STATUS_PENDING],
                number_percent(n_jobs - total[STATUS_PENDING], n_jobs));
    else
        fprintf(out, "complete");
    fprintf(out, "\n");
    if (total[STATUS_PENDING] < n_jobs) {
        print_statuses(out, total);
        fprintf(out, "\n");
    }
    selection_swept(reader, names);
    table_wrapped("swept:", names, out);
    if (selection->n < reader->n_configs)
        fprintf(out, "shown: %zu of the configurations\n", selection->n);
}

/* How far lines go: to the terminal's width or COLUMNS, if it is narrower than tables are. */
static int last_column(FILE *out)
{
    int n = stream_columns(out);
    return n < COLUMNS_MIN ? COLUMNS_MIN : n > TABLE_COLUMNS_MAX ? TABLE_COLUMNS_MAX : n;
}

static int begin_line(FILE *out)
{
    return fprintf(out, "\n%*s", INDENT - 1, "") - 1;
}

/* Prints words behind the `column` columns of a line, broken at their blanks. Returns the columns of the last line. */
static int print_words(const char *words, int length, int column, FILE *out)
{
    const int last = last_column(out);
    for (const char *end = words + length; words < end; words += strspn(words, " ")) {
        int n = (int)strcspn(words, " ");
        n = n > end - words ? (int)(end - words) : n;
        if (column + 1 + n > last && column >= INDENT)
            column = begin_line(out);
        column += fprintf(out, " %.*s", n, words);
        words += n;
    }
    return column;
}

void table_wrapped(const char *word, const char *text, FILE *out)
{
    const int last = last_column(out);
    int column = fprintf(out, "%s", word);
    for (const char *item = text; *item; item += strspn(item, " ")) {
        const char *comma = strchr(item, ',');
        int length = comma ? (int)(comma - item) + 1 : (int)strlen(item);
        if (column + 1 + length > last && INDENT + length <= last)
            column = begin_line(out);
        column = print_words(item, length, column, out);
        item += length;
    }
    fprintf(out, "\n");
}

void table_prose(FILE *out, const char *word, const char *format, ...)
{
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    print_words(text, (int)strlen(text), fprintf(out, "%s", word), out);
    fprintf(out, "\n");
}

void table_filled(FILE *out, const char *format, ...)
{
    const int last = last_column(out);
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (last >= TABLE_COLUMNS_MAX) {
        fputs(text, out);
        return;
    }
    int column = 0;
    for (const char *word = text + strspn(text, " \n"); *word; word += strspn(word, " \n")) {
        int n = (int)strcspn(word, " \n");
        bool fits = column + 1 + n <= last;
        column = fprintf(out, "%s%.*s", column == 0 ? "" : fits ? " " : "\n", n, word) + (fits ? column : -1);
        word += n;
    }
    fprintf(out, "\n");
}

/* Takes out what a number can do without: the 0 before its point, a point that ends it, zeros of its exponent. */
static void shorten(char *text)
{
    char *digits = text + (*text == '-'), *exponent = strchr(text, 'e');
    if (exponent) {
        char *number = exponent + 2;
        while (*number == '0')
            number++;
        memmove(exponent + (exponent[1] == '-' ? 2 : 1), number, strlen(number) + 1);
        if (exponent > text && exponent[-1] == '.')
            memmove(exponent - 1, exponent, strlen(exponent) + 1);
    } else if (*digits && digits[strlen(digits) - 1] == '.') {
        digits[strlen(digits) - 1] = '\0';
    }
    if (strspn(digits, "0.") == strlen(digits) && *digits)
        memcpy(text, "0", 2);
    else if (digits[0] == '0' && digits[1] == '.')
        memmove(digits, digits + 1, strlen(digits));
}

void table_number(double value, int n_digits, char text[TABLE_NUMBER_MAX])
{
    snprintf(text, TABLE_NUMBER_MAX, isnan(value) ? "-" : "%#.*g", n_digits, value);
    shorten(text);
}

void table_number_within(double value, int n_digits, int width, char text[TABLE_NUMBER_MAX])
{
    do
        table_number(value, n_digits, text);
    while ((int)strlen(text) > width && --n_digits > 0);
}

void table_fixed(double value, int n_decimals, char text[TABLE_NUMBER_MAX])
{
    snprintf(text, TABLE_NUMBER_MAX, isnan(value) ? "-" : "%.*f", n_decimals, value);
    shorten(text);
}

void table_json_head(const struct reader *reader, FILE *out)
{
    fprintf(out, "  \"file\": ");
    json_text(out, reader->path);
    fprintf(out, ",\n  \"name\": ");
    json_text(out, reader->name);
    fprintf(out, ",\n  \"configurations\": %zu,\n  \"replicates\": %zu,\n", reader->n_configs, reader->n_replicates);
    if (reader->shard.n > 1)
        fprintf(out, "  \"shard\": [%" PRIu64 ", %" PRIu64 "],\n", reader->shard.index, reader->shard.n);
}
