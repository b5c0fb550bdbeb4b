/*
 * The short way from YAML to values: the block style that toYaml and most charts write, read line
 * by line and straight into maps and lists. Whatever is not plainly of that style (tags, flow maps,
 * odd bytes, every error) is declined, and libyaml reads the text instead: so it alone decides what
 * is wrong. tests/render/yaml_simple.c and tests/fuzz/yaml_simple.c hold the two to the same values.
 */
#include "render/yaml_simple.h"

#include "base/limits.h"
#include "base/utf8.h"
#include "render/yaml.h"
#include "render/yaml_simple_scalar.h"

#define KEY_MAX 1000 /* libyaml's simple keys end at 1024 characters */
#define FEW 16	     /* entries gathered before a map or list is made */

static bool mapping(struct simple *s, int indent, int depth, struct value *out);
static bool sequence(struct simple *s, int indent, bool flush, int depth, struct value *out);

/* A key that is text, and what follows its colon; false when there is none. "!!merge <<" is what
 * go-yaml writes for "<<". */
static bool key(const struct simple *s, str *out, const char **past)
{
	static const str tag = STR_INIT("!!merge ");
	bool raw = true, is_plain = *s->at != '"' && *s->at != '\'', tagged;
	const char *from = s->at, *to;

	tagged = *from == '!' && str_starts(str_make(from, (size_t)(s->end - from)), tag);
	from += tagged ? tag.n : 0;
	to = is_plain ? simple_plain_end(from) : simple_quote_end(s, from++, &raw);
	if (!to || !raw || to - from > KEY_MAX)
		return false;
	*out = str_make(from, (size_t)(to - from));
	*past = to + 2 - is_plain;
	if ((*past)[-1] != ':' || !is_blank(**past) || (tagged && !str_is(*out, "<<")))
		return false;
	return !is_plain || (simple_starts_plain(from) && to[-1] != ' ' &&
			     value_is(yaml_scalar(NULL, *out, YAML_TYPED), VALUE_STR));
}

/* What follows "key:" or "-": on its line, or on those below. Below a key a list needs no more
 * indentation than the key has. */
static bool bare(struct simple *s, int indent, bool in_map, int depth, struct value *out)
{
	const char *past;
	str first;

	if (*s->at != '\n' && !(*s->at == '#' && s->at[-1] == ' '))
		return simple_scalar(s, indent, out);
	s->at = simple_line_end(s, s->at) + 1;
	if (!simple_next_line(s))
		return false;
	if (s->indent > indent && is_item(s->at))
		return sequence(s, s->indent, false, depth, out);
	if (s->indent > indent)
		return key(s, &first, &past) ? mapping(s, s->indent, depth, out) : simple_scalar(s, indent, out);
	if (in_map && s->indent == indent && is_item(s->at))
		return sequence(s, indent, true, depth, out);
	*out = VALUE_NONE;
	return true;
}

static bool content(struct simple *s, int indent, bool in_map, int depth, struct value *out)
{
	const char *past;
	str of, first;

	while (*s->at == ' ')
		s->at++;
	if (*s->at == '*')
		return simple_alias(s, out) && simple_end_line(s, s->at);
	if (*s->at != '&')
		return bare(s, indent, in_map, depth, out);
	if (!simple_name(s, &of) || !is_blank(*s->at))
		return false;
	while (*s->at == ' ')
		s->at++;
	/* In a list the anchor may be that of a first key. */
	if ((!in_map && key(s, &first, &past)) || !bare(s, indent, in_map, depth, out) || value_is_nil(*out))
		return false;
	if (!s->anchors)
		s->anchors = map_new(s->keep, 0);
	map_set(s->keep, s->anchors, arena_str(s->keep, of), *out);
	return true;
}

struct entry {
	str key;
	struct value value;
	bool merges;
};

static bool entry(struct simple *s, int indent, int depth, struct entry *e)
{
	bool quotes = *s->at == '"' || *s->at == '\'';

	if (is_item(s->at) || !key(s, &e->key, &s->at))
		return false;
	e->merges = !quotes && str_is(e->key, "<<");
	e->key = arena_str(s->keep, e->key);
	return content(s, indent, true, depth + 1, &e->value);
}

static bool put(struct simple *s, struct map *m, const struct entry *e, uint32_t n)
{
	for (; n--; e++)
		if (!e->merges)
			map_set(s->keep, m, e->key, e->value);
		else if (!yaml_merge(s->keep, m, e->value))
			return false;
	return true;
}

static bool mapping(struct simple *s, int indent, int depth, struct value *out)
{
	struct entry few[FEW];
	struct map *m = NULL;
	uint32_t n = 0;

	if (depth >= LIMIT_YAML_DEPTH)
		return false;
	do {
		if (n == FEW) {
			m = m ? m : map_new(s->keep, 4 * FEW);
			if (!put(s, m, few, n))
				return false;
			n = 0;
		}
		if (!entry(s, indent, depth, &few[n++]))
			return false;
	} while (s->indent == indent);
	m = m ? m : map_new(s->keep, n);
	*out = value_of_map(m);
	return put(s, m, few, n) && s->indent < indent;
}

/* A list or map may begin behind the dash: its column is its indentation. */
static bool item(struct simple *s, int indent, int depth, struct value *out)
{
	const char *dash = s->at++, *past;
	int column;
	str name;

	while (*s->at == ' ')
		s->at++;
	column = indent + (int)(s->at - dash);
	if (is_item(s->at))
		return sequence(s, s->indent = column, false, depth + 1, out);
	if (*s->at != '\n' && *s->at != '#' && key(s, &name, &past))
		return mapping(s, s->indent = column, depth + 1, out);
	return content(s, indent, false, depth + 1, out);
}

static bool sequence(struct simple *s, int indent, bool flush, int depth, struct value *out)
{
	struct value few[FEW];
	struct list *l = NULL;
	uint32_t n = 0;

	if (depth >= LIMIT_YAML_DEPTH)
		return false;
	do {
		if (n == FEW) {
			l = l ? l : list_new(s->keep, 4 * FEW);
			for (uint32_t i = 0; i < n; i++)
				list_add(s->keep, l, few[i]);
			n = 0;
		}
		if (!item(s, indent, depth, &few[n++]))
			return false;
	} while (s->indent == indent && is_item(s->at));
	l = l ? l : list_new(s->keep, n);
	for (uint32_t i = 0; i < n; i++)
		list_add(s->keep, l, few[i]);
	*out = value_of_list(l);
	return s->indent < indent || (flush && s->indent == indent);
}

/* --- the text --- */

/* Looks at every byte, so that the loop has no branches. */
static bool is_ascii(str text)
{
	unsigned char odd = 0;

	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.s[i];

		odd |= (unsigned char)((c < ' ') & (c != '\n')) | (unsigned char)(c > '~');
	}
	return !odd;
}

/* Printable ASCII, newlines, and of what lies beyond only what is no break to anyone. */
static bool is_clean(str text)
{
	size_t width;

	for (size_t i = 0; i < text.n; i += width) {
		uint32_t rune = utf8_rune(str_from(text, i), &width);

		if ((rune < ' ' && rune != '\n') || (rune > '~' && rune < 0xA0) || rune == 0x2028 || rune == 0x2029 ||
		    rune == 0xFEFF || (rune >= 0xFFFD && rune <= 0xFFFF))
			return false;
	}
	return true;
}

bool yaml_simple(struct arena *keep, str text, unsigned flags, struct value *out)
{
	struct simple s = {.keep = keep, .flags = flags, .at = text.s, .end = text.s + text.n, .nodes = text.n};

	/* No node is shorter than a byte: such a text stays below the limit of nodes. */
	if (!text.n || text.n >= LIMIT_YAML_NODES || text.s[text.n - 1] != '\n')
		return false;
	if (!(is_ascii(text) || is_clean(text)) || !simple_next_line(&s) || s.indent < 0)
		return false;
	if (!(is_item(s.at) ? sequence(&s, s.indent, false, 0, out) : mapping(&s, s.indent, 0, out)))
		return false;
	return s.indent < 0;
}
