/*
 * What a plain scalar means to go-yaml v2 (reference "helm template", 3.2).
 */
#include <math.h>
#include <stdlib.h>

#include "base/num.h"
#include "render/yaml.h"

#define W(text) STR_INIT(text)
static const struct {
	str text;
	char type; /* t f n, + - . for the floats that JSON lacks */
} words[] = {
	{W("y"), 't'},	   {W("Y"), 't'},     {W("yes"), 't'},	 {W("Yes"), 't'},   {W("YES"), 't'},
	{W("true"), 't'},  {W("True"), 't'},  {W("TRUE"), 't'},	 {W("on"), 't'},    {W("On"), 't'},
	{W("ON"), 't'},	   {W("n"), 'f'},     {W("N"), 'f'},	 {W("no"), 'f'},    {W("No"), 'f'},
	{W("NO"), 'f'},	   {W("false"), 'f'}, {W("False"), 'f'}, {W("FALSE"), 'f'}, {W("off"), 'f'},
	{W("Off"), 'f'},   {W("OFF"), 'f'},   {W("~"), 'n'},	 {W("null"), 'n'},  {W("Null"), 'n'},
	{W("NULL"), 'n'},  {W(".nan"), '.'},  {W(".NaN"), '.'},	 {W(".NAN"), '.'},  {W(".inf"), '+'},
	{W(".Inf"), '+'},  {W(".INF"), '+'},  {W("+.inf"), '+'}, {W("+.Inf"), '+'}, {W("+.INF"), '+'},
	{W("-.inf"), '-'}, {W("-.Inf"), '-'}, {W("-.INF"), '-'},
};
#define WORD_MAX 5

static bool word(str text, struct value *out)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (text.s[0] != words[i].text.s[0] || !str_eq(text, words[i].text))
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

/* What a scalar's first byte allows. */
#define WORD 1
#define NUMBER 2
static const unsigned char starts[256] = {
	['y'] = WORD, ['Y'] = WORD, ['n'] = WORD, ['N'] = WORD, ['t'] = WORD, ['T'] = WORD,
	['f'] = WORD, ['F'] = WORD, ['o'] = WORD, ['O'] = WORD, ['~'] = WORD,
	['.'] = WORD | NUMBER, ['+'] = WORD | NUMBER, ['-'] = WORD | NUMBER,
	['0'] = NUMBER, ['1'] = NUMBER, ['2'] = NUMBER, ['3'] = NUMBER, ['4'] = NUMBER,
	['5'] = NUMBER, ['6'] = NUMBER, ['7'] = NUMBER, ['8'] = NUMBER, ['9'] = NUMBER,
};

bool yaml_is_text(str text)
{
	return text.n && !starts[(unsigned char)text.s[0]];
}

struct value yaml_scalar(struct arena *keep, str text, unsigned flags)
{
	unsigned may = text.n ? starts[(unsigned char)text.s[0]] : 0;
	struct value v = value_str(text);

	(void)keep;
	if (!text.n)
		return VALUE_NONE;
	if ((may & WORD) && text.n <= WORD_MAX && word(text, &v))
		return v;
	if (!(may & NUMBER) || yaml_is_timestamp(text) || !number(text, &v))
		return value_str(text);
	if (flags & YAML_FLOATS) {
		if (v.type == VALUE_INT64)
			return value_float((double)v.i);
		if (v.type == VALUE_UINT64)
			return value_float((double)v.u);
	}
	return v;
}
