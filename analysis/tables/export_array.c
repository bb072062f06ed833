#include "export_array.h"

#include "text.h"
#include "ticker.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define RANK_MAX (FIELD_DIMENSIONS_MAX + 2)

/* NumPy's name of a type of n bytes; of texts n characters. */
static const char *byte_order(void)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? "<" : ">";
}

static void type_name(enum field_type type, char name[16])
{
    switch (type) {
    case FIELD_F32: snprintf(name, 16, "%sf4", byte_order()); break;
    case FIELD_F64: snprintf(name, 16, "%sf8", byte_order()); break;
    case FIELD_U8: snprintf(name, 16, "|u1"); break;
    case FIELD_U16: snprintf(name, 16, "%su2", byte_order()); break;
    case FIELD_I32: snprintf(name, 16, "%si4", byte_order()); break;
    case FIELD_I64: snprintf(name, 16, "%si8", byte_order()); break;
    case FIELD_TEXT: snprintf(name, 16, "%sU%d", byte_order(), FIELD_TEXT_SIZE); break;
    }
}

/* Magic, version, length and a Python dictionary, padded so that the data begin at a multiple of 64 bytes
 * (numpy.lib.format, version 1.0). */
static void put_header(FILE *out, enum field_type type, int rank, const uint64_t *size)
{
    char name[16], shape[RANK_MAX * 24] = "", header[512];
    type_name(type, name);
    for (int d = 0; d < rank; d++)
        snprintf(shape + strlen(shape), sizeof shape - strlen(shape), "%s%" PRIu64 "%s", d ? " " : "", size[d],
                 d < rank - 1 || rank == 1 ? "," : "");
    int length =
        snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", name, shape);
    int padded = (10 + length + 1 + 63) / 64 * 64 - 10;
    fwrite("\x93NUMPY\x01\x00", 1, 8, out);
    fputc(padded & 0xff, out);
    fputc(padded >> 8, out);
    fprintf(out, "%s%*s\n", header, padded - length - 1, "");
}

/* Text as FIELD_TEXT_SIZE characters of 32 bits; bytes that are not UTF-8 become "?". */
static void put_text(FILE *out, const char *text)
{
    uint32_t characters[FIELD_TEXT_SIZE] = {0};
    const unsigned char *s = (const unsigned char *)text;
    for (int i = 0; *s && i < FIELD_TEXT_SIZE; i++) {
        int length = utf8_length(s);
        characters[i] = length ? utf8_decode(s, length) : '?';
        s += length ? length : 1;
    }
    fwrite(characters, sizeof *characters, FIELD_TEXT_SIZE, out);
}

/* Overwrites one slot's elements by what stands for "no result". */
static void mask(enum field field, void *values, size_t n_bytes)
{
    const float nan = quiet_nan();
    const double wide_nan = (double)nan;
    switch (record_fields[field].type) {
    case FIELD_F32:
        for (size_t i = 0; i < n_bytes; i += sizeof nan)
            memcpy((char *)values + i, &nan, sizeof nan);
        break;
    case FIELD_F64:
        for (size_t i = 0; i < n_bytes; i += sizeof wide_nan)
            memcpy((char *)values + i, &wide_nan, sizeof wide_nan);
        break;
    default:
        if (field != FIELD_STATUS)
            memset(values, field == FIELD_TRAIN_TASK || field == FIELD_RANK ? 0xff : 0, n_bytes);
    }
}

static enum error_code put_field(struct reader *reader, const struct selection *selection, enum field field,
                                 unsigned statuses, FILE *out, struct error *error)
{
    const struct reader_part whole = reader_whole(reader, field);
    size_t n_bytes = reader_part_bytes(field, &whole), n_at_once = reader_chunk(reader, field, &whole);
    uint64_t size[RANK_MAX] = {selection->n, reader->n_replicates};
    bool is_text = record_fields[field].type == FIELD_TEXT;

    memcpy(size + 2, whole.count, (size_t)record_fields[field].n_dimensions * sizeof *size);
    if (reader_require(reader, &field, 1, error))
        return error->code;
    char *values = malloc(n_at_once * n_bytes);
    if (!values)
        return error_set(error, ERROR_FATAL, "%s: not enough memory", reader->path);
    struct ticker ticker;
    ticker_begin(&ticker, "jobs", (uint64_t)selection->n * reader->n_replicates);
    put_header(out, record_fields[field].type, 2 + record_fields[field].n_dimensions, size);
    for (size_t i = 0; i < selection->n; i++)
        for (size_t first = 0; first < reader->n_replicates && !ferror(out); first += n_at_once) {
            size_t config = selection->configs[i], left = reader->n_replicates - first;
            size_t n = left < n_at_once ? left : n_at_once;
            if (reader_read(reader, field, config, first, n, &whole, values, error))
                goto done;
            for (size_t r = 0; r < n; r++) {
                char *slot = values + r * n_bytes, text[FIELD_TEXT_SIZE + 1] = "";
                /* status itself as it was when the file was opened: the others are masked by that */
                if (field == FIELD_STATUS)
                    *slot = (char)reader_status(reader, config, first + r);
                else if (!(statuses & 1u << reader_status(reader, config, first + r)))
                    mask(field, slot, n_bytes);
                if (is_text) {
                    memcpy(text, slot, FIELD_TEXT_SIZE);
                    put_text(out, text);
                }
            }
            if (!is_text)
                fwrite(values, n_bytes, n, out);
            ticker_add(&ticker, n);
        }
done:
    ticker_end(&ticker);
    free(values);
    return error->code;
}

/* A hyperparameter; NULL is context_layer. */
static void put_hyperparameter(const struct reader *reader, const struct selection *selection,
                               const struct hyperparameter *row, FILE *out)
{
    bool is_text = row && row->type != HYPERPARAMETER_INTEGER && row->type != HYPERPARAMETER_REAL;
    bool is_real = row && row->type == HYPERPARAMETER_REAL;
    const uint64_t size = selection->n;

    put_header(out, is_text ? FIELD_TEXT : is_real ? FIELD_F64 : FIELD_I64, 1, &size);
    for (size_t i = 0; i < selection->n; i++) {
        const struct hyperparameters *h = &reader->configs[selection->configs[i]];
        if (is_text) {
            put_text(out, hyperparameter_string(h, row));
        } else if (is_real) {
            double value = hyperparameter_real(h, row);
            fwrite(&value, sizeof value, 1, out);
        } else {
            int64_t value = row ? hyperparameter_integer(h, row) : hyperparameters_context_layer(h);
            fwrite(&value, sizeof value, 1, out);
        }
    }
}

static enum error_code no_such_variable(const struct reader *reader, const char *name, struct error *error)
{
    char names[ERROR_MESSAGE_MAX] = "";
    for (int f = 0; f < N_FIELDS; f++)
        if (reader->layout.offset[f] != UINT64_MAX)
            snprintf(names + strlen(names), sizeof names - strlen(names), "%s, ", record_fields[f].name);
    return error_set(error, ERROR_INPUT,
                     "--variable %s: %s has no such array; allowed: %scontext_layer and the names of hyperparameters",
                     name, reader->path, names);
}

enum error_code export_array(struct reader *reader, const struct selection *selection, const char *name,
                             unsigned statuses, FILE *out, struct error *error)
{
    const struct hyperparameter *row = hyperparameter_find(name);

    error->code = ERROR_NONE;
    if (row || strcmp(name, "context_layer") == 0) {
        put_hyperparameter(reader, selection, row, out);
        return ERROR_NONE;
    }
    for (int f = 0; f < N_FIELDS; f++)
        if (reader->layout.offset[f] != UINT64_MAX && strcmp(name, record_fields[f].name) == 0)
            return put_field(reader, selection, (enum field)f, statuses, out, error);
    return no_such_variable(reader, name, error);
}
