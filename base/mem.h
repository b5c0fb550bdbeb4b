/*
 * The program's only door to the heap. In tests the N-th allocation can be made to fail, so that
 * every failure path runs (mem_fail_at); everything else must not call malloc itself.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

/* NULL when memory is out (or a test says so). mem_alloc zeroes. */
void *mem_alloc(size_t n) __attribute__((malloc));
void *mem_realloc(void *p, size_t n);
void mem_free(void *p); /* takes NULL */
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t n);

/* Tests: the n-th allocation from now on fails, once; 0 switches it off. Per thread. */
void mem_fail_at(uint64_t n);
/* Tests: allocations of this thread since mem_fail_at. */
uint64_t mem_count(void);

#endif
