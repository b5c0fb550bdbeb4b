/*
 * The writer goes over a table twice: plain values, then tables. The reader is recursive descent
 * over one text; dotted keys and headers share table_at.
 */
#include "render/toml.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/float.h"
#include "base/limits.h"
#include "base/num.h"
#include "base/utf8.h"

/* --- writing --- */

struct toml_writer {
	struct buf *out;
	struct error *err;
	bool wrote; /* a blank line goes before a table once something stands above */
};

static void write_text(struct buf *out, str s)
{
	static const char *const names[] = {[8] = "\\b", [9] = "\\t", [10] = "\\n", [12] = "\\f",
					    [13] = "\\r", [34] = "\\\"", [92] = "\\\\"};

	buf_char(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.s[i];

		if (c < 93 && names[c])
			buf_lit(out, names[c]);
		else if (c < 0x20 || c == 0x7F)
			buf_printf(out, "\\u%04x", c);
		else
			buf_char(out, (char)c);
	}
	buf_char(out, '"');
}

static bool is_bare(str key)
{
	for (size_t i = 0; i < key.n; i++) {
		char c = key.s[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      c == '_' || c == '-'))
			return false;
	}
	return key.n > 0;
}

static void write_key(struct buf *out, str key)
{
	if (is_bare(key))
		buf_add(out, key);
	else
		write_text(out, key);
}

static void write_float(struct buf *out, double f)
{
	char text[FLOAT_TEXT];
	size_t n;

	if (!isfinite(f)) {
		buf_lit(out, isnan(f) ? "nan" : f < 0 ? "-inf" : "inf");
		return;
	}
	n = float_general(text, f, 21);
	buf_add(out, str_make(text, n));
	if (!memchr(text, '.', n) && !memchr(text, 'e', n))
		buf_lit(out, ".0");
}

static bool write_inline(struct toml_writer *w, struct value v, int depth)
{
	if (depth > LIMIT_VALUE_DEPTH)
		return error_set(w->err, ERROR_LIMIT, "toml: nested deeper than %d", LIMIT_VALUE_DEPTH);
	switch (v.type) {
	case VALUE_BOOL: buf_lit(w->out, v.b ? "true" : "false"); return true;
	case VALUE_INT: case VALUE_INT64: case VALUE_BYTE: buf_printf(w->out, "%" PRId64, v.i); return true;
	case VALUE_UINT64: buf_printf(w->out, "%" PRIu64, v.u); return true;
	case VALUE_FLOAT: write_float(w->out, v.f); return true;
	case VALUE_STR: write_text(w->out, value_text(v)); return true;
	case VALUE_LIST:
		buf_char(w->out, '[');
		for (uint32_t i = 0; i < list_n(v.list); i++) {
			if (i)
				buf_lit(w->out, ", ");
			if (v.list->at[i].type == VALUE_NIL)
				return error_set(w->err, ERROR_INVALID, "toml: cannot encode array with nil element");
			if (!write_inline(w, v.list->at[i], depth + 1))
				return false;
		}
		buf_char(w->out, ']');
		return true;
	case VALUE_MAP: {
		bool first = true;

		if (v.map)
			map_sort(v.map);
		buf_char(w->out, '{');
		for (uint32_t i = 0; i < map_n(v.map); i++) {
			if (v.map->at[i].value.type == VALUE_NIL)
				continue;
			if (!first)
				buf_lit(w->out, ", ");
			first = false;
			write_key(w->out, map_key(&v.map->at[i]));
			buf_lit(w->out, " = ");
			if (!write_inline(w, v.map->at[i].value, depth + 1))
				return false;
		}
		buf_char(w->out, '}');
		return true;
	}
	default:
		return error_set(w->err, ERROR_INVALID, "unsupported type for key");
	}
}

/* A list of tables alone becomes [[...]]. */
static bool is_tables(struct value v)
{
	for (uint32_t i = 0; i < list_n(value_list(v)); i++)
		if (v.list->at[i].type != VALUE_MAP)
			return false;
	return list_n(value_list(v)) > 0;
}

struct path {
	const struct path *up;
	str key;
};

static void write_path(struct buf *out, const struct path *p)
{
	if (p->up) {
		write_path(out, p->up);
		buf_char(out, '.');
	}
	write_key(out, p->key);
}

static int path_depth(const struct path *p)
{
	int n = 0;

	for (; p; p = p->up)
		n++;
	return n;
}

static bool write_table(struct toml_writer *w, struct map *m, const struct path *at);

static bool write_header(struct toml_writer *w, struct map *m, const struct path *at, bool array)
{
	if (w->wrote)
		buf_char(w->out, '\n');
	w->wrote = true;
	buf_fill(w->out, ' ', (size_t)(path_depth(at) - 1) * 2);
	buf_lit(w->out, array ? "[[" : "[");
	write_path(w->out, at);
	buf_lit(w->out, array ? "]]\n" : "]\n");
	return write_table(w, m, at);
}

static bool write_nested(struct toml_writer *w, struct value v, const struct path *at)
{
	if (v.type == VALUE_MAP)
		return write_header(w, v.map, at, false);
	for (uint32_t i = 0; i < v.list->n; i++)
		if (!write_header(w, v.list->at[i].map, at, true))
			return false;
	return true;
}

static bool write_table(struct toml_writer *w, struct map *m, const struct path *at)
{
	int depth = path_depth(at);

	if (depth > LIMIT_VALUE_DEPTH)
		return error_set(w->err, ERROR_LIMIT, "toml: nested deeper than %d", LIMIT_VALUE_DEPTH);
	if (m)
		map_sort(m);
	for (int nested = 0; nested < 2; nested++)
		for (uint32_t i = 0; i < map_n(m); i++) {
			struct value v = m->at[i].value;
			struct path here = {at, map_key(&m->at[i])};
			bool table = v.type == VALUE_MAP || is_tables(v);

			if (table != (nested == 1) || v.type == VALUE_NIL)
				continue;
			if (table) {
				if (!write_nested(w, v, &here))
					return false;
				continue;
			}
			buf_fill(w->out, ' ', (size_t)depth * 2);
			write_key(w->out, here.key);
			buf_lit(w->out, " = ");
			if (!write_inline(w, v, depth))
				return false;
			buf_char(w->out, '\n');
			w->wrote = true;
		}
	return true;
}

bool toml_write(struct buf *out, struct value v, struct error *err)
{
	struct toml_writer w = {.out = out, .err = err};

	if (v.type != VALUE_MAP)
		return error_set(err, ERROR_INVALID, "toml: top-level values must be Go maps or structs");
	return write_table(&w, v.map, NULL);
}

/* --- reading --- */

struct toml_reader {
	struct arena *keep;
	const char *at, *end;
	unsigned line;
	struct error *err;
};

static bool wrong(struct toml_reader *r, const char *what)
{
	return error_set(r->err, ERROR_INVALID, "toml: line %u: %s", r->line, what);
}

static int peek(const struct toml_reader *r)
{
	return r->at < r->end ? (unsigned char)*r->at : -1;
}

static bool skip(struct toml_reader *r, bool lines)
{
	for (; r->at < r->end; r->at++) {
		if (*r->at == '#') {
			while (r->at < r->end && *r->at != '\n')
				r->at++;
			if (r->at == r->end)
				break;
		}
		if (*r->at == '\n' && lines)
			r->line++;
		else if (*r->at != ' ' && *r->at != '\t' && *r->at != '\r')
			break;
	}
	return r->at < r->end;
}

static bool starts(const struct toml_reader *r, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(r->end - r->at) >= n && !memcmp(r->at, text, n);
}

static bool read_escape(struct toml_reader *r, struct buf *b)
{
	static const char codes[] = "btnfre\"\\", bytes[] = "\b\t\n\f\r\x1b\"\\";
	int c = peek(r);
	const char *at = c > 0 ? strchr(codes, c) : NULL;
	size_t n = c == 'u' ? 4 : 8;
	uint64_t rune;
	char text[4];

	r->at++;
	if (at) {
		buf_char(b, bytes[at - codes]);
		return true;
	}
	if ((c != 'u' && c != 'U') || (size_t)(r->end - r->at) < n ||
	    !num_parse_hex(str_make(r->at, n), &rune))
		return wrong(r, "invalid escape character");
	r->at += n;
	buf_add(b, str_make(text, utf8_put(text, (uint32_t)rune)));
	return true;
}

static bool read_string(struct toml_reader *r, str *out)
{
	char quote = *r->at;
	const char *triple = quote == '"' ? "\"\"\"" : "'''";
	bool many = starts(r, triple);
	struct buf b;

	buf_in(&b, r->keep, LIMIT_FN_TEXT);
	r->at += many ? 3 : 1;
	if (many && starts(r, "\r\n"))
		r->at++;
	if (many && peek(r) == '\n')
		r->at++, r->line++;
	for (;; r->at++) {
		int c = peek(r);

		if (c < 0 || (c == '\n' && !many))
			return wrong(r, "strings cannot contain newlines or end with the text");
		if (many ? starts(r, triple) : c == quote)
			break;
		if (c == '\n')
			r->line++;
		if (c != '\\' || quote == '\'') {
			buf_char(&b, (char)c);
			continue;
		}
		r->at++;
		if (many && (peek(r) == '\n' || peek(r) == ' ' || peek(r) == '\r')) {
			skip(r, true);
			r->at--;
			continue;
		}
		if (!read_escape(r, &b))
			return false;
		r->at--;
	}
	r->at += many ? 3 : 1;
	while (many && peek(r) == quote) { /* up to two quotes may stand before the end */
		buf_char(&b, quote);
		r->at++;
	}
	*out = buf_str(&b);
	return true;
}

static bool read_key(struct toml_reader *r, str *out)
{
	const char *from;

	skip(r, false);
	if (peek(r) == '"' || peek(r) == '\'')
		return read_string(r, out);
	for (from = r->at; r->at < r->end && is_bare(str_make(r->at, 1)); r->at++)
		;
	*out = str_make(from, (size_t)(r->at - from));
	return out->n || wrong(r, "expected a key");
}

/* The table below m; the last of an array of tables stands for it. */
static bool table_at(struct toml_reader *r, struct map **m, str key)
{
	struct value *v = map_find(*m, key);

	if (!v) {
		struct map *fresh = map_new(r->keep, 4);

		map_set(r->keep, *m, key, value_of_map(fresh));
		*m = fresh;
		return true;
	}
	if (v->type == VALUE_LIST && is_tables(*v))
		v = &v->list->at[v->list->n - 1];
	if (v->type != VALUE_MAP)
		return wrong(r, "a key has already been defined as another type");
	*m = v->map;
	return true;
}

static bool read_value(struct toml_reader *r, struct value *out, int depth);

static bool read_pair(struct toml_reader *r, struct map *m, int depth)
{
	struct value v;
	str key;

	for (;;) {
		if (!read_key(r, &key))
			return false;
		skip(r, false);
		if (peek(r) != '.')
			break;
		r->at++;
		if (!table_at(r, &m, key))
			return false;
	}
	if (peek(r) != '=')
		return wrong(r, "expected '=' after a key");
	r->at++;
	skip(r, false);
	if (map_find(m, key))
		return wrong(r, "a key has already been defined");
	if (!read_value(r, &v, depth + 1))
		return false;
	map_set(r->keep, m, key, v);
	return true;
}

static bool read_list(struct toml_reader *r, struct value *out, int depth)
{
	struct list *l = list_new(r->keep, 4);
	struct value v;

	for (r->at++;;) {
		skip(r, true);
		if (peek(r) == ']')
			break;
		if (!read_value(r, &v, depth + 1))
			return false;
		list_add(r->keep, l, v);
		skip(r, true);
		if (peek(r) == ',')
			r->at++;
		else if (peek(r) != ']')
			return wrong(r, "expected a comma or ']' in an array");
	}
	r->at++;
	*out = value_of_list(l);
	return true;
}

static bool read_inline(struct toml_reader *r, struct value *out, int depth)
{
	struct map *m = map_new(r->keep, 4);

	for (r->at++;;) {
		skip(r, false);
		if (peek(r) == '}')
			break;
		if (!read_pair(r, m, depth + 1))
			return false;
		skip(r, false);
		if (peek(r) == ',')
			r->at++;
		else if (peek(r) != '}')
			return wrong(r, "expected a comma or '}' in an inline table");
	}
	r->at++;
	*out = value_of_map(m);
	return true;
}

static bool read_number(struct toml_reader *r, str word, struct value *out)
{
	char text[128];
	size_t n = 0;
	bool whole = true;
	int base = 10;
	char *stop;

	for (size_t i = 0; i < word.n && n < sizeof text - 1; i++)
		if (word.s[i] != '_')
			text[n++] = word.s[i];
	text[n] = '\0';
	if (n > 2 && text[0] == '0' && strchr("xob", text[1])) {
		base = text[1] == 'x' ? 16 : text[1] == 'o' ? 8 : 2;
		*out = value_int64(strtoll(text + 2, &stop, base));
		return !*stop || wrong(r, "invalid number");
	}
	for (size_t i = 0; i < n; i++)
		whole &= (text[i] >= '0' && text[i] <= '9') || (!i && (*text == '-' || *text == '+'));
	if (whole && n)
		*out = value_int64(strtoll(text, &stop, 10));
	else
		*out = value_float(strtod(text, &stop));
	return (n && !*stop) || wrong(r, "expected a value");
}

static bool read_value(struct toml_reader *r, struct value *out, int depth)
{
	const char *from = r->at;
	int c = peek(r);
	str text;

	if (depth > LIMIT_YAML_DEPTH)
		return error_set(r->err, ERROR_LIMIT, "toml: nested deeper than %d", LIMIT_YAML_DEPTH);
	if (c == '"' || c == '\'') {
		if (!read_string(r, &text))
			return false;
		*out = value_str(text);
		return true;
	}
	if (c == '[')
		return read_list(r, out, depth);
	if (c == '{')
		return read_inline(r, out, depth);
	while (r->at < r->end && !strchr(",]}# \t\r\n", *r->at))
		r->at++;
	text = str_make(from, (size_t)(r->at - from));
	/* a date and a time may be parted by a blank */
	if (text.n == 10 && text.s[4] == '-' && r->end - r->at > 3 && r->at[0] == ' ' && r->at[3] == ':') {
		for (r->at++; r->at < r->end && !strchr(",]}# \t\r\n", *r->at);)
			r->at++;
		text = str_make(from, (size_t)(r->at - from));
	}
	if (str_is(text, "true") || str_is(text, "false")) {
		*out = value_bool(text.s[0] == 't');
		return true;
	}
	if (text.n >= 8 && (text.s[2] == ':' || text.s[4] == '-')) {
		*out = value_str(text);
		return true;
	}
	return read_number(r, text, out);
}

static bool read_header(struct toml_reader *r, struct map *root, struct map **out)
{
	bool array = starts(r, "[[");
	struct map *m = root;
	struct value *v;
	str key;

	for (r->at += array ? 2 : 1;;) {
		if (!read_key(r, &key))
			return false;
		skip(r, false);
		if (peek(r) != '.')
			break;
		r->at++;
		if (!table_at(r, &m, key))
			return false;
	}
	if (!starts(r, array ? "]]" : "]"))
		return wrong(r, "expected ']' at the end of a table's name");
	r->at += array ? 2 : 1;
	if (!array) {
		*out = m;
		return table_at(r, out, key);
	}
	v = map_find(m, key);
	if (!v) {
		map_set(r->keep, m, key, value_of_list(list_new(r->keep, 4)));
		v = map_find(m, key);
	}
	if (v->type != VALUE_LIST)
		return wrong(r, "a key has already been defined as another type");
	*out = map_new(r->keep, 4);
	list_add(r->keep, v->list, value_of_map(*out));
	return true;
}

bool toml_read(struct arena *keep, str text, struct value *out, struct error *err)
{
	struct toml_reader r = {.keep = keep, .at = text.s, .end = text.s + text.n, .line = 1, .err = err};
	struct map *root = map_new(keep, 8), *here = root;

	*out = value_of_map(root);
	while (skip(&r, true)) {
		if (peek(&r) == '[' ? !read_header(&r, root, &here) : !read_pair(&r, here, 0))
			return false;
		skip(&r, false);
		if (peek(&r) >= 0 && peek(&r) != '\n')
			return wrong(&r, "expected a newline or the end after a value");
	}
	return true;
}
