/*
 * Both matchers walk pattern and text together and come back at stars; `steps` ends patterns that
 * would take exponential time.
 */
#include "render/glob.h"

#include "base/utf8.h"

#define MAX_STEPS 200000
#define MAX_DEPTH 64

struct matcher {
	unsigned steps;
	int depth;
	bool deep, bad;
};

/* One rune of a class, '\' escapes. */
static bool class_rune(str *p, uint32_t *out)
{
	size_t width;

	if (p->n && p->s[0] == '\\')
		*p = str_from(*p, 1);
	if (!p->n)
		return false;
	*out = utf8_rune(*p, &width);
	*p = str_from(*p, width);
	return true;
}

/* "[...]" at *p; moves past it. */
static bool match_class(struct matcher *m, str *p, uint32_t r, bool *hit)
{
	bool negated = false;

	*hit = false;
	*p = str_from(*p, 1);
	if (p->n && p->s[0] == (m->deep ? '!' : '^')) {
		negated = true;
		*p = str_from(*p, 1);
	}
	for (bool first = true;; first = false) {
		uint32_t low, high;

		if (p->n && p->s[0] == ']' && !first)
			break;
		if (!class_rune(p, &low))
			return false;
		high = low;
		if (p->n > 1 && p->s[0] == '-' && p->s[1] != ']') {
			*p = str_from(*p, 1);
			if (!class_rune(p, &high))
				return false;
		}
		*hit |= r >= low && r <= high;
	}
	*p = str_from(*p, 1);
	*hit ^= negated;
	return true;
}

static bool match(struct matcher *m, str p, str rest, str s);

/* The text at `at` of "p" followed by "rest": alternatives of braces are matched with what follows
 * them. */
static bool match_braces(struct matcher *m, str p, str rest, str s)
{
	size_t from = 1, i, close = 0;
	int depth = 0;

	for (i = 0; i < p.n && !close; i++) {
		if (p.s[i] == '\\')
			i++;
		else if (p.s[i] == '{')
			depth++;
		else if (p.s[i] == '}' && !--depth)
			close = i;
	}
	if (!close || rest.n) /* nested braces after braces would need a list of rests */
		return m->bad = true, false;
	for (i = 1, depth = 0; i <= close; i++) {
		if (p.s[i] == '\\')
			i++;
		else if (p.s[i] == '{')
			depth++;
		else if (p.s[i] == '}' && depth)
			depth--;
		else if (!depth && (p.s[i] == ',' || i == close)) {
			if (match(m, str_sub(p, from, i), str_from(p, close + 1), s))
				return true;
			from = i + 1;
		}
	}
	return false;
}

static bool match_star(struct matcher *m, str p, str rest, str s)
{
	size_t stars = 0;

	while (stars < p.n && p.s[stars] == '*')
		stars++;
	p = str_from(p, stars);
	for (size_t i = 0;; i++) {
		if (match(m, p, rest, str_from(s, i)))
			return true;
		if (i >= s.n || (s.s[i] == '/' && !(m->deep && stars > 1)) || m->bad)
			return false;
	}
}

static bool match(struct matcher *m, str p, str rest, str s)
{
	if (++m->depth > MAX_DEPTH)
		m->bad = true;
	while (p.n || rest.n) {
		size_t width = 0, pattern_width;
		uint32_t r = s.n ? utf8_rune(s, &width) : 0;
		bool hit;

		if (!p.n) {
			p = rest;
			rest = STR_NONE;
			continue;
		}
		if (m->bad || ++m->steps > MAX_STEPS)
			break;
		if (p.s[0] == '*' || (m->deep && p.s[0] == '{')) {
			hit = p.s[0] == '*' ? match_star(m, p, rest, s) : match_braces(m, p, rest, s);
			m->depth--;
			return hit;
		}
		if (p.s[0] == '[') {
			if (!match_class(m, &p, r, &hit))
				m->bad = true;
			if (!hit || !s.n)
				break;
		} else if (p.s[0] == '?') {
			if (!s.n || r == '/')
				break;
			p = str_from(p, 1);
		} else {
			if (p.s[0] == '\\') {
				p = str_from(p, 1);
				if (!p.n) {
					m->bad = true;
					break;
				}
			}
			if (!s.n || utf8_rune(p, &pattern_width) != r || p.s[0] != s.s[0])
				break;
			p = str_from(p, pattern_width);
		}
		s = str_from(s, width);
		if (!p.n && !rest.n && !s.n) {
			m->depth--;
			return true;
		}
	}
	m->depth--;
	return !p.n && !rest.n && !s.n && !m->bad;
}

/* A pattern may be malformed beyond the point where a text stops matching. */
static bool well_formed(str p, bool deep)
{
	struct matcher m = {.deep = deep};
	int braces = 0;
	bool hit;

	while (p.n) {
		if (p.s[0] == '[') {
			if (!match_class(&m, &p, 0, &hit))
				return false;
			continue;
		}
		if (p.s[0] == '\\' && p.n == 1)
			return false;
		if (deep)
			braces += (p.s[0] == '{') - (p.s[0] == '}');
		if (braces < 0)
			return false;
		p = str_from(p, p.s[0] == '\\' ? 2 : 1);
	}
	return !braces;
}

bool glob_match(str pattern, str text, bool *bad)
{
	struct matcher m = {.deep = false};

	*bad = !well_formed(pattern, false);
	return !*bad && match(&m, pattern, STR_NONE, text);
}

bool glob_deep(str pattern, str text)
{
	struct matcher m = {.deep = true};

	return !well_formed(pattern, true) || match(&m, pattern, STR_NONE, text);
}
