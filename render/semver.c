/*
 * Versions are compared part by part. A constraint is read in one pass: each comparison of a group
 * is evaluated as it is read, twice, once for groups with and once for those without a prerelease.
 */
#include "render/semver.h"

#include <inttypes.h>

#include "base/num.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_id(char c)
{
	return is_digit(c) || c == '-' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Dotted identifiers, none empty; numeric ones without leading zeros when `strict`. */
static bool take_ids(str *s, bool strict, str *out)
{
	size_t i = 0, from;

	do {
		bool number = true;

		for (from = i; i < s->n && is_id(s->s[i]); i++)
			number &= is_digit(s->s[i]);
		if (i == from || (strict && number && i - from > 1 && s->s[from] == '0'))
			return false;
	} while (i < s->n && s->s[i] == '.' && ++i);
	*out = str_sub(*s, 0, i);
	*s = str_from(*s, i);
	return true;
}

static bool take_suffix(str *s, bool strict, struct semver *out)
{
	if (s->n && s->s[0] == '-') {
		*s = str_from(*s, 1);
		if (!take_ids(s, strict, &out->pre))
			return false;
	}
	if (s->n && s->s[0] == '+') {
		*s = str_from(*s, 1);
		if (!take_ids(s, false, &out->meta))
			return false;
	}
	return true;
}

static bool take_number(str *s, uint64_t *out)
{
	size_t i = 0;

	while (i < s->n && is_digit(s->s[i]))
		i++;
	if (!i || !num_parse_u64(str_sub(*s, 0, i), out))
		return false;
	*s = str_from(*s, i);
	return true;
}

bool semver_parse(str text, struct semver *out, struct error *err)
{
	uint64_t *part[] = {&out->major, &out->minor, &out->patch};
	str s = text;

	*out = (struct semver){.original = text};
	if (s.n && s.s[0] == 'v')
		s = str_from(s, 1);
	for (int i = 0; i < 3; i++) {
		if (i && !(s.n && s.s[0] == '.'))
			break;
		if (i)
			s = str_from(s, 1);
		if (!take_number(&s, part[i]))
			return error_set(err, ERROR_INVALID, "invalid semantic version");
	}
	if (!take_suffix(&s, true, out) || s.n)
		return error_set(err, ERROR_INVALID, "invalid semantic version");
	return true;
}

static int cmp_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int cmp_id(str a, str b)
{
	uint64_t x, y;
	bool p = num_parse_u64(a, &x), q = num_parse_u64(b, &y);

	if (p && q)
		return cmp_u64(x, y);
	if (p != q)
		return p ? -1 : 1;
	return str_cmp(a, b);
}

static int cmp_pre(str a, str b)
{
	if (!a.n || !b.n)
		return (b.n > 0) - (a.n > 0);
	while (a.s && b.s) {
		str x = str_cut(a, '.', &a), y = str_cut(b, '.', &b);
		int order = cmp_id(x, y);

		if (order)
			return order;
	}
	return (a.s != NULL) - (b.s != NULL);
}

static int cmp_core(const struct semver *a, const struct semver *b)
{
	int order = cmp_u64(a->major, b->major);

	if (!order)
		order = cmp_u64(a->minor, b->minor);
	return order ? order : cmp_u64(a->patch, b->patch);
}

int semver_cmp(const struct semver *a, const struct semver *b)
{
	int order = cmp_core(a, b);

	return order ? order : cmp_pre(a->pre, b->pre);
}

str semver_text(struct arena *keep, const struct semver *v)
{
	return arena_printf(keep, "%" PRIu64 ".%" PRIu64 ".%" PRIu64 "%s%.*s%s%.*s", v->major,
			    v->minor, v->patch, v->pre.n ? "-" : "", STR_ARG(v->pre),
			    v->meta.n ? "+" : "", STR_ARG(v->meta));
}

/* --- constraints --- */

enum op { OP_EQUAL, OP_NOT, OP_MORE, OP_LESS, OP_AT_LEAST, OP_AT_MOST, OP_TILDE, OP_CARET };

struct limit {
	enum op op;
	struct semver at;
	bool dirty, minor_dirty, patch_dirty;
};

static bool is_x(str part)
{
	return !part.n || str_is(part, "x") || str_is(part, "X") || str_is(part, "*");
}

/* One part: digits, x, X, *, and what the original's character class lets in besides, '|'. */
static str take_part(str *s)
{
	size_t i = 0;
	str part;

	while (i < s->n && (is_digit(s->s[i]) || (s->s[i] && strchr("xX*", s->s[i]))))
		i++;
	part = str_sub(*s, 0, i);
	*s = str_from(*s, i);
	return part;
}

static bool take_limit_version(str *s, struct limit *out)
{
	str part[3] = {STR_NONE, STR_NONE, STR_NONE};
	uint64_t *number[] = {&out->at.major, &out->at.minor, &out->at.patch};
	int n = 0, known = 0;

	if (s->n && s->s[0] == 'v')
		*s = str_from(*s, 1);
	for (; n < 3; n++) {
		if (n && !(s->n && s->s[0] == '.'))
			break;
		if (n)
			*s = str_from(*s, 1);
		part[n] = take_part(s);
		if (!part[n].n)
			return false;
	}
	if (!take_suffix(s, false, &out->at))
		return false;
	while (known < 3 && !is_x(part[known])) {
		if (!num_parse_u64(part[known], number[known]))
			return false;
		known++;
	}
	out->dirty = known < 3;
	out->minor_dirty = known == 1;
	out->patch_dirty = known == 2;
	return true;
}

static bool take_op(str *s, enum op *out)
{
	static const struct {
		const char *text;
		enum op op;
	} ops[] = {
		{"!=", OP_NOT},     {">=", OP_AT_LEAST}, {"=>", OP_AT_LEAST}, {"<=", OP_AT_MOST},
		{"=<", OP_AT_MOST}, {"~>", OP_TILDE},	 {"~", OP_TILDE},     {"^", OP_CARET},
		{">", OP_MORE},	    {"<", OP_LESS},	 {"=", OP_EQUAL},
	};

	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
		if (str_starts(*s, str_of(ops[i].text))) {
			*s = str_from(*s, strlen(ops[i].text));
			*out = ops[i].op;
			return true;
		}
	*out = OP_EQUAL;
	return false;
}

static bool not_equal(const struct limit *l, const struct semver *v)
{
	const struct semver *at = &l->at;

	if (!l->dirty)
		return semver_cmp(v, at) != 0;
	if (at->major != v->major)
		return true;
	if (l->minor_dirty)
		return false;
	if (at->minor != v->minor)
		return true;
	if (l->patch_dirty)
		return (v->pre.n || at->pre.n) && cmp_pre(v->pre, at->pre) != 0;
	return semver_cmp(v, at) != 0;
}

static bool more(const struct limit *l, const struct semver *v)
{
	if (!l->dirty)
		return semver_cmp(v, &l->at) > 0;
	if (v->major != l->at.major)
		return v->major > l->at.major;
	return l->patch_dirty && v->minor > l->at.minor;
}

static bool at_most(const struct limit *l, const struct semver *v)
{
	if (!l->dirty)
		return semver_cmp(v, &l->at) <= 0;
	if (v->major != l->at.major)
		return v->major < l->at.major;
	return !(v->minor > l->at.minor && !l->minor_dirty);
}

static bool tilde(const struct limit *l, const struct semver *v)
{
	const struct semver *at = &l->at;

	if (semver_cmp(v, at) < 0)
		return false;
	if (!at->major && !at->minor && !at->patch && !l->minor_dirty && !l->patch_dirty)
		return true;
	return v->major == at->major && (v->minor == at->minor || l->minor_dirty);
}

static bool caret(const struct limit *l, const struct semver *v)
{
	const struct semver *at = &l->at;

	if (semver_cmp(v, at) < 0)
		return false;
	if (at->major > 0 || l->minor_dirty)
		return v->major == at->major;
	if (v->major > 0)
		return false;
	if (at->minor > 0 || l->patch_dirty)
		return v->minor == at->minor;
	/* "*" counts as ^0.0.0 of unknown parts */
	return v->minor == 0 && v->patch == at->patch;
}

static bool holds(const struct limit *l, const struct semver *v)
{
	switch (l->op) {
	case OP_NOT:
		return not_equal(l, v);
	case OP_MORE:
		return more(l, v);
	case OP_LESS:
		return semver_cmp(v, &l->at) < 0;
	case OP_AT_LEAST:
		return semver_cmp(v, &l->at) >= 0;
	case OP_AT_MOST:
		return at_most(l, v);
	case OP_TILDE:
		return tilde(l, v);
	case OP_CARET:
		return caret(l, v);
	default:
		return l->dirty ? tilde(l, v) : semver_cmp(v, &l->at) == 0;
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static str skip_blanks(str s)
{
	while (s.n && is_blank(s.s[0]))
		s = str_from(s, 1);
	return s;
}

/* " - " after a version: the first half of a range. */
static bool is_range(str s)
{
	str t = skip_blanks(s);

	return t.n != s.n && t.n > 1 && t.s[0] == '-' && is_blank(t.s[1]);
}

struct group {
	bool all, has_pre;
};

static bool take_limit(str *s, const struct semver *v, struct group *g)
{
	struct limit l = {.op = OP_EQUAL};
	bool op = take_op(s, &l.op);

	*s = skip_blanks(*s);
	if (!take_limit_version(s, &l))
		return false;
	if (!op && is_range(*s)) {
		struct limit to = {.op = OP_AT_MOST};

		*s = skip_blanks(str_from(skip_blanks(*s), 1));
		if (!take_limit_version(s, &to))
			return false;
		l.op = OP_AT_LEAST;
		g->all &= holds(&to, v);
		g->has_pre |= to.at.pre.n > 0;
	}
	g->all &= holds(&l, v);
	g->has_pre |= l.at.pre.n > 0;
	return true;
}

static bool check_group(str s, const struct semver *v, bool *ok)
{
	struct group g = {.all = true};

	for (bool first = true;; first = false) {
		bool gap = first || (s.n && (is_blank(s.s[0]) || s.s[0] == ','));

		s = skip_blanks(s);
		if (!first && !s.n)
			break;
		if (!first && s.n && s.s[0] == ',')
			s = skip_blanks(str_from(s, 1));
		/* ">1<2" needs no gap: an operator starts a new comparison */
		if ((!gap && !(s.n && strchr("=!<>~^", s.s[0]))) || !take_limit(&s, v, &g))
			return false;
	}
	*ok |= g.all && (!v->pre.n || g.has_pre);
	return true;
}

bool semver_check(str constraint, const struct semver *v, bool *ok, struct error *err)
{
	str rest = constraint;

	*ok = false;
	for (;;) {
		ptrdiff_t at = str_find(rest, STR("||"));

		if (!check_group(at < 0 ? rest : str_sub(rest, 0, (size_t)at), v, ok))
			return error_set(err, ERROR_INVALID, "improper constraint: %.*s",
					 STR_ARG(constraint));
		if (at < 0)
			return true;
		rest = str_from(rest, (size_t)at + 2);
	}
}
