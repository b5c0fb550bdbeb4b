/*
 * UTF-8 as Go sees it: an invalid byte is one rune U+FFFD of width 1.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

#define UTF8_ERROR 0xFFFDu

/* The rune at s.s[0] (s.n > 0); *width is 1 to 4. Invalid: UTF8_ERROR with width 1. */
uint32_t utf8_rune_long(str s, size_t *width); /* not ASCII */
static inline uint32_t utf8_rune(str s, size_t *width)
{
	*width = 1;
	return (unsigned char)s.s[0] < 0x80 ? (unsigned char)s.s[0] : utf8_rune_long(s, width);
}
/* Bytes written to out: 1 to 4. Surrogates and beyond 10FFFF give U+FFFD. */
size_t utf8_put(char out[4], uint32_t rune);
size_t utf8_count(str s);
bool utf8_valid(str s);

#endif
