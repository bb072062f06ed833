#include "text.h"

#include "numbers.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

int utf8_length(const unsigned char *s)
{
    if (s[0] < 0x80)
        return 1;
    int n = s[0] >= 0xc2 && s[0] <= 0xdf ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : 0;
    for (int i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    bool is_overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool is_outside = (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf4 && s[1] > 0x8f);
    return is_overlong || is_outside ? 0 : n;
}

uint32_t utf8_decode(const unsigned char *s, int length)
{
    static const unsigned char first_bits[5] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t character = s[0] & first_bits[length];
    for (int i = 1; i < length; i++)
        character = character << 6 | (s[i] & 0x3fu);
    return character;
}

/* Bytes of the character at `text`, 0 if it is none or a control character. */
static int printable_length(const char *text)
{
    return iscntrl((unsigned char)*text) ? 0 : utf8_length((const unsigned char *)text);
}

int text_columns(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

void text_make_utf8(char *text)
{
    while (*text) {
        int length = utf8_length((const unsigned char *)text);
        if (length == 0)
            *text++ = '?';
        text += length;
    }
}

bool text_is_line(const char *text)
{
    int length;
    while ((length = printable_length(text)) > 0)
        text += length;
    return *text == '\0';
}

void text_make_line(char *text)
{
    while (*text) {
        int length = printable_length(text);
        if (length == 0)
            *text++ = '?';
        text += length;
    }
}

struct text_words text_size(double n_bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    struct text_words size;
    size_t unit = 0;
    for (; n_bytes >= 999.5 && unit + 1 < sizeof units / sizeof units[0]; unit++) /* 999.5 is printed as 1e+03 */
        n_bytes /= 1000;
    snprintf(size.words, sizeof size.words, "%.3g %s", n_bytes, units[unit]);
    return size;
}

/* Edit distance (Wagner & Fischer 1974), ignoring case. Names longer than the row count as far. */
static size_t edit_distance(const char *a, const char *b)
{
    enum { LENGTH_MAX = 63 };
    size_t n_a = strlen(a), n_b = strlen(b);
    if (n_a > LENGTH_MAX || n_b > LENGTH_MAX)
        return SIZE_MAX;

    size_t row[LENGTH_MAX + 1];
    for (size_t j = 0; j <= n_b; j++)
        row[j] = j;
    for (size_t i = 1; i <= n_a; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n_b; j++) {
            bool same = tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
            size_t best = diagonal + !same;
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[n_b];
}

const char *text_nearer(const char *given, const char *best, const char *other)
{
    /* A name is near if at most a third of its letters, and one more, have to change. */
    size_t below = best ? edit_distance(given, best) : strlen(given) / 3 + 2;
    return edit_distance(given, other) < below ? other : best;
}

struct text_words text_number(double value)
{
    struct text_words number;
    number_text(value, number.words);
    return number;
}

struct text_words text_hint(const char *nearest)
{
    struct text_words hint = {""};
    if (nearest)
        snprintf(hint.words, sizeof hint.words, "; did you mean %s?", nearest);
    return hint;
}

struct text_words text_hint_first(const char *nearest)
{
    struct text_words hint = {""};
    if (nearest)
        snprintf(hint.words, sizeof hint.words, "did you mean %s; ", nearest);
    return hint;
}

struct text_place text_place(const char *text, size_t offset)
{
    struct text_place place = {1, 1};
    size_t i = strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    for (; i < offset && text[i] != '\0'; i++) {
        bool is_end = text[i] == '\n';
        place.line += is_end;
        place.column = is_end ? 1 : place.column + (((unsigned char)text[i + 1] & 0xc0) != 0x80);
    }
    return place;
}
