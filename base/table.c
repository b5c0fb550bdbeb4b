/*
 * Open addressing; deleted slots stay marked until the next growth.
 */
#include "base/table.h"

#include "base/mem.h"

static struct table_entry *find(const struct table *t, str key, uint32_t hash)
{
	if (!t->room)
		return NULL;
	for (uint32_t mask = t->room - 1, i = hash & mask;; i = (i + 1) & mask) {
		struct table_entry *e = &t->at[i];

		if (!e->key && !e->dead)
			return NULL;
		if (e->key && e->hash == hash && str_eq(str_make(e->key, e->key_n), key))
			return e;
	}
}

static struct table_entry *free_slot(struct table *t, uint32_t hash)
{
	uint32_t mask = t->room - 1, i = hash & mask;

	while (t->at[i].key)
		i = (i + 1) & mask;
	return &t->at[i];
}

static bool grow(struct table *t)
{
	struct table old = *t;
	uint32_t room = 16;

	while (room < (old.n + 1) * 2)
		room *= 2;
	t->at = mem_alloc(room * sizeof *t->at);
	if (!t->at) {
		*t = old;
		return false;
	}
	t->room = room;
	t->filled = old.n;
	for (uint32_t i = 0; i < old.room; i++)
		if (old.at[i].key)
			*free_slot(t, old.at[i].hash) = old.at[i];
	mem_free(old.at);
	return true;
}

void *table_get(const struct table *t, str key)
{
	struct table_entry *e = find(t, key, str_hash(key));

	return e ? e->value : NULL;
}

bool table_set(struct table *t, str key, void *value, void **old)
{
	uint32_t hash = str_hash(key);
	struct table_entry *e = find(t, key, hash);
	char *copy;

	if (old)
		*old = e ? e->value : NULL;
	if (e) {
		e->value = value;
		return true;
	}
	if ((t->filled + 1) * 4 > t->room * 3 && !grow(t))
		return false;
	copy = mem_strndup(key.s, key.n);
	if (!copy)
		return false;
	e = free_slot(t, hash);
	t->filled += e->dead ? 0 : 1;
	*e = (struct table_entry){copy, (uint32_t)key.n, hash, value, false};
	t->n++;
	return true;
}

void *table_del(struct table *t, str key)
{
	struct table_entry *e = find(t, key, str_hash(key));
	void *value;

	if (!e)
		return NULL;
	value = e->value;
	mem_free(e->key);
	*e = (struct table_entry){.dead = true};
	t->n--;
	return value;
}

bool table_next(const struct table *t, uint32_t *at, str *key, void **value)
{
	while (*at < t->room) {
		const struct table_entry *e = &t->at[(*at)++];

		if (!e->key)
			continue;
		*key = str_make(e->key, e->key_n);
		*value = e->value;
		return true;
	}
	return false;
}

void table_done(struct table *t)
{
	for (uint32_t i = 0; i < t->room; i++)
		mem_free(t->at[i].key);
	mem_free(t->at);
	*t = (struct table){0};
}
