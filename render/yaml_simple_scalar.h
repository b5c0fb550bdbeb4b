/*
 * The lines and scalars of simple YAML, between yaml_simple.c and the bytes.
 */
#ifndef RENDER_YAML_SIMPLE_SCALAR_H
#define RENDER_YAML_SIMPLE_SCALAR_H

#include "base/value.h"

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

static inline bool is_blank(char c)
{
	return c == ' ' || c == '\n';
}

static inline bool is_item(const char *at)
{
	return at[0] == '-' && is_blank(at[1]);
}

/* The newline at or after `at`. */
const char *simple_line_end(const struct simple *s, const char *at);
/* From the start of a line to the next content that is neither empty nor a comment. All of these
 * are false when the text is to be declined. */
bool simple_next_line(struct simple *s);
/* After a value: blanks, a comment, nothing else; then as simple_next_line. */
bool simple_end_line(struct simple *s, const char *at);

bool simple_starts_plain(const char *at);
/* The end of what stands of a plain scalar on this line: a newline, a colon before a blank or the
 * blank before a comment. */
const char *simple_plain_end(const char *at);
/* The closing quote, or NULL; *raw when what lies between is the text as it is. */
const char *simple_quote_end(const struct simple *s, const char *at, bool *raw);

/* The name of an anchor or alias, its sign skipped; a copy of what an alias names. */
bool simple_name(struct simple *s, str *out);
bool simple_alias(struct simple *s, struct value *out);
/* Any scalar, and what is written like one: {}, [a, b]. Ends on the next line's content. */
bool simple_scalar(struct simple *s, int indent, struct value *out);

#endif
