#include "common/print.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

enum { ITEM_INDENT = 11 };

const char *print_grouped(int64_t number, char text[PRINT_NUMBER_SIZE])
{
    char digits[PRINT_NUMBER_SIZE];
    int n = snprintf(digits, sizeof digits, "%" PRId64, number), sign = number < 0;
    char *to = text;

    for (int i = 0; i < n; i++) {
        if (i > sign && (n - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return text;
}

void print_wrapped(FILE *out, const char *label, int indent, const char *text)
{
    int column = fprintf(out, "%-*s", indent, label);

    while (*text) {
        int word = (int)strcspn(text, " ");

        if (column > indent && column + 1 + word > PRINT_WIDTH)
            column = fprintf(out, "\n%*s", indent, "") - 1;
        if (column > indent)
            column += fprintf(out, " ");
        for (int i = 0; i < word; i++, column++)
            fputc(text[i] == PRINT_NO_BREAK ? ' ' : text[i], out);
        text += word;
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

void print_item(FILE *out, const char *label, const char *format, ...)
{
    char text[2000];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    print_wrapped(out, label, ITEM_INDENT, text);
}

void print_columns(FILE *out, int indent, const char *const *words, size_t n)
{
    size_t widest = 1, side_by_side;

    for (size_t i = 0; i < n; i++)
        if (strlen(words[i]) > widest)
            widest = strlen(words[i]);
    side_by_side = ((size_t)(PRINT_WIDTH - indent) + 2) / (widest + 2);
    if (side_by_side == 0)
        side_by_side = 1;
    for (size_t i = 0; i < n; i++) {
        bool first = i % side_by_side == 0, last = i + 1 == n || (i + 1) % side_by_side == 0;

        if (first)
            fprintf(out, "%*s", indent, "");
        fprintf(out, "%-*s%s", last ? 0 : (int)widest, words[i], last ? "\n" : "  ");
    }
}
