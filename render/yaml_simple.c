/*
 * The short way from YAML to values: the block style that toYaml and most charts write, read line
 * by line and straight into maps and lists. Whatever is not plainly of that style (tags, flow
 * maps, odd bytes, every error) is declined, and libyaml reads the text instead: so it
 * alone decides what is wrong. tests/fuzz/yaml_simple.c holds the two to the same values.
 */
#include "render/yaml_simple.h"

#include <math.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "render/yaml.h"

#define KEY_MAX 1000 /* libyaml's simple keys end at 1024 characters */
#define FEW 16	     /* entries gathered before a map or list is made */

/* The text ends with a newline, so that a line may be read without asking for the end. Between two
 * nodes `at` is the first byte of a line's content and `indent` its column; -1 at the end. */
struct simple {
	struct arena *keep;
	unsigned flags;
	const char *at, *end;
	int indent;
	struct map *anchors; /* NULL: none yet */
	size_t nodes;	     /* at most: the text's bytes and what aliases repeat */
};

/* --- lines --- */

static const char *line_end(const struct simple *s, const char *at)
{
	return memchr(at, '\n', (size_t)(s->end - at));
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\n';
}

static bool is_item(const char *at)
{
	return at[0] == '-' && is_blank(at[1]);
}

static bool is_marker(const char *at)
{
	return (at[0] == '-' || at[0] == '.') && at[1] == at[0] && at[2] == at[0];
}

/* On to the next line that is neither empty nor a comment. */
static bool next_line(struct simple *s)
{
	for (;;) {
		const char *from = s->at;

		s->indent = -1;
		if (from == s->end)
			return true;
		while (*s->at == ' ')
			s->at++;
		if (*s->at != '\n' && *s->at != '#') {
			s->indent = (int)(s->at - from);
			return s->indent || !is_marker(s->at);
		}
		s->at = line_end(s, s->at) + 1;
	}
}

/* After a value: blanks, a comment, nothing else. */
static bool end_line(struct simple *s, const char *at)
{
	while (*at == ' ')
		at++;
	if (*at != '\n' && !(*at == '#' && at[-1] == ' '))
		return false;
	s->at = line_end(s, at) + 1;
	return next_line(s);
}

/* --- scalars --- */

static bool starts_plain(const char *at)
{
	if (*at == '-' || *at == '?' || *at == ':')
		return !is_blank(at[1]);
	return !memchr(",[]{}#&*!|>'\"%@`", *at, 16);
}

/* The end of what stands of a plain scalar on this line: a newline, a colon before a blank or the
 * blank before a comment. */
static const char *plain_end(const char *at)
{
	for (;; at++) {
		if (*at > '#' && *at != ':')
			continue;
		if (*at == '\n' || (*at == ':' && is_blank(at[1])) || (*at == ' ' && at[1] == '#'))
			return at;
	}
}

static str trimmed(const char *from, const char *to)
{
	while (to > from && to[-1] == ' ')
		to--;
	return str_make(from, (size_t)(to - from));
}

/* A plain scalar goes on while lines are indented deeper; each break counts as a blank. */
static bool fold_plain(struct simple *s, int indent, str first, str *out)
{
	struct buf b;
	const char *to;

	buf_in(&b, s->keep, 0);
	buf_add(&b, first);
	do {
		const char *next;

		to = plain_end(s->at);
		if (*to == ':')
			return false;
		buf_char(&b, ' ');
		buf_add(&b, trimmed(s->at, to));
		s->at = next = line_end(s, to) + 1;
		if (!next_line(s) || (s->indent > indent && s->at - next != s->indent))
			return false;
	} while (s->indent > indent && *to == '\n');
	buf_cstr(&b);
	*out = buf_str(&b);
	return !buf_failed(&b);
}

static bool plain(struct simple *s, int indent, struct value *out)
{
	const char *from = s->at, *to = plain_end(from), *next;
	str text = trimmed(from, to);

	if (!starts_plain(from) || *to == ':')
		return false;
	s->at = next = line_end(s, to) + 1;
	if (!next_line(s))
		return false;
	if (s->indent <= indent)
		text = arena_str(s->keep, text);
	else if (*to != '\n' || s->at - next != s->indent || !fold_plain(s, indent, text, &text))
		return false;
	*out = yaml_scalar(s->keep, text, s->flags);
	return out->type != VALUE_FLOAT || isfinite(out->f);
}

/* The closing quote, or NULL; *raw when what lies between is the text as it is. */
static const char *quote_end(const struct simple *s, const char *at, bool *raw)
{
	char quote = *at++;

	for (*raw = true; at < s->end; at++) {
		if (*at == quote && !(quote == '\'' && at[1] == quote))
			return at;
		if (*at == quote || (*at == '\\' && quote == '"'))
			at++;
		else if (*at != '\n')
			continue;
		*raw = false;
	}
	return NULL;
}

static bool unescape(char c, char *out)
{
	static const char codes[] = "0abtnvfre \"/\\", bytes[] = "\0\a\b\t\n\v\f\r\x1b \"/\\";
	const char *at = c ? strchr(codes, c) : NULL;

	if (at)
		*out = bytes[at - codes];
	return at != NULL;
}

/* Between quotes a break with the blanks around it counts as one blank. */
static const char *fold_quoted(const char *at, int indent, struct buf *b, size_t solid)
{
	const char *from = at + 1;

	for (at = from; *at == ' '; at++)
		;
	if (*at == '\n' || at - from <= indent)
		return NULL;
	while (b->n > solid && b->s[b->n - 1] == ' ')
		b->n--;
	buf_char(b, ' ');
	return at;
}

static bool unquote(struct simple *s, const char *at, const char *to, int indent, str *out)
{
	bool escapes = *to == '"';
	size_t solid = 0; /* blanks that were escaped stay */
	struct buf b;
	char c;

	buf_in(&b, s->keep, 0);
	while (at < to) {
		if (*at == '\n') {
			at = fold_quoted(at, indent, &b, solid);
			if (!at)
				return false;
			solid = b.n;
			continue;
		}
		c = *at++;
		if (c == '\'' && !escapes) {
			at++;
		} else if (c == '\\' && escapes) {
			if (!unescape(*at++, &c))
				return false;
			buf_char(&b, c);
			solid = b.n;
			continue;
		}
		buf_char(&b, c);
	}
	buf_cstr(&b);
	*out = b.n ? buf_str(&b) : STR("");
	return !buf_failed(&b);
}

static bool quoted(struct simple *s, int indent, struct value *out)
{
	bool raw;
	const char *from = s->at + 1, *to = quote_end(s, s->at, &raw);
	str text;

	if (!to)
		return false;
	if (raw)
		text = arena_str(s->keep, str_make(from, (size_t)(to - from)));
	else if (!unquote(s, from, to, indent, &text))
		return false;
	*out = value_str(text);
	s->at = to + 1;
	return true;
}

/* [a, "b"]: on one line, of scalars that look the same outside. */
static bool flow_item(struct simple *s, int indent, struct value *out)
{
	const char *from = s->at, *to = from;

	if (*from == '"' || *from == '\'')
		return quoted(s, indent, out);
	if (!starts_plain(from) || *from == '?' || *from == ':')
		return false;
	while (!memchr(",]:?[{}#\n", *to, 9))
		to++;
	s->at = to;
	*out = yaml_scalar(s->keep, arena_str(s->keep, trimmed(from, to)), s->flags);
	return out->type != VALUE_FLOAT || isfinite(out->f);
}

static bool flow(struct simple *s, int indent, struct value *out)
{
	struct list *l = list_new(s->keep, 0);
	char after = s->at[1] == ']' ? ']' : ',';

	for (s->at += 1 + (after == ']'); after == ',';) {
		struct value v;

		while (*s->at == ' ')
			s->at++;
		if (!flow_item(s, indent, &v))
			return false;
		list_add(s->keep, l, v);
		while (*s->at == ' ')
			s->at++;
		after = *s->at++;
	}
	*out = value_of_list(l);
	return after == ']' && end_line(s, s->at);
}

/* The column of the first line that is not empty; empty ones before it may not reach beyond. */
static int first_column(const struct simple *s)
{
	const char *at = s->at, *from = at;
	int most = 0;

	for (; at < s->end; from = ++at) {
		while (*at == ' ')
			at++;
		if (*at != '\n')
			return at - from < most ? 0 : (int)(at - from);
		if (at - from > most)
			most = (int)(at - from);
	}
	return 0;
}

/* A digit, then "-" or "+". */
static bool block_header(struct simple *s, int indent, char *chomp, int *column)
{
	*chomp = ' ';
	*column = 0;
	s->at++;
	if (*s->at >= '1' && *s->at <= '9')
		*column = indent + (*s->at++ - '0');
	if (*s->at == '-' || *s->at == '+')
		*chomp = *s->at++;
	if (*s->at++ != '\n')
		return false;
	if (!*column)
		*column = first_column(s);
	return *column > indent;
}

/* The line's content: what stands behind the column. False: the block ended before this line. */
static bool block_line(const struct simple *s, const char **at, int column, str *out)
{
	const char *from = *at, *to;
	int i = 0;

	if (from == s->end)
		return false;
	while (i < column && from[i] == ' ')
		i++;
	if (i < column && from[i] != '\n')
		return false;
	to = line_end(s, from + i);
	*out = str_make(from + i, (size_t)(to - from - i));
	*at = to + 1;
	return true;
}

/* "|" and ">". When folded, one of the breaks between lines that begin with no blank goes, or becomes
 * a blank when it is the only one. */
static bool block(struct simple *s, int indent, struct value *out)
{
	bool folded = *s->at == '>', flush = false; /* did the line before begin with no blank? */
	size_t full = 0, n = 1;			    /* full: up to the last line that is not empty */
	const char *past;
	char chomp, *text;
	int column;
	str line;

	if (!block_header(s, indent, &chomp, &column))
		return false;
	for (past = s->at; block_line(s, &past, column, &line);)
		n += line.n + 1;
	text = arena_text(s->keep, n);
	for (n = 0; block_line(s, &s->at, column, &line); text[n++] = '\n') {
		if (!line.n)
			continue;
		if (folded && flush && line.s[0] != ' ') {
			if (n == full + 1)
				text[n - 1] = ' ';
			else
				n--;
		}
		flush = line.s[0] != ' ';
		memcpy(text + n, line.s, line.n);
		full = n += line.n;
	}
	if (!full)
		return false;
	n = chomp == '+' ? n : full + (chomp == ' ');
	text[n] = '\0';
	*out = value_str(str_make(text, n));
	return next_line(s);
}

static bool scalar(struct simple *s, int indent, struct value *out)
{
	switch (*s->at) {
	case '"':
	case '\'':
		return quoted(s, indent, out) && end_line(s, s->at);
	case '|':
	case '>':
		return block(s, indent, out);
	case '{':
		*out = value_of_map(map_new(s->keep, 0));
		return s->at[1] == '}' && end_line(s, s->at + 2);
	case '[':
		return flow(s, indent, out);
	default:
		return plain(s, indent, out);
	}
}

/* --- collections --- */

static bool mapping(struct simple *s, int indent, int depth, struct value *out);
static bool sequence(struct simple *s, int indent, bool flush, int depth, struct value *out);

/* A key that is text, and what follows its colon; false when there is none. */
static bool key(const struct simple *s, str *out, const char **past)
{
	const char *from = s->at, *to;
	bool raw = true, is_plain = *from != '"' && *from != '\'';

	to = is_plain ? plain_end(from) : quote_end(s, from++, &raw);
	if (!to || !raw || to - from > KEY_MAX)
		return false;
	*out = str_make(from, (size_t)(to - from));
	*past = to + 2 - is_plain;
	if ((*past)[-1] != ':' || !is_blank(**past))
		return false;
	return !is_plain || (starts_plain(from) && to[-1] != ' ' &&
			     value_is(yaml_scalar(NULL, *out, YAML_TYPED), VALUE_STR));
}

/* What follows "key:" or "-": on its line, or on those below. Below a key a list needs no more
 * indentation than the key has. */
static bool bare(struct simple *s, int indent, bool in_map, int depth, struct value *out)
{
	if (*s->at != '\n' && !(*s->at == '#' && s->at[-1] == ' '))
		return scalar(s, indent, out);
	s->at = line_end(s, s->at) + 1;
	if (!next_line(s))
		return false;
	if (s->indent > indent)
		return is_item(s->at) ? sequence(s, s->indent, false, depth, out)
				      : mapping(s, s->indent, depth, out);
	if (in_map && s->indent == indent && is_item(s->at))
		return sequence(s, indent, true, depth, out);
	*out = VALUE_NONE;
	return true;
}

/* The name of an anchor or alias, and the blanks behind it. */
static bool name(struct simple *s, str *out)
{
	const char *from = ++s->at;

	while ((*s->at >= '0' && *s->at <= '9') || ((*s->at | 0x20) >= 'a' && (*s->at | 0x20) <= 'z') ||
	       *s->at == '-' || *s->at == '_')
		s->at++;
	*out = str_make(from, (size_t)(s->at - from));
	if (!out->n || !is_blank(*s->at))
		return false;
	while (*s->at == ' ')
		s->at++;
	return true;
}

static bool alias(struct simple *s, struct value *out)
{
	const struct value *v;
	str of;

	if (!name(s, &of) || !(v = map_find(s->anchors, of)))
		return false;
	s->nodes += yaml_nodes(*v);
	if (s->nodes >= LIMIT_YAML_NODES)
		return false;
	*out = value_copy(s->keep, *v, false);
	return end_line(s, s->at);
}

static bool content(struct simple *s, int indent, bool in_map, int depth, struct value *out)
{
	const char *past;
	str of;

	while (*s->at == ' ')
		s->at++;
	if (*s->at == '*')
		return alias(s, out);
	if (*s->at != '&')
		return bare(s, indent, in_map, depth, out);
	/* In a list the anchor may be that of a first key. */
	if (!name(s, &of) || *s->at == '&' || *s->at == '*' || (!in_map && key(s, &(str){NULL, 0}, &past)) ||
	    !bare(s, indent, in_map, depth, out) || out->type == VALUE_NIL)
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
	static const str tag = STR_INIT("!!merge ");
	bool tagged = *s->at == '!' && str_starts(str_make(s->at, (size_t)(s->end - s->at)), tag);
	const char *from = s->at += tagged ? tag.n : 0;

	if (is_item(from) || !key(s, &e->key, &s->at))
		return false;
	e->merges = *from == '<' && str_is(e->key, "<<");
	if (tagged && !e->merges)
		return false;
	e->key = arena_str(s->keep, e->key);
	return content(s, indent, true, depth + 1, &e->value) && (!e->merges || value_is(e->value, VALUE_MAP));
}

static void put(struct simple *s, struct map *m, const struct entry *e, uint32_t n)
{
	for (; n--; e++) {
		const struct map *from = e->merges ? e->value.map : NULL;

		if (!e->merges)
			map_set(s->keep, m, e->key, e->value);
		for (uint32_t i = 0; i < map_n(from); i++)
			map_set(s->keep, m, map_key(&from->at[i]), from->at[i].value);
	}
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
			put(s, m, few, n);
			n = 0;
		}
		if (!entry(s, indent, depth, &few[n++]))
			return false;
	} while (s->indent == indent);
	m = m ? m : map_new(s->keep, n);
	put(s, m, few, n);
	*out = value_of_map(m);
	return s->indent < indent;
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
	struct simple s = {.keep = keep, .flags = flags, .at = text.s, .end = text.s + text.n,
			   .nodes = text.n};

	/* No node is shorter than a byte: such a text stays below the limit of nodes. */
	if (!text.n || text.n >= LIMIT_YAML_NODES || text.s[text.n - 1] != '\n' || !(is_ascii(text) || is_clean(text)) || !next_line(&s) ||
	    s.indent < 0)
		return false;
	if (!(is_item(s.at) ? sequence(&s, s.indent, false, 0, out) : mapping(&s, s.indent, 0, out)))
		return false;
	return s.indent < 0;
}
