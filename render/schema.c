/*
 * Each keyword is looked at where its type of value stands; complaints go into one text, those of
 * oneOf and anyOf indented below it.
 */
#include "render/schema.h"

#include <math.h>

#include "base/buf.h"
#include "base/float.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/utf8.h"
#include "render/fn.h"
#include "render/regex.h"

#define SCHEMA_DEPTH 200
#define SCHEMA_STEPS 2000000

struct checker {
	struct arena *a;
	struct value root;
	struct buf *out;
	str path;
	int indent, depth;
	unsigned steps;
	bool limit;
};

static bool check(struct checker *c, struct value schema, struct value v);

static bool complain(struct checker *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool complain(struct checker *c, const char *format, ...)
{
	va_list args;

	buf_fill(c->out, ' ', (size_t)c->indent * 2);
	buf_printf(c->out, "- at '%.*s': ", STR_ARG(c->path));
	va_start(args, format);
	buf_add(c->out, arena_vprintf(c->a, format, args));
	va_end(args);
	buf_char(c->out, '\n');
	return false;
}

/* --- types --- */

static bool is_number(struct value v)
{
	return v.type >= VALUE_INT && v.type <= VALUE_FLOAT;
}

static double number_of(struct value v)
{
	return v.type == VALUE_FLOAT ? v.f : v.type == VALUE_UINT64 ? (double)v.u : (double)v.i;
}

static const char *type_of(struct value v)
{
	switch (v.type) {
	case VALUE_NIL: return "null";
	case VALUE_BOOL: return "boolean";
	case VALUE_STR: return "string";
	case VALUE_LIST: return "array";
	case VALUE_MAP: return "object";
	default: return "number";
	}
}

static bool has_type(struct value v, str type)
{
	if (str_is(type, "integer"))
		return is_number(v) && floor(number_of(v)) == number_of(v);
	return str_is(type, type_of(v));
}

static bool check_type(struct checker *c, struct value type, struct value v)
{
	struct buf want;
	bool ok = false;

	buf_in(&want, c->a, 0);
	if (type.type == VALUE_STR) {
		ok = has_type(v, value_text(type));
		buf_add(&want, value_text(type));
	}
	for (uint32_t i = 0; i < list_n(value_list(type)); i++) {
		ok |= has_type(v, value_text(type.list->at[i]));
		buf_printf(&want, "%s%.*s", i ? " or " : "", STR_ARG(value_text(type.list->at[i])));
	}
	return ok || complain(c, "got %s, want %.*s", type_of(v), STR_ARG(buf_str(&want)));
}

static str shown(struct checker *c, struct value v)
{
	return v.type == VALUE_STR ? arena_printf(c->a, "'%.*s'", STR_ARG(value_text(v))) : json_text(c->a, v, 0);
}

static bool check_enum(struct checker *c, const struct map *s, struct value v)
{
	const struct list *all = value_list(map_at(s, "enum"));
	struct value *one = map_find(s, STR("const"));
	struct buf b;

	if (one && !value_equal(*one, v))
		return complain(c, "value must be %.*s", STR_ARG(shown(c, *one)));
	if (!all)
		return true;
	buf_in(&b, c->a, 0);
	for (uint32_t i = 0; i < all->n; i++) {
		if (value_equal(all->at[i], v))
			return true;
		buf_printf(&b, "%s%.*s", i ? ", " : "", STR_ARG(shown(c, all->at[i])));
	}
	return complain(c, "value must be one of %.*s", STR_ARG(buf_str(&b)));
}

/* --- numbers and texts --- */

static str number_text(struct checker *c, double f)
{
	char text[FLOAT_TEXT];

	return arena_str(c->a, str_make(text, float_general(text, f, 21)));
}

static bool bound(struct checker *c, const struct map *s, const char *key, double got, bool (*bad)(double, double))
{
	struct value limit = map_at(s, key);

	if (!is_number(limit) || !bad(got, number_of(limit)))
		return true;
	return complain(c, "%s: got %.*s, want %.*s", key, STR_ARG(number_text(c, got)),
			STR_ARG(number_text(c, number_of(limit))));
}

static bool below(double x, double y)
{
	return x < y;
}

static bool above(double x, double y)
{
	return x > y;
}

static bool not_above(double x, double y)
{
	return x <= y;
}

static bool not_below(double x, double y)
{
	return x >= y;
}

static bool no_multiple(double x, double y)
{
	double q = x / y;

	return y > 0 && fabs(q - round(q)) > 1e-9;
}

static bool check_number(struct checker *c, const struct map *s, double f)
{
	bool ok = bound(c, s, "minimum", f, below);

	ok &= bound(c, s, "maximum", f, above);
	ok &= bound(c, s, "exclusiveMinimum", f, not_above);
	ok &= bound(c, s, "exclusiveMaximum", f, not_below);
	return bound(c, s, "multipleOf", f, no_multiple) && ok;
}

static bool matches(str pattern, str text)
{
	const struct regex *r = regex_compile(pattern.s, pattern.n, NULL);
	struct regex_span span;

	return r && regex_match(r, text.s ? text.s : "", text.n, 0, &span, 1);
}

static bool check_text(struct checker *c, const struct map *s, str text)
{
	double n = (double)utf8_count(text);
	struct value pattern = map_at(s, "pattern");
	bool ok = bound(c, s, "minLength", n, below);

	ok &= bound(c, s, "maxLength", n, above);
	if (pattern.type == VALUE_STR && !matches(value_text(pattern), text))
		ok = complain(c, "'%.*s' does not match pattern '%.*s'", STR_ARG(text), STR_ARG(value_text(pattern)));
	return ok;
}

/* --- what nests --- */

static bool check_below(struct checker *c, struct value schema, struct value v, str name)
{
	str outer = c->path;
	bool ok;

	c->path = arena_printf(c->a, "%.*s/%.*s", STR_ARG(outer), STR_ARG(name));
	ok = check(c, schema, v);
	c->path = outer;
	return ok;
}

static str index_text(struct checker *c, uint32_t i)
{
	return arena_printf(c->a, "%u", i);
}

static bool check_list(struct checker *c, const struct map *s, const struct list *l)
{
	struct value items = map_at(s, "items"), prefix = map_at(s, "prefixItems"), rest = items;
	bool ok = bound(c, s, "minItems", l->n, below);

	ok &= bound(c, s, "maxItems", l->n, above);
	if (items.type == VALUE_LIST) { /* before 2020-12 */
		prefix = items;
		rest = map_at(s, "additionalItems");
	}
	for (uint32_t i = 0; i < l->n; i++) {
		struct value one = i < list_n(value_list(prefix)) ? prefix.list->at[i] : rest;

		if (one.type != VALUE_NIL)
			ok &= check_below(c, one, l->at[i], index_text(c, i));
	}
	if (value_truth_bool(map_at(s, "uniqueItems"), false) && l->n < 2000)
		for (uint32_t i = 0; i < l->n; i++)
			for (uint32_t j = 0; j < i; j++)
				if (value_equal(l->at[i], l->at[j]))
					return complain(c, "items at %u and %u are equal", j, i);
	return ok;
}

static bool check_required(struct checker *c, const struct list *names, const struct map *m)
{
	struct buf b;
	unsigned n = 0;

	buf_in(&b, c->a, 0);
	for (uint32_t i = 0; i < list_n(names); i++)
		if (!map_find(m, value_text(names->at[i])))
			buf_printf(&b, "%s'%.*s'", n++ ? ", " : "", STR_ARG(value_text(names->at[i])));
	return !n || complain(c, n == 1 ? "missing property %.*s" : "missing properties %.*s", STR_ARG(buf_str(&b)));
}

/* True when properties or patternProperties speak of the key. */
static bool check_known(struct checker *c, const struct map *s, const struct map_entry *e, bool *ok)
{
	struct value props = map_at(s, "properties"), patterns = map_at(s, "patternProperties");
	struct value *schema = map_find(value_map(props), map_key(e));
	bool known = schema != NULL;

	if (schema)
		*ok &= check_below(c, *schema, e->value, map_key(e));
	for (uint32_t i = 0; i < map_n(value_map(patterns)); i++)
		if (matches(map_key(&patterns.map->at[i]), map_key(e))) {
			known = true;
			*ok &= check_below(c, patterns.map->at[i].value, e->value, map_key(e));
		}
	return known;
}

static bool check_map(struct checker *c, const struct map *s, struct map *m)
{
	struct value more = map_at(s, "additionalProperties"), names = map_at(s, "propertyNames");
	bool ok = check_required(c, value_list(map_at(s, "required")), m);
	struct buf b;
	unsigned extra = 0;

	ok &= bound(c, s, "minProperties", m->n, below);
	ok &= bound(c, s, "maxProperties", m->n, above);
	map_sort(m);
	buf_in(&b, c->a, 0);
	for (uint32_t i = 0; i < m->n; i++) {
		const struct map_entry *e = &m->at[i];

		if (names.type != VALUE_NIL)
			ok &= check(c, names, value_str(map_key(e)));
		if (check_known(c, s, e, &ok) || more.type == VALUE_NIL)
			continue;
		if (more.type == VALUE_BOOL && !more.b)
			buf_printf(&b, "%s'%.*s'", extra++ ? ", " : "", STR_ARG(map_key(e)));
		else
			ok &= check_below(c, more, e->value, map_key(e));
	}
	return (!extra || complain(c, "additional properties %.*s not allowed", STR_ARG(buf_str(&b)))) && ok;
}

/* --- combinations --- */

/* How many of the schemas fit; their complaints go into `why`. */
static unsigned count_fitting(struct checker *c, const struct list *l, struct value v, struct buf *why)
{
	struct buf *outer = c->out;
	unsigned n = 0;

	c->out = why;
	c->indent++;
	for (uint32_t i = 0; i < l->n; i++)
		n += check(c, l->at[i], v);
	c->indent--;
	c->out = outer;
	return n;
}

static bool check_one_of(struct checker *c, const struct list *l, struct value v, bool any)
{
	struct buf why;
	unsigned n;

	if (!l)
		return true;
	buf_in(&why, c->a, LIMIT_ERROR_TEXT * 4);
	n = count_fitting(c, l, v, &why);
	if (any ? n > 0 : n == 1)
		return true;
	if (n)
		return complain(c, "'oneOf' failed, %u subschemas matched", n);
	complain(c, any ? "'anyOf' failed, none matched" : "'oneOf' failed, none matched");
	buf_add(c->out, buf_str(&why));
	return false;
}

static bool fits(struct checker *c, struct value schema, struct value v)
{
	struct buf ignored, *outer = c->out;
	bool ok;

	buf_in(&ignored, c->a, LIMIT_ERROR_TEXT * 4);
	c->out = &ignored;
	ok = check(c, schema, v);
	c->out = outer;
	return ok;
}

static bool check_combined(struct checker *c, const struct map *s, struct value v)
{
	const struct list *all = value_list(map_at(s, "allOf"));
	struct value condition = map_at(s, "if"), then;
	bool ok = true;

	for (uint32_t i = 0; i < list_n(all); i++)
		ok &= check(c, all->at[i], v);
	ok &= check_one_of(c, value_list(map_at(s, "anyOf")), v, true);
	ok &= check_one_of(c, value_list(map_at(s, "oneOf")), v, false);
	if (!value_is_nil(map_at(s, "not")) && fits(c, map_at(s, "not"), v))
		ok = complain(c, "'not' failed");
	if (!value_is_nil(condition)) {
		then = map_at(s, fits(c, condition, v) ? "then" : "else");
		if (!value_is_nil(then))
			ok &= check(c, then, v);
	}
	return ok;
}

/* "#", "#/$defs/a". What is not found, or lies elsewhere, allows all. */
static struct value resolve(struct checker *c, str ref)
{
	struct value at = c->root;
	uint64_t i;

	if (!str_starts(ref, STR("#")))
		return VALUE_NONE;
	str_cut(ref, '/', &ref);
	while (ref.s) {
		str part = str_cut(ref, '/', &ref);

		if (at.type == VALUE_LIST && num_parse_u64(part, &i) && i < list_n(at.list))
			at = at.list->at[i];
		else
			at = map_get(value_map(at), part);
	}
	return at;
}

static bool check(struct checker *c, struct value schema, struct value v)
{
	const struct map *s = value_map(schema);
	struct value ref, type;
	bool ok = true;

	if (schema.type == VALUE_BOOL)
		return schema.b || complain(c, "false schema");
	if (!s)
		return true;
	if (c->depth >= SCHEMA_DEPTH || ++c->steps > SCHEMA_STEPS) {
		c->limit = true;
		return true;
	}
	c->depth++;
	ref = map_at(s, "$ref");
	if (ref.type == VALUE_STR)
		ok &= check(c, resolve(c, value_text(ref)), v);
	type = map_at(s, "type");
	if (!value_is_nil(type) && !check_type(c, type, v)) {
		c->depth--;
		return false;
	}
	ok &= check_enum(c, s, v);
	if (is_number(v))
		ok &= check_number(c, s, number_of(v));
	else if (v.type == VALUE_STR)
		ok &= check_text(c, s, value_text(v));
	else if (v.type == VALUE_LIST && v.list)
		ok &= check_list(c, s, v.list);
	else if (v.type == VALUE_MAP && v.map)
		ok &= check_map(c, s, v.map);
	ok &= check_combined(c, s, v);
	c->depth--;
	return ok;
}

/* --- charts --- */

static bool check_chart(struct arena *a, const struct chart *chart, struct value values, struct buf *out,
			struct error *err)
{
	struct checker c = {.a = a, .out = out};
	struct buf mine;

	if (chart->schema.n) {
		if (!json_read(a, chart->schema, 0, &c.root, err))
			return error_wrap(err, "%.*s: values.schema.json", STR_ARG(chart->name));
		buf_in(&mine, a, LIMIT_ERROR_TEXT);
		c.out = &mine;
		if (!check(&c, c.root, values))
			buf_printf(out, "%.*s:\n%.*s", STR_ARG(chart->name), STR_ARG(buf_str(&mine)));
		if (c.limit)
			return error_set(err, ERROR_LIMIT, "%.*s: checking values.schema.json takes too many steps",
					 STR_ARG(chart->name));
	}
	for (size_t i = 0; i < chart->subs_n; i++)
		if (!check_chart(a, chart->subs[i], map_get(value_map(values), chart->subs[i]->name), out, err))
			return false;
	return true;
}

bool schema_check(struct arena *scratch, const struct chart *chart, struct map *values, struct error *err)
{
	struct buf out;

	buf_in(&out, scratch, LIMIT_ERROR_TEXT);
	if (!check_chart(scratch, chart, value_of_map(values), &out, err))
		return false;
	return !out.n || error_set(err, ERROR_INVALID,
				   "values don't meet the specifications of the schema(s) in the following chart(s):\n%.*s",
				   STR_ARG(buf_str(&out)));
}
