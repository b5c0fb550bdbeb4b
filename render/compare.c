/*
 * Basic kinds: bool, int, uint, float, string. int and uint compare by number; nothing else mixes.
 */
#include "render/compare.h"

#include "base/limits.h"
#include "render/exec.h"

enum basic { BASIC_NONE, BASIC_BOOL, BASIC_INT, BASIC_UINT, BASIC_FLOAT, BASIC_STRING };

static enum basic basic_of(struct value v)
{
	switch (v.type) {
	case VALUE_BOOL:
		return BASIC_BOOL;
	case VALUE_INT:
	case VALUE_INT64:
		return BASIC_INT;
	case VALUE_UINT64:
	case VALUE_BYTE:
		return BASIC_UINT;
	case VALUE_FLOAT:
		return BASIC_FLOAT;
	case VALUE_STR:
		return BASIC_STRING;
	default:
		return BASIC_NONE;
	}
}

static bool mismatch(struct call *c, struct value x, struct value y)
{
	str a = value_type_name(x), b = value_type_name(y);

	if (c->exec->env.helm3) /* Go 1.23 did not name the types */
		return call_fail(c, "incompatible types for comparison");
	return call_fail(c, "incompatible types for comparison: %.*s and %.*s", STR_ARG(a),
			 STR_ARG(b));
}

/* Negative ints are below every uint. */
static int order_mixed(struct value i, struct value u)
{
	uint64_t a;

	if (i.i < 0)
		return -1;
	a = (uint64_t)i.i;
	return (a > u.u) - (a < u.u);
}

static int order(enum basic k, struct value x, struct value y)
{
	switch (k) {
	case BASIC_BOOL:
		return x.b - y.b;
	case BASIC_INT:
		return (x.i > y.i) - (x.i < y.i);
	case BASIC_UINT:
		return (x.u > y.u) - (x.u < y.u);
	case BASIC_FLOAT:
		return (x.f > y.f) - (x.f < y.f);
	default:
		return str_cmp(value_text(x), value_text(y));
	}
}

static bool is_nan(struct value v)
{
	return v.type == VALUE_FLOAT && !(v.f <= 0) && !(v.f > 0);
}

/* Go formats the values with %s, wherever a string stands or not. */
static bool not_comparable(struct call *c, const char *format, struct value x, struct value y)
{
	struct value arg[] = {x, value_str(value_type_name(x)), value_str(value_type_name(y)), y};
	struct buf text;

	buf_in(&text, c->arena, LIMIT_TEMPLATE_OUTPUT);
	print_format(&text, c->arena, str_of(format), arg, value_is_nil(y) ? 2 : 4);
	return call_fail(c, "%s", buf_cstr(&text));
}

bool compare_equal(struct call *c, struct value x, struct value y, bool *equal)
{
	enum basic a = basic_of(x), b = basic_of(y);

	if (a != BASIC_NONE && a == b) {
		*equal = order(a, x, y) == 0 && !is_nan(x) && !is_nan(y);
		return true;
	}
	if ((a == BASIC_INT && b == BASIC_UINT) || (a == BASIC_UINT && b == BASIC_INT)) {
		*equal = (a == BASIC_INT ? order_mixed(x, y) : order_mixed(y, x)) == 0;
		return true;
	}
	if (value_is_nil(x) || value_is_nil(y)) {
		*equal = value_is_nil(x) && value_is_nil(y);
		return true;
	}
	if (a != b)
		return mismatch(c, x, y);
	if (!str_eq(value_kind_name(x), value_kind_name(y)))
		return not_comparable(c, "non-comparable types %s: %s, %s: %v", x, y);
	if (x.type == VALUE_REF && x.ref && y.ref && str_is(value_kind_name(x), "ptr")) {
		*equal = x.ref == y.ref;
		return true;
	}
	return not_comparable(c, "non-comparable type %s: %s", y, VALUE_NONE);
}

bool compare_less(struct call *c, struct value x, struct value y, bool *less)
{
	enum basic a = basic_of(x), b = basic_of(y);

	if (a == BASIC_NONE || b == BASIC_NONE)
		return call_fail(c, "invalid type for comparison");
	if ((a == BASIC_INT && b == BASIC_UINT) || (a == BASIC_UINT && b == BASIC_INT)) {
		*less = a == BASIC_INT ? order_mixed(x, y) < 0 : order_mixed(y, x) > 0;
		return true;
	}
	if (a != b)
		return mismatch(c, x, y);
	if (a == BASIC_BOOL)
		return call_fail(c, "invalid type for comparison");
	*less = order(a, x, y) < 0;
	return true;
}
