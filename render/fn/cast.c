/*
 * spf13/cast: anything to a number, without ever failing (reference "helm template", section 2).
 */
#include <math.h>
#include <stdlib.h>

#include "base/num.h"
#include "render/fn.h"

/* "3.0" is 3: a suffix of a point and zeros only is dropped. */
static str without_zero_fraction(str s)
{
	ptrdiff_t point = str_find_char(s, '.');

	if (point < 0)
		return s;
	for (size_t i = (size_t)point + 1; i < s.n; i++)
		if (s.s[i] != '0')
			return s;
	return str_sub(s, 0, (size_t)point);
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* strconv.ParseInt with base 0; 0 for what it refuses. */
static int64_t parse_int(str s)
{
	bool negative = s.n && s.s[0] == '-', underscores = false;
	uint64_t base = 10, v = 0;
	size_t digits = 0;

	if (s.n && (s.s[0] == '-' || s.s[0] == '+'))
		s = str_from(s, 1);
	if (s.n > 1 && s.s[0] == '0') {
		char c = (char)(s.s[1] | 0x20);

		base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
		underscores = true;
		s = str_from(s, c == 'x' || c == 'b' || c == 'o' ? 2 : 1);
	}
	for (size_t i = 0; i < s.n; i++) {
		int d = digit_of(s.s[i]);

		if (s.s[i] == '_' && (underscores || digits) && i + 1 < s.n && s.s[i + 1] != '_')
			continue;
		if (d >= (int)base || __builtin_mul_overflow(v, base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)d, &v))
			return 0;
		digits++;
	}
	if (v > (uint64_t)INT64_MAX + (negative ? 1 : 0))
		return 0;
	return negative ? (int64_t)(0 - v) : (int64_t)v;
}

int64_t cast_int64(struct value v)
{
	switch (v.type) {
	case VALUE_BOOL:
		return v.b;
	case VALUE_INT:
	case VALUE_INT64:
	case VALUE_BYTE:
		return v.i;
	case VALUE_UINT64:
		return (int64_t)v.u;
	case VALUE_FLOAT:
		/* Go on amd64: out of range is the least int64. */
		if (!(v.f > -9223372036854775808.0 && v.f < 9223372036854775808.0))
			return INT64_MIN;
		return (int64_t)v.f;
	case VALUE_STR:
		return parse_int(without_zero_fraction(value_text(v)));
	default:
		return 0;
	}
}

static double parse_float(str s)
{
	char copy[400], *end;
	double f;

	if (!s.n || s.n >= sizeof copy || s.s[0] == ' ' || (s.s[0] >= '\t' && s.s[0] <= '\r'))
		return 0;
	memcpy(copy, s.s, s.n);
	copy[s.n] = 0;
	f = strtod(copy, &end);
	/* Out of range is an error of ParseFloat's, a written "Inf" is not. */
	if (isinf(f) && strpbrk(copy, "0123456789"))
		return 0;
	return (size_t)(end - copy) == s.n ? f : 0;
}

double cast_float64(struct value v)
{
	switch (v.type) {
	case VALUE_FLOAT:
		return v.f;
	case VALUE_UINT64:
		return (double)v.u;
	case VALUE_STR:
		return parse_float(value_text(v));
	default:
		return (double)cast_int64(v);
	}
}
