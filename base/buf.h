/*
 * Bytes that grow, with a cap and a sticky failure asked once at the end. Over the cap or out of
 * memory, further appends do nothing and buf_failed() stays true; what was there stays valid.
 * Backed by the heap (buf_init, needs buf_done) or by an arena (buf_in, nothing to free).
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

struct buf {
	char *s;
	size_t n, room, cap;
	struct arena *arena; /* NULL: heap */
	bool failed;
};

void buf_init(struct buf *b, size_t cap);	      /* cap 0: LIMIT_BUF_DEFAULT */
void buf_in(struct buf *b, struct arena *a, size_t cap);
void buf_done(struct buf *b);
void buf_clear(struct buf *b); /* empty again, memory kept, failure forgotten */

bool buf_reserve(struct buf *b, size_t more); /* room for `more` bytes at b->s + b->n */
void buf_add(struct buf *b, str s);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_fill(struct buf *b, char c, size_t count);
void buf_truncate(struct buf *b, size_t n);

static inline void buf_char(struct buf *b, char c)
{
	if (b->n == b->room && !buf_reserve(b, 1))
		return;
	b->s[b->n++] = c;
}

static inline void buf_lit(struct buf *b, const char *s)
{
	buf_add(b, str_of(s));
}

static inline str buf_str(const struct buf *b)
{
	return (str){b->s, b->n};
}

/* NUL-terminated; "" when it failed before the first byte. The NUL is not counted. */
const char *buf_cstr(struct buf *b);
static inline bool buf_failed(const struct buf *b)
{
	return b->failed;
}
/* ERROR_LIMIT naming `what` when the buffer failed; true otherwise. */
bool buf_check(const struct buf *b, const char *what, struct error *err);

#endif
