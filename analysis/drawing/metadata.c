#include "metadata.h"

#include "html.h"
#include "text.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The whole file, with a NUL behind it, or NULL with errno. */
static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    long length;
    if (!file)
        return NULL;
    if (fseek(file, 0, SEEK_END) == 0 && (length = ftell(file)) >= 0 && fseek(file, 0, SEEK_SET) == 0 &&
        (bytes = malloc((size_t)length + 1))) {
        *size = fread(bytes, 1, (size_t)length, file);
        bytes[*size] = '\0';
    }
    fclose(file);
    return bytes;
}

/* ---- SVG ---- */

/* Writes the rest of an SVG without gnuplot's titles of plots, which are its commands' words: browsers show them below
 * the pointer, and screen readers read them out. */
static void write_without_titles(FILE *file, const char *svg)
{
    const char *end = NULL;
    for (const char *title; (title = strstr(svg, "<title>")) && (end = strstr(title, "</title>"));
         svg = end + strlen("</title>"))
        fwrite(svg, 1, (size_t)(title - svg), file);
    fputs(svg, file);
}

bool metadata_svg(const char *path, const char *title, const char *description)
{
    size_t size;
    char *svg = read_file(path, &size);
    if (!svg)
        return false;
    char *tag = strstr(svg, "<svg"), *begin = strstr(svg, "<title>"), *end = strstr(svg, "</desc>");
    if (!tag || !begin || !end || tag > begin || begin > end) {
        free(svg);
        return true;
    }
    end += strlen("</desc>");
    tag += strlen("<svg");
    FILE *file = fopen(path, "wb");
    if (!file) {
        free(svg);
        return false;
    }
    fwrite(svg, 1, (size_t)(tag - svg), file);
    fprintf(file, " role=\"img\" aria-labelledby=\"title description\"");
    fwrite(tag, 1, (size_t)(begin - tag), file);
    fprintf(file, "<title id=\"title\">");
    html_text(file, title);
    fprintf(file, "</title>\n<desc id=\"description\">");
    html_text(file, description);
    fprintf(file, "</desc>");
    write_without_titles(file, end);
    bool failed = ferror(file) != 0;
    failed |= fclose(file) != 0;
    free(svg);
    return !failed;
}

/* ---- PDF ---- */

/* A text string: UTF-16, big endian, in hexadecimal digits. */
static void write_text(FILE *file, const char *text)
{
    fprintf(file, "<FEFF");
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        int n = utf8_length(s);
        uint32_t c = n ? utf8_decode(s, n) : '?';
        if (c >= 0x10000)
            fprintf(file, "%04X%04X", (unsigned)(0xd800 + ((c - 0x10000) >> 10)),
                    (unsigned)(0xdc00 + ((c - 0x10000) & 0x3ff)));
        else
            fprintf(file, "%04X", (unsigned)c);
        s += n ? n : 1;
    }
    fprintf(file, ">");
}

/* The number behind a key of the trailer ("/Root 19 0 R": 19), or 0. */
static unsigned long number_of(const char *trailer, const char *key)
{
    const char *place = strstr(trailer, key);
    return place ? strtoul(place + strlen(key), NULL, 10) : 0;
}

bool metadata_pdf(const char *path, const char *title, const char *subject)
{
    size_t size;
    char *pdf = read_file(path, &size);
    const char *start = NULL;
    if (!pdf)
        return false;
    for (size_t i = size > 40 ? size - 40 : 0; i < size; i++) /* there may be zeros before */
        if (strncmp(pdf + i, "startxref", 9) == 0)
            start = pdf + i;
    unsigned long old = start ? strtoul(start + 9, NULL, 10) : 0;
    if (old == 0 || old >= size) {
        free(pdf);
        return true;
    }
    /* The cross-references are a table with a trailer, or from PDF 1.5 on a stream, whose dictionary has the same keys.
     */
    bool is_table = strncmp(pdf + old, "xref", 4) == 0;
    const char *trailer = pdf + old;
    while (is_table && trailer && strncmp(trailer, "trailer", 7) != 0)
        trailer = (trailer = strchr(trailer, '\n')) ? trailer + 1 : NULL;
    unsigned long n = trailer ? number_of(trailer, "/Size") : 0, root = trailer ? number_of(trailer, "/Root") : 0;
    FILE *file = n && root ? fopen(path, "ab") : NULL;
    if (!file) {
        free(pdf);
        return !(n && root);
    }
    unsigned long info = n, place = size + 1;
    fprintf(file, "\n%lu 0 obj\n<< /Title ", info);
    write_text(file, title);
    fprintf(file, "\n   /Subject ");
    write_text(file, subject);
    fprintf(file, "\n   /Producer (picky-analyse, gnuplot)\n>>\nendobj\n");
    unsigned long xref = (unsigned long)ftell(file);
    if (is_table) {
        fprintf(file, "xref\n%lu 1\n%010lu 00000 n \ntrailer\n<< /Size %lu /Root %lu 0 R /Info %lu 0 R /Prev %lu >>\n",
                info, place, n + 1, root, info, old);
    } else {
        unsigned long own = n + 1;
        fprintf(file,
                "%lu 0 obj\n<< /Type /XRef /Size %lu /Root %lu 0 R /Info %lu 0 R /Prev %lu /Index [%lu 2] /W [1 4 1]\n"
                "   /Filter /ASCIIHexDecode /Length 25 >>\nstream\n01%08lX0001%08lX00>\nendstream\nendobj\n",
                own, n + 2, root, info, old, info, place, xref);
    }
    fprintf(file, "startxref\n%lu\n%%%%EOF\n", xref);
    bool failed = ferror(file) != 0;
    failed |= fclose(file) != 0;
    free(pdf);
    return !failed;
}
