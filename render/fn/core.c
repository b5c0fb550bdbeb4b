/*
 * Go's builtins and Helm's own: what is not from sprig.
 */
#include "base/limits.h"
#include "base/utf8.h"
#include "render/compare.h"
#include "render/exec.h"
#include "render/print.h"
#include "render/ref.h"

#define BODY(name)                                                                             \
	static bool fn_##name(struct call *c, const struct value *arg, uint32_t n,             \
			      struct value *out)
#define UNUSED ((void)c, (void)arg, (void)n)

static bool take(struct call *c, struct value *out, struct buf *b)
{
	if (!buf_check(b, c->fn->name, c->err))
		return false;
	buf_cstr(b);
	*out = value_str(str_make(b->n ? b->s : "", b->n));
	return true;
}

/* --- truth and comparison --- */

BODY(not)
{
	UNUSED;
	*out = value_bool(!value_truth(arg[0]));
	return true;
}

/* Only reached through a pipe without arguments: the compiler made jumps of the rest. */
BODY(and)
{
	UNUSED;
	*out = arg[n - 1];
	return true;
}

BODY(eq)
{
	bool equal = false;

	if (n < 2)
		return call_fail(c, "missing argument for comparison");
	for (uint32_t i = 1; i < n && !equal; i++)
		if (!compare_equal(c, arg[0], arg[i], &equal))
			return false;
	*out = value_bool(equal);
	return true;
}

BODY(ne)
{
	bool equal;

	(void)n;
	if (!compare_equal(c, arg[0], arg[1], &equal))
		return false;
	*out = value_bool(!equal);
	return true;
}

static bool less_or_equal(struct call *c, struct value x, struct value y, bool *result)
{
	if (!compare_less(c, x, y, result))
		return false;
	return *result || compare_equal(c, x, y, result);
}

BODY(lt)
{
	bool result;

	(void)n;
	if (!compare_less(c, arg[0], arg[1], &result))
		return false;
	*out = value_bool(result);
	return true;
}

BODY(le)
{
	bool result;

	(void)n;
	if (!less_or_equal(c, arg[0], arg[1], &result))
		return false;
	*out = value_bool(result);
	return true;
}

BODY(gt)
{
	bool result;

	(void)n;
	if (!less_or_equal(c, arg[0], arg[1], &result))
		return false;
	*out = value_bool(!result);
	return true;
}

BODY(ge)
{
	bool result;

	(void)n;
	if (!compare_less(c, arg[0], arg[1], &result))
		return false;
	*out = value_bool(!result);
	return true;
}

/* --- len and index --- */

BODY(len)
{
	str type = value_type_name(arg[0]);

	(void)n;
	switch (arg[0].type) {
	case VALUE_NIL:
		if (!(arg[0].flags & FLAG_INTERFACE))
			return call_fail(c, "reflect: call of reflect.Value.Type on zero Value");
		return call_fail(c, "len of nil pointer");
	case VALUE_STR:
	case VALUE_BYTES:
		*out = value_int(arg[0].n);
		return true;
	case VALUE_LIST:
		*out = value_int(list_n(arg[0].list));
		return true;
	case VALUE_MAP:
		*out = value_int(map_n(arg[0].map));
		return true;
	default:
		if (arg[0].type == VALUE_REF && arg[0].ref->class->map_like) {
			*out = value_int(map_n(value_map(access_plain(c->arena, arg[0]))));
			return true;
		}
		return call_fail(c, "len of type %.*s", STR_ARG(type));
	}
}

static bool index_number(struct call *c, struct value at, int64_t n, const char *kind, int64_t *out)
{
	str type = value_type_name(at);

	if (value_is_nil(at))
		return call_fail(c, "cannot index slice/array with nil");
	if (at.type < VALUE_INT || at.type > VALUE_BYTE)
		return call_fail(c, "cannot index slice/array with type %.*s", STR_ARG(type));
	if (!value_to_i64(at, out) || *out < 0 || *out > n)
		return call_fail(c, "index out of range: %lld", (long long)at.i);
	if (*out == n)
		return call_fail(c, "reflect: %s index out of range", kind);
	return true;
}

static bool index_map(struct call *c, struct value m, struct value key, struct value *out)
{
	const struct value *hit;
	str type = value_type_name(key);

	if (value_is_nil(key))
		return call_fail(c, "value is nil; should be of type string");
	if (key.type != VALUE_STR)
		return call_fail(c, "value has type %.*s; should be string", STR_ARG(type));
	hit = map_find(m.map, value_text(key));
	if (hit)
		*out = *hit;
	else
		*out = m.elem == ELEM_STRING ? value_lit("") : VALUE_NONE;
	return true;
}

static bool index_one(struct call *c, struct value v, struct value key, struct value *out)
{
	str type = value_type_name(v);
	int64_t at;

	switch (v.type) {
	case VALUE_NIL:
		return call_fail(c, "index of nil pointer");
	case VALUE_STR:
	case VALUE_BYTES:
		if (!index_number(c, key, v.n, v.type == VALUE_STR ? "string" : "slice", &at))
			return false;
		*out = (struct value){.type = VALUE_BYTE, .i = (unsigned char)v.s[at]};
		return true;
	case VALUE_LIST:
		if (!index_number(c, key, list_n(v.list), "slice", &at))
			return false;
		*out = v.list->at[at];
		return true;
	case VALUE_MAP:
		return index_map(c, v, key, out);
	default:
		if (v.type == VALUE_REF && v.ref->class->map_like)
			return index_map(c, access_plain(c->arena, v), key, out);
		return call_fail(c, "can't index item of type %.*s", STR_ARG(type));
	}
}

BODY(index)
{
	struct value v = arg[0];

	if (value_is_nil(v))
		return call_fail(c, "index of untyped nil");
	for (uint32_t i = 1; i < n; i++)
		if (!index_one(c, v, arg[i], &v))
			return false;
	*out = v;
	return true;
}

/* --- printing --- */

BODY(print)
{
	struct buf b;

	buf_in(&b, c->arena, LIMIT_TEMPLATE_OUTPUT);
	for (uint32_t i = 0; i < n; i++) {
		if (i && arg[i].type != VALUE_STR && arg[i - 1].type != VALUE_STR)
			buf_char(&b, ' ');
		print_value(&b, arg[i]);
	}
	return take(c, out, &b);
}

BODY(println)
{
	struct buf b;

	buf_in(&b, c->arena, LIMIT_TEMPLATE_OUTPUT);
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			buf_char(&b, ' ');
		print_value(&b, arg[i]);
	}
	buf_char(&b, '\n');
	return take(c, out, &b);
}

BODY(printf)
{
	struct buf b;

	buf_in(&b, c->arena, LIMIT_TEMPLATE_OUTPUT);
	print_format(&b, c->arena, value_text(arg[0]), arg + 1, n - 1);
	return take(c, out, &b);
}

/* What html, js and urlquery escape: one string as it is, else the arguments printed. */
static str escaped(struct call *c, const struct value *arg, uint32_t n)
{
	struct value printed, *shown;

	if (n == 1 && arg[0].type == VALUE_STR)
		return value_text(arg[0]);
	shown = arena_news(c->arena, n ? n : 1, struct value);
	for (uint32_t i = 0; i < n; i++)
		shown[i] = value_is_nil(arg[i]) ? value_lit("<no value>") : arg[i];
	fn_print(c, shown, n, &printed);
	return value_text(printed);
}

BODY(html)
{
	str s = escaped(c, arg, n);
	struct buf b;

	buf_in(&b, c->arena, LIMIT_TEMPLATE_OUTPUT);
	for (size_t i = 0; i < s.n; i++) {
		switch (s.s[i]) {
		case '&':
			buf_lit(&b, "&amp;");
			break;
		case '<':
			buf_lit(&b, "&lt;");
			break;
		case '>':
			buf_lit(&b, "&gt;");
			break;
		case '"':
			buf_lit(&b, "&#34;");
			break;
		case '\'':
			buf_lit(&b, "&#39;");
			break;
		case '\0':
			buf_lit(&b, "\xEF\xBF\xBD");
			break;
		default:
			buf_char(&b, s.s[i]);
			break;
		}
	}
	return take(c, out, &b);
}

BODY(js)
{
	str s = escaped(c, arg, n);
	struct buf b;

	buf_in(&b, c->arena, LIMIT_TEMPLATE_OUTPUT);
	for (size_t i = 0, width; i < s.n; i += width) {
		unsigned char u = (unsigned char)s.s[i];
		uint32_t rune = utf8_rune(str_from(s, i), &width);

		if (rune >= 0x80) {
			if (print_is_printable(rune))
				buf_add(&b, str_sub(s, i, i + width));
			else
				buf_printf(&b, "\\u%04X", rune);
		} else if (u == '\\' || u == '\'' || u == '"') {
			buf_char(&b, '\\');
			buf_char(&b, s.s[i]);
		} else if (u < 0x20 || (u && strchr("<>&=", (int)u))) {
			buf_printf(&b, "\\u%04X", u);
		} else {
			buf_char(&b, s.s[i]);
		}
	}
	return take(c, out, &b);
}

BODY(urlquery)
{
	static const char safe[] = "-_.~";
	str s = escaped(c, arg, n);
	struct buf b;

	buf_in(&b, c->arena, LIMIT_TEMPLATE_OUTPUT);
	for (size_t i = 0; i < s.n; i++) {
		unsigned char u = (unsigned char)s.s[i];

		if ((u >= '0' && u <= '9') || (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') ||
		    (u && strchr(safe, (int)u)))
			buf_char(&b, s.s[i]);
		else if (u == ' ')
			buf_char(&b, '+');
		else
			buf_printf(&b, "%%%02X", u);
	}
	return take(c, out, &b);
}

BODY(call)
{
	const struct site *site = c->exec->site;
	struct buf name;

	(void)n;
	(void)out;
	if (value_is_nil(arg[0]))
		return call_fail(c, "call of nil");
	buf_in(&name, c->arena, LIMIT_TEMPLATE_OUTPUT);
	node_print(&name, site->piped && site->n == 1 ? site->command : site->args[0]);
	return call_fail(c, "non-function %s of type %.*s", buf_cstr(&name),
			 STR_ARG(value_type_name(arg[0])));
}

/* --- Helm's own --- */

/* The machine runs include and tpl itself: see do_include and do_tpl. */
BODY(machine)
{
	UNUSED;
	(void)out;
	return call_fail(c, "%s is not a function", c->fn->name);
}

static bool user_error(struct call *c, str message)
{
	c->exec->failure = (struct failure){.message = message, .user = true};
	return call_fail(c, "%.*s", STR_ARG(message));
}

BODY(fail)
{
	UNUSED;
	(void)out;
	return user_error(c, value_text(arg[0]));
}

BODY(required)
{
	UNUSED;
	if (value_is_nil(arg[1]) || (arg[1].type == VALUE_STR && arg[1].n == 0))
		return user_error(c, value_text(arg[0]));
	*out = arg[1];
	return true;
}

BODY(lookup)
{
	const struct exec_env *env = &c->exec->env;

	(void)n;
	*out = value_of_map(map_new(c->arena, 0));
	if (!env->lookup)
		return true;
	return env->lookup(env->lookup_arg, c->arena, value_text(arg[0]), value_text(arg[1]),
			   value_text(arg[2]), value_text(arg[3]), out, c->err);
}

/* Offline as Helm: the name service would carry values out of the cluster. */
BODY(get_host_by_name)
{
	UNUSED;
	*out = value_lit("");
	return true;
}

const struct fn fn_core[] = {
	{"and", "aa*", fn_and},
	{"or", "aa*", fn_and},
	{"not", "a", fn_not},
	{"eq", "aa*", fn_eq},
	{"ne", "aa", fn_ne},
	{"lt", "aa", fn_lt},
	{"le", "aa", fn_le},
	{"gt", "aa", fn_gt},
	{"ge", "aa", fn_ge},
	{"len", "a", fn_len},
	{"index", "aa*", fn_index},
	{"print", "a*", fn_print},
	{"println", "a*", fn_println},
	{"printf", "sa*", fn_printf},
	{"html", "a*", fn_html},
	{"js", "a*", fn_js},
	{"urlquery", "a*", fn_urlquery},
	{"call", "aa*", fn_call},
	{"include", "sa", fn_machine},
	{"tpl", "sa", fn_machine},
	{"fail", "s", fn_fail},
	{"required", "sa", fn_required},
	{"lookup", "ssss", fn_lookup},
	{"getHostByName", "s", fn_get_host_by_name},
	{NULL, NULL, NULL},
};
