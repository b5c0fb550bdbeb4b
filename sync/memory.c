/*
 * A table from object keys to two hashes.
 */
#include "sync/memory.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/num.h"

struct entry {
	uint64_t intent, rest;
};

void memory_init(struct memory *m)
{
	*m = (struct memory){0};
}

static void memory_clear(struct memory *m)
{
	void *value;
	str key;

	for (uint32_t i = 0; table_next(&m->entries, &i, &key, &value);)
		mem_free(value);
	table_done(&m->entries);
	m->entries = (struct table){0};
}

void memory_done(struct memory *m)
{
	memory_clear(m);
}

bool memory_get(const struct memory *m, const struct object_key *key, uint64_t *intent, uint64_t *rest)
{
	const struct entry *e;
	struct arena scratch;

	arena_init(&scratch, 0);
	e = table_get(&m->entries, object_key_text(&scratch, key));
	arena_done(&scratch);
	if (!e)
		return false;
	*intent = e->intent;
	*rest = e->rest;
	return true;
}

static void put(struct memory *m, str key, uint64_t intent, uint64_t rest)
{
	struct entry *e = table_get(&m->entries, key);

	if (e && e->intent == intent && e->rest == rest)
		return;
	if (!e && m->entries.n >= LIMIT_MEMORY)
		memory_clear(m);
	if (!e) {
		e = mem_alloc(sizeof *e);
		if (!e || !table_set(&m->entries, key, e, NULL)) {
			mem_free(e);
			return;
		}
	}
	*e = (struct entry){intent, rest};
	m->dirty = true;
}

void memory_set(struct memory *m, const struct object_key *key, uint64_t intent, uint64_t rest)
{
	struct arena scratch;

	arena_init(&scratch, 0);
	put(m, object_key_text(&scratch, key), intent, rest);
	arena_done(&scratch);
}

void memory_drop(struct memory *m, const struct object_key *key)
{
	struct arena scratch;
	void *e;

	arena_init(&scratch, 0);
	e = table_del(&m->entries, object_key_text(&scratch, key));
	m->dirty |= e != NULL;
	mem_free(e);
	arena_done(&scratch);
}

/* {"key": "intent rest"} in hexadecimal: JSON's numbers are too short. */
struct value memory_save(struct memory *m, struct arena *keep)
{
	struct map *out = map_new(keep, m->entries.n);
	void *value;
	str key;

	for (uint32_t i = 0; table_next(&m->entries, &i, &key, &value);) {
		const struct entry *e = value;

		map_set(keep, out, arena_str(keep, key),
			value_str(arena_printf(keep, "%llx %llx", (unsigned long long)e->intent,
					       (unsigned long long)e->rest)));
	}
	m->dirty = false;
	return value_of_map(out);
}

void memory_load(struct memory *m, struct value saved)
{
	const struct map *from = value_map(saved);

	for (uint32_t i = 0; i < map_n(from); i++) {
		str rest, first = str_cut(value_text(from->at[i].value), ' ', &rest);
		uint64_t a, b;

		if (num_parse_hex(first, &a) && num_parse_hex(rest, &b))
			put(m, map_key(&from->at[i]), a, b);
	}
	m->dirty = false;
}
