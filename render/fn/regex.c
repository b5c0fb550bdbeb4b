/*
 * The regex functions: Go's walks over all matches, its Split and its replacement templates, on
 * top of one leftmost match at a time.
 */
#include "render/regex.h"

#include "base/utf8.h"
#include "render/fn/body.h"

/* The plain functions panic with MustCompile's text, the must functions give the error. */
static const struct regex *compile(struct call *c, struct value pattern)
{
	char text[REGEX_COMPLAINT];
	const struct regex *r = regex_compile(pattern.s, pattern.n, text);

	if (r)
		return r;
	if (str_starts(str_of(c->fn->name), STR("must")))
		call_fail(c, "%s", text);
	else
		call_fail(c, "regexp: Compile(`%.*s`): %s", (int)pattern.n, pattern.s, text);
	return NULL;
}

static bool match(const struct regex *r, str s, size_t at, struct regex_span *spans, unsigned n)
{
	return regex_match(r, s.n ? s.s : "", s.n, at, spans, n);
}

/* regexMatch drops the error: a bad pattern matches nothing. */
static bool regex_is_match(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	const struct regex *r = regex_compile(arg[0].s, arg[0].n, NULL);

	(void)c, (void)n;
	return give_bool(out, r && match(r, value_text(arg[1]), 0, NULL, 0));
}

static bool regex_must_match(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	const struct regex *r = compile(c, arg[0]);

	(void)n;
	return r && give_bool(out, match(r, value_text(arg[1]), 0, NULL, 0));
}

static bool regex_find(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	const struct regex *r = compile(c, arg[0]);
	str s = value_text(arg[1]);
	struct regex_span m;

	(void)n;
	if (!r)
		return false;
	if (!match(r, s, 0, &m, 1))
		return give_str(out, STR(""));
	return give_str(out, str_sub(s, (size_t)m.from, (size_t)m.to));
}

/* The byte behind the rune at `at`, or one past the end. */
static size_t past_rune(str s, size_t at)
{
	size_t width = 1;

	if (at < s.n)
		utf8_rune(str_from(s, at), &width);
	return at + width;
}

/* Where FindAll stands. */
struct walk {
	const struct regex *r;
	str s;
	size_t at;
	ptrdiff_t former_end;
};

/* The next match; an empty one right behind the former match does not count. */
static bool walk_next(struct walk *w, struct regex_span *m)
{
	while (w->at <= w->s.n && match(w->r, w->s, w->at, m, 1)) {
		bool accept = true;

		if (m->to == (ptrdiff_t)w->at) {
			accept = m->from != w->former_end;
			w->at = past_rune(w->s, w->at);
		} else {
			w->at = (size_t)m->to;
		}
		w->former_end = m->to;
		if (accept)
			return true;
	}
	return false;
}

static bool regex_find_all(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct walk w = {.r = compile(c, arg[0]), .s = value_text(arg[1]), .former_end = -1};
	struct list *l = NULL;
	struct regex_span m;

	(void)n;
	if (!w.r)
		return false;
	while ((arg[2].i < 0 || list_n(l) < (uint64_t)arg[2].i) && walk_next(&w, &m)) {
		if (!l)
			l = list_new(c->arena, 4);
		list_add(c->arena, l, value_str(str_sub(w.s, (size_t)m.from, (size_t)m.to)));
	}
	return give_list(out, l, ELEM_STRING);
}

static void split_all(struct call *c, struct walk *w, int64_t most, struct list *l)
{
	size_t begin = 0, end = 0;
	struct regex_span m;

	for (int64_t i = 0; (most < 0 || i < most) && walk_next(w, &m); i++) {
		if (most > 0 && l->n == (uint64_t)most - 1)
			break;
		end = (size_t)m.from;
		if (m.to != 0)
			list_add(c->arena, l, value_str(str_sub(w->s, begin, end)));
		begin = (size_t)m.to;
	}
	if (end != w->s.n)
		list_add(c->arena, l, value_str(str_from(w->s, begin)));
}

static bool regex_split(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct walk w = {.r = compile(c, arg[0]), .s = value_text(arg[1]), .former_end = -1};
	struct list *l;

	(void)n;
	if (!w.r)
		return false;
	if (arg[2].i == 0)
		return give_list(out, NULL, ELEM_STRING);
	l = list_new(c->arena, 4);
	if (arg[0].n > 0 && w.s.n == 0)
		list_add(c->arena, l, value_lit(""));
	else
		split_all(c, &w, arg[2].i, l);
	return give_list(out, l, ELEM_STRING);
}

/* --- replacing --- */

static bool is_name_byte(unsigned char b)
{
	return (b >= '0' && b <= '9') || (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z') ||
	       b == '_' || b >= 0x80;
}

/* $name, ${name}: the longest run of letters, digits and '_'. s stands behind the '$'. */
static bool template_name(str s, str *name, str *rest)
{
	bool brace = s.n && s.s[0] == '{';
	size_t i = brace, start = i;

	while (i < s.n && is_name_byte((unsigned char)s.s[i]))
		i++;
	if (i == start || (brace && (i == s.n || s.s[i] != '}')))
		return false;
	*name = str_sub(s, start, i);
	*rest = str_from(s, i + brace);
	return true;
}

/* All digits and no leading zero: a number; else the name of a group; -1: there is none. */
static int template_group(const struct regex *r, str name)
{
	uint64_t number;

	if (!num_parse_u64(name, &number))
		return regex_group(r, name.s, name.n);
	if ((name.n > 1 && name.s[0] == '0') || number > regex_groups(r))
		return -1;
	return (int)number;
}

/* Go's Regexp.Expand. A '$' that starts no name stands for itself. */
static void expand(struct buf *b, const struct regex *r, str template, str s,
	const struct regex_span *group, unsigned groups)
{
	str name;

	while (template.n) {
		ptrdiff_t at = str_find_char(template, '$');
		int k;

		buf_add(b, at < 0 ? template : str_sub(template, 0, (size_t)at));
		if (at < 0)
			return;
		template = str_from(template, (size_t)at + 1);
		if (template.n && template.s[0] == '$') {
			buf_char(b, '$');
			template = str_from(template, 1);
		} else if (!template_name(template, &name, &template)) {
			buf_char(b, '$');
		} else if ((k = template_group(r, name)) >= 0 && (unsigned)k < groups &&
			   group[k].from >= 0) {
			buf_add(b, str_sub(s, (size_t)group[k].from, (size_t)group[k].to));
		}
	}
}

static bool give_replaced(struct call *c, const struct value *arg, bool literal, struct value *out)
{
	const struct regex *r = compile(c, arg[0]);
	str s = value_text(arg[1]), with = value_text(arg[2]);
	struct regex_span m[REGEX_GROUPS];
	size_t last = 0, at = 0;
	unsigned groups;
	struct buf b;

	if (!r)
		return false;
	groups = regex_groups(r) + 1 < REGEX_GROUPS ? regex_groups(r) + 1 : REGEX_GROUPS;
	if (literal || str_find_char(with, '$') < 0)
		groups = 1;
	body_buf(c, &b);
	while (at <= s.n && !buf_failed(&b) && match(r, s, at, m, groups)) {
		buf_add(&b, str_sub(s, last, (size_t)m[0].from));
		if (m[0].to > (ptrdiff_t)last || m[0].from == 0) {
			if (literal)
				buf_add(&b, with);
			else
				expand(&b, r, with, s, m, groups);
		}
		last = (size_t)m[0].to;
		at = past_rune(s, at) > last ? past_rune(s, at) : last;
	}
	buf_add(&b, str_from(s, last));
	return body_text(c, &b, out);
}

static bool regex_replace_all(
	struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_replaced(c, arg, false, out);
}

static bool regex_replace_literal(
	struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_replaced(c, arg, true, out);
}

static bool regex_quote_meta(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	str s = value_text(arg[0]);
	struct buf b;

	(void)n;
	body_buf(c, &b);
	for (size_t i = 0; i < s.n; i++) {
		if (s.s[i] && strchr("\\.+*?()|[]{}^$", s.s[i]))
			buf_char(&b, '\\');
		buf_char(&b, s.s[i]);
	}
	return body_text(c, &b, out);
}

const struct fn fn_regex[] = {
	{"mustRegexFind", "ss", regex_find},
	{"mustRegexFindAll", "ssi", regex_find_all},
	{"mustRegexMatch", "ss", regex_must_match},
	{"mustRegexReplaceAll", "sss", regex_replace_all},
	{"mustRegexReplaceAllLiteral", "sss", regex_replace_literal},
	{"mustRegexSplit", "ssi", regex_split},
	{"regexFind", "ss", regex_find},
	{"regexFindAll", "ssi", regex_find_all},
	{"regexMatch", "ss", regex_is_match},
	{"regexQuoteMeta", "s", regex_quote_meta},
	{"regexReplaceAll", "sss", regex_replace_all},
	{"regexReplaceAllLiteral", "sss", regex_replace_literal},
	{"regexSplit", "ssi", regex_split},
	{NULL, NULL, NULL},
};
