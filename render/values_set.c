/*
 * --set and its sisters: "a.b[0].c=x,d={1,2}". One reader for all; they differ in how the text of
 * a value becomes a value.
 */
#include <errno.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/num.h"
#include "render/fn.h"
#include "render/values.h"

struct setter {
	struct arena *keep;
	const char *at, *end;
	enum set_kind kind;
	struct error *err;
};

/* Text up to one of `stops`, with '\' escapes undone. *last is the stop, or 0 at the end. */
static str until(struct setter *s, const char *stops, char *last)
{
	char *text = arena_text(s->keep, (size_t)(s->end - s->at) + 1);
	size_t n = 0;

	*last = '\0';
	while (s->at < s->end) {
		char c = *s->at++;

		if (c == '\\') {
			if (s->at < s->end)
				text[n++] = *s->at++;
			continue;
		}
		if (c && strchr(stops, c)) {
			*last = c;
			break;
		}
		text[n++] = c;
	}
	text[n] = '\0';
	return str_make(text, n);
}

static bool wrong(struct setter *s, const char *format, str key, const char *tail)
{
	struct buf quoted;

	buf_in(&quoted, s->keep, 0);
	print_quoted(&quoted, key);
	return error_set(s->err, ERROR_INVALID, "%s %.*s %s", format, STR_ARG(buf_str(&quoted)), tail);
}

static struct value typed(str text)
{
	int64_t i;
	str digits = text.n > 1 && text.s[0] == '+' ? str_from(text, 1) : text;

	if (str_eq_nocase(text, STR("true")) || str_eq_nocase(text, STR("false")))
		return value_bool((text.s[0] | 0x20) == 't');
	if (str_eq_nocase(text, STR("null")))
		return VALUE_NONE;
	if (str_is(text, "0"))
		return value_int64(0);
	if (text.n && text.s[0] != '0' && !(digits.n != text.n && digits.s[0] == '-') &&
	    num_parse_i64(digits, &i))
		return value_int64(i);
	return value_str(text);
}

static struct value value_from(struct setter *s, str text)
{
	return s->kind == SET_VALUE ? typed(text) : value_str(text);
}

/* One JSON value, up to the comma that ends it. */
static bool read_json(struct setter *s, struct value *out)
{
	const char *from = s->at;
	int depth = 0;
	bool quoted = false;

	for (; s->at < s->end; s->at++) {
		char c = *s->at;

		if (quoted) {
			if (c == '\\' && s->at + 1 < s->end)
				s->at++;
			else if (c == '"')
				quoted = false;
			continue;
		}
		if (c == '"')
			quoted = true;
		else if (c == '{' || c == '[')
			depth++;
		else if (c == '}' || c == ']')
			depth--;
		else if (c == ',' && depth <= 0)
			break;
	}
	*out = VALUE_NONE;
	if (str_trim(str_make(from, (size_t)(s->at - from))).n &&
	    !json_read(s->keep, str_make(from, (size_t)(s->at - from)), JSON_READ_FLOATS, out, s->err))
		return false;
	if (s->at < s->end)
		s->at++;
	return true;
}

static bool read_list(struct setter *s, struct value *out)
{
	struct list *l = list_new(s->keep, 4);
	char last;

	s->at++;
	do {
		str text = until(s, ",}", &last);

		if (!last)
			return error_set(s->err, ERROR_INVALID, "list must terminate with '}'");
		list_add(s->keep, l, value_from(s, text));
	} while (last != '}');
	if (s->at < s->end && *s->at == ',')
		s->at++;
	*out = value_of_list(l);
	return true;
}

static bool read_value(struct setter *s, struct value *out)
{
	char last;

	if (s->kind == SET_JSON)
		return read_json(s, out);
	if (s->kind == SET_FILE || s->kind == SET_LITERAL) {
		*out = value_str(str_make(s->at, (size_t)(s->end - s->at)));
		s->at = s->end;
		return true;
	}
	if (s->at == s->end) {
		*out = value_lit("");
		return true;
	}
	if (*s->at == '{')
		return read_list(s, out);
	*out = value_from(s, until(s, ",", &last));
	return true;
}

static bool conversion(struct setter *s, struct value v, const char *want)
{
	return error_set(s->err, ERROR_INVALID,
			 "unable to parse key: interface conversion: interface {} is %.*s, not %s",
			 STR_ARG(value_type_name(v)), want);
}

static bool read_index(struct setter *s, int64_t *out)
{
	char last;
	str text = until(s, "]", &last);

	if (!last)
		return error_set(s->err, ERROR_INVALID, "error parsing index: EOF");
	if (!num_parse_i64(text, out)) {
		struct buf quoted;

		buf_in(&quoted, s->keep, 0);
		print_quoted(&quoted, text);
		return error_set(s->err, ERROR_INVALID,
				 "error parsing index: strconv.Atoi: parsing %.*s: invalid syntax",
				 STR_ARG(buf_str(&quoted)));
	}
	if (*out < 0)
		return error_set(s->err, ERROR_INVALID, "negative %lld index not allowed",
				 (long long)*out);
	if (*out > LIMIT_SET_INDEX)
		return error_set(s->err, ERROR_INVALID,
				 "index of %lld is greater than maximum supported index of %d",
				 (long long)*out, LIMIT_SET_INDEX);
	return true;
}

static void set_at(struct setter *s, struct list *l, int64_t i, struct value v)
{
	while (l->n <= (uint32_t)i)
		list_add(s->keep, l, VALUE_NONE);
	l->at[i] = v;
}

static bool read_key(struct setter *s, struct map *data, int level, bool *end);

/* What follows "[i]". */
static bool read_item(struct setter *s, struct list *l, int64_t i, int level)
{
	struct value old = (uint32_t)i < l->n ? l->at[i] : VALUE_NONE, v;
	bool end = false;
	char last;
	str text;

	if (level > LIMIT_SET_DEPTH)
		return error_set(s->err, ERROR_INVALID, "value name nested level is greater than "
				 "maximum supported nested level of %d", LIMIT_SET_DEPTH);
	text = until(s, "[.=", &last);
	if (text.n)
		return wrong(s, "unexpected data at end of array index:", text, "");
	if (!last)
		return error_set(s->err, ERROR_INVALID, "an index has no value");
	if (last == '=') {
		if (!read_value(s, &v))
			return false;
	} else if (last == '[') {
		int64_t next;

		if (!read_index(s, &next))
			return false;
		if (old.type != VALUE_NIL && old.type != VALUE_LIST)
			return conversion(s, old, "[]interface {}");
		v = old.type == VALUE_LIST ? old : value_of_list(list_new(s->keep, 2));
		if (!read_item(s, v.list, next, level + 1))
			return false;
	} else {
		v = old.type == VALUE_MAP ? old : value_of_map(map_new(s->keep, 2));
		if (!read_key(s, v.map, level, &end))
			return false;
	}
	set_at(s, l, i, v);
	return true;
}

static void set_key(struct setter *s, struct map *data, str key, struct value v)
{
	if (key.n)
		map_set(s->keep, data, key, v);
}

static bool read_nested(struct setter *s, struct map *data, str key, int level)
{
	struct value *old = map_find(data, key), v;
	bool end = false;

	if (level + 1 > LIMIT_SET_DEPTH)
		return error_set(s->err, ERROR_INVALID, "value name nested level is greater than "
				 "maximum supported nested level of %d", LIMIT_SET_DEPTH);
	if (old && old->type != VALUE_MAP)
		return conversion(s, *old, "map[string]interface {}");
	v = old ? *old : value_of_map(map_new(s->keep, 2));
	if (!read_key(s, v.map, level + 1, &end))
		return false;
	if (!map_n(v.map))
		return end || wrong(s, "key map", key, "has no value");
	set_key(s, data, key, v);
	return true;
}

/* One "key=value" with what nests in it. *end: there was nothing left. */
static bool read_key(struct setter *s, struct map *data, int level, bool *end)
{
	const char *stops = s->kind == SET_LITERAL ? "=[." : "=[,.";
	struct value v, *old;
	int64_t i;
	char last;
	str key = until(s, stops, &last);

	switch (last) {
	case '[':
		if (!read_index(s, &i))
			return false;
		old = map_find(data, key);
		if (old && old->type != VALUE_LIST)
			return conversion(s, *old, "[]interface {}");
		v = old ? *old : value_of_list(list_new(s->keep, 2));
		if (!read_item(s, v.list, i, level))
			return false;
		set_key(s, data, key, v);
		return true;
	case '=':
		if (!read_value(s, &v))
			return false;
		set_key(s, data, key, v);
		return true;
	case ',':
		return wrong(s, "key", key, "has no value (cannot end with ,)");
	case '.':
		return read_nested(s, data, key, level);
	default:
		if (key.n)
			return wrong(s, "key", key, "has no value");
		*end = true;
		return true;
	}
}

static const char *flag_name(enum set_kind kind)
{
	static const char *const names[] = {
		[SET_JSON] = "--set-json",     [SET_VALUE] = "--set",	     [SET_STRING] = "--set-string",
		[SET_FILE] = "--set-file",     [SET_LITERAL] = "--set-literal"};

	return names[kind];
}

bool values_set(struct arena *keep, struct map *into, const struct set_flag *flag, struct error *err)
{
	struct setter s = {.keep = keep, .kind = flag->kind, .err = err,
			   .at = flag->text.s, .end = flag->text.s + flag->text.n};
	bool end = false;
	str text = str_trim(flag->text);

	if (flag->kind == SET_JSON && text.n && text.s[0] == '{') {
		struct value v;

		if (!json_read(keep, text, JSON_READ_FLOATS, &v, err))
			return error_wrap(err, "failed parsing --set-json data JSON: %.*s", STR_ARG(text));
		values_overlay(keep, into, v.map);
		return true;
	}
	while (!end && s.at < s.end)
		if (!read_key(&s, into, 0, &end))
			return error_wrap(err, "failed parsing %s data", flag_name(flag->kind));
	return true;
}
