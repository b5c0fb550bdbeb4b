/*
 * fmt.Sprintf: flags, widths, precisions, argument indexes, and the error forms that charts show.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/float.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "render/print.h"
#include "render/ref.h"

#define WIDTH_MAX 1000000

struct verb {
	struct buf *out;
	struct arena *arena;
	bool minus, plus, sharp, space, zero, has_width, has_precision;
	int width, precision;
	uint32_t rune;
};

static void pad(struct verb *v, str s)
{
	size_t count = utf8_count(s), fill = 0;

	if (v->has_width && (size_t)v->width > count)
		fill = (size_t)v->width - count;
	if (v->minus) {
		buf_add(v->out, s);
		buf_fill(v->out, ' ', fill);
	} else if (v->zero && s.n && (s.s[0] == '-' || s.s[0] == '+')) {
		buf_char(v->out, s.s[0]);
		buf_fill(v->out, '0', fill);
		buf_add(v->out, str_from(s, 1));
	} else {
		buf_fill(v->out, v->zero ? '0' : ' ', fill);
		buf_add(v->out, s);
	}
}

static void bad_verb(struct verb *v, struct value arg)
{
	char utf8[4];
	str type = value_type_name(arg);

	buf_lit(v->out, "%!");
	buf_add(v->out, str_make(utf8, utf8_put(utf8, v->rune)));
	buf_char(v->out, '(');
	if (arg.type != VALUE_NIL) {
		buf_add(v->out, type);
		buf_char(v->out, '=');
	}
	print_value(v->out, arg);
	buf_char(v->out, ')');
}

/* --- one kind each --- */

static void digits_of(char *text, size_t room, uint64_t u, uint32_t rune)
{
	if (rune == 'b') {
		char bits[65];
		int n = 64;

		bits[64] = 0;
		do
			bits[--n] = (char)('0' + (u & 1));
		while ((u >>= 1) && n);
		snprintf(text, room, "%s", bits + n);
		return;
	}
	if (rune == 'x')
		snprintf(text, room, "%" PRIx64, u);
	else if (rune == 'X')
		snprintf(text, room, "%" PRIX64, u);
	else if (rune == 'o' || rune == 'O')
		snprintf(text, room, "%" PRIo64, u);
	else
		snprintf(text, room, "%" PRIu64, u);
}

static void format_int(struct verb *v, bool negative, uint64_t u)
{
	char digits[72], text[200];
	const char *prefix = "";
	int zeros = 0, n;
	bool zero = v->zero;

	digits_of(digits, sizeof digits, u, v->rune);
	n = (int)strlen(digits);
	if (v->sharp)
		prefix = v->rune == 'x' ? "0x" : v->rune == 'X' ? "0X" : v->rune == 'o' ? "0"
			 : v->rune == 'b' ? "0b" : "";
	if (v->rune == 'O')
		prefix = "0o";
	if (v->has_precision) {
		zeros = v->precision > n ? v->precision - n : 0;
		v->zero = false;
		if (v->precision == 0 && u == 0)
			digits[0] = 0;
	}
	if (zeros > 100)
		zeros = 100;
	snprintf(text, sizeof text, "%s%s%.*s%s",
		 negative ? "-" : v->plus ? "+" : v->space ? " " : "", prefix, zeros,
		 "0000000000000000000000000000000000000000000000000000000000000000000000000000000000"
		 "00000000000000000000",
		 digits);
	pad(v, str_of(text));
	v->zero = zero;
}

static void format_rune(struct verb *v, int64_t i)
{
	char utf8[4], text[40];
	uint32_t r = i < 0 || i > 0x10FFFF ? UTF8_ERROR : (uint32_t)i;
	size_t n = utf8_put(utf8, r);
	struct buf b;

	if (v->rune == 'c') {
		pad(v, str_make(utf8, n));
	} else if (v->rune == 'q') {
		buf_in(&b, v->arena, 0);
		print_quoted_with(&b, str_make(utf8, n), '\'', v->plus);
		pad(v, buf_str(&b));
	} else {
		snprintf(text, sizeof text, "U+%04" PRIX64, (uint64_t)i);
		buf_in(&b, v->arena, 0);
		buf_add(&b, str_of(text));
		if (v->sharp && i >= 0 && i <= 0x10FFFF && print_is_printable(r))
			buf_printf(&b, " '%.*s'", (int)n, utf8);
		pad(v, buf_str(&b));
	}
}

static void integer(struct verb *v, struct value arg)
{
	bool negative = arg.type != VALUE_UINT64 && arg.i < 0;
	uint64_t u = negative ? 0 - (uint64_t)arg.i : arg.u;
	uint32_t rune = v->rune;

	if (rune == 'v')
		v->rune = 'd';
	if (rune == 'c' || rune == 'q' || rune == 'U')
		format_rune(v, arg.i);
	else if (rune < 0x80 && strchr("vdboOxX", (int)rune))
		format_int(v, negative, u);
	else
		bad_verb(v, arg);
	v->rune = rune;
}

/* '#': the point always, and for %g the digits that were cut off as zeros. */
static void add_zeros(char *text, size_t room, const char *digits_of_text, int digits)
{
	char tail[8] = "";
	size_t start = (size_t)(digits_of_text - text), n = start;
	bool point = false, seen = false;

	for (; text[n] && text[n] != 'e' && text[n] != 'E'; n++) {
		point |= text[n] == '.';
		seen |= text[n] >= '1' && text[n] <= '9';
		digits -= seen && text[n] != '.';
	}
	snprintf(tail, sizeof tail, "%s", text + n);
	if (!point) {
		digits -= n == start + 1 && text[start] == '0';
		text[n++] = '.';
	}
	for (; digits > 0 && n + sizeof tail < room; digits--)
		text[n++] = '0';
	memcpy(text + n, tail, strlen(tail) + 1);
}

/* %x and %b of a float: C's hexadecimal form with Go's two exponent digits; mantissa p exponent. */
static void binary_float(struct verb *v, struct value arg)
{
	char text[80], *p;
	int exponent = 0;
	double mantissa = frexp(arg.f, &exponent);

	if (!isfinite(arg.f)) {
		float_general(text, arg.f, PRINT_FLOAT_BIG);
	} else if (v->rune == 'b') {
		snprintf(text, sizeof text, "%lldp%+d", (long long)ldexp(mantissa, 53),
			 mantissa == 0 ? -1074 : exponent - 53);
	} else {
		if (v->has_precision)
			snprintf(text, sizeof text, "%.*a",
				 v->precision > 50 ? 50 : v->precision, arg.f);
		else
			snprintf(text, sizeof text, "%a", arg.f);
		p = strchr(text, 'p') + 2;
		if (p[1] == '\0') {
			p[1] = p[0];
			p[0] = '0';
			p[2] = '\0';
		}
		for (p = text; v->rune == 'X' && *p; p++)
			*p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
	}
	pad(v, str_of(text));
}

static void floating(struct verb *v, struct value arg)
{
	char text[FLOAT_TEXT + 400], form[16];
	char verb = v->rune == 'v' ? 'g' : (char)v->rune;
	int precision = v->precision > 300 ? 300 : v->precision;
	size_t sign = 0;

	if (v->rune == 'x' || v->rune == 'X' || v->rune == 'b') {
		binary_float(v, arg);
		return;
	}
	if (v->rune >= 0x80 || !strchr("veEfFgG", verb)) {
		bad_verb(v, arg);
		return;
	}
	if (verb == 'F')
		verb = 'f';
	if ((v->plus || v->space) && !signbit(arg.f))
		text[sign++] = v->plus ? '+' : ' ';
	if (!isfinite(arg.f) || ((verb == 'g' || verb == 'G') && !v->has_precision)) {
		float_general(text + sign, arg.f, PRINT_FLOAT_BIG);
		if (verb == 'G')
			for (char *p = text; *p; p++)
				*p = *p == 'e' ? 'E' : *p;
	} else {
		snprintf(form, sizeof form, "%%.*%c", verb);
		if (!v->has_precision)
			precision = 6;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(text + sign, sizeof text - sign, form, precision, arg.f);
#pragma GCC diagnostic pop
	}
	if (!isfinite(arg.f))
		v->zero = false;
	else if (v->sharp && v->rune != 'v')
		add_zeros(text, sizeof text, text + sign + (text[sign] == '-'),
			  verb != 'g' && verb != 'G' ? 0 : v->has_precision ? precision : 6);
	pad(v, str_of(text[sign] == '+' && sign ? text + sign : text));
}

static void hex_text(struct verb *v, str s)
{
	struct buf b;

	buf_in(&b, v->arena, 0);
	for (size_t i = 0; i < s.n; i++) {
		if (v->space && i)
			buf_char(&b, ' ');
		if (v->sharp && (v->space || !i))
			buf_lit(&b, v->rune == 'x' ? "0x" : "0X");
		buf_printf(&b, v->rune == 'x' ? "%02x" : "%02X", (unsigned char)s.s[i]);
	}
	pad(v, buf_str(&b));
}

static void text(struct verb *v, struct value arg)
{
	str s = value_text(arg);
	struct buf b;

	if (v->has_precision && (v->rune == 'x' || v->rune == 'X')) {
		s = str_sub(s, 0, s.n < (size_t)v->precision ? s.n : (size_t)v->precision);
	} else if (v->has_precision) {
		size_t at = 0, width;

		for (int n = 0; n < v->precision && at < s.n; n++) {
			utf8_rune(str_from(s, at), &width);
			at += width;
		}
		s = str_sub(s, 0, at);
	}
	buf_in(&b, v->arena, 0);
	switch (v->rune) {
	case 'v':
	case 's':
		if (v->rune == 'v' && v->sharp) {
			print_quoted(&b, s);
			s = buf_str(&b);
		}
		pad(v, s);
		break;
	case 'q':
		if (v->sharp && str_find_char(s, '`') < 0 && str_find_char(s, '\n') < 0)
			buf_printf(&b, "`%.*s`", STR_ARG(s));
		else
			print_quoted_with(&b, s, '"', v->plus);
		pad(v, buf_str(&b));
		break;
	case 'x':
	case 'X':
		hex_text(v, s);
		break;
	default:
		bad_verb(v, arg);
		break;
	}
}

static void one(struct verb *v, struct value arg, int depth);

static void elements(struct verb *v, struct value arg, int depth)
{
	bool go = v->sharp && v->rune == 'v';
	str type = value_type_name(arg);
	const struct list *l = value_list(arg);
	struct map *m = value_map(arg);

	map_sort(m);
	if (go)
		buf_add(v->out, type);
	buf_lit(v->out, go ? "{" : m ? "map[" : "[");
	for (uint32_t i = 0; i < (m ? m->n : list_n(l)); i++) {
		if (i)
			buf_lit(v->out, go ? ", " : " ");
		if (m) {
			one(v, value_str(map_key(&m->at[i])), depth + 1);
			buf_char(v->out, ':');
		}
		one(v, m ? m->at[i].value : l->at[i], depth + 1);
	}
	buf_char(v->out, go ? '}' : ']');
}

static void nothing(struct verb *v, int depth)
{
	if (v->rune == 'v' && v->sharp && depth)
		buf_lit(v->out, "interface {}(nil)");
	else if (depth)
		buf_lit(v->out, "<nil>");
	else if (v->rune == 'v')
		pad(v, STR("<nil>"));
	else
		bad_verb(v, VALUE_NONE);
}

static void bytes(struct verb *v, struct value arg)
{
	struct buf b;

	if (v->rune == 'v' || v->rune == 'd') {
		buf_in(&b, v->arena, 0);
		print_value(&b, arg);
		buf_add(v->out, buf_str(&b));
	} else {
		text(v, arg);
	}
}

static void reference(struct verb *v, struct value arg)
{
	struct buf b;

	buf_in(&b, v->arena, 0);
	print_value(&b, arg);
	text(v, value_str(buf_str(&b)));
}

static void one(struct verb *v, struct value arg, int depth)
{
	if (depth > LIMIT_VALUE_DEPTH || v->out->failed) {
		v->out->failed = true;
		return;
	}
	switch (arg.type) {
	case VALUE_NIL:
		nothing(v, depth);
		break;
	case VALUE_BOOL:
		if (v->rune == 't' || v->rune == 'v')
			pad(v, arg.b ? STR("true") : STR("false"));
		else
			bad_verb(v, arg);
		break;
	case VALUE_FLOAT:
		floating(v, arg);
		break;
	case VALUE_STR:
		text(v, arg);
		break;
	case VALUE_BYTES:
		bytes(v, arg);
		break;
	case VALUE_LIST:
	case VALUE_MAP:
		elements(v, arg, depth);
		break;
	case VALUE_REF:
		reference(v, arg);
		break;
	default:
		integer(v, arg);
		break;
	}
}

/* --- the format --- */

struct format {
	str rest;
	const struct value *arg;
	uint32_t n, at;
	bool reordered, good_index;
};

static bool read_number(str *s, int *out)
{
	size_t i = 0;

	*out = 0;
	while (i < s->n && s->s[i] >= '0' && s->s[i] <= '9') {
		*out = *out * 10 + (s->s[i++] - '0');
		if (*out > WIDTH_MAX)
			return false;
	}
	*s = str_from(*s, i);
	return i > 0;
}

/* "[3]" */
static void read_index(struct format *f)
{
	str s = str_from(f->rest, 1);
	int n;

	if (!f->rest.n || f->rest.s[0] != '[')
		return;
	f->reordered = true;
	if (read_number(&s, &n) && s.n && s.s[0] == ']' && n >= 1 && (uint32_t)n <= f->n) {
		f->at = (uint32_t)n - 1;
		f->rest = str_from(s, 1);
	} else {
		ptrdiff_t close = str_find_char(f->rest, ']');

		f->good_index = false;
		f->rest = str_from(f->rest, close < 0 ? f->rest.n : (size_t)close + 1);
	}
}

static void read_flags(struct format *f, struct verb *v)
{
	for (; f->rest.n; f->rest = str_from(f->rest, 1)) {
		switch (f->rest.s[0]) {
		case '#':
			v->sharp = true;
			break;
		case '0':
			v->zero = true;
			break;
		case '+':
			v->plus = true;
			break;
		case '-':
			v->minus = true;
			break;
		case ' ':
			v->space = true;
			break;
		default:
			return;
		}
	}
}

/* A width or precision: digits, or '*' and an int argument. */
static bool read_size(struct format *f, struct verb *v, int *out, const char *bad)
{
	int64_t i;

	if (!f->rest.n || f->rest.s[0] != '*')
		return read_number(&f->rest, out);
	f->rest = str_from(f->rest, 1);
	if (f->at >= f->n || f->arg[f->at].type != VALUE_INT ||
	    !value_to_i64(f->arg[f->at], &i) || i > WIDTH_MAX || i < -WIDTH_MAX) {
		buf_lit(v->out, bad);
		f->at++;
		return false;
	}
	f->at++;
	*out = (int)i;
	return true;
}

static void read_sizes(struct format *f, struct verb *v)
{
	read_index(f);
	v->has_width = read_size(f, v, &v->width, "%!(BADWIDTH)");
	if (v->has_width && v->width < 0) {
		v->width = -v->width;
		v->minus = true;
	}
	if (f->rest.n && f->rest.s[0] == '.') {
		f->rest = str_from(f->rest, 1);
		read_index(f);
		v->precision = 0;
		v->has_precision = true;
		if (!read_size(f, v, &v->precision, "%!(BADPREC)"))
			v->precision = 0;
		if (v->precision < 0)
			v->has_precision = false;
	}
	read_index(f);
	if (v->minus)
		v->zero = false;
}

static void directive(struct format *f, struct verb *v)
{
	char utf8[4];
	size_t width;

	read_flags(f, v);
	read_sizes(f, v);
	if (!f->rest.n) {
		buf_lit(v->out, "%!(NOVERB)");
		return;
	}
	v->rune = utf8_rune(f->rest, &width);
	f->rest = str_from(f->rest, width);
	if (v->rune == '%') {
		buf_char(v->out, '%');
		return;
	}
	if (!f->good_index || f->at >= f->n) {
		buf_lit(v->out, "%!");
		buf_add(v->out, str_make(utf8, utf8_put(utf8, v->rune)));
		buf_lit(v->out, f->good_index ? "(MISSING)" : "(BADINDEX)");
		return;
	}
	if (v->rune == 'v')
		v->plus = false; /* Go's %+v names the fields of structs instead */
	if (v->rune == 'T')
		pad(v, value_type_name(f->arg[f->at++]));
	else
		one(v, f->arg[f->at++], 0);
}

static void extra(struct format *f, struct buf *out)
{
	buf_lit(out, "%!(EXTRA ");
	for (uint32_t i = f->at; i < f->n; i++) {
		if (i > f->at)
			buf_lit(out, ", ");
		if (f->arg[i].type == VALUE_NIL) {
			buf_lit(out, "<nil>");
			continue;
		}
		buf_add(out, value_type_name(f->arg[i]));
		buf_char(out, '=');
		print_value(out, f->arg[i]);
	}
	buf_char(out, ')');
}

void print_format(struct buf *out, struct arena *a, str format, const struct value *arg, uint32_t n)
{
	struct format f = {format, arg, n, 0, false, true};

	while (f.rest.n) {
		ptrdiff_t percent = str_find_char(f.rest, '%');
		struct verb v = {.out = out, .arena = a};

		if (percent < 0) {
			buf_add(out, f.rest);
			break;
		}
		buf_add(out, str_sub(f.rest, 0, (size_t)percent));
		f.rest = str_from(f.rest, (size_t)percent + 1);
		f.good_index = true;
		directive(&f, &v);
	}
	if (!f.reordered && f.at < f.n)
		extra(&f, out);
}
