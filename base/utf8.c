/*
 * Decoding with Go's rule for broken input: one byte, one U+FFFD.
 */
#include "base/utf8.h"

static bool is_tail(unsigned char c)
{
	return (c & 0xC0) == 0x80;
}

uint32_t utf8_rune_long(str s, size_t *width)
{
	const unsigned char *p = (const unsigned char *)s.s;
	uint32_t r;

	*width = 1;
	if (p[0] >= 0xC2 && p[0] <= 0xDF && s.n >= 2 && is_tail(p[1])) {
		*width = 2;
		return (uint32_t)(p[0] & 0x1F) << 6 | (p[1] & 0x3Fu);
	}
	if ((p[0] & 0xF0) == 0xE0 && s.n >= 3 && is_tail(p[1]) && is_tail(p[2])) {
		r = (uint32_t)(p[0] & 0x0F) << 12 | (uint32_t)(p[1] & 0x3F) << 6 | (p[2] & 0x3Fu);
		if (r < 0x800 || (r >= 0xD800 && r <= 0xDFFF))
			return UTF8_ERROR;
		*width = 3;
		return r;
	}
	if (p[0] >= 0xF0 && p[0] <= 0xF4 && s.n >= 4 && is_tail(p[1]) && is_tail(p[2]) &&
	    is_tail(p[3])) {
		r = (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3F) << 12 |
		    (uint32_t)(p[2] & 0x3F) << 6 | (p[3] & 0x3Fu);
		if (r < 0x10000 || r > 0x10FFFF)
			return UTF8_ERROR;
		*width = 4;
		return r;
	}
	return UTF8_ERROR;
}

size_t utf8_put(char out[4], uint32_t r)
{
	if (r > 0x10FFFF || (r >= 0xD800 && r <= 0xDFFF))
		r = UTF8_ERROR;
	if (r < 0x80) {
		out[0] = (char)r;
		return 1;
	}
	if (r < 0x800) {
		out[0] = (char)(0xC0 | r >> 6);
		out[1] = (char)(0x80 | (r & 0x3F));
		return 2;
	}
	if (r < 0x10000) {
		out[0] = (char)(0xE0 | r >> 12);
		out[1] = (char)(0x80 | (r >> 6 & 0x3F));
		out[2] = (char)(0x80 | (r & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | r >> 18);
	out[1] = (char)(0x80 | (r >> 12 & 0x3F));
	out[2] = (char)(0x80 | (r >> 6 & 0x3F));
	out[3] = (char)(0x80 | (r & 0x3F));
	return 4;
}

size_t utf8_count(str s)
{
	size_t count = 0, width;

	for (; s.n; s = str_from(s, width), count++)
		utf8_rune(s, &width);
	return count;
}

bool utf8_valid(str s)
{
	size_t width;

	for (; s.n; s = str_from(s, width))
		if (utf8_rune(s, &width) == UTF8_ERROR && width == 1)
			return false;
	return true;
}
