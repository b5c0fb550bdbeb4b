/*
 * Chunks of growing size; a leap instead of NULL. Under ASan the free part is poisoned.
 */
#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define arena_hide(p, n) ASAN_POISON_MEMORY_REGION((p), (n))
#define arena_show(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#else
#define arena_hide(p, n) ((void)(p), (void)(n))
#define arena_show(p, n) ((void)(p), (void)(n))
#endif

#define CHUNK_FIRST ((size_t)16 << 10)
#define CHUNK_LAST ((size_t)4 << 20)
#define ALIGN 16

struct arena_chunk {
	struct arena_chunk *next;
	size_t n; /* usable bytes after the header */
};

static char *chunk_bytes(struct arena_chunk *c)
{
	return (char *)c + ((sizeof *c + ALIGN - 1) & ~(size_t)(ALIGN - 1));
}

void arena_init(struct arena *a, size_t cap)
{
	*a = (struct arena){.cap = cap};
}

static void chunk_free(struct arena_chunk *c)
{
	arena_show(chunk_bytes(c), c->n);
	mem_free(c);
}

void arena_done(struct arena *a)
{
	for (struct arena_chunk *c = a->chunks, *next; c; c = next) {
		next = c->next;
		chunk_free(c);
	}
	*a = (struct arena){.cap = a->cap};
}

void arena_clear(struct arena *a)
{
	struct arena_chunk *c = a->chunks;

	if (!c)
		return;
	while (c->next) {
		struct arena_chunk *next = c->next;

		chunk_free(c);
		c = next;
	}
	a->chunks = c;
	a->used = c->n;
	a->at = chunk_bytes(c);
	a->end = a->at + c->n;
	a->capped = false;
	arena_hide(a->at, c->n);
}

jmp_buf *arena_guard(struct arena *a, jmp_buf *env)
{
	jmp_buf *former = a->guard;

	a->guard = env;
	return former;
}

static _Noreturn void arena_fail(struct arena *a, bool capped)
{
	a->capped = capped;
	if (a->guard)
		longjmp(*a->guard, 1);
	fputs(capped ? "tiphys: memory limit reached\n" : "tiphys: out of memory\n", stderr);
	abort();
}

static void arena_chunk(struct arena *a, size_t n)
{
	struct arena_chunk *c;
	size_t total;

	if (!num_add(a->used, n, &total) || (a->cap && total > a->cap))
		arena_fail(a, true);
	c = mem_realloc(NULL, n + sizeof *c + ALIGN); /* what is handed out is zeroed then */
	if (!c)
		arena_fail(a, false);
	c->next = a->chunks;
	c->n = n;
	a->chunks = c;
	a->used = total;
	a->at = chunk_bytes(c);
	a->end = a->at + n;
	arena_hide(a->at, n);
}

static void arena_more(struct arena *a, size_t want)
{
	size_t n = a->chunks ? a->chunks->n * 2 : CHUNK_FIRST;

	if (n > CHUNK_LAST)
		n = CHUNK_LAST;
	if (n < want + ALIGN)
		n = want + ALIGN;
	arena_chunk(a, n);
}

void arena_first(struct arena *a, size_t n)
{
	if (!a->chunks)
		arena_chunk(a, n + ALIGN);
}

static char *take(struct arena *a, size_t n)
{
	size_t pad = (size_t)(-(uintptr_t)a->at & (ALIGN - 1));
	char *p;

	if (n > SIZE_MAX / 2)
		arena_fail(a, true);
	if (!a->at || (size_t)(a->end - a->at) < n + pad) {
		arena_more(a, n);
		pad = 0;
	}
	p = a->at + pad;
	a->at = p + n;
	arena_show(p, n);
	return p;
}

void *arena_alloc(struct arena *a, size_t n)
{
	return memset(take(a, n), 0, n);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	size_t n;

	if (!num_mul(count, size, &n))
		arena_fail(a, true);
	return arena_alloc(a, n);
}

char *arena_text(struct arena *a, size_t n)
{
	char *p;

	if (n > SIZE_MAX / 2)
		arena_fail(a, true);
	if (!a->at || (size_t)(a->end - a->at) < n)
		arena_more(a, n);
	p = a->at;
	a->at += n;
	arena_show(p, n);
	return p;
}

void *arena_grow(struct arena *a, void *p, size_t old, size_t want)
{
	void *fresh;

	if (p && (char *)p + old == a->at && want >= old && (size_t)(a->end - (char *)p) >= want) {
		a->at = (char *)p + want;
		arena_show(p, want);
		return p;
	}
	/* Aligned for any use; text does not mind. */
	fresh = take(a, want);
	if (old && p)
		memcpy(fresh, p, old < want ? old : want);
	return fresh;
}

str arena_str(struct arena *a, str s)
{
	char *p = arena_text(a, s.n + 1);

	if (s.n)
		memcpy(p, s.s, s.n);
	p[s.n] = 0;
	return str_make(p, s.n);
}

char *arena_cstr(struct arena *a, str s)
{
	char *p = arena_text(a, s.n + 1);

	if (s.n)
		memcpy(p, s.s, s.n);
	p[s.n] = 0;
	return p;
}

str arena_vprintf(struct arena *a, const char *format, va_list args)
{
	va_list again;
	char *p;
	int n;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (n < 0)
		n = 0;
	p = arena_text(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, format, args);
	return str_make(p, (size_t)n);
}

str arena_printf(struct arena *a, const char *format, ...)
{
	va_list args;
	str s;

	va_start(args, format);
	s = arena_vprintf(a, format, args);
	va_end(args);
	return s;
}

str arena_concat(struct arena *a, str x, str y)
{
	char *p = arena_text(a, x.n + y.n + 1);

	if (x.n)
		memcpy(p, x.s, x.n);
	if (y.n)
		memcpy(p + x.n, y.s, y.n);
	p[x.n + y.n] = 0;
	return str_make(p, x.n + y.n);
}
