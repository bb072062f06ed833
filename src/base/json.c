#include "json.h"

#include "text.h"

void json_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (const unsigned char *c = (const unsigned char *)text; *c;) {
        int n = utf8_length(c);
        if (n == 0)
            fputc('?', out);
        else if (*c < 0x20 || *c == 0x7f)
            fprintf(out, "\\u%04x", *c);
        else
            fprintf(out, "%s%.*s", *c == '"' || *c == '\\' ? "\\" : "", n, (const char *)c);
        c += n > 0 ? n : 1;
    }
    fputc('"', out);
}
