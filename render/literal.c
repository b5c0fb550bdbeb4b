/*
 * Literal text to values.
 */
#include "render/literal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/num.h"
#include "base/utf8.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* n digits of a base at s; false when there are fewer. */
static bool read_digits(str s, size_t n, int base, uint32_t *out)
{
	*out = 0;
	if (s.n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int d = hex_digit(s.s[i]);

		if (d < 0 || d >= base)
			return false;
		*out = *out * (uint32_t)base + (uint32_t)d;
	}
	return true;
}

/* One escape after the backslash: its rune or byte, and how long it was. */
static bool read_escape(str s, char quote, uint32_t *rune, bool *is_byte, size_t *used)
{
	static const char names[] = "abfnrtv\\", codes[] = "\a\b\f\n\r\t\v\\";
	const char *at;

	*is_byte = false;
	*used = 1;
	if (!s.n)
		return false;
	at = s.s[0] ? strchr(names, s.s[0]) : NULL;
	if (at) {
		*rune = (unsigned char)codes[at - names];
		return true;
	}
	if (s.s[0] == quote) {
		*rune = (unsigned char)quote;
		return true;
	}
	if (s.s[0] >= '0' && s.s[0] <= '7') {
		*used = 3;
		*is_byte = true;
		return read_digits(s, 3, 8, rune) && *rune < 256;
	}
	*used = s.s[0] == 'x' ? 3 : s.s[0] == 'u' ? 5 : s.s[0] == 'U' ? 9 : 0;
	*is_byte = s.s[0] == 'x';
	return *used && read_digits(str_from(s, 1), *used - 1, 16, rune) && *rune <= 0x10FFFF &&
	       (*is_byte || *rune < 0xD800 || *rune > 0xDFFF);
}

bool literal_string(struct arena *keep, str text, str *out, struct error *err)
{
	str s = str_sub(text, 1, text.n - 1);
	struct buf b;

	if (text.s[0] == '`' || str_find_char(s, '\\') < 0) {
		*out = s;
		if (text.s[0] != '`' || str_find_char(s, '\r') < 0)
			return true;
	}
	buf_in(&b, keep, 0);
	while (s.n) {
		uint32_t rune;
		bool is_byte;
		size_t used;
		char utf8[4];

		if (text.s[0] == '`') {
			if (s.s[0] != '\r')
				buf_char(&b, s.s[0]);
			s = str_from(s, 1);
			continue;
		}
		if (s.s[0] != '\\') {
			buf_char(&b, s.s[0]);
			s = str_from(s, 1);
			continue;
		}
		if (!read_escape(str_from(s, 1), '"', &rune, &is_byte, &used))
			return error_set(err, ERROR_INVALID, "invalid syntax");
		s = str_from(s, 1 + used);
		if (is_byte)
			buf_char(&b, (char)rune);
		else
			buf_add(&b, str_make(utf8, utf8_put(utf8, rune)));
	}
	buf_cstr(&b);
	*out = str_make(b.n ? b.s : "", b.n);
	return true;
}

static bool read_char(struct node *n, str text, struct error *err)
{
	str s = str_sub(text, 1, text.n - 1);
	uint32_t rune = 0;
	size_t used = 0;
	bool is_byte;

	if (s.n && s.s[0] == '\\') {
		if (!read_escape(str_from(s, 1), '\'', &rune, &is_byte, &used))
			used = 0;
		else
			used++;
	} else if (s.n && s.s[0] != '\'') {
		rune = utf8_rune(s, &used);
	}
	if (!used || used != s.n)
		return error_set(err, ERROR_INVALID, "malformed character constant: %.*s",
				 STR_ARG(text));
	n->is_int = n->is_uint = n->is_float = true;
	n->integer = rune;
	n->unsigned_integer = rune;
	n->real = rune;
	return true;
}

/* Digits with Go's prefixes and underscores; the sign is apart. */
static bool read_unsigned(str s, uint64_t *out)
{
	uint64_t base = 10, v = 0;
	bool any = false;

	if (s.n > 1 && s.s[0] == '0') {
		char c = (char)(s.s[1] | 0x20);

		base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
		s = str_from(s, c == 'x' || c == 'b' || c == 'o' ? 2 : 1);
	}
	for (size_t i = 0; i < s.n; i++) {
		int d = hex_digit(s.s[i]);

		if (s.s[i] == '_')
			continue;
		if (d < 0 || d >= (int)base || __builtin_mul_overflow(v, base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)d, &v))
			return false;
		any = true;
	}
	*out = v;
	return any;
}

static bool read_float(str text, double *out)
{
	char copy[128], *end;
	size_t n = 0;

	for (size_t i = 0; i < text.n && n < sizeof copy - 1; i++)
		if (text.s[i] != '_')
			copy[n++] = text.s[i];
	copy[n] = 0;
	errno = 0;
	*out = strtod(copy, &end);
	return n && *end == 0 && !isinf(*out);
}

static bool looks_float(str text)
{
	bool hex = str_has(text, STR("0x")) || str_has(text, STR("0X"));

	for (size_t i = 0; i < text.n; i++)
		if (strchr(hex ? ".pP" : ".eEpP", text.s[i]))
			return true;
	return false;
}

static void set_from_float(struct node *n)
{
	n->is_float = true;
	if (n->real >= -9223372036854775808.0 && n->real < 9223372036854775808.0 &&
	    floor(n->real) == n->real) {
		n->is_int = true;
		n->integer = (int64_t)n->real;
	}
	if (n->real >= 0 && n->real < 18446744073709551616.0 && floor(n->real) == n->real) {
		n->is_uint = true;
		n->unsigned_integer = (uint64_t)n->real;
	}
}

bool literal_number(struct node *n, str text, bool is_char, struct error *err)
{
	bool negative = text.s[0] == '-';
	str digits = negative || text.s[0] == '+' ? str_from(text, 1) : text;
	uint64_t u;

	if (is_char)
		return read_char(n, text, err);
	if (text.s[text.n - 1] == 'i') {
		n->is_complex = true;
		return true;
	}
	if (!looks_float(text) && read_unsigned(digits, &u)) {
		n->is_uint = !negative && text.s[0] != '+';
		n->unsigned_integer = u;
		n->is_int = u <= (uint64_t)INT64_MAX + (negative ? 1 : 0);
		n->integer = negative ? (int64_t)(0 - u) : (int64_t)u;
		n->is_float = n->is_int || n->is_uint;
		n->real = n->is_int ? (double)n->integer : (double)u;
		if (n->is_float)
			return true;
	}
	if (!read_float(text, &n->real))
		return error_set(err, ERROR_INVALID, "bad number syntax: \"%.*s\"", STR_ARG(text));
	if (!looks_float(text))
		return error_set(err, ERROR_INVALID, "integer overflow: \"%.*s\"", STR_ARG(text));
	set_from_float(n);
	return true;
}
