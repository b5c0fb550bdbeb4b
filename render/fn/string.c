/*
 * Strings as bytes: trimming, cutting, padding, replacing, splitting. Results borrow from the
 * arguments wherever a slice of them will do. What looks at words stands in string_words.c.
 */
#include "render/fn/string.h"

#include "base/utf8.h"
#include "render/fn/body.h"
#include "render/fn/runes.h"

static bool string_hello(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)arg, (void)n;
	*out = value_lit("Hello!");
	return true;
}

static bool string_trim(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	return give_str(out, runes_trim(value_text(arg[0])));
}

static bool in_cutset(str cutset, uint32_t rune)
{
	size_t width;

	for (; cutset.n; cutset = str_from(cutset, width))
		if (utf8_rune(cutset, &width) == rune)
			return true;
	return false;
}

static size_t last_rune_start(str s)
{
	size_t at = s.n - 1, width;

	while (at > 0 && s.n - at < 4 && ((unsigned char)s.s[at] & 0xC0) == 0x80)
		at--;
	utf8_rune(str_from(s, at), &width);
	return at + width == s.n ? at : s.n - 1;
}

static bool string_trim_all(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	str cutset = value_text(arg[0]), s = value_text(arg[1]);
	size_t width;

	(void)c, (void)n;
	while (s.n && in_cutset(cutset, utf8_rune(s, &width)))
		s = str_from(s, width);
	while (s.n) {
		size_t at = last_rune_start(s);

		if (!in_cutset(cutset, utf8_rune(str_from(s, at), &width)))
			break;
		s.n = at;
	}
	return give_str(out, s);
}

static bool string_trim_suffix(
	struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	str suffix = value_text(arg[0]), s = value_text(arg[1]);

	(void)c, (void)n;
	return give_str(out, str_ends(s, suffix) ? str_sub(s, 0, s.n - suffix.n) : s);
}

static bool string_trim_prefix(
	struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	str prefix = value_text(arg[0]), s = value_text(arg[1]);

	(void)c, (void)n;
	return give_str(out, str_starts(s, prefix) ? str_from(s, prefix.n) : s);
}

static bool give_mapped(struct call *c, str s, uint32_t (*map)(uint32_t), struct value *out)
{
	struct buf b;

	body_buf(c, &b);
	if (!runes_map(&b, s, map))
		return give_str(out, s);
	return body_text(c, &b, out);
}

static bool string_upper(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_mapped(c, value_text(arg[0]), rune_upper, out);
}

static bool string_lower(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_mapped(c, value_text(arg[0]), rune_lower, out);
}

static bool string_trunc(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	int64_t count = arg[0].i;
	str s = value_text(arg[1]);

	(void)c, (void)n;
	if (count < 0 && count > -(int64_t)s.n)
		s = str_from(s, s.n - (size_t)-count);
	else if (count >= 0 && (uint64_t)count < s.n)
		s.n = (size_t)count;
	return give_str(out, s);
}

static bool string_substr(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	int64_t from = arg[0].i, to = arg[1].i;
	str s = value_text(arg[2]);
	int64_t length = (int64_t)s.n;

	(void)n;
	if (from < 0) {
		if (to < 0)
			return call_fail(c, "runtime error: slice bounds out of range [:%lld]",
				(long long)to);
		if (to > length)
			return call_fail(c,
				"runtime error: slice bounds out of range [:%lld] with length %lld",
				(long long)to, (long long)length);
		from = 0;
	} else if (to < 0 || to > length) {
		to = length;
	}
	if (from > to)
		return call_fail(c, "runtime error: slice bounds out of range [%lld:%lld]",
			(long long)from, (long long)to);
	return give_str(out, str_sub(s, (size_t)from, (size_t)to));
}

static bool string_repeat(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	str s = value_text(arg[1]);
	size_t total;
	char *p;

	(void)n;
	if (arg[0].i < 0)
		return call_fail(c, "strings: negative Repeat count");
	if (!body_size(c, (size_t)arg[0].i, s.n, &total))
		return false;
	p = arena_text(c->arena, total + 1);
	for (size_t at = 0; at < total; at += s.n)
		memcpy(p + at, s.s, s.n);
	return give_str(out, str_make(p, total));
}

static bool string_contains(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	return give_bool(out, str_has(value_text(arg[1]), value_text(arg[0])));
}

static bool string_has_prefix(
	struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	return give_bool(out, str_starts(value_text(arg[1]), value_text(arg[0])));
}

static bool string_has_suffix(
	struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	return give_bool(out, str_ends(value_text(arg[1]), value_text(arg[0])));
}

/* lead + every line of s behind `spaces` blanks, the empty ones too. */
static bool give_indented(struct call *c, str lead, int64_t spaces, str s, struct value *out)
{
	size_t lines = 1, total;
	const char *at = s.s, *end = s.s + s.n, *stop;
	char *p, *start;

	if (spaces < 0)
		return call_fail(c, "strings: negative Repeat count");
	for (const char *q = s.s; q < end && (q = memchr(q, '\n', (size_t)(end - q))); q++)
		lines++;
	if (!body_size(c, (size_t)spaces, lines, &total) ||
		!body_size(c, total + lead.n + s.n, 1, &total))
		return false;
	start = p = arena_text(c->arena, total + 1);
	memcpy(p, lead.s, lead.n);
	p += lead.n;
	for (;;) {
		memset(p, ' ', (size_t)spaces);
		p += spaces;
		stop = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
		stop = stop ? stop + 1 : end;
		if (stop > at)
			memcpy(p, at, (size_t)(stop - at));
		p += stop - at;
		at = stop;
		if (--lines == 0)
			return give_str(out, str_make(start, total));
	}
}

static bool string_indent(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_indented(c, STR(""), arg[0].i, value_text(arg[1]), out);
}

static bool string_nindent(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_indented(c, STR("\n"), arg[0].i, value_text(arg[1]), out);
}

/* strings.Replace with old == "": `with` before every rune and at the end. */
static void replace_nothing(struct buf *b, str s, str with)
{
	size_t width;

	buf_add(b, with);
	for (; s.n; s = str_from(s, width)) {
		utf8_rune(s, &width);
		buf_add(b, str_sub(s, 0, width));
		buf_add(b, with);
	}
}

static bool string_replace(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	str old = value_text(arg[0]), with = value_text(arg[1]), s = value_text(arg[2]);
	ptrdiff_t at = old.n ? str_find(s, old) : 0;
	struct buf b;

	(void)n;
	if (at < 0)
		return give_str(out, s);
	body_buf(c, &b);
	if (old.n == 0)
		replace_nothing(&b, s, with);
	for (; old.n && at >= 0; at = str_find(s, old)) {
		buf_add(&b, str_sub(s, 0, (size_t)at));
		buf_add(&b, with);
		s = str_from(s, (size_t)at + old.n);
	}
	if (old.n)
		buf_add(&b, s);
	return body_text(c, &b, out);
}

static bool string_plural(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	*out = arg[2].i == 1 ? arg[0] : arg[1];
	return true;
}

/* strings.SplitN; at_most < 0: all. An empty separator cuts after each rune. */
static struct list *split(struct call *c, str s, str separator, int64_t at_most)
{
	struct list *l = list_new(c->arena, 4);
	size_t width;

	if (at_most == 0)
		return l;
	while (at_most < 0 || l->n + 1 < (uint64_t)at_most) {
		ptrdiff_t at;

		if (separator.n == 0) {
			if (s.n == 0)
				return l;
			utf8_rune(s, &width);
			if (width == s.n)
				break;
			at = (ptrdiff_t)width;
		} else {
			at = str_find(s, separator);
		}
		if (at < 0)
			break;
		list_add(c->arena, l, value_str(str_sub(s, 0, (size_t)at)));
		s = str_from(s, (size_t)at + separator.n);
	}
	if (separator.n || s.n)
		list_add(c->arena, l, value_str(s));
	return l;
}

static bool string_split_list(
	struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_list(out, split(c, value_text(arg[1]), value_text(arg[0]), -1), ELEM_STRING);
}

static bool give_numbered(struct call *c, const struct list *l, struct value *out)
{
	struct map *m = map_new(c->arena, l->n);

	for (uint32_t i = 0; i < l->n; i++)
		map_set(c->arena, m, arena_printf(c->arena, "_%u", i), l->at[i]);
	give_map(out, m);
	out->elem = ELEM_STRING;
	return true;
}

static bool string_split(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_numbered(c, split(c, value_text(arg[1]), value_text(arg[0]), -1), out);
}

static bool string_splitn(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_numbered(c, split(c, value_text(arg[2]), value_text(arg[0]), arg[1].i), out);
}

static bool string_join(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	str separator = value_text(arg[0]);
	struct list *l;
	struct buf b;

	(void)n;
	if (arg[1].type == VALUE_STR) {
		*out = arg[1];
		return true;
	}
	l = slice_strings(c, arg[1]);
	body_buf(c, &b);
	for (uint32_t i = 0; i < l->n; i++) {
		if (i)
			buf_add(&b, separator);
		buf_add(&b, value_text(l->at[i]));
	}
	return body_text(c, &b, out);
}

const struct fn fn_string[] = {
	{"abbrev", "is", string_abbrev},
	{"abbrevboth", "iis", string_abbrevboth},
	{"camelcase", "s", string_camelcase},
	{"contains", "ss", string_contains},
	{"hasPrefix", "ss", string_has_prefix},
	{"hasSuffix", "ss", string_has_suffix},
	{"hello", "", string_hello},
	{"indent", "is", string_indent},
	{"initials", "s", string_initials},
	{"join", "sa", string_join},
	{"kebabcase", "s", string_kebabcase},
	{"lower", "s", string_lower},
	{"nindent", "is", string_nindent},
	{"nospace", "s", string_nospace},
	{"plural", "ssi", string_plural},
	{"randAlpha", "i", random_alpha},
	{"randAlphaNum", "i", random_alnum},
	{"randAscii", "i", random_ascii},
	{"randNumeric", "i", random_numeric},
	{"repeat", "is", string_repeat},
	{"replace", "sss", string_replace},
	{"shuffle", "s", random_shuffle},
	{"snakecase", "s", string_snakecase},
	{"split", "ss", string_split},
	{"splitList", "ss", string_split_list},
	{"splitn", "sis", string_splitn},
	{"substr", "iis", string_substr},
	{"swapcase", "s", string_swapcase},
	{"title", "s", string_title},
	{"trim", "s", string_trim},
	{"trimAll", "ss", string_trim_all},
	{"trimPrefix", "ss", string_trim_prefix},
	{"trimSuffix", "ss", string_trim_suffix},
	{"trimall", "ss", string_trim_all},
	{"trunc", "is", string_trunc},
	{"untitle", "s", string_untitle},
	{"upper", "s", string_upper},
	{"wrap", "is", string_wrap},
	{"wrapWith", "iss", string_wrap_with},
	{NULL, NULL, NULL},
};
