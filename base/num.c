/*
 * Strict number readers: the whole text or nothing.
 */
#include "base/num.h"

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

static bool parse_base(str text, uint64_t base, uint64_t *out)
{
	uint64_t v = 0;

	if (text.n == 0)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		int d = digit_of(text.s[i]);

		if (d >= (int)base || __builtin_mul_overflow(v, base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)d, &v))
			return false;
	}
	*out = v;
	return true;
}

bool num_parse_u64(str text, uint64_t *out)
{
	return parse_base(text, 10, out);
}

bool num_parse_hex(str text, uint64_t *out)
{
	return parse_base(text, 16, out);
}

bool num_parse_i64(str text, int64_t *out)
{
	bool negative = text.n && text.s[0] == '-';
	uint64_t v;

	if (!parse_base(negative ? str_from(text, 1) : text, 10, &v))
		return false;
	if (v > (uint64_t)INT64_MAX + (negative ? 1 : 0))
		return false;
	*out = negative ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

static int64_t unit_ns(str unit)
{
	static const struct {
		const char *name;
		int64_t ns;
	} units[] = {{"ns", 1},		   {"us", 1000},	  {"µs", 1000},
		     {"ms", 1000000},	   {"s", 1000000000},	  {"m", 60000000000},
		     {"h", 3600000000000}, {NULL, 0}};

	for (size_t i = 0; units[i].name; i++)
		if (str_is(unit, units[i].name))
			return units[i].ns;
	return 0;
}

/* One "12.5m" of a duration: cut from *text, added to *sum. */
static bool duration_part(str *text, int64_t *sum)
{
	size_t digits = 0, unit;
	double number = 0, scale = 1;
	bool point = false;
	int64_t ns;

	for (; digits < text->n; digits++) {
		char c = text->s[digits];

		if (c == '.' && !point) {
			point = true;
			continue;
		}
		if (c < '0' || c > '9')
			break;
		number = number * 10 + (c - '0');
		scale *= point ? 10 : 1;
	}
	for (unit = digits; unit < text->n; unit++)
		if (text->s[unit] == '.' || (text->s[unit] >= '0' && text->s[unit] <= '9'))
			break;
	ns = unit_ns(str_sub(*text, digits, unit));
	if (digits == 0 || ns == 0 || number / scale * (double)ns > 9e18)
		return false;
	*text = str_from(*text, unit);
	return !__builtin_add_overflow(*sum, (int64_t)(number / scale * (double)ns), sum);
}

bool num_parse_duration(str text, int64_t *out_ns)
{
	bool negative = text.n && text.s[0] == '-';
	int64_t sum = 0, seconds;

	if (num_parse_i64(text, &seconds))
		return !__builtin_mul_overflow(seconds, (int64_t)1000000000, out_ns);
	if (negative)
		text = str_from(text, 1);
	if (text.n == 0)
		return false;
	while (text.n)
		if (!duration_part(&text, &sum))
			return false;
	*out_ns = negative ? -sum : sum;
	return true;
}
