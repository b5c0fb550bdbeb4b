/*
 * malloc behind a counter that tests can arm.
 */
#include "base/mem.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local uint64_t fail_at, count;

static bool must_fail(void)
{
	count++;
	return fail_at && count == fail_at;
}

void *mem_alloc(size_t n)
{
	return must_fail() ? NULL : calloc(1, n ? n : 1);
}

void *mem_realloc(void *p, size_t n)
{
	return must_fail() ? NULL : realloc(p, n ? n : 1);
}

void mem_free(void *p)
{
	free(p);
}

char *mem_strndup(const char *s, size_t n)
{
	char *p = mem_alloc(n + 1);

	if (p && n)
		memcpy(p, s, n);
	return p;
}

char *mem_strdup(const char *s)
{
	return mem_strndup(s, strlen(s));
}

void mem_fail_at(uint64_t n)
{
	fail_at = n;
	count = 0;
}

uint64_t mem_count(void)
{
	return count;
}
