/*
 * Growth by doubling; the newest block of an arena grows in place.
 */
#include "base/buf.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/num.h"

void buf_init(struct buf *b, size_t cap)
{
	*b = (struct buf){.cap = cap ? cap : LIMIT_BUF_DEFAULT};
}

void buf_in(struct buf *b, struct arena *a, size_t cap)
{
	*b = (struct buf){.cap = cap ? cap : LIMIT_BUF_DEFAULT, .arena = a};
}

void buf_done(struct buf *b)
{
	if (!b->arena)
		mem_free(b->s);
	*b = (struct buf){.cap = b->cap, .arena = b->arena};
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->failed = false;
}

bool buf_reserve(struct buf *b, size_t more)
{
	size_t want, room = b->room ? b->room : 64;
	char *s;

	if (b->failed)
		return false;
	if (!num_add(b->n, more, &want) || want > b->cap)
		return !(b->failed = true);
	if (want <= b->room)
		return true;
	while (room < want)
		room *= 2;
	if (room > b->cap)
		room = b->cap;
	/* One byte more, so that buf_cstr always has a place for its NUL. */
	s = b->arena ? arena_grow(b->arena, b->s, b->s ? b->room + 1 : 0, room + 1)
		     : mem_realloc(b->s, room + 1);
	if (!s)
		return !(b->failed = true);
	b->s = s;
	b->room = room;
	return true;
}

void buf_add(struct buf *b, str s)
{
	if (s.n == 0 || (b->room - b->n < s.n && !buf_reserve(b, s.n)) || b->failed)
		return;
	memcpy(b->s + b->n, s.s, s.n);
	b->n += s.n;
}

void buf_fill(struct buf *b, char c, size_t count)
{
	if (count == 0 || !buf_reserve(b, count))
		return;
	memset(b->s + b->n, c, count);
	b->n += count;
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0 || !buf_reserve(b, (size_t)n + 1))
		return;
	va_start(args, format);
	vsnprintf(b->s + b->n, (size_t)n + 1, format, args);
	va_end(args);
	b->n += (size_t)n;
}

void buf_truncate(struct buf *b, size_t n)
{
	if (n < b->n)
		b->n = n;
}

const char *buf_cstr(struct buf *b)
{
	if (!b->s)
		return "";
	b->s[b->n] = 0;
	return b->s;
}

bool buf_check(const struct buf *b, const char *what, struct error *err)
{
	if (!b->failed)
		return true;
	return error_set(err, ERROR_LIMIT, "%s is larger than %zu bytes", what, b->cap);
}
