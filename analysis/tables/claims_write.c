#include "claims_write.h"

#include "claims_writer.h"

void claims_write(const struct claims *claims, const struct reader *reader, const struct selection *selection,
                  struct claims_group group, enum table_format format, FILE *out)
{
    if (format == TABLE_CSV)
        claims_csv(claims, reader, group, out);
    else if (format == TABLE_JSON)
        claims_json(claims, reader, group, out);
    else
        claims_text(claims, reader, selection, group, out);
}
