/* Texts end up on operators' terminals and in JSON: UTF-8 without control characters. */
#include "proto/wire_parts.h"

#include <stdbool.h>
#include <string.h>

/* How many bytes the printable character at text takes; 0: there is none. RFC 3629. */
static size_t printable_length(const char *text)
{
    const uint8_t *byte = (const uint8_t *)text;
    size_t length = byte[0] < 0x80 ? 1 : byte[0] < 0xe0 ? 2 : byte[0] < 0xf0 ? 3 : 4;
    uint32_t point = length == 1 ? byte[0] : byte[0] & (0x7fu >> length);
    static const uint32_t lowest[] = { 0, 0x20, 0xa0, 0x800, 0x10000 }; /* shortest form, no C1 */

    if ((byte[0] >= 0x80 && byte[0] < 0xc0) || byte[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < length; i++) { /* ends at a terminating zero */
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (byte[i] & 0x3f);
    }
    if (point < lowest[length] || point == 0x7f || (point >= 0xd800 && point < 0xe000) ||
        point > 0x10ffff)
        return 0;
    return length;
}

char *wire_printable(char *to, size_t size, const char *text)
{
    size_t used = 0;

    while (*text) {
        size_t length = printable_length(text);

        if (used + (length ? length : 1) >= size)
            break;
        if (length)
            memcpy(to + used, text, length);
        else
            to[used] = '?';
        used += length ? length : 1;
        text += length ? length : 1;
    }
    to[used] = '\0';
    return to;
}

void wire_read_text(struct wire_reader *reader, const char *field, const char *text, char *to,
                    size_t size)
{
    const char *end = text;

    for (size_t length; *end && (length = printable_length(end)) > 0; end += length)
        ;
    if (*end)
        wire_fault(reader, "%s: byte %zu is 0x%02x; printable UTF-8", field, (size_t)(end - text),
                   (uint8_t)*end);
    else if ((size_t)(end - text) >= size)
        wire_fault(reader, "%s: %zu bytes; up to %zu", field, (size_t)(end - text), size - 1);
    else
        memcpy(to, text, (size_t)(end - text) + 1);
}

void wire_read_name(struct wire_reader *reader, const char *field, const char *text, char *to,
                    size_t size)
{
    if (!*text)
        wire_fault(reader, "%s: empty", field);
    else
        wire_read_text(reader, field, text, to, size);
}
