/*
 * Numbers: casts, int64 arithmetic that wraps as Go's, decimal arithmetic, rounding, ranges.
 */
#include <math.h>

#include "render/fn/body.h"
#include "render/fn/decimal.h"

static bool give_int64(struct value *out, uint64_t i)
{
	*out = value_int64((int64_t)i);
	return true;
}

static bool give_float(struct value *out, double f)
{
	*out = value_float(f);
	return true;
}

/* Sums and products wrap around, hence unsigned. */
static uint64_t cast_wrapping(struct value v)
{
	return (uint64_t)cast_int64(v);
}

static bool math_int(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	*out = value_int(cast_int64(arg[0]));
	return true;
}

static bool math_int64(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	*out = value_int64(cast_int64(arg[0]));
	return true;
}

static bool math_float64(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	return give_float(out, cast_float64(arg[0]));
}

static bool math_add(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	uint64_t sum = 0;

	(void)c;
	for (uint32_t i = 0; i < n; i++)
		sum += cast_wrapping(arg[i]);
	return give_int64(out, sum);
}

static bool math_add1(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	return give_int64(out, cast_wrapping(arg[0]) + 1);
}

static bool math_sub(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	return give_int64(out, cast_wrapping(arg[0]) - cast_wrapping(arg[1]));
}

static bool math_mul(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	uint64_t product = cast_wrapping(arg[0]);

	(void)c;
	for (uint32_t i = 1; i < n; i++)
		product *= cast_wrapping(arg[i]);
	return give_int64(out, product);
}

static bool math_div(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	int64_t x = cast_int64(arg[0]), y = cast_int64(arg[1]);

	(void)n;
	if (y == 0)
		return call_fail(c, "runtime error: integer divide by zero");
	return give_int64(out, y == -1 ? 0 - (uint64_t)x : (uint64_t)(x / y));
}

static bool math_mod(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	int64_t x = cast_int64(arg[0]), y = cast_int64(arg[1]);

	(void)n;
	if (y == 0)
		return call_fail(c, "runtime error: integer divide by zero");
	return give_int64(out, y == -1 ? 0 : (uint64_t)(x % y));
}

static bool math_max(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	int64_t most = cast_int64(arg[0]);

	(void)c;
	for (uint32_t i = 1; i < n; i++)
		most = cast_int64(arg[i]) > most ? cast_int64(arg[i]) : most;
	return give_int64(out, (uint64_t)most);
}

static bool math_min(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	int64_t least = cast_int64(arg[0]);

	(void)c;
	for (uint32_t i = 1; i < n; i++)
		least = cast_int64(arg[i]) < least ? cast_int64(arg[i]) : least;
	return give_int64(out, (uint64_t)least);
}

/* Go's math.Max and Min give NaN when either is one; C's fmax and fmin the other. */
static bool math_maxf(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	double most = cast_float64(arg[0]);

	(void)c;
	for (uint32_t i = 1; i < n; i++) {
		double f = cast_float64(arg[i]);

		most = isnan(most) || isnan(f) ? NAN : fmax(most, f);
	}
	return give_float(out, most);
}

static bool math_minf(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	double least = cast_float64(arg[0]);

	(void)c;
	for (uint32_t i = 1; i < n; i++) {
		double f = cast_float64(arg[i]);

		least = isnan(least) || isnan(f) ? NAN : fmin(least, f);
	}
	return give_float(out, least);
}

/* --- decimals --- */

static bool check_finite(struct call *c, double f)
{
	if (isfinite(f))
		return true;
	return call_fail(c, "Cannot create a Decimal from %s",
		isnan(f) ? "NaN"
		: f > 0	 ? "+Inf"
			 : "-Inf");
}

static bool decimal_fold(
	struct call *c, struct decimal *d, enum decimal_op op, const struct value *arg, uint32_t n)
{
	bool big;

	for (uint32_t i = 0; i < n; i++) {
		double f = cast_float64(arg[i]);

		if (!check_finite(c, f))
			return false;
		if (decimal_apply(d, op, f, &big))
			continue;
		return big ? error_set(c->err, ERROR_LIMIT, "a number has too many digits")
			   : call_fail(c, "decimal division by 0");
	}
	return true;
}

static bool give_decimal(struct call *c, enum decimal_op op, struct value first,
	const struct value *arg, uint32_t n, struct value *out)
{
	double f = cast_float64(first);
	struct decimal *d;
	bool ok;

	if (!check_finite(c, f))
		return false;
	d = decimal_new(f);
	if (!d)
		return error_set(c->err, ERROR_MEMORY, "out of memory");
	ok = decimal_fold(c, d, op, arg, n);
	if (ok)
		give_float(out, decimal_float(d));
	decimal_free(d);
	return ok;
}

static bool math_addf(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	return give_decimal(c, DECIMAL_ADD, value_float(0), arg, n, out);
}

static bool math_add1f(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct value one = value_int(1);

	(void)n;
	return give_decimal(c, DECIMAL_ADD, arg[0], &one, 1, out);
}

static bool math_subf(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	return give_decimal(c, DECIMAL_SUB, arg[0], arg + 1, n - 1, out);
}

static bool math_mulf(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	return give_decimal(c, DECIMAL_MUL, arg[0], arg + 1, n - 1, out);
}

static bool math_divf(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	return give_decimal(c, DECIMAL_DIV, arg[0], arg + 1, n - 1, out);
}

/* --- rounding --- */

static bool math_floor(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	return give_float(out, floor(cast_float64(arg[0])));
}

static bool math_ceil(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	return give_float(out, ceil(cast_float64(arg[0])));
}

static bool math_round(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	double round_on = n > 2 ? arg[2].f : 0.5, power = pow(10, (double)arg[1].i), whole;
	double digit = power * cast_float64(arg[0]);

	(void)c;
	digit = modf(digit, &whole) >= round_on ? ceil(digit) : floor(digit);
	return give_float(out, digit / power);
}

/* --- text to number --- */

/* strconv.ParseInt without prefixes or underscores; out of range gives the nearest int64. */
static bool parse_digits(str s, int base, int64_t *out)
{
	bool minus = s.n && s.s[0] == '-', in_range = true;
	uint64_t limit = minus ? (uint64_t)INT64_MAX + 1 : INT64_MAX, u = 0;

	if (s.n && (s.s[0] == '-' || s.s[0] == '+'))
		s = str_from(s, 1);
	*out = 0;
	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.s[i] < '0' || s.s[i] >= '0' + base)
			return false;
		if (__builtin_mul_overflow(u, (uint64_t)base, &u) ||
			__builtin_add_overflow(u, (uint64_t)(s.s[i] - '0'), &u) || u > limit) {
			u = limit;
			in_range = false;
		}
	}
	*out = (int64_t)(minus ? 0 - u : u);
	return in_range;
}

/* The error is dropped, the clamped value is not. */
static bool math_atoi(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	int64_t i;

	(void)c, (void)n;
	parse_digits(value_text(arg[0]), 10, &i);
	*out = value_int(i);
	return true;
}

/* Octal text to a number. */
static bool math_to_decimal(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct buf b;
	int64_t i;

	(void)n;
	body_buf(c, &b);
	print_value(&b, arg[0]);
	if (!parse_digits(buf_str(&b), 8, &i))
		i = 0;
	*out = value_int64(i);
	return true;
}

/* --- ranges --- */

/* How many items `for i := from; i < to; i += step` has (downwards when to < from). */
static bool range_count(struct call *c, int64_t from, int64_t to, int64_t step, uint32_t *count)
{
	bool down = to < from;
	uint64_t distance = down ? (uint64_t)from - (uint64_t)to : (uint64_t)to - (uint64_t)from;
	uint64_t stride = down ? 0 - (uint64_t)step : (uint64_t)step, items;

	*count = 0;
	if (distance == 0 || (down ? step >= 0 : step <= 0))
		return true;
	items = (distance - 1) / stride + 1;
	if (items > LIMIT_FN_ITEMS)
		return error_set(c->err, ERROR_LIMIT, "%s would make more than %u items",
			c->fn->name, LIMIT_FN_ITEMS);
	*count = (uint32_t)items;
	return true;
}

static bool give_range(struct call *c, int64_t from, int64_t to, int64_t step, struct value *out)
{
	struct list *l;
	uint32_t count;

	if (!range_count(c, from, to, step, &count))
		return false;
	l = list_new(c->arena, count);
	for (; l->n < count; l->n++)
		l->at[l->n] = value_int(from + (int64_t)l->n * step);
	return give_list(out, l, ELEM_INT);
}

static bool math_until(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_range(c, 0, arg[0].i, arg[0].i < 0 ? -1 : 1, out);
}

static bool math_until_step(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_range(c, arg[0].i, arg[1].i, arg[2].i, out);
}

static bool give_sequence(
	struct call *c, int64_t from, int64_t to, int64_t step, bool down, struct value *out)
{
	struct buf b;
	uint32_t count;

	if (__builtin_add_overflow(to, down ? -1 : 1, &to))
		return error_set(c->err, ERROR_LIMIT, "seq: the end is out of range");
	if (!range_count(c, from, to, step, &count))
		return false;
	body_buf(c, &b);
	for (uint32_t i = 0; i < count; i++)
		buf_printf(&b, i ? " %lld" : "%lld", (long long)(from + (int64_t)i * step));
	return body_text(c, &b, out);
}

/* seq END | seq START END | seq START STEP END: text, both ends included. */
static bool math_seq(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	int64_t from = n > 1 ? arg[0].i : 1, to = n ? arg[n - 1].i : 0;
	bool down = to < from;

	if (n == 0 || n > 3 || (n == 3 && down && arg[1].i > 0))
		return give_str(out, STR(""));
	return give_sequence(c, from, to, n == 3 ? arg[1].i : down ? -1 : 1, down, out);
}

const struct fn fn_math[] = {
	{"add", "a*", math_add},
	{"add1", "a", math_add1},
	{"add1f", "a", math_add1f},
	{"addf", "a*", math_addf},
	{"atoi", "s", math_atoi},
	{"biggest", "aa*", math_max},
	{"ceil", "a", math_ceil},
	{"div", "aa", math_div},
	{"divf", "aa*", math_divf},
	{"float64", "a", math_float64},
	{"floor", "a", math_floor},
	{"int", "a", math_int},
	{"int64", "a", math_int64},
	{"max", "aa*", math_max},
	{"maxf", "aa*", math_maxf},
	{"min", "aa*", math_min},
	{"minf", "aa*", math_minf},
	{"mod", "aa", math_mod},
	{"mul", "aa*", math_mul},
	{"mulf", "aa*", math_mulf},
	{"round", "aif*", math_round},
	{"seq", "i*", math_seq},
	{"sub", "aa", math_sub},
	{"subf", "aa*", math_subf},
	{"toDecimal", "a", math_to_decimal},
	{"until", "i", math_until},
	{"untilStep", "iii", math_until_step},
	{NULL, NULL, NULL},
};
