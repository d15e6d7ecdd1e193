/* human - rounded numbers, as people read them (print.h has the exact ones). Every function writes to
 * text and returns it. */
#ifndef LAYERNAS_COMMON_HUMAN_H
#define LAYERNAS_COMMON_HUMAN_H

#include <stdint.h>

enum { HUMAN_SIZE = 32, HUMAN_RANGE_SIZE = 2 * HUMAN_SIZE + 16 };

/* Three digits and a unit: 9731 is "9,731", 12345 is "12.3 k", 973120 is "0.973 M". */
const char *human_amount(int64_t amount, char text[HUMAN_SIZE]);

/* "at most 1.00 M", "at least 12.3 k", "0.900 M to 1.00 M"; "any" from 0 to INT64_MAX. */
const char *human_range(int64_t lowest, int64_t highest, char text[HUMAN_RANGE_SIZE]);

/* "12.3 s", "4 m 05 s", "1 h 05 m", "3 d 04 h"; "unknown" for a negative one. */
const char *human_duration(double seconds, char text[HUMAN_SIZE]);

#endif
