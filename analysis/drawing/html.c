#include "html.h"

#include "palette.h"
#include "text.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>

#define LEVELS 32 /* of colour, in svg_cells */

/* What an HTML document must not hold, not even escaped (HTML Standard, 13.2.3.5). */
static bool is_forbidden(uint32_t c)
{
    bool is_control = (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7f && c < 0xa0);
    bool is_noncharacter = (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe;
    return is_control || is_noncharacter;
}

void html_text(FILE *out, const char *text)
{
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        int n = utf8_length(s);
        if (n == 0 || is_forbidden(utf8_decode(s, n)))
            fputs("\xef\xbf\xbd", out);
        else if (*s == '&')
            fputs("&amp;", out);
        else if (*s == '<')
            fputs("&lt;", out);
        else if (*s == '>')
            fputs("&gt;", out);
        else if (*s == '"')
            fputs("&quot;", out);
        else if (*s == '\'')
            fputs("&#39;", out);
        else
            fwrite(s, 1, (size_t)n, out);
        s += n ? n : 1;
    }
}

void html_printf(FILE *out, const char *format, ...)
{
    char text[8192];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    html_text(out, text);
}

void svg_begin(FILE *out, double width, double height, const char *title, const char *description)
{
    width = ceil(width - 1e-6); /* whole pixels: HTML has no others in these attributes */
    height = ceil(height - 1e-6);
    fprintf(out, "<svg role=\"img\" viewBox=\"0 0 %.6g %.6g\" width=\"%.6g\" height=\"%.6g\"><title>", width, height,
            width, height);
    html_text(out, title);
    fprintf(out, "</title><desc>");
    html_text(out, description);
    fprintf(out, "</desc>\n");
}

void svg_end(FILE *out)
{
    fprintf(out, "</svg>\n");
}

void svg_text(FILE *out, double x, double y, enum svg_anchor anchor, const char *class, const char *text)
{
    fprintf(out, "<text x=\"%.6g\" y=\"%.6g\"%s", x, y,
            anchor == SVG_MIDDLE ? " text-anchor=\"middle\""
            : anchor == SVG_END  ? " text-anchor=\"end\""
                                 : "");
    if (class)
        fprintf(out, " class=\"%s\"", class);
    fputc('>', out);
    html_text(out, text);
    fprintf(out, "</text>\n");
}

void svg_bar(FILE *out, double x, double y, double width, double height, uint32_t colour)
{
    fprintf(out, "<rect x=\"%.6g\" y=\"%.6g\" width=\"%.6g\" height=\"%.6g\" fill=\"#%06x\"/>\n", x, y, width, height,
            (unsigned)colour);
}

void svg_line(FILE *out, double x1, double y1, double x2, double y2, const char *class)
{
    fprintf(out, "<line x1=\"%.6g\" y1=\"%.6g\" x2=\"%.6g\" y2=\"%.6g\" class=\"%s\"/>\n", x1, y1, x2, y2, class);
}

/* One path for the cells of each colour, which is shorter than a rectangle for each. */
void svg_cells(FILE *out, const struct svg_cells *cells)
{
    for (int level = 0; level < LEVELS; level++) {
        bool is_begun = false;
        for (size_t k = 0; k < cells->n_rows * cells->n_columns; k++) {
            size_t row = k / cells->n_columns, column = k % cells->n_columns;
            if (isnan(cells->shares[k]) || (int)fmin(LEVELS * cells->shares[k], LEVELS - 1) != level)
                continue;
            if (!is_begun)
                fprintf(out, "<path fill=\"#%06" PRIx32 "\" d=\"",
                        palette_blend(cells->low, cells->high, level / (LEVELS - 1.0)));
            is_begun = true;
            fprintf(out, "M%.4g,%.4gh%.4gv%.4gh-%.4gz", cells->left + cells->width * (double)column,
                    cells->top + cells->height * (double)row, cells->width, cells->height, cells->width);
        }
        if (is_begun)
            fprintf(out, "\"/>\n");
    }
}
