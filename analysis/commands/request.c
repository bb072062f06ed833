#include "request.h"

struct output_place request_place(const struct request *request, enum output_format format)
{
    return (struct output_place){request->output, format, request->file, request->is_forced};
}

enum table_format request_format(const struct request *request)
{
    return request->is_csv ? TABLE_CSV : request->is_json ? TABLE_JSON : TABLE_TEXT;
}
