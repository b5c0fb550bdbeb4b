/*
 * Text to values by jansson, values to text by hand: Go's number forms, Go's escapes, sorted
 * keys.
 */
#include "base/json.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/float.h"
#include "base/limits.h"
#include "base/utf8.h"

/* --- reading --- */

struct reader {
	struct arena *keep;
	unsigned flags;
	bool deep;
};

static struct value from_jansson(struct reader *r, const json_t *j, int depth);

static struct value read_object(struct reader *r, const json_t *j, int depth)
{
	struct map *m = map_new(r->keep, (uint32_t)json_object_size(j));
	json_t *object = (json_t *)(uintptr_t)j;

	for (void *it = json_object_iter(object); it; it = json_object_iter_next(object, it)) {
		str key = arena_str(r->keep, str_of(json_object_iter_key(it)));

		map_set(r->keep, m, key, from_jansson(r, json_object_iter_value(it), depth + 1));
	}
	return value_of_map(m);
}

static struct value read_array(struct reader *r, const json_t *j, int depth)
{
	size_t n = json_array_size(j);
	struct list *l = list_new(r->keep, (uint32_t)n);

	for (size_t i = 0; i < n; i++)
		list_add(r->keep, l, from_jansson(r, json_array_get(j, i), depth + 1));
	return value_of_list(l);
}

static struct value from_jansson(struct reader *r, const json_t *j, int depth)
{
	if (depth > LIMIT_VALUE_DEPTH) {
		r->deep = true;
		return VALUE_NONE;
	}
	switch (json_typeof(j)) {
	case JSON_OBJECT:
		return read_object(r, j, depth);
	case JSON_ARRAY:
		return read_array(r, j, depth);
	case JSON_STRING:
		return value_str(arena_str(
			r->keep, str_make(json_string_value(j), json_string_length(j))));
	case JSON_INTEGER:
		return value_int64(json_integer_value(j));
	case JSON_REAL:
		return value_float(json_real_value(j));
	case JSON_TRUE:
	case JSON_FALSE:
		return value_bool(json_is_true(j));
	default:
		return VALUE_NONE;
	}
}

/* jansson's own tree lives for one json_read: it comes from that call's arena and goes with it. */
static _Thread_local struct arena *tree;

static void *tree_alloc(size_t n)
{
	return arena_alloc(tree, n);
}

static void tree_free(void *p)
{
	(void)p;
}

static void use_trees(void)
{
	json_set_alloc_funcs(tree_alloc, tree_free);
}

/* jansson knows only 2,048 levels of nesting and refuses integers over int64; Go reads those as
 * floats, so a second try reads every number as one. */
static json_t *load(str text, bool floats, json_error_t *problem)
{
	size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL | (floats ? JSON_DECODE_INT_AS_REAL : 0);
	json_t *j = json_loadb(text.n ? text.s : "", text.n, flags, problem);

	if (!j && json_error_code(problem) == json_error_numeric_overflow)
		j = json_loadb(text.s, text.n, flags | JSON_DECODE_INT_AS_REAL, problem);
	return j;
}

static bool read_text(struct reader *r, str text, struct value *out, struct error *err)
{
	json_error_t problem;
	json_t *j = load(text, r->flags & JSON_READ_FLOATS, &problem);
	struct value v;

	if (!j)
		return error_set(err, ERROR_INVALID, "invalid JSON at line %d column %d: %s",
				 problem.line, problem.column, problem.text);
	v = from_jansson(r, j, 0);
	if (r->deep)
		return error_set(err, ERROR_LIMIT, "JSON is nested deeper than %d levels", LIMIT_VALUE_DEPTH);
	*out = v;
	return true;
}

bool json_read(struct arena *keep, str text, unsigned flags, struct value *out, struct error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct reader r = {.keep = keep, .flags = flags};
	jmp_buf env, *former = keep->guard;
	struct arena own;
	bool ok;

	if (text.n > LIMIT_JSON_BYTES)
		return error_set(err, ERROR_LIMIT, "JSON text is larger than %u bytes",
				 LIMIT_JSON_BYTES);
	pthread_once(&once, use_trees);
	arena_init(&own, 0);
	tree = &own;
	if (setjmp(env)) {
		bool kept = keep->capped;

		arena_done(&own);
		arena_guard(keep, former);
		if (former)
			longjmp(*former, 1); /* keep is full: its owner knows what to say */
		return error_set(err, kept ? ERROR_LIMIT : ERROR_MEMORY, "no memory for JSON of %zu bytes", text.n);
	}
	arena_guard(&own, &env);
	arena_guard(keep, &env);
	ok = read_text(&r, text, out, err);
	arena_guard(keep, former);
	arena_done(&own);
	return ok;
}

/* --- writing --- */

static void write_escape(struct buf *out, uint32_t r)
{
	static const char hex[] = "0123456789abcdef";
	char text[6] = {'\\', 'u', hex[r >> 12 & 15], hex[r >> 8 & 15], hex[r >> 4 & 15],
			hex[r & 15]};

	buf_add(out, str_make(text, 6));
}

static bool must_escape(uint32_t r, unsigned flags)
{
	if (r == 0x2028 || r == 0x2029)
		return flags & (JSON_HTML | JSON_APPLY);
	if (!(flags & JSON_APPLY))
		return false;
	return (r >= 0x7F && r <= 0x9F) || r == 0xFEFF || r == 0xFFFE || r == 0xFFFF;
}

static void write_rune(struct buf *out, str *rest, unsigned flags)
{
	size_t width;
	uint32_t r = utf8_rune(*rest, &width);

	if (r == UTF8_ERROR && width == 1)
		buf_lit(out, flags & JSON_APPLY ? "\xEF\xBF\xBD" : "\\ufffd");
	else if (must_escape(r, flags))
		write_escape(out, r);
	else
		buf_add(out, str_sub(*rest, 0, width));
	*rest = str_from(*rest, width);
}

static void write_ascii(struct buf *out, char c, unsigned flags)
{
	switch (c) {
	case '"':
	case '\\':
		buf_char(out, '\\');
		buf_char(out, c);
		return;
	case '\n':
		buf_lit(out, "\\n");
		return;
	case '\r':
		buf_lit(out, "\\r");
		return;
	case '\t':
		buf_lit(out, "\\t");
		return;
	case '\b':
		buf_lit(out, "\\b");
		return;
	case '\f':
		buf_lit(out, "\\f");
		return;
	default:
		break;
	}
	if ((unsigned char)c < 0x20 || ((flags & JSON_HTML) && (c == '<' || c == '>' || c == '&')) ||
	    ((flags & JSON_APPLY) && c == 0x7F))
		write_escape(out, (unsigned char)c);
	else
		buf_char(out, c);
}

static bool is_plain(char c, unsigned flags)
{
	unsigned char u = (unsigned char)c;

	if (u < 0x20 || u >= 0x7F || c == '"' || c == '\\')
		return false;
	return !(flags & JSON_HTML) || (c != '<' && c != '>' && c != '&');
}

void json_write_string(struct buf *out, str s, unsigned flags)
{
	buf_char(out, '"');
	while (s.n) {
		size_t run = 0;

		while (run < s.n && is_plain(s.s[run], flags))
			run++;
		buf_add(out, str_sub(s, 0, run));
		s = str_from(s, run);
		if (!s.n)
			break;
		if ((unsigned char)s.s[0] >= 0x80) {
			write_rune(out, &s, flags);
		} else {
			write_ascii(out, s.s[0], flags);
			s = str_from(s, 1);
		}
	}
	buf_char(out, '"');
}

void json_write_float(struct buf *out, double f)
{
	char text[FLOAT_TEXT];
	double size = fabs(f);

	if (!isfinite(f)) {
		buf_lit(out, "null");
		return;
	}
	if (size > 0 && (size < 1e-6 || size >= 1e21))
		buf_add(out, str_make(text, float_shortest(text, f, 'e', 1)));
	else
		buf_add(out, str_make(text, float_shortest(text, f, 'f', 1)));
}

static void write_base64(struct buf *out, str s)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	buf_char(out, '"');
	for (size_t i = 0; i < s.n; i += 3) {
		size_t left = s.n - i;
		uint32_t w = (uint32_t)(unsigned char)s.s[i] << 16;

		w |= left > 1 ? (uint32_t)(unsigned char)s.s[i + 1] << 8 : 0;
		w |= left > 2 ? (uint32_t)(unsigned char)s.s[i + 2] : 0;
		buf_char(out, digits[w >> 18]);
		buf_char(out, digits[w >> 12 & 63]);
		buf_char(out, left > 1 ? digits[w >> 6 & 63] : '=');
		buf_char(out, left > 2 ? digits[w & 63] : '=');
	}
	buf_char(out, '"');
}

static void newline(struct buf *out, unsigned flags, int depth)
{
	if (!(flags & JSON_PRETTY))
		return;
	buf_char(out, '\n');
	buf_fill(out, ' ', (size_t)depth * 2);
}

static void write_value(struct buf *out, struct value v, unsigned flags, int depth);

static void write_list(struct buf *out, const struct list *l, unsigned flags, int depth)
{
	buf_char(out, '[');
	for (uint32_t i = 0; i < l->n; i++) {
		if (i)
			buf_char(out, ',');
		newline(out, flags, depth + 1);
		write_value(out, l->at[i], flags, depth + 1);
	}
	if (l->n)
		newline(out, flags, depth);
	buf_char(out, ']');
}

static void write_map(struct buf *out, struct map *m, unsigned flags, int depth)
{
	map_sort(m);
	buf_char(out, '{');
	for (uint32_t i = 0; i < m->n; i++) {
		if (i)
			buf_char(out, ',');
		newline(out, flags, depth + 1);
		json_write_string(out, map_key(&m->at[i]), flags);
		buf_lit(out, flags & JSON_PRETTY ? ": " : ":");
		write_value(out, m->at[i].value, flags, depth + 1);
	}
	if (m->n)
		newline(out, flags, depth);
	buf_char(out, '}');
}

static void write_value(struct buf *out, struct value v, unsigned flags, int depth)
{
	if (depth > LIMIT_VALUE_DEPTH) {
		out->failed = true;
		return;
	}
	switch (v.type) {
	case VALUE_BOOL:
		buf_lit(out, v.b ? "true" : "false");
		break;
	case VALUE_INT:
	case VALUE_INT64:
	case VALUE_BYTE:
		buf_printf(out, "%" PRId64, v.i);
		break;
	case VALUE_UINT64:
		buf_printf(out, "%" PRIu64, v.u);
		break;
	case VALUE_FLOAT:
		json_write_float(out, v.f);
		break;
	case VALUE_STR:
		json_write_string(out, value_text(v), flags);
		break;
	case VALUE_BYTES:
		write_base64(out, value_text(v));
		break;
	case VALUE_LIST:
		if (v.list)
			write_list(out, v.list, flags, depth);
		else
			buf_lit(out, "null");
		break;
	case VALUE_MAP:
		if (v.map)
			write_map(out, v.map, flags, depth);
		else
			buf_lit(out, "null");
		break;
	default:
		buf_lit(out, "null");
		break;
	}
}

void json_write(struct buf *out, struct value v, unsigned flags)
{
	write_value(out, v, flags, 0);
}

str json_text(struct arena *keep, struct value v, unsigned flags)
{
	struct buf out;

	buf_in(&out, keep, 0);
	json_write(&out, v, flags);
	buf_cstr(&out);
	return buf_str(&out);
}
