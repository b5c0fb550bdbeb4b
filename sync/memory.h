/*
 * What was last seen to be in sync, object by object: the hash of the intent and of what then
 * still looked different (a value that the server writes otherwise, a default in an atomic value).
 * With it such a rest is known to be harmless, and an idle agent writes nothing. It may be lost at
 * any time (and is, when there are LIMIT_MEMORY entries): doubts then count as in sync, certain differences cost one apply that changes nothing.
 * On the heap, owned by the agent, one for all applications; store and load it with
 * memory_save and memory_load if you like.
 */
#ifndef SYNC_MEMORY_H
#define SYNC_MEMORY_H

#include "base/error.h"
#include "base/object.h"
#include "base/table.h"
#include "base/value.h"

struct memory {
	struct table entries;
	bool dirty; /* changed since the last memory_save */
};

void memory_init(struct memory *m);
void memory_done(struct memory *m);

/* False: nothing is known of it. */
bool memory_get(const struct memory *m, const struct object_key *key, uint64_t *intent,
		uint64_t *rest);
/* Out of memory loses the entry, which is allowed. */
void memory_set(struct memory *m, const struct object_key *key, uint64_t intent, uint64_t rest);
void memory_drop(struct memory *m, const struct object_key *key);

struct value memory_save(struct memory *m, struct arena *keep);
void memory_load(struct memory *m, struct value saved); /* what is not understood is left out */

#endif
