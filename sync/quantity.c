/*
 * Kubernetes quantities compared by value: "1000m" is 1, "1Gi" is "1024Mi". Held as an exact
 * integer of nano units where it fits, which is every quantity that is met; others are not equal.
 */
#include "sync/diff.h"

#include <stdio.h>

#include "base/float.h"
#include "base/num.h"

#define NANO INT64_C(1000000000)

__extension__ typedef __int128 wide;

struct suffix {
	const char *text;
	int binary, decimal; /* 2^binary, 10^decimal */
};

static const struct suffix suffixes[] = {
	{"", 0, 0},  {"n", 0, -9}, {"u", 0, -6}, {"m", 0, -3}, {"k", 0, 3},  {"M", 0, 6},
	{"G", 0, 9}, {"T", 0, 12}, {"P", 0, 15}, {"E", 0, 18}, {"Ki", 10, 0}, {"Mi", 20, 0},
	{"Gi", 30, 0}, {"Ti", 40, 0}, {"Pi", 50, 0}, {"Ei", 60, 0}};

/* Times 10^decimal and 2^binary. */
static bool shift(wide *v, int decimal, int binary)
{
	for (; decimal < 0; decimal++)
		*v /= 10;
	for (; decimal > 0; decimal--)
		if (__builtin_mul_overflow(*v, 10, v))
			return false;
	for (; binary > 0; binary--)
		if (__builtin_mul_overflow(*v, 2, v))
			return false;
	return true;
}

static bool scale(str text, wide *v)
{
	int64_t exponent;

	if (text.n > 1 && (text.s[0] == 'e' || text.s[0] == 'E') &&
	    num_parse_i64(str_from(text, text.s[1] == '+' ? 2 : 1), &exponent) && exponent > -10 &&
	    exponent < 19) {
		return shift(v, (int)exponent, 0);
	}
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
		if (str_is(text, suffixes[i].text))
			return shift(v, suffixes[i].decimal, suffixes[i].binary);
	return false;
}

/* In nano units. At most 12 digits before and 9 behind the point. */
static bool parse(str s, wide *out)
{
	bool minus = s.n && s.s[0] == '-';
	int64_t whole = 0, part = 0, unit = NANO / 10;
	size_t i = minus || (s.n && s.s[0] == '+'), digits = 0;

	for (; i < s.n && s.s[i] >= '0' && s.s[i] <= '9' && digits < 13; i++, digits++)
		whole = whole * 10 + (s.s[i] - '0');
	if (i < s.n && s.s[i] == '.')
		for (i++; i < s.n && s.s[i] >= '0' && s.s[i] <= '9'; i++, digits++, unit /= 10)
			part += unit * (s.s[i] - '0');
	if (!digits)
		return false;
	*out = (wide)whole * NANO + part;
	if (minus)
		*out = -*out;
	return scale(str_from(s, i), out);
}

static bool parse_value(struct value v, wide *out)
{
	char text[FLOAT_TEXT];
	int64_t i;

	if (value_to_i64(v, &i)) {
		*out = (wide)i * NANO;
		return true;
	}
	if (v.type == VALUE_FLOAT)
		return parse(str_make(text, float_shortest(text, v.f, 'f', 1)), out);
	return v.type == VALUE_STR && parse(value_text(v), out);
}

bool quantity_equal(struct value x, struct value y)
{
	wide a, b;

	return parse_value(x, &a) && parse_value(y, &b) && a == b;
}
