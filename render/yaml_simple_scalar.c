/*
 * Scalars as libyaml's scanner cuts them, of the simple kind: plain ones and quoted ones that may be
 * folded, literals, and the short lists that stand on one line.
 */
#include "render/yaml_simple_scalar.h"

#include <math.h>

#include "base/buf.h"
#include "base/limits.h"
#include "render/yaml.h"
#include "render/yaml_simple.h"

/* --- lines --- */

const char *simple_line_end(const struct simple *s, const char *at)
{
	return memchr(at, '\n', (size_t)(s->end - at));
}

static bool is_marker(const char *at)
{
	return (at[0] == '-' || at[0] == '.') && at[1] == at[0] && at[2] == at[0];
}

bool simple_next_line(struct simple *s)
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
		s->at = simple_line_end(s, s->at) + 1;
	}
}

bool simple_end_line(struct simple *s, const char *at)
{
	while (*at == ' ')
		at++;
	if (*at != '\n' && !(*at == '#' && at[-1] == ' '))
		return false;
	s->at = simple_line_end(s, at) + 1;
	return simple_next_line(s);
}

/* --- scalars --- */

bool simple_starts_plain(const char *at)
{
	switch (*at) {
	case '-': case '?': case ':':
		return !is_blank(at[1]);
	case ',': case '[': case ']': case '{': case '}': case '#': case '&': case '*':
	case '!': case '|': case '>': case '\'': case '"': case '%': case '@': case '`':
		return false;
	default:
		return true;
	}
}

const char *simple_plain_end(const char *at)
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

		to = simple_plain_end(s->at);
		if (*to == ':')
			return false;
		buf_char(&b, ' ');
		buf_add(&b, trimmed(s->at, to));
		s->at = next = simple_line_end(s, to) + 1;
		if (!simple_next_line(s) || (s->indent > indent && s->at - next != s->indent))
			return false;
	} while (s->indent > indent && *to == '\n');
	buf_cstr(&b);
	*out = buf_str(&b);
	return !buf_failed(&b);
}

static bool plain(struct simple *s, int indent, struct value *out)
{
	const char *from = s->at, *to = simple_plain_end(from), *next;
	str text = trimmed(from, to);

	if (!simple_starts_plain(from) || *to == ':')
		return false;
	s->at = next = simple_line_end(s, to) + 1;
	if (!simple_next_line(s))
		return false;
	if (s->indent <= indent)
		text = arena_str(s->keep, text);
	else if (*to != '\n' || s->at - next != s->indent || !fold_plain(s, indent, text, &text))
		return false;
	*out = yaml_scalar(s->keep, text, s->flags);
	return out->type != VALUE_FLOAT || isfinite(out->f);
}

const char *simple_quote_end(const struct simple *s, const char *at, bool *raw)
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
	const char *from = s->at + 1, *to = simple_quote_end(s, s->at, &raw);
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

bool simple_name(struct simple *s, str *out)
{
	const char *from = ++s->at;

	while ((*s->at >= '0' && *s->at <= '9') || ((*s->at | 0x20) >= 'a' && (*s->at | 0x20) <= 'z') ||
	       *s->at == '-' || *s->at == '_')
		s->at++;
	*out = str_make(from, (size_t)(s->at - from));
	return out->n > 0;
}

bool simple_alias(struct simple *s, struct value *out)
{
	const struct value *v;
	str of;

	if (!simple_name(s, &of) || !(v = map_find(s->anchors, of)))
		return false;
	s->nodes += yaml_nodes(*v);
	if (s->nodes >= LIMIT_YAML_NODES)
		return false;
	*out = value_copy(s->keep, *v, false);
	return true;
}

/* [a, "b", *c]: on one line, of scalars that look the same outside. */
static bool flow_item(struct simple *s, int indent, struct value *out)
{
	const char *from = s->at, *to = from;

	if (*from == '"' || *from == '\'')
		return quoted(s, indent, out);
	if (*from == '*')
		return simple_alias(s, out);
	if (!simple_starts_plain(from) || *from == '?' || *from == ':')
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
	return after == ']' && simple_end_line(s, s->at);
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
	to = simple_line_end(s, from + i);
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
	return simple_next_line(s);
}

bool simple_scalar(struct simple *s, int indent, struct value *out)
{
	switch (*s->at) {
	case '"':
	case '\'':
		return quoted(s, indent, out) && simple_end_line(s, s->at);
	case '|':
	case '>':
		return block(s, indent, out);
	case '{':
		*out = value_of_map(map_new(s->keep, 0));
		return s->at[1] == '}' && simple_end_line(s, s->at + 2);
	case '[':
		return flow(s, indent, out);
	default:
		return plain(s, indent, out);
	}
}
