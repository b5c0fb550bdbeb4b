/*
 * Regular expressions as Go's regexp package has them, by RE2 (the same language: leftmost-first,
 * linear time). Compiled patterns are kept per thread, at most LIMIT_REGEX_CACHE of them, so a
 * `const struct regex *` is good until the next regex_compile of the same thread.
 */
#ifndef RENDER_REGEX_H
#define RENDER_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* This header is read by C++ too, hence pointers with lengths where others have str. */
struct regex;

/* A match or a group: bytes [from, to) of the text; a group without part in it has from == -1. */
struct regex_span {
	ptrdiff_t from, to;
};

#define REGEX_GROUPS 100     /* groups that a replacement can name, the whole match included */
#define REGEX_COMPLAINT 1024 /* bytes of a complaint */

/* NULL with Go's text: "error parsing regexp: missing closing ): `(`" (complaint may be NULL). */
const struct regex *regex_compile(const char *pattern, size_t n, char complaint[REGEX_COMPLAINT]);
/* The leftmost match at or after byte `at` (what lies before still counts for ^ and \b). Fills
 * `count` spans: the match, then its groups. */
bool regex_match(const struct regex *r, const char *text, size_t n, size_t at,
	struct regex_span *spans, unsigned count);
/* Groups, the whole match not counted. */
unsigned regex_groups(const struct regex *r);
/* The group (?P<name>...), or -1. */
int regex_group(const struct regex *r, const char *name, size_t n);

#ifdef __cplusplus
}
#endif

#endif
