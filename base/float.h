/*
 * Floats as Go's strconv.FormatFloat(f, format, -1, 64) prints them: the shortest digits that
 * read back as the same double.
 */
#ifndef BASE_FLOAT_H
#define BASE_FLOAT_H

#include <stddef.h>

#define FLOAT_TEXT 400 /* bytes that any result fits in, its NUL included */

/* format 'e' or 'f'. exponent_digits: least digits of the exponent (Go's fmt: 2, its JSON: 1).
 * NaN, +Inf, -Inf as Go. Returns the length; NUL-terminated. */
size_t float_shortest(char *out, double f, char format, int exponent_digits);
/* 'g': the exponent form when the exponent is below -4 or at least `big`. Go's %v and go-yaml
 * have 6 and 21 there. */
size_t float_general(char *out, double f, int big);

#endif
