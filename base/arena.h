/*
 * A bump allocator: everything taken from it lives until arena_clear or arena_done.
 * An arena belongs to one thread at a time and may be handed over whole.
 *
 * Running out of memory or over the cap does not return NULL: the arena has a `jump` target
 * (arena_guard) to which it leaps, so that code between needs no checks; without a guard the
 * program ends with a message. Every entry point of render and sync that takes hostile input
 * sets a guard and turns the leap into an ERROR_LIMIT or ERROR_MEMORY.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct arena_chunk;

struct arena {
	char *at, *end;		    /* the free part of the newest chunk */
	struct arena_chunk *chunks; /* newest first */
	size_t used;		    /* bytes of all chunks */
	size_t cap;		    /* 0: none */
	jmp_buf *guard;		    /* where to leap, or NULL */
	bool capped;		    /* the leap was for the cap, not for memory */
};

void arena_init(struct arena *a, size_t cap);
void arena_done(struct arena *a);
/* Before the first allocation: makes the first chunk n bytes instead of 16 KiB, for what is kept by the
 * thousand and whose size is known. It grows as any other. */
void arena_first(struct arena *a, size_t n);
/* Forgets all, keeps the first chunk for reuse. */
void arena_clear(struct arena *a);

/* if (setjmp(env)) { arena_unguard(a, old); return error...; } -- see ARENA_GUARD users. */
jmp_buf *arena_guard(struct arena *a, jmp_buf *env); /* returns the former guard */

/* Zeroed, aligned to 16. Never NULL. */
void *arena_alloc(struct arena *a, size_t n);
void *arena_array(struct arena *a, size_t count, size_t size);
/* Not zeroed, aligned to 1: for text. */
char *arena_text(struct arena *a, size_t n);
/* Grows a block from arena_alloc/arena_text; in place when it is the newest. Bytes past `old`
 * are not zeroed. Alignment is kept when p came from arena_alloc. */
void *arena_grow(struct arena *a, void *p, size_t old, size_t want);

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_news(a, count, type) ((type *)arena_array((a), (count), sizeof(type)))

/* Copies; NUL-terminated, so .s can go to C functions. */
str arena_str(struct arena *a, str s);
char *arena_cstr(struct arena *a, str s);
str arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
str arena_vprintf(struct arena *a, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
str arena_concat(struct arena *a, str x, str y);

#endif
