/*
 * Emptiness, types, and turning anything into text.
 */
#include "render/fn/body.h"

static bool type_default(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c;
	*out = n < 2 || value_empty(arg[1]) ? arg[0] : arg[1];
	return true;
}

static bool type_empty(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	return give_bool(out, value_empty(arg[0]));
}

static bool type_coalesce(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c;
	*out = VALUE_NONE;
	for (uint32_t i = 0; i < n; i++)
		if (!value_empty(arg[i])) {
			*out = arg[i];
			break;
		}
	return true;
}

static bool type_all(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c;
	for (uint32_t i = 0; i < n; i++)
		if (value_empty(arg[i]))
			return give_bool(out, false);
	return give_bool(out, true);
}

static bool type_any(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c;
	for (uint32_t i = 0; i < n; i++)
		if (!value_empty(arg[i]))
			return give_bool(out, true);
	return give_bool(out, false);
}

static bool type_ternary(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	*out = arg[2].b ? arg[0] : arg[1];
	return true;
}

static bool type_kind_of(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	return give_str(out, value_kind_name(arg[0]));
}

static bool type_kind_is(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	return give_bool(out, str_eq(value_text(arg[0]), value_kind_name(arg[1])));
}

static bool type_type_of(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	return give_str(out, value_type_name(arg[0]));
}

static bool type_type_is(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	return give_bool(out, str_eq(value_text(arg[0]), value_type_name(arg[1])));
}

static bool type_type_is_like(
	struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	str want = value_text(arg[0]), type = value_type_name(arg[1]);

	(void)c, (void)n;
	return give_bool(out, str_eq(want, type) || (type.n && type.s[0] == '*' &&
							    str_eq(want, str_from(type, 1))));
}

static bool type_deep_equal(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	return give_bool(out, value_deep_equal(arg[0], arg[1]));
}

static bool type_to_string(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	if (arg[0].type == VALUE_STR)
		*out = arg[0];
	else
		give_str(out, value_strval(c->arena, arg[0]));
	return true;
}

/* Printable ASCII that %q leaves as it is. */
static bool is_plain(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] < ' ' || s.s[i] > '~' || s.s[i] == '"' || s.s[i] == '\\')
			return false;
	return true;
}

static void quote_one(struct buf *b, str s)
{
	if (!is_plain(s)) {
		print_quoted(b, s);
		return;
	}
	buf_reserve(b, s.n + 2);
	buf_char(b, '"');
	buf_add(b, s);
	buf_char(b, '"');
}

/* One text that needs no escapes: what nearly every call is. */
static bool give_quoted(struct call *c, str s, struct value *out)
{
	char *p = arena_text(c->arena, s.n + 2);

	p[0] = p[s.n + 1] = '"';
	memcpy(p + 1, s.s, s.n);
	return give_str(out, str_make(p, s.n + 2));
}

static bool type_quote(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	bool any = false;
	struct buf b;

	if (n == 1 && arg[0].type == VALUE_STR && is_plain(value_text(arg[0])))
		return give_quoted(c, value_text(arg[0]), out);
	body_buf(c, &b);
	for (uint32_t i = 0; i < n; i++) {
		if (arg[i].type == VALUE_NIL)
			continue;
		if (any)
			buf_char(&b, ' ');
		any = true;
		quote_one(&b, value_strval(c->arena, arg[i]));
	}
	return body_text(c, &b, out);
}

static bool type_squote(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	bool any = false;
	struct buf b;

	body_buf(c, &b);
	for (uint32_t i = 0; i < n; i++) {
		if (arg[i].type == VALUE_NIL)
			continue;
		buf_lit(&b, any ? " '" : "'");
		any = true;
		print_value(&b, arg[i]);
		buf_char(&b, '\'');
	}
	return body_text(c, &b, out);
}

static bool type_cat(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	bool any = false;
	struct buf b;

	body_buf(c, &b);
	for (uint32_t i = 0; i < n; i++) {
		if (arg[i].type == VALUE_NIL)
			continue;
		if (any)
			buf_char(&b, ' ');
		any = true;
		print_value(&b, arg[i]);
	}
	return body_text(c, &b, out);
}

const struct fn fn_type[] = {
	{"all", "a*", type_all},
	{"any", "a*", type_any},
	{"cat", "a*", type_cat},
	{"coalesce", "a*", type_coalesce},
	{"deepEqual", "aa", type_deep_equal},
	{"default", "aa*", type_default},
	{"empty", "a", type_empty},
	{"kindIs", "sa", type_kind_is},
	{"kindOf", "a", type_kind_of},
	{"quote", "a*", type_quote},
	{"squote", "a*", type_squote},
	{"ternary", "aab", type_ternary},
	{"toString", "a", type_to_string},
	{"typeIs", "sa", type_type_is},
	{"typeIsLike", "sa", type_type_is_like},
	{"typeOf", "a", type_type_of},
	{NULL, NULL, NULL},
};
