/*
 * fmt's %v and strconv's quoting.
 */
#include <inttypes.h>

#include "base/float.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "render/fn.h"
#include "render/print.h"
#include "render/ref.h"

static void quote_rune(struct buf *out, uint32_t r, str raw, char quote, bool ascii)
{
	static const char codes[] = "\a\b\f\n\r\t\v", names[] = "abfnrtv";
	const char *at = r && r < 0x20 ? strchr(codes, (int)r) : NULL;

	if (r == (uint32_t)quote || r == '\\') {
		buf_char(out, '\\');
		buf_char(out, (char)r);
	} else if (at) {
		buf_char(out, '\\');
		buf_char(out, names[at - codes]);
	} else if (print_is_printable(r) && (!ascii || r < 0x80)) {
		buf_add(out, raw);
	} else if (r < 0x20 || r == 0x7F) {
		buf_printf(out, "\\x%02x", r);
	} else if (r < 0x10000) {
		buf_printf(out, "\\u%04x", r);
	} else {
		buf_printf(out, "\\U%08x", r);
	}
}

void print_quoted_with(struct buf *out, str s, char quote, bool ascii)
{
	buf_char(out, quote);
	while (s.n) {
		size_t width;
		uint32_t r = utf8_rune(s, &width);

		if (r == UTF8_ERROR && width == 1)
			buf_printf(out, "\\x%02x", (unsigned char)s.s[0]);
		else
			quote_rune(out, r, str_sub(s, 0, width), quote, ascii);
		s = str_from(s, width);
	}
	buf_char(out, quote);
}

void print_quoted(struct buf *out, str s)
{
	print_quoted_with(out, s, '"', false);
}

static void print_deep(struct buf *out, struct value v, int depth);

static void print_list(struct buf *out, const struct list *l, int depth)
{
	buf_char(out, '[');
	for (uint32_t i = 0; i < list_n(l); i++) {
		if (i)
			buf_char(out, ' ');
		print_deep(out, l->at[i], depth + 1);
	}
	buf_char(out, ']');
}

static void print_map(struct buf *out, struct map *m, int depth)
{
	map_sort(m);
	buf_lit(out, "map[");
	for (uint32_t i = 0; i < map_n(m); i++) {
		if (i)
			buf_char(out, ' ');
		buf_add(out, map_key(&m->at[i]));
		buf_char(out, ':');
		print_deep(out, m->at[i].value, depth + 1);
	}
	buf_char(out, ']');
}

static void print_bytes(struct buf *out, str s)
{
	buf_char(out, '[');
	for (size_t i = 0; i < s.n; i++)
		buf_printf(out, "%s%u", i ? " " : "", (unsigned char)s.s[i]);
	buf_char(out, ']');
}

static void print_deep(struct buf *out, struct value v, int depth)
{
	char text[FLOAT_TEXT];

	if (depth > LIMIT_VALUE_DEPTH || out->failed) {
		out->failed = true;
		return;
	}
	switch (v.type) {
	case VALUE_NIL:
		buf_lit(out, "<nil>");
		break;
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
		buf_add(out, str_make(text, float_general(text, v.f, PRINT_FLOAT_BIG)));
		break;
	case VALUE_STR:
		buf_add(out, value_text(v));
		break;
	case VALUE_BYTES:
		print_bytes(out, value_text(v));
		break;
	case VALUE_LIST:
		print_list(out, v.list, depth);
		break;
	case VALUE_MAP:
		print_map(out, v.map, depth);
		break;
	default:
		if (v.ref && v.ref->class->print)
			v.ref->class->print(out, v.ref);
		else
			buf_lit(out, v.ref ? "{}" : "<nil>");
		break;
	}
}

void print_value(struct buf *out, struct value v)
{
	print_deep(out, v, 0);
}

str value_strval(struct arena *a, struct value v)
{
	struct buf out;

	if (v.type == VALUE_STR || v.type == VALUE_BYTES)
		return value_text(v);
	buf_in(&out, a, 0);
	print_value(&out, v);
	buf_cstr(&out);
	return str_make(out.n ? out.s : "", out.n);
}
