/*
 * The map of the value model: an array of entries, a hash index once it has eight of them, and a
 * bytewise sort on demand, since Go prints and ranges over maps in that order.
 */
#include <stdlib.h>

#include "base/limits.h"
#include "base/value.h"

#define INDEX_FROM 8

struct map *map_new(struct arena *a, uint32_t room)
{
	struct map *m = arena_new(a, struct map);

	if (room)
		m->at = arena_news(a, room, struct map_entry);
	m->room = room;
	m->sorted = true;
	return m;
}

static bool entry_is(const struct map_entry *e, str key, uint32_t hash)
{
	return e->hash == hash && e->key_n == key.n && memcmp(e->key, key.s, key.n) == 0;
}

static void index_put(struct map *m, uint32_t entry)
{
	uint32_t mask = m->index_room - 1, slot = m->at[entry].hash & mask;

	while (m->index[slot])
		slot = (slot + 1) & mask;
	m->index[slot] = entry + 1;
}

static void index_fill(struct map *m)
{
	memset(m->index, 0, m->index_room * sizeof *m->index);
	for (uint32_t i = 0; i < m->n; i++)
		index_put(m, i);
}

static void index_build(struct arena *a, struct map *m)
{
	uint32_t room = 32;

	while (room < m->room * 2)
		room *= 2;
	m->index = arena_news(a, room, uint32_t);
	m->index_room = room;
	index_fill(m);
}

struct value *map_find_hashed(const struct map *m, str key, uint32_t hash)
{
	if (!m)
		return NULL;
	if (!m->index) {
		for (uint32_t i = 0; i < m->n; i++)
			if (entry_is(&m->at[i], key, hash))
				return &m->at[i].value;
		return NULL;
	}
	for (uint32_t mask = m->index_room - 1, slot = hash & mask; m->index[slot];
	     slot = (slot + 1) & mask) {
		struct map_entry *e = &m->at[m->index[slot] - 1];

		if (entry_is(e, key, hash))
			return &e->value;
	}
	return NULL;
}

struct value *map_find(const struct map *m, str key)
{
	return m && m->n ? map_find_hashed(m, key, str_hash(key)) : NULL;
}

struct value map_get(const struct map *m, str key)
{
	const struct value *v = map_find(m, key);

	return v ? *v : VALUE_NONE;
}

static int key_order(const void *x, const void *y)
{
	return str_cmp(map_key(x), map_key(y));
}

static void map_grow(struct arena *a, struct map *m)
{
	uint32_t room = m->room ? m->room * 2 : 4;

	if (room > LIMIT_LIST_ITEMS)
		arena_array(a, SIZE_MAX, 2); /* leaps: over the limit */
	m->at = arena_grow(a, m->at, m->n * sizeof *m->at, room * sizeof *m->at);
	m->room = room;
	m->index = NULL;
}

void map_set(struct arena *a, struct map *m, str key, struct value v)
{
	uint32_t hash = str_hash(key);
	struct value *old = map_find_hashed(m, key, hash);

	if (old) {
		*old = v;
		return;
	}
	if (m->n == m->room)
		map_grow(a, m);
	m->at[m->n] = (struct map_entry){
		.key = key.n ? key.s : "", .key_n = (uint32_t)key.n, .hash = hash, .value = v};
	m->n++;
	if (m->sorted && m->n > 1)
		m->sorted = key_order(&m->at[m->n - 2], &m->at[m->n - 1]) < 0;
	if (m->index)
		index_put(m, m->n - 1);
	else if (m->n >= INDEX_FROM)
		index_build(a, m);
}

bool map_del(struct map *m, str key)
{
	struct value *v = map_find(m, key);
	struct map_entry *e;

	if (!v)
		return false;
	e = (struct map_entry *)(void *)((char *)v - offsetof(struct map_entry, value));
	m->n--;
	memmove(e, e + 1, (size_t)(m->at + m->n - e) * sizeof *e);
	if (m->index)
		index_fill(m);
	return true;
}

void map_sort(struct map *m)
{
	if (!m || m->sorted)
		return;
	qsort(m->at, m->n, sizeof *m->at, key_order);
	m->sorted = true;
	if (m->index)
		index_fill(m);
}
