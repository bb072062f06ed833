/* Says what may give way to an output. Each line of standard input is "FORMAT PATH", FORMAT being one of text, csv,
 * json, npy, html, svg, png, pdf: prints "OK", or the line with which a command that writes this format to PATH would
 * end.
 *
 * output_table INPUT: the file that the outputs are made from. */
#include "output.h"

#include <string.h>

static const char *const formats[] = {
    [OUTPUT_TEXT] = "text", [OUTPUT_CSV] = "csv", [OUTPUT_JSON] = "json", [OUTPUT_NPY] = "npy",
    [OUTPUT_HTML] = "html", [OUTPUT_SVG] = "svg", [OUTPUT_PNG] = "png",   [OUTPUT_PDF] = "pdf",
};
enum { N_FORMATS = sizeof formats / sizeof formats[0] };

int main(int argc, char **argv)
{
    char format[16], path[256];
    while (argc == 2 && scanf("%15s %255s", format, path) == 2) {
        struct error error = {.code = ERROR_NONE};
        int f = 0;
        while (f < N_FORMATS && strcmp(formats[f], format) != 0)
            f++;
        if (f == N_FORMATS)
            return 1;
        const struct output_place place = {.path = path, .format = (enum output_format)f, .input = argv[1]};
        puts(output_check(&place, &error) ? error.message : "OK");
    }
    return argc == 2 && feof(stdin) ? 0 : 1;
}
