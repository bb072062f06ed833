#include "fonts.h"

#include "text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MISSING_MAX 64 /* different characters that are looked up in a figure; of more the rest count as missing */

/* A character beyond ASCII, and whether a font has it. */
struct character {
    uint32_t code;
    bool is_there;
};

struct characters {
    struct character found[MISSING_MAX];
    size_t n;
};

static struct character *find(struct characters *characters, uint32_t code)
{
    for (size_t i = 0; i < characters->n; i++)
        if (characters->found[i].code == code)
            return &characters->found[i];
    return NULL;
}

static void collect(struct characters *characters, const char *text)
{
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        int n = utf8_length(s);
        uint32_t code = n > 1 ? utf8_decode(s, n) : 0;
        if (code && characters->n < MISSING_MAX && !find(characters, code))
            characters->found[characters->n++] = (struct character){code, false};
        s += n ? n : 1;
    }
}

/* Reads "20-7e a0 ..." of each font's line; false if fc-list is not there. */
static bool ask_fonts(struct characters *characters)
{
    FILE *list = popen("fc-list --format '%{charset} ' :scalable=true 2>/dev/null", "re");
    unsigned low, high;
    char word[64];
    bool has_any = false;
    if (!list)
        return false;
    while (fscanf(list, "%63s", word) == 1) {
        int n = sscanf(word, "%x-%x", &low, &high);
        if (n < 1)
            continue;
        has_any = true;
        for (size_t i = 0; i < characters->n; i++)
            characters->found[i].is_there |=
                characters->found[i].code >= low && characters->found[i].code <= (n == 2 ? high : low);
    }
    pclose(list);
    return has_any;
}

static const char *package_of(uint32_t code)
{
    bool is_cjk = (code >= 0x2e80 && code < 0xa4d0) || (code >= 0xac00 && code < 0xd7b0) ||
                  (code >= 0xf900 && code < 0xfb00) || (code >= 0xff00 && code < 0xfff0) ||
                  (code >= 0x20000 && code < 0x40000);
    bool is_symbol = code >= 0x1f000 && code < 0x1fb00;
    return is_cjk ? "fonts-noto-cjk" : is_symbol ? "fonts-symbola" : "fonts-noto-core";
}

/* One line for all of them, with the package of the first. */
static void warn(const struct characters *characters)
{
    const char *separator = "", *package = NULL;
    fprintf(stderr, "picky-analyse: no font here has ");
    for (size_t i = 0; i < characters->n; i++)
        if (!characters->found[i].is_there) {
            fprintf(stderr, "%sU+%04X", separator, (unsigned)characters->found[i].code);
            package = package ? package : package_of(characters->found[i].code);
            separator = ", ";
        }
    fprintf(stderr, ": drawn as \"?\" (Debian package %s)\n", package);
}

static void replace(struct characters *characters, char *text)
{
    unsigned char *out = (unsigned char *)text;
    for (const unsigned char *s = out; *s;) {
        int n = utf8_length(s);
        const struct character *c = n > 1 ? find(characters, utf8_decode(s, n)) : NULL;
        if (n > 1 && (!c || !c->is_there))
            *out++ = '?';
        else
            for (int k = 0; k < (n ? n : 1); k++)
                *out++ = s[k];
        s += n ? n : 1;
    }
    *out = '\0';
}

enum error_code fonts_replace_missing(const char *path, struct error *error)
{
    struct characters characters = {.n = 0};
    char *text = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "r");
    error->code = ERROR_NONE;
    if (!file || getdelim(&text, &size, '\0', file) < 0) {
        error_set(error, ERROR_FATAL, "cannot read %s: %s", path, strerror(errno));
        goto done;
    }
    collect(&characters, text);
    bool is_known = characters.n > 0 && ask_fonts(&characters), has_all = true;
    for (size_t i = 0; i < characters.n; i++)
        has_all &= characters.found[i].is_there;
    if (!is_known || has_all)
        goto done;
    warn(&characters);
    replace(&characters, text);
    fclose(file);
    file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fflush(file) != 0)
        error_set(error, ERROR_FATAL, "cannot write %s: %s", path, strerror(errno));
done:
    if (file)
        fclose(file);
    free(text);
    return error->code;
}

void fonts_check_family(const char *family)
{
    static const char *const generic[] = {"sans", "sans-serif", "serif", "monospace"};
    char command[256], found[256] = "";
    for (size_t i = 0; i < sizeof generic / sizeof generic[0]; i++)
        if (strcasecmp(family, generic[i]) == 0)
            return;
    if (snprintf(command, sizeof command, "fc-match --format '%%{family}' '%s' 2>/dev/null", family) >=
        (int)sizeof command)
        return;
    FILE *match = popen(command, "re");
    if (match && fgets(found, sizeof found, match) && !strcasestr(found, family))
        fprintf(stderr, "picky-analyse: --font %s: no such font here, %s is drawn\n", family, found);
    if (match)
        pclose(match);
}
