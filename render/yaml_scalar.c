/*
 * What a plain scalar means to go-yaml v2 (reference "helm template", 3.2).
 */
#include <math.h>
#include <stdlib.h>

#include "base/num.h"
#include "render/yaml.h"

static const struct {
	const char *text;
	char type; /* t f n, + - . for the floats that JSON lacks, m for merge */
} words[] = {
	{"y", 't'},    {"Y", 't'},    {"yes", 't'},   {"Yes", 't'},   {"YES", 't'},  {"true", 't'},
	{"True", 't'}, {"TRUE", 't'}, {"on", 't'},    {"On", 't'},    {"ON", 't'},   {"n", 'f'},
	{"N", 'f'},    {"no", 'f'},   {"No", 'f'},    {"NO", 'f'},    {"false", 'f'}, {"False", 'f'},
	{"FALSE", 'f'}, {"off", 'f'}, {"Off", 'f'},   {"OFF", 'f'},   {"", 'n'},     {"~", 'n'},
	{"null", 'n'}, {"Null", 'n'}, {"NULL", 'n'},  {".nan", '.'},  {".NaN", '.'}, {".NAN", '.'},
	{".inf", '+'}, {".Inf", '+'}, {".INF", '+'},  {"+.inf", '+'}, {"+.Inf", '+'}, {"+.INF", '+'},
	{"-.inf", '-'}, {"-.Inf", '-'}, {"-.INF", '-'},
};

static bool word(str text, struct value *out)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!str_is(text, words[i].text))
			continue;
		switch (words[i].type) {
		case 't':
		case 'f':
			*out = value_bool(words[i].type == 't');
			break;
		case 'n':
			*out = VALUE_NONE;
			break;
		case '.':
			*out = value_float(NAN);
			break;
		default:
			*out = value_float(words[i].type == '+' ? INFINITY : -INFINITY);
			break;
		}
		return true;
	}
	return false;
}

/* Four digits, '-', one or two, '-', one or two; then an optional time: go-yaml resolves it as a
 * timestamp, which JSON turns back into the same text. */
bool yaml_is_timestamp(str s)
{
	size_t i = 0, n;

	while (i < s.n && s.s[i] >= '0' && s.s[i] <= '9')
		i++;
	if (i != 4 || i >= s.n || s.s[i] != '-')
		return false;
	for (int part = 0; part < 2; part++) {
		i++;
		for (n = 0; i < s.n && s.s[i] >= '0' && s.s[i] <= '9'; n++)
			i++;
		if (n < 1 || n > 2 || (part == 0 && (i >= s.n || s.s[i] != '-')))
			return false;
	}
	if (i == s.n)
		return true;
	if (s.s[i] != 'T' && s.s[i] != 't' && s.s[i] != ' ')
		return false;
	return i + 1 < s.n && s.s[i + 1] >= '0' && s.s[i + 1] <= '9' &&
	       str_find_char(str_from(s, i), ':') > 0;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* Go's ParseInt/ParseUint of base 0 on text without underscores. */
static bool integer(str s, struct value *out)
{
	bool negative = s.s[0] == '-', plus = s.s[0] == '+';
	uint64_t base = 10, v = 0;

	if (negative || plus)
		s = str_from(s, 1);
	if (s.n > 1 && s.s[0] == '0') {
		char c = (char)(s.s[1] | 0x20);

		base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
		s = str_from(s, c == 'x' || c == 'b' || c == 'o' ? 2 : 1);
	}
	if (!s.n)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		int d = digit_of(s.s[i]);

		if (d >= (int)base || __builtin_mul_overflow(v, base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)d, &v))
			return false;
	}
	if (negative && v > (uint64_t)INT64_MAX + 1)
		return false;
	if (v > INT64_MAX && plus)
		return false;
	if (v > INT64_MAX && !negative)
		*out = value_uint64(v);
	else
		*out = value_int64(negative ? (int64_t)(0 - v) : (int64_t)v);
	return true;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool float_shape(str s)
{
	size_t i = 0, before = 0, after = 0, exponent = 0;

	if (i < s.n && (s.s[i] == '-' || s.s[i] == '+'))
		i++;
	for (; i < s.n && s.s[i] >= '0' && s.s[i] <= '9'; i++)
		before++;
	if (i < s.n && s.s[i] == '.')
		for (i++; i < s.n && s.s[i] >= '0' && s.s[i] <= '9'; i++)
			after++;
	if (!before && !after)
		return false;
	if (i < s.n && (s.s[i] | 0x20) == 'e') {
		i++;
		if (i < s.n && (s.s[i] == '-' || s.s[i] == '+'))
			i++;
		for (; i < s.n && s.s[i] >= '0' && s.s[i] <= '9'; i++)
			exponent++;
		if (!exponent)
			return false;
	}
	return i == s.n;
}

static bool floating(const char *text, struct value *out)
{
	double f = strtod(text, NULL);

	if (isinf(f))
		return false;
	*out = value_float(f);
	return true;
}

static bool number(str s, struct value *out)
{
	char plain[512];
	size_t n = 0;

	if (s.n >= sizeof plain)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.s[i] != '_')
			plain[n++] = s.s[i];
		else if (s.s[0] == '.' && (i + 1 == s.n || i < 2 || s.s[i - 1] == '_'))
			return false; /* a leading point has Go's own underscore rule */
	}
	plain[n] = 0;
	if (!n)
		return false;
	if (s.s[0] != '.' && integer(str_make(plain, n), out))
		return true;
	return float_shape(str_make(plain, n)) && floating(plain, out);
}

struct value yaml_scalar(struct arena *keep, str text, unsigned flags)
{
	struct value v = value_str(text);
	char c = text.n ? text.s[0] : '\0';

	(void)keep;
	if (!text.n || strchr("yYnNtTfFoO~.+-", c) || c == 'n')
		if (text.n < 6 && word(text, &v))
			return v;
	if (!(c == '.' || c == '+' || c == '-' || (c >= '0' && c <= '9')))
		return v;
	if (yaml_is_timestamp(text) || !number(text, &v))
		return value_str(text);
	if (flags & YAML_FLOATS) {
		if (v.type == VALUE_INT64)
			return value_float((double)v.i);
		if (v.type == VALUE_UINT64)
			return value_float((double)v.u);
	}
	return v;
}
