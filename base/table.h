/*
 * A hash table from strings to pointers for long-lived state, on the heap. Keys are copied.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct table_entry {
	char *key; /* NULL: free or deleted slot */
	uint32_t key_n, hash;
	void *value;
	bool dead;
};

struct table {
	struct table_entry *at;
	uint32_t room, n, filled;
};

void table_done(struct table *t); /* the values are the caller's */
void *table_get(const struct table *t, str key);
/* Replaces; *old (may be NULL) gets the former value. False when memory is out. */
bool table_set(struct table *t, str key, void *value, void **old);
void *table_del(struct table *t, str key); /* the former value or NULL */
/* Walks all: for (uint32_t i = 0; table_next(t, &i, &key, &value);). Deleting the entry just
 * given is allowed while walking; setting new keys is not. */
bool table_next(const struct table *t, uint32_t *at, str *key, void **value);

#endif
