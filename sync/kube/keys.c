/*
 * Open addressing with linear probing; deleting moves later entries back, so there are no graves.
 */
#include "sync/kube/keys.h"

#include <sys/random.h>

#include "base/mem.h"

static uint64_t keys_seed;

static uint64_t keys_mix(uint64_t h)
{
	h ^= h >> 33;
	h *= UINT64_C(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ h >> 33;
}

static uint64_t keys_text(uint64_t h, str s)
{
	for (size_t i = 0; i < s.n; i++)
		h = keys_mix(h ^ (unsigned char)s.s[i]);
	return keys_mix(h + s.n);
}

uint64_t keys_hash(str namespace, str name)
{
	uint64_t h;
	if (!keys_seed && getrandom(&keys_seed, sizeof keys_seed, 0) != sizeof keys_seed)
		keys_seed = UINT64_C(0x9e3779b97f4a7c15);
	h = keys_text(keys_text(keys_seed, namespace), name);
	return h ? h : 1;
}

void keys_done(struct keys *k)
{
	mem_free(k->at);
	*k = (struct keys){0};
}

static size_t keys_slot(const struct keys *k, uint64_t hash)
{
	size_t at = (size_t)hash & (k->room - 1);
	while (k->at[at] && k->at[at] != hash)
		at = (at + 1) & (k->room - 1);
	return at;
}

bool keys_has(const struct keys *k, uint64_t hash)
{
	return k->room && k->at[keys_slot(k, hash)] == hash;
}

static bool keys_grow(struct keys *k)
{
	struct keys more = {.room = k->room ? k->room * 2 : 16, .n = k->n};
	more.at = mem_alloc(more.room * sizeof *more.at);
	if (!more.at)
		return false;
	for (size_t i = 0; i < k->room; i++)
		if (k->at[i])
			more.at[keys_slot(&more, k->at[i])] = k->at[i];
	mem_free(k->at);
	*k = more;
	return true;
}

bool keys_add(struct keys *k, uint64_t hash)
{
	size_t at;
	if (k->n * 4 >= k->room * 3 && !keys_grow(k))
		return false;
	at = keys_slot(k, hash);
	if (!k->at[at])
		k->n++;
	k->at[at] = hash;
	return true;
}

void keys_del(struct keys *k, uint64_t hash)
{
	size_t gap, at;
	if (!keys_has(k, hash))
		return;
	gap = keys_slot(k, hash);
	k->at[gap] = 0;
	k->n--;
	for (at = (gap + 1) & (k->room - 1); k->at[at]; at = (at + 1) & (k->room - 1)) {
		size_t home = (size_t)k->at[at] & (k->room - 1);
		if (((at - home) & (k->room - 1)) < ((at - gap) & (k->room - 1)))
			continue;
		k->at[gap] = k->at[at];
		k->at[at] = 0;
		gap = at;
	}
}
