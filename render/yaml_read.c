/*
 * libyaml's events to values: an own anchor map (the later definition of a name wins), merge keys
 * in document order, keys turned into strings, caps on depth and nodes while reading. Most texts
 * do not come here: yaml_simple.c reads them.
 */
#include <math.h>
#include <stdio.h>
#include <yaml.h>

#include "base/float.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "render/fn.h"
#include "render/yaml.h"
#include "render/yaml_simple.h"

struct reader {
	yaml_parser_t parser;
	yaml_event_t event;
	bool has_event;
	struct arena *keep;
	unsigned flags;
	struct map *anchors;
	uint32_t nodes, aliased;
	struct error *err;
};

static bool problem(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	size_t line = p->problem_mark.line;

	if (p->error == YAML_MEMORY_ERROR)
		return error_set(r->err, ERROR_MEMORY, "out of memory");
	if (p->error == YAML_READER_ERROR)
		return error_set(r->err, ERROR_INVALID, "yaml: %s", p->problem);
	/* go-yaml counts scanner lines from one and parser lines as libyaml has them; the first
	 * line has no number. */
	if (line && p->error == YAML_SCANNER_ERROR)
		line++;
	else if (!line)
		line = p->context_mark.line;
	if (line)
		return error_set(r->err, ERROR_INVALID, "yaml: line %zu: %s", line, p->problem);
	return error_set(r->err, ERROR_INVALID, "yaml: %s", p->problem ? p->problem : "unknown problem");
}

static bool next(struct reader *r)
{
	if (r->has_event)
		yaml_event_delete(&r->event);
	r->has_event = yaml_parser_parse(&r->parser, &r->event);
	return r->has_event || problem(r);
}

static bool count(struct reader *r, uint32_t n)
{
	r->nodes += n;
	if (r->nodes > LIMIT_YAML_NODES)
		return error_set(r->err, ERROR_LIMIT, "yaml: document has more than %u nodes",
				 LIMIT_YAML_NODES);
	return true;
}

static uint32_t size_of(struct value v, int depth)
{
	uint32_t n = 1;

	if (depth > LIMIT_VALUE_DEPTH)
		return n;
	if (v.type == VALUE_LIST)
		for (uint32_t i = 0; i < list_n(v.list); i++)
			n += size_of(v.list->at[i], depth + 1);
	if (v.type == VALUE_MAP)
		for (uint32_t i = 0; i < map_n(v.map); i++)
			n += size_of(v.map->at[i].value, depth + 1);
	return n;
}

uint32_t yaml_nodes(struct value v)
{
	return size_of(v, 0);
}

static bool node(struct reader *r, struct value *out, int depth);

static void anchor(struct reader *r, const yaml_char_t *name, struct value v)
{
	if (name)
		map_set(r->keep, r->anchors,
			arena_str(r->keep, str_of((const char *)name)), v);
}

static bool alias(struct reader *r, struct value *out)
{
	str name = str_of((const char *)r->event.data.alias.anchor);
	const struct value *v = map_find(r->anchors, name);

	if (!v)
		return error_set(r->err, ERROR_INVALID, "yaml: unknown anchor '%.*s' referenced",
				 STR_ARG(name));
	if (!count(r, yaml_nodes(*v)))
		return false;
	*out = value_copy(r->keep, *v, false); /* values are references: each use its own */
	return true;
}

static bool has_tag(const yaml_char_t *tag, const char *name)
{
	str t = str_of((const char *)tag);

	return str_starts(t, STR("tag:yaml.org,2002:")) && str_is(str_from(t, 18), name);
}

static bool decode_base64(struct reader *r, str in, str *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *p = arena_text(r->keep, in.n + 1);
	uint32_t bits = 0, have = 0;
	size_t n = 0;

	for (size_t i = 0; i < in.n && in.s[i] != '='; i++) {
		const char *at = strchr(digits, in.s[i]);

		if (in.s[i] == '\n' || in.s[i] == '\r')
			continue;
		if (!at || !in.s[i])
			return error_set(r->err, ERROR_INVALID,
					 "yaml: !!binary value contains invalid base64 data");
		bits = bits << 6 | (uint32_t)(at - digits);
		have += 6;
		if (have >= 8) {
			have -= 8;
			p[n++] = (char)(bits >> have);
		}
	}
	*out = str_make(p, n);
	return true;
}

/* What is no UTF-8 does not come through the JSON step. */
static str replaced(struct reader *r, str s)
{
	struct buf out;
	size_t width;

	buf_in(&out, r->keep, LIMIT_YAML_BYTES * 3);
	for (size_t i = 0; i < s.n; i += width) {
		uint32_t rune = utf8_rune(str_from(s, i), &width);

		if (rune == UTF8_ERROR && width == 1)
			buf_lit(&out, "\xEF\xBF\xBD");
		else
			buf_add(&out, str_sub(s, i, i + width));
	}
	buf_cstr(&out);
	return buf_str(&out);
}

static bool tagged(struct reader *r, const yaml_char_t *tag, str text, struct value *out)
{
	*out = value_str(text);
	if (has_tag(tag, "str"))
		return true;
	if (has_tag(tag, "binary")) {
		if (!decode_base64(r, text, &text))
			return false;
		*out = value_str(replaced(r, text));
		return true;
	}
	if (has_tag(tag, "int") || has_tag(tag, "float") || has_tag(tag, "bool") ||
	    has_tag(tag, "null"))
		*out = yaml_scalar(r->keep, text, r->flags);
	return true;
}

static bool scalar(struct reader *r, struct value *out)
{
	const yaml_event_t *e = &r->event;
	str text = arena_str(r->keep, str_make((const char *)e->data.scalar.value,
					       e->data.scalar.length));

	if (e->data.scalar.tag && !str_is(str_of((const char *)e->data.scalar.tag), "!")) {
		if (!tagged(r, e->data.scalar.tag, text, out))
			return false;
	} else if (e->data.scalar.plain_implicit) {
		*out = yaml_scalar(r->keep, text, r->flags);
	} else {
		*out = value_str(text);
	}
	if (out->type == VALUE_FLOAT && !isfinite(out->f))
		return error_set(r->err, ERROR_INVALID, "json: unsupported value: %s",
				 isnan(out->f) ? "NaN" : out->f > 0 ? "+Inf" : "-Inf");
	anchor(r, e->data.scalar.anchor, *out);
	return true;
}

static bool sequence(struct reader *r, struct value *out, int depth)
{
	struct list *l = list_new(r->keep, 0);
	str name = str_of((const char *)r->event.data.sequence_start.anchor);
	struct value v;

	name = name.s ? arena_str(r->keep, name) : name;
	for (;;) {
		if (!next(r))
			return false;
		if (r->event.type == YAML_SEQUENCE_END_EVENT)
			break;
		if (!node(r, &v, depth + 1))
			return false;
		list_add(r->keep, l, v);
	}
	*out = value_of_list(l);
	anchor(r, (const yaml_char_t *)name.s, *out);
	return true;
}

/* Go shows the value with %#v; its maps have keys of any type here. */
static bool bad_key(struct reader *r, const char *format, struct value shown)
{
	static const str type = {"map[string]interface {}", 23};
	struct buf value, text;
	str f = str_of(format), s;

	buf_in(&value, r->keep, 0);
	buf_in(&text, r->keep, 0);
	print_format(&value, r->keep, STR("%#v"), &shown, 1);
	s = buf_str(&value);
	if (shown.type == VALUE_MAP && str_starts(s, type) && str_has(f, STR("{}%")))
		s = str_from(s, type.n);
	buf_add(&text, str_sub(f, 0, f.n - 3));
	buf_add(&text, s);
	return error_set(r->err, ERROR_INVALID, "%s", buf_cstr(&text));
}

/* Keys are text in JSON: numbers as Go prints them, floats with 32 bits. */
static bool key_text(struct reader *r, struct value v, struct value of, str *out)
{
	char text[FLOAT_TEXT];

	switch (v.type) {
	case VALUE_STR:
		*out = value_text(v);
		return true;
	case VALUE_BOOL:
		*out = v.b ? STR("true") : STR("false");
		return true;
	case VALUE_INT64:
		*out = arena_printf(r->keep, "%lld", (long long)v.i);
		return true;
	case VALUE_UINT64:
		*out = arena_printf(r->keep, "%llu", (unsigned long long)v.u);
		return true;
	case VALUE_FLOAT:
		*out = arena_str(r->keep, str_make(text, float_general(text, v.f, 21)));
		return true;
	case VALUE_NIL:
		return bad_key(r, "unsupported map key of type: %!s(<nil>), key: <nil>, value: %#v",
			       of);
	default:
		return bad_key(r, v.type == VALUE_MAP ?
			       "yaml: invalid map key: map[interface {}]interface {}%#v" :
			       "yaml: invalid map key: %#v", v);
	}
}

bool yaml_merge(struct arena *keep, struct map *into, struct value v)
{
	/* The earlier map of a list wins: merge from the end. */
	for (uint32_t i = list_n(value_list(v)); i > 0; i--)
		if (v.list->at[i - 1].type != VALUE_MAP || !yaml_merge(keep, into, v.list->at[i - 1]))
			return false;
	for (uint32_t i = 0; i < map_n(value_map(v)); i++)
		map_set(keep, into, map_key(&v.map->at[i]), v.map->at[i].value);
	return v.type == VALUE_LIST || v.type == VALUE_MAP;
}

static bool is_merge_key(const struct reader *r)
{
	const yaml_event_t *e = &r->event;

	return e->type == YAML_SCALAR_EVENT && e->data.scalar.length == 2 &&
	       memcmp(e->data.scalar.value, "<<", 2) == 0 &&
	       (e->data.scalar.plain_implicit || has_tag(e->data.scalar.tag, "merge"));
}

static bool mapping(struct reader *r, struct value *out, int depth)
{
	struct map *m = map_new(r->keep, 0);
	str name = str_of((const char *)r->event.data.mapping_start.anchor);

	name = name.s ? arena_str(r->keep, name) : name;
	for (;;) {
		struct value key, v;
		bool merges;
		unsigned flags = r->flags;
		str text;

		if (!next(r))
			return false;
		if (r->event.type == YAML_MAPPING_END_EVENT)
			break;
		merges = is_merge_key(r);
		r->flags = YAML_TYPED; /* an integer key prints as one */
		if (!node(r, &key, depth + 1))
			return false;
		r->flags = flags;
		if (!next(r) || !node(r, &v, depth + 1))
			return false;
		if (merges) {
			if (!yaml_merge(r->keep, m, v))
				return error_set(r->err, ERROR_INVALID, "yaml: map merge requires map or sequence "
								       "of maps as the value");
			continue;
		}
		if (!key_text(r, key, v, &text))
			return false;
		map_set(r->keep, m, text, v);
	}
	*out = value_of_map(m);
	anchor(r, (const yaml_char_t *)name.s, *out);
	return true;
}

static bool node(struct reader *r, struct value *out, int depth)
{
	if (depth > LIMIT_YAML_DEPTH)
		return error_set(r->err, ERROR_LIMIT, "yaml: nested deeper than %d levels",
				 LIMIT_YAML_DEPTH);
	if (!count(r, 1))
		return false;
	switch (r->event.type) {
	case YAML_ALIAS_EVENT:
		return alias(r, out);
	case YAML_SCALAR_EVENT:
		return scalar(r, out);
	case YAML_SEQUENCE_START_EVENT:
		return sequence(r, out, depth);
	case YAML_MAPPING_START_EVENT:
		return mapping(r, out, depth);
	default:
		return error_set(r->err, ERROR_INVALID, "yaml: unexpected event");
	}
}

/* go-yaml reads YAML 1.1 only. */
static bool version(struct reader *r)
{
	const yaml_version_directive_t *v = r->event.data.document_start.version_directive;

	return !v || (v->major == 1 && v->minor == 1) ||
	       error_set(r->err, ERROR_INVALID, "yaml: found incompatible YAML document");
}

/* One document; *end is set when the stream has none left. */
static bool document(struct reader *r, struct value *out, bool *end)
{
	*end = false;
	do {
		if (!next(r))
			return false;
		if (r->event.type == YAML_STREAM_END_EVENT) {
			*end = true;
			return true;
		}
	} while (r->event.type != YAML_DOCUMENT_START_EVENT);
	if (!version(r))
		return false;
	r->anchors = map_new(r->keep, 0);
	if (!next(r) || !node(r, out, 0))
		return false;
	return next(r); /* the document's end, where libyaml sees what is wrong after it */
}

static bool start(struct reader *r, str text)
{
	if (text.n > LIMIT_YAML_BYTES)
		return error_set(r->err, ERROR_LIMIT, "yaml: text is larger than %u bytes",
				 LIMIT_YAML_BYTES);
	if (!yaml_parser_initialize(&r->parser))
		return error_set(r->err, ERROR_MEMORY, "out of memory");
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r->parser, (const unsigned char *)(text.n ? text.s : ""),
				     text.n);
	return true;
}

static void stop(struct reader *r)
{
	if (r->has_event)
		yaml_event_delete(&r->event);
	yaml_parser_delete(&r->parser);
}

static bool documents(struct reader *r, str text, struct list *all, struct value *first)
{
	bool ok, end = false;

	if (!start(r, text))
		return false;
	do {
		struct value v = VALUE_NONE;

		ok = document(r, &v, &end);
		if (ok && !end && all)
			list_add(r->keep, all, v);
		if (ok && first)
			*first = v;
	} while (ok && all && !end);
	return ok;
}

/* libyaml's memory must go even when the arena leaps. */
static bool read_guarded(struct reader *r, str text, struct list *all, struct value *first)
{
	jmp_buf env, *former = r->keep->guard;
	struct value v;
	bool ok;

	if (setjmp(env)) {
		stop(r);
		arena_guard(r->keep, former);
		if (former)
			longjmp(*former, 1);
		return error_set(r->err, ERROR_LIMIT, "yaml: the text takes too much memory");
	}
	arena_guard(r->keep, &env);
	if ((r->flags & YAML_GENERAL) || !yaml_simple(r->keep, text, r->flags, &v)) {
		ok = documents(r, text, all, first);
	} else {
		ok = true;
		if (all)
			list_add(r->keep, all, v);
		else
			*first = v;
	}
	arena_guard(r->keep, former);
	stop(r);
	return ok;
}

bool yaml_read(struct arena *keep, str text, unsigned flags, struct value *out, struct error *err)
{
	struct reader r = {.keep = keep, .flags = flags, .err = err};
	struct value v = VALUE_NONE;

	if (!read_guarded(&r, text, NULL, &v))
		return false;
	*out = v;
	return true;
}

bool yaml_read_all(struct arena *keep, str text, unsigned flags, struct list **out,
		   struct error *err)
{
	struct reader r = {.keep = keep, .flags = flags, .err = err};
	struct list *all = list_new(keep, 0);

	if (!read_guarded(&r, text, all, NULL))
		return false;
	*out = all;
	return true;
}
