/*
 * toYaml's text: go-yaml v2's emitter after a JSON round trip (reference "helm template", 3.3).
 * A string is looked at once; that decides its style.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/float.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "render/ref.h"
#include "render/yaml.h"

#define FOLD_AT 80
#define SIMPLE_KEY_MAX 128

struct writer {
	struct buf *out;
	size_t line; /* offset of the current line's start */
	bool lost;   /* text that does not survive JSON and YAML */
	bool key;    /* keys do not fold */
	bool pretty; /* go-yaml v3: lists indented below their key, nothing folded, floats as Go's */
};

/* --- what a string is like --- */

struct shape {
	bool block_plain; /* an indicator where a plain scalar may not have it */
	bool special;	  /* unprintable: only double quotes will do */
	bool tab;	  /* pretty: double quotes or a literal */
	bool lead_space, trail_space, breaks, space_break, break_space;
};

static bool is_break(uint32_t r)
{
	return r == '\r' || r == '\n' || r == 0x85 || r == 0x2028 || r == 0x2029;
}

static bool is_printable(uint32_t r)
{
	return r == '\n' || (r >= 0x20 && r <= 0x7E) || (r >= 0xA0 && r <= 0xD7FF) ||
	       (r >= 0xE000 && r <= 0xFFFD && r != 0xFEFF);
}

static bool blank_follows(str s, size_t at)
{
	return at >= s.n || s.s[at] == ' ' || s.s[at] == '\t' || s.s[at] == '\n' || s.s[at] == '\r';
}

static bool starts_badly(str s)
{
	char c = s.s[0];

	if (strchr("#,[]{}&*!|>'\"%@`", c))
		return true;
	return (c == '-' || c == '?' || c == ':') && blank_follows(s, 1);
}

static struct shape shape_of(str s, bool pretty)
{
	struct shape shape = {0};
	bool space_before = false, break_before = false, blank_before = true;
	size_t at = 0, width;

	shape.block_plain = str_starts(s, STR("---")) || str_starts(s, STR("...")) ||
			    (s.n && starts_badly(s));
	for (; at < s.n; at += width) {
		uint32_t r = utf8_rune(str_from(s, at), &width);

		if (at && ((r == ':' && blank_follows(s, at + 1)) || (r == '#' && blank_before)))
			shape.block_plain = true;
		if (r == '\t' && pretty)
			shape.tab = true;
		else if (!is_printable(r) && !(is_break(r) && r != '\r'))
			shape.special = true;
		if (r == ' ') {
			shape.lead_space |= at == 0;
			shape.trail_space |= at + 1 == s.n;
			shape.break_space |= break_before;
		} else if (is_break(r)) {
			shape.breaks = true;
			shape.space_break |= space_before;
		}
		space_before = r == ' ';
		break_before = is_break(r);
		blank_before = r == ' ' || r == '\t' || break_before;
	}
	return shape;
}

/* ^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$ */
static bool is_base60(str s)
{
	size_t i = 0;
	bool any = false;

	if (i < s.n && (s.s[i] == '-' || s.s[i] == '+'))
		i++;
	if (i >= s.n || s.s[i] < '0' || s.s[i] > '9')
		return false;
	while (i < s.n && ((s.s[i] >= '0' && s.s[i] <= '9') || s.s[i] == '_'))
		i++;
	while (i < s.n && s.s[i] == ':') {
		size_t from = ++i;

		while (i < s.n && s.s[i] >= '0' && s.s[i] <= '9')
			i++;
		if (i == from || i - from > 2 || (i - from == 2 && s.s[from] > '5'))
			return false;
		any = true;
	}
	if (any && i < s.n && s.s[i] == '.')
		for (i++; i < s.n && ((s.s[i] >= '0' && s.s[i] <= '9') || s.s[i] == '_');)
			i++;
	return any && i == s.n;
}

static bool resolves(str s)
{
	if (yaml_is_text(s))
		return false;
	return !value_is(yaml_scalar(NULL, s, YAML_TYPED), VALUE_STR) || yaml_is_timestamp(s) ||
	       is_base60(s);
}

/* --- writing one string --- */

static size_t column(const struct writer *w)
{
	return utf8_count(str_from(buf_str(w->out), w->line));
}

static void new_line(struct writer *w, size_t indent)
{
	buf_char(w->out, '\n');
	w->line = w->out->n;
	buf_fill(w->out, ' ', indent);
}

/* Folding at a blank: only when the line is already too long. Counting columns is dear, so it is
 * done only where a break could be. */
static bool may_fold(const struct writer *w)
{
	return !w->pretty && !w->key && w->out->n - w->line > FOLD_AT && column(w) > FOLD_AT;
}

static void write_plain(struct writer *w, str s, size_t indent)
{
	bool space = false;

	for (size_t i = 0; i < s.n; i++) {
		if (s.s[i] != ' ') {
			buf_char(w->out, s.s[i]);
			space = false;
			continue;
		}
		if (!space && !(i + 1 < s.n && s.s[i + 1] == ' ') && may_fold(w))
			new_line(w, indent);
		else
			buf_char(w->out, ' ');
		space = true;
	}
}

static void write_single(struct writer *w, str s, size_t indent)
{
	bool space = false;

	buf_char(w->out, '\'');
	for (size_t i = 0; i < s.n; i++) {
		bool inner = i > 0 && i + 1 < s.n;

		if (s.s[i] == ' ') {
			if (!space && inner && s.s[i + 1] != ' ' && may_fold(w))
				new_line(w, indent);
			else
				buf_char(w->out, ' ');
			space = true;
			continue;
		}
		if (s.s[i] == '\'')
			buf_char(w->out, '\'');
		buf_char(w->out, s.s[i]);
		space = false;
	}
	buf_char(w->out, '\'');
}

static void write_escape(struct writer *w, uint32_t r)
{
	static const char codes[] = "\a\b\t\n\v\f\r\x1b\"\\", names[] = "abtnvfre\"\\";
	const char *at = r && r < 0x80 ? strchr(codes, (int)r) : NULL;

	buf_char(w->out, '\\');
	if (at)
		buf_char(w->out, names[at - codes]);
	else if (r == 0)
		buf_char(w->out, '0');
	else if (r == 0x85 || r == 0xA0)
		buf_char(w->out, r == 0x85 ? 'N' : '_');
	else if (r == 0x2028 || r == 0x2029)
		buf_char(w->out, r == 0x2028 ? 'L' : 'P');
	else if (r <= 0xFF)
		buf_printf(w->out, "x%02X", r);
	else if (r <= 0xFFFF)
		buf_printf(w->out, "u%04X", r);
	else
		buf_printf(w->out, "U%08X", r);
}

static void write_double(struct writer *w, str s, size_t indent)
{
	bool space = false, bom = str_starts(s, STR("\xEF\xBB\xBF"));
	size_t width;

	buf_char(w->out, '"');
	for (size_t i = 0; i < s.n; i += width) {
		uint32_t r = utf8_rune(str_from(s, i), &width);

		if (!is_printable(r) || bom || is_break(r) || r == '"' || r == '\\') {
			write_escape(w, r);
			space = false;
		} else if (r == ' ') {
			if (!space && i > 0 && i + 1 < s.n && may_fold(w)) {
				new_line(w, indent);
				if (s.s[i + 1] == ' ')
					buf_char(w->out, '\\');
			} else {
				buf_char(w->out, ' ');
			}
			space = true;
		} else {
			buf_add(w->out, str_sub(s, i, i + width));
			space = false;
		}
	}
	buf_char(w->out, '"');
}

/* The last line break of a literal is written by whatever follows. */
static void write_literal(struct writer *w, str s, size_t indent)
{
	size_t end = s.n;

	buf_char(w->out, '|');
	if (s.s[0] == ' ' || s.s[0] == '\n')
		buf_char(w->out, '2');
	if (s.s[end - 1] != '\n')
		buf_char(w->out, '-');
	else if (end == 1 || s.s[end - 2] == '\n')
		buf_char(w->out, '+');
	if (s.s[end - 1] == '\n')
		end--;
	for (size_t i = 0; i <= end;) {
		ptrdiff_t stop = str_find_char(str_sub(s, i, end), '\n');
		size_t n = stop < 0 ? end - i : (size_t)stop;

		new_line(w, n ? indent : 0);
		buf_add(w->out, str_sub(s, i, i + n));
		i += n + 1;
	}
}

static void write_valid(struct writer *w, str s, size_t indent, bool is_key)
{
	struct shape shape = shape_of(s, w->pretty);
	bool many_lines = str_find_char(s, '\n') >= 0;
	bool quoted = !many_lines && resolves(s);
	bool plain = s.n && !quoted && !shape.block_plain && !shape.lead_space &&
		     !shape.trail_space && !shape.breaks && !shape.special && !shape.tab;
	bool single = !quoted && !shape.special && !shape.tab && !shape.space_break && !shape.break_space &&
		      !many_lines;

	w->key = is_key;
	if (many_lines && !is_key && !shape.special && !shape.space_break && !shape.trail_space)
		write_literal(w, s, indent);
	else if (plain && is_key)
		buf_add(w->out, s);
	else if (plain)
		write_plain(w, s, indent);
	else if (single && s.n)
		write_single(w, s, indent);
	else
		write_double(w, s, indent);
}

/* Visible ASCII that is nothing but plain: most keys and values. */
static bool is_tame(str s)
{
	unsigned char odd = 0;

	for (size_t i = 0; i < s.n; i++)
		odd |= (unsigned char)((unsigned char)(s.s[i] - '!') > '~' - '!');
	return !odd && s.n && !starts_badly(s) && s.s[s.n - 1] != ':' && !str_starts(s, STR("---")) &&
	       !str_starts(s, STR("...")) && !resolves(s);
}

/* The JSON step puts U+FFFD in place of every byte that is no UTF-8. */
static void write_string(struct writer *w, str s, size_t indent, bool is_key)
{
	struct buf valid;
	size_t width;
	bool whole = true;

	if (is_tame(s)) {
		buf_add(w->out, s);
		return;
	}
	for (size_t i = 0; i < s.n && whole; i += width)
		whole = utf8_rune(str_from(s, i), &width) != UTF8_ERROR || width > 1;
	if (whole) {
		write_valid(w, s, indent, is_key);
		return;
	}
	buf_init(&valid, s.n * 3 + 1);
	for (size_t i = 0; i < s.n; i += width) {
		bool bad = utf8_rune(str_from(s, i), &width) == UTF8_ERROR && width == 1;

		buf_add(&valid, bad ? STR("\xEF\xBF\xBD") : str_sub(s, i, i + width));
	}
	w->out->failed |= valid.failed;
	write_valid(w, buf_str(&valid), indent, is_key);
	buf_done(&valid);
}

/* --- numbers --- */

static void write_float(struct writer *w, double f)
{
	char text[FLOAT_TEXT];
	double size = fabs(f);

	if (!isfinite(f)) {
		w->lost = true;
		return;
	}
	if (!w->pretty && floor(f) == f && size < 1e21) {
		/* JSON's digits; what fits an integer stays one. */
		size_t n = float_shortest(text, f, 'f', 1);

		if (f == 0)
			buf_char(w->out, '0');
		else if ((f > 0 && f < 18446744073709551616.0) ||
			 (f < 0 && f >= -9223372036854775808.0))
			buf_add(w->out, str_make(text, n));
		else
			buf_add(w->out, str_make(text, float_general(text, f, 6)));
		return;
	}
	buf_add(w->out, str_make(text, float_general(text, f, 6)));
}

/* --- keys in natural order --- */

static bool is_letter(uint32_t r)
{
	return (r | 0x20) - 'a' < 26 || r >= 0xAA;
}

static bool is_digit(uint32_t r)
{
	return r >= '0' && r <= '9';
}

struct runes {
	uint32_t at[256];
	size_t n;
};

static void runes_of(struct runes *out, str s)
{
	size_t width;

	for (out->n = 0; s.n && out->n < 256; s = str_from(s, width))
		out->at[out->n++] = utf8_rune(s, &width);
}

static int digits_order(const struct runes *a, const struct runes *b, size_t i)
{
	uint64_t x = 0, y = 0;
	size_t p = i, q = i;

	if (a->at[i] == '0' || b->at[i] == '0')
		for (size_t j = i; j > 0 && is_digit(a->at[j - 1]); j--)
			if (a->at[j - 1] != '0') {
				x = y = 1;
				break;
			}
	while (p < a->n && is_digit(a->at[p]))
		x = x * 10 + (a->at[p++] - '0');
	while (q < b->n && is_digit(b->at[q]))
		y = y * 10 + (b->at[q++] - '0');
	if (x != y)
		return x < y ? -1 : 1;
	if (p != q)
		return p < q ? -1 : 1;
	return a->at[i] < b->at[i] ? -1 : 1;
}

/* Where ASCII letters decide; 0: they do not. */
static int ascii_order(str a, str b)
{
	size_t i = 0;
	unsigned char x, y;

	while (i < a.n && i < b.n && a.s[i] == b.s[i])
		i++;
	if (i == a.n || i == b.n || i >= 64)
		return 0;
	x = (unsigned char)a.s[i];
	y = (unsigned char)b.s[i];
	if (x >= 0x80 || y >= 0x80 || (!is_letter(x) && !is_letter(y)))
		return 0;
	if (is_letter(x) && is_letter(y))
		return x < y ? -1 : 1;
	return is_letter(y) ? -1 : 1;
}

static int natural_order(const void *x, const void *y)
{
	const struct map_entry *const *m = x, *const *n = y;
	struct runes a, b;
	int order = ascii_order(map_key(*m), map_key(*n));

	if (order)
		return order;
	runes_of(&a, map_key(*m));
	runes_of(&b, map_key(*n));
	for (size_t i = 0; i < a.n && i < b.n; i++) {
		bool p = is_letter(a.at[i]), q = is_letter(b.at[i]);

		if (a.at[i] == b.at[i])
			continue;
		if (p && q)
			return a.at[i] < b.at[i] ? -1 : 1;
		if (p || q)
			return q ? -1 : 1;
		return digits_order(&a, &b, i);
	}
	return (a.n > b.n) - (a.n < b.n);
}

static void sort_entries(const struct map_entry **at, uint32_t n)
{
	/* Insertion first: keys mostly come sorted already. */
	for (uint32_t i = 1; i < n; i++) {
		const struct map_entry *e = at[i];
		uint32_t j = i;

		if (n > 64) {
			qsort(at, n, sizeof *at, natural_order);
			return;
		}
		while (j > 0 && natural_order(&at[j - 1], &e) > 0) {
			at[j] = at[j - 1];
			j--;
		}
		at[j] = e;
	}
}

/* --- collections --- */

static void write_value(struct writer *w, struct value v, size_t indent, bool in_list, int depth);

static void write_scalar(struct writer *w, struct value v, size_t indent)
{
	switch (v.type) {
	case VALUE_BOOL:
		buf_lit(w->out, v.b ? "true" : "false");
		break;
	case VALUE_INT:
	case VALUE_INT64:
	case VALUE_BYTE:
		buf_printf(w->out, "%" PRId64, v.i);
		break;
	case VALUE_UINT64:
		buf_printf(w->out, "%" PRIu64, v.u);
		break;
	case VALUE_FLOAT:
		write_float(w, v.f);
		break;
	case VALUE_STR:
		write_string(w, value_text(v), indent, false);
		break;
	case VALUE_LIST:
		buf_lit(w->out, v.list ? "[]" : "null");
		break;
	case VALUE_MAP:
		buf_lit(w->out, v.map ? "{}" : "null");
		break;
	default:
		buf_lit(w->out, "null");
		break;
	}
}

static void write_list(struct writer *w, const struct list *l, size_t indent, bool compact,
		       int depth)
{
	for (uint32_t i = 0; i < l->n; i++) {
		if (i || !compact)
			new_line(w, indent);
		buf_lit(w->out, "-");
		write_value(w, l->at[i], indent + 2, true, depth + 1);
	}
}

static void write_key(struct writer *w, str key, size_t indent)
{
	if (key.n > SIMPLE_KEY_MAX || str_find_char(key, '\n') >= 0) {
		buf_lit(w->out, "? ");
		write_string(w, key, indent + 2, false);
		new_line(w, indent);
		buf_lit(w->out, ":");
		return;
	}
	write_string(w, key, indent, true);
	buf_char(w->out, ':');
}

static void write_map(struct writer *w, struct map *m, size_t indent, bool compact, int depth)
{
	const struct map_entry *few[64], **at = few;
	struct arena many;

	arena_init(&many, 0);
	if (m->n > 64)
		at = arena_news(&many, m->n, const struct map_entry *);
	for (uint32_t i = 0; i < m->n; i++)
		at[i] = &m->at[i];
	sort_entries(at, m->n);
	for (uint32_t i = 0; i < m->n; i++) {
		if (i || !compact)
			new_line(w, indent);
		write_key(w, map_key(at[i]), indent);
		write_value(w, at[i]->value, indent + 2, false, depth + 1);
	}
	arena_done(&many);
}

/* After "-" or "key:": a blank and a scalar, or a collection. indent is that of nested keys. */
static void write_value(struct writer *w, struct value v, size_t indent, bool in_list, int depth)
{
	if (depth > LIMIT_VALUE_DEPTH || w->out->failed) {
		w->out->failed = true;
		return;
	}
	if (v.type == VALUE_MAP && map_n(v.map)) {
		if (in_list)
			buf_char(w->out, ' ');
		write_map(w, v.map, indent, in_list, depth);
		return;
	}
	if (v.type == VALUE_LIST && list_n(v.list)) {
		if (in_list)
			buf_char(w->out, ' ');
		write_list(w, v.list, in_list || w->pretty ? indent : indent - 2, in_list, depth);
		return;
	}
	buf_char(w->out, ' ');
	write_scalar(w, v, indent);
}

/* DEL and the C1 controls end the JSON step; NEL comes through it as a blank. */
static bool survives(struct value v, int depth)
{
	str s = value_text(v);

	if (depth > LIMIT_VALUE_DEPTH)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.s[i];

		if (c == 0x7F || (c == 0xC2 && i + 1 < s.n && (unsigned char)s.s[i + 1] < 0xA0 &&
				  (unsigned char)s.s[i + 1] != 0x85))
			return false;
	}
	for (uint32_t i = 0; i < list_n(value_list(v)); i++)
		if (!survives(v.list->at[i], depth + 1))
			return false;
	for (uint32_t i = 0; i < map_n(value_map(v)); i++)
		if (!survives(v.map->at[i].value, depth + 1))
			return false;
	return true;
}

static bool write_document(struct writer *w, struct value v)
{
	if (v.type == VALUE_MAP && map_n(v.map))
		write_map(w, v.map, 0, true, 0);
	else if (v.type == VALUE_LIST && list_n(v.list))
		write_list(w, v.list, 0, true, 0);
	else
		write_scalar(w, v, 2);
	buf_char(w->out, '\n');
	return !w->lost && !w->out->failed;
}

bool yaml_write(struct buf *out, struct value v)
{
	struct writer w = {.out = out, .line = out->n};

	return survives(v, 0) && write_document(&w, v);
}

bool yaml_write_pretty(struct buf *out, struct value v)
{
	struct writer w = {.out = out, .line = out->n, .pretty = true};

	return write_document(&w, v);
}
