/*
 * A borrowed slice of bytes, passed by value. Not NUL-terminated unless said; may hold NUL.
 * The owner of the bytes (an arena, a literal, a buffer) must outlive the slice.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct str {
	const char *s;
	size_t n;
} str;

#define STR(lit) ((str){("" lit), sizeof(lit) - 1})
#define STR_INIT(lit) {("" lit), sizeof(lit) - 1} /* for static tables */
#define STR_NONE ((str){NULL, 0})
#define STR_ARG(x) (int)((x).n), (x).n ? (x).s : "" /* for printf's "%.*s" */

static inline str str_of(const char *s)
{
	return (str){s, s ? strlen(s) : 0};
}

static inline str str_make(const char *s, size_t n)
{
	return (str){s, n};
}

static inline bool str_eq(str a, str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.s, b.s, a.n) == 0);
}

static inline bool str_is(str a, const char *lit)
{
	return str_eq(a, str_of(lit));
}

static inline bool str_starts(str a, str prefix)
{
	return a.n >= prefix.n && (prefix.n == 0 || memcmp(a.s, prefix.s, prefix.n) == 0);
}

static inline bool str_ends(str a, str suffix)
{
	return a.n >= suffix.n &&
	       (suffix.n == 0 || memcmp(a.s + a.n - suffix.n, suffix.s, suffix.n) == 0);
}

/* The bytes [from, to); both are clamped to the string. */
static inline str str_sub(str a, size_t from, size_t to)
{
	if (to > a.n)
		to = a.n;
	if (from > to)
		from = to;
	return (str){a.s ? a.s + from : NULL, to - from};
}

static inline str str_from(str a, size_t from)
{
	return str_sub(a, from, a.n);
}

/* Bytewise order, as Go's strings: <0, 0, >0. */
int str_cmp(str a, str b);
/* The index of the first or last occurrence, or -1. */
ptrdiff_t str_find(str a, str needle);
ptrdiff_t str_find_char(str a, char c);
ptrdiff_t str_rfind_char(str a, char c);
bool str_has(str a, str needle);
/* Without leading and trailing bytes of " \t\r\n\v\f". */
str str_trim(str a);
/* Cuts at the first `sep`: returns what is before, leaves in *rest what is after. When there is
 * no `sep`, returns all and leaves *rest empty with s == NULL. */
str str_cut(str a, char sep, str *rest);
/* ASCII only. */
bool str_eq_nocase(str a, str b);
/* Seeded per process (hash flooding); the same string has the same hash within one process. */
uint32_t str_hash(str a);
/* Seeds str_hash from the system; called once, before any hash is taken. Optional. */
void str_hash_seed(void);

#endif
