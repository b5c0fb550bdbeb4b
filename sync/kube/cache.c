/*
 * Entries are single blocks of memory with their texts behind them, replaced as a whole. Each
 * stands in the table of its kind and, once committed, in the ring of its application.
 */
#include "sync/kube/cache.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/table.h"
#include "sync/kube/state.h"

struct entry {
	struct cache_kind *kind;
	struct entry *next, *previous; /* of one application; NULL: in no ring */
	str namespace, name, app, uid, resource_version, json, fields, legacy_fields;
	uint64_t number;
	size_t bytes;
	bool legacy, deleting;
};

struct ring {
	struct entry head;
};

struct store {
	struct table entries; /* "namespace/name" -> struct entry */
	struct keys foreign;
};

struct cache_kind {
	struct cache *cache;
	struct cache_kind *next;
	str group, kind, api_version;
	char *texts, *version_text;
	struct store now, staged;
	struct table pins;
	uint64_t seen; /* the watch or list has come so far */
};

struct cache {
	struct cache_kind *kinds;
	struct table apps; /* name -> struct ring */
	struct arena scratch; /* of a change under way; its callback may read */
	struct arena look;    /* of reading */
	cache_changed_fn *changed;
	void *arg;
	size_t whole, bytes;
};

/* --- entries --- */

static str entry_text(char **at, str s)
{
	char *to = *at;
	if (s.n)
		memcpy(to, s.s, s.n);
	*at += s.n;
	return str_make(to, s.n);
}

static struct entry *entry_new(struct cache_kind *k, const struct state *s)
{
	size_t n = sizeof(struct entry) + s->namespace.n + s->name.n + s->app.n + s->uid.n +
		   s->resource_version.n + s->json.n + s->fields.n + s->legacy_fields.n;
	struct entry *e = mem_alloc(n);
	char *at;
	if (!e)
		return NULL;
	at = (char *)(e + 1);
	e->kind = k;
	e->namespace = entry_text(&at, s->namespace);
	e->name = entry_text(&at, s->name);
	e->app = entry_text(&at, s->app);
	e->uid = entry_text(&at, s->uid);
	e->resource_version = entry_text(&at, s->resource_version);
	e->json = entry_text(&at, s->json);
	e->fields = entry_text(&at, s->fields);
	e->legacy_fields = entry_text(&at, s->legacy_fields);
	e->number = s->number;
	e->legacy = s->legacy;
	e->deleting = s->deleting;
	e->bytes = n;
	k->cache->whole++;
	k->cache->bytes += n;
	return e;
}

static void entry_unlink(struct entry *e)
{
	if (!e->next)
		return;
	e->next->previous = e->previous;
	e->previous->next = e->next;
	e->next = e->previous = NULL;
}

static void entry_free(struct entry *e)
{
	if (!e)
		return;
	entry_unlink(e);
	e->kind->cache->whole--;
	e->kind->cache->bytes -= e->bytes;
	if (str_is(e->kind->kind, "Secret"))
		explicit_bzero(e, e->bytes);
	mem_free(e);
}

static void entry_link(struct entry *e)
{
	struct cache *c = e->kind->cache;
	struct ring *ring;
	if (!e->app.n || e->next)
		return;
	ring = table_get(&c->apps, e->app);
	if (!ring) {
		ring = mem_alloc(sizeof *ring);
		if (!ring || !table_set(&c->apps, e->app, ring, NULL)) {
			mem_free(ring);
			return;
		}
		ring->head.next = ring->head.previous = &ring->head;
	}
	e->next = &ring->head;
	e->previous = ring->head.previous;
	e->next->previous = e->previous->next = e;
}

static str entry_key(struct arena *a, str namespace, str name)
{
	return arena_printf(a, "%.*s/%.*s", STR_ARG(namespace), STR_ARG(name));
}

static void store_clear(struct store *s)
{
	str key;
	void *value;
	for (uint32_t i = 0; table_next(&s->entries, &i, &key, &value);)
		entry_free(value);
	table_done(&s->entries);
	keys_done(&s->foreign);
	*s = (struct store){0};
}

/* --- changes --- */

static void cache_tell(struct cache_kind *k, str namespace, str name, str app)
{
	struct object_key key = {.group = k->group, .kind = k->kind, .namespace = namespace,
				 .name = name};
	k->cache->changed(k->cache->arg, &key, app);
}

static bool cache_pinned(const struct cache_kind *k, str key)
{
	return table_get(&k->pins, key) != NULL;
}

/* Puts a state into a store; *before gets the entry that stood there, the caller's to free. */
static bool store_put(struct cache_kind *k, struct store *to, const struct state *s, str key,
		      struct entry **before)
{
	uint64_t hash = keys_hash(s->namespace, s->name);
	struct entry *e;
	void *old = NULL;
	*before = NULL;
	if (!s->json.n || (!s->app.n && !cache_pinned(k, key))) {
		*before = table_del(&to->entries, key);
		return keys_add(&to->foreign, hash);
	}
	e = entry_new(k, s);
	if (!e || !table_set(&to->entries, key, e, &old)) {
		entry_free(e);
		return false;
	}
	*before = old;
	keys_del(&to->foreign, hash);
	return true;
}

/* Is this state, or a newer one, known already? Most events are echoes of our own writes. */
static bool cache_knows(const struct cache_kind *k, const struct state *s, str key)
{
	const struct entry *old = table_get(&k->now.entries, key);
	return old && s->number && old->number && s->number <= old->number;
}

/* Reads an item as far as it is worth it. A poisonous one counts as foreign: it is there. */
static bool cache_read(struct cache_kind *k, str object, struct state *s, str *key,
		       struct error *err)
{
	struct arena *scratch = &k->cache->scratch;
	bool tracked;
	if (!state_glance(scratch, object, s, &tracked, err))
		return false;
	*key = entry_key(&k->cache->scratch, s->namespace, s->name);
	if ((tracked || cache_pinned(k, *key))) {
		struct state whole;
		if (state_read(scratch, object, k->api_version, k->kind, &whole, err))
			*s = whole;
	}
	return true;
}

static void cache_saw(struct cache_kind *k, uint64_t number)
{
	if (number > k->seen)
		k->seen = number;
}

/* The state is newer than what is known: it becomes the truth and is told. */
static bool cache_accept(struct cache_kind *k, const struct state *s, str key, struct error *err)
{
	bool foreign = keys_has(&k->now.foreign, keys_hash(s->namespace, s->name));
	struct entry *before, *after;
	if (!store_put(k, &k->now, s, key, &before))
		return error_set(err, ERROR_MEMORY, "out of memory for the cluster's state");
	after = table_get(&k->now.entries, key);
	if (after)
		entry_link(after);
	if (before)
		entry_unlink(before);
	if (before && after && before->app.n && !str_eq(before->app, s->app)) /* who lost it hears of it too */
		cache_tell(k, s->namespace, s->name, before->app);
	if (after || before || !foreign)
		cache_tell(k, s->namespace, s->name,
			   after && after->app.n ? s->app : before ? before->app : STR_NONE);
	entry_free(before);
	return true;
}

bool cache_put(struct cache_kind *k, str object, struct error *err)
{
	struct arena *scratch = &k->cache->scratch;
	struct state s;
	bool tracked;
	str key;
	arena_clear(scratch);
	if (!state_glance(scratch, object, &s, &tracked, err))
		return false;
	cache_saw(k, s.number);
	return cache_knows(k, &s, entry_key(scratch, s.namespace, s.name)) ||
	       (cache_read(k, object, &s, &key, err) && cache_accept(k, &s, key, err));
}

static void cache_drop(struct cache_kind *k, str namespace, str name, str key)
{
	struct entry *old = table_del(&k->now.entries, key);
	uint64_t hash = keys_hash(namespace, name);
	bool foreign = keys_has(&k->now.foreign, hash);
	keys_del(&k->now.foreign, hash);
	if (old)
		entry_unlink(old);
	if (old || foreign)
		cache_tell(k, namespace, name, old ? old->app : STR_NONE);
	entry_free(old);
}

bool cache_remove(struct cache_kind *k, str object, struct error *err)
{
	struct entry *old;
	struct state s;
	bool tracked;
	str key;
	arena_clear(&k->cache->scratch);
	if (!state_glance(&k->cache->scratch, object, &s, &tracked, err))
		return false;
	cache_saw(k, s.number);
	key = entry_key(&k->cache->scratch, s.namespace, s.name);
	old = table_get(&k->now.entries, key);
	/* A newer one of that name is there already: this is the end of its predecessor. */
	if (old && s.number && old->number > s.number)
		return true;
	cache_drop(k, s.namespace, s.name, key);
	return true;
}

void cache_gone(struct cache_kind *k, str namespace, str name, str uid)
{
	struct entry *old;
	str key;
	arena_clear(&k->cache->scratch);
	key = entry_key(&k->cache->scratch, namespace, name);
	old = table_get(&k->now.entries, key);
	if (old && str_eq(old->uid, uid))
		cache_drop(k, namespace, name, key);
}

void cache_seen(struct cache_kind *k, str resource_version)
{
	uint64_t number;
	if (num_parse_u64(resource_version, &number))
		cache_saw(k, number);
}

str cache_version(const struct cache_kind *k, str namespace, str name)
{
	struct arena scratch;
	struct entry *e;

	arena_init(&scratch, 0);
	e = table_get(&k->now.entries, entry_key(&scratch, namespace, name));
	arena_done(&scratch);
	return e ? e->resource_version : STR_NONE;
}

void cache_answer(struct cache_kind *k, struct value object)
{
	struct entry *old;
	struct state s;
	str key;
	arena_clear(&k->cache->scratch);
	state_of_value(&k->cache->scratch, object, k->api_version, k->kind, &s);
	key = entry_key(&k->cache->scratch, s.namespace, s.name);
	old = table_get(&k->now.entries, key);
	if (!s.name.n || (old && s.number && s.number <= old->number))
		return;
	/* The watch was further already and does not know it: it has been deleted since. */
	if (!old && s.number && s.number <= k->seen &&
	    !keys_has(&k->now.foreign, keys_hash(s.namespace, s.name)))
		return;
	cache_accept(k, &s, key, NULL);
}

/* --- lists --- */

void cache_stage(struct cache_kind *k)
{
	store_clear(&k->staged);
}

bool cache_stage_put(struct cache_kind *k, str object, struct error *err)
{
	struct entry *before;
	struct state s;
	str key;
	arena_clear(&k->cache->scratch);
	if (!cache_read(k, object, &s, &key, err))
		return false;
	if (!store_put(k, &k->staged, &s, key, &before))
		return error_set(err, ERROR_MEMORY, "out of memory for the cluster's state");
	entry_free(before);
	return true;
}

struct change {
	struct change *next;
	str namespace, name, app;
};

static void commit_note(struct arena *a, struct change **changes, const struct entry *e)
{
	struct change *c = arena_new(a, struct change);
	c->namespace = arena_str(a, e->namespace);
	c->name = arena_str(a, e->name);
	c->app = arena_str(a, e->app);
	c->next = *changes;
	*changes = c;
}

/* An entry of before the list against the list. True: it is newer and has moved to the stage. */
static bool commit_keep(struct cache_kind *k, struct entry *old, str key, uint64_t list)
{
	struct entry *new = table_get(&k->staged.entries, key);
	uint64_t listed = new ? new->number : list;
	void *replaced = NULL;
	if (!old->number || old->number <= listed ||
	    !table_set(&k->staged.entries, key, old, &replaced))
		return false;
	entry_free(replaced);
	keys_del(&k->staged.foreign, keys_hash(old->namespace, old->name));
	return true;
}

static void commit_old(struct cache_kind *k, struct arena *a, struct change **changes,
		       uint64_t list, bool back)
{
	str key;
	void *value;
	for (uint32_t i = 0; table_next(&k->now.entries, &i, &key, &value);) {
		struct entry *old = value, *new;
		if (!back && commit_keep(k, old, key, list)) {
			table_del(&k->now.entries, key);
			continue;
		}
		new = table_get(&k->staged.entries, key);
		if (!new || !str_eq(new->uid, old->uid) ||
		    !str_eq(new->resource_version, old->resource_version))
			commit_note(a, changes, old);
	}
}

static void commit_new(struct cache_kind *k, struct arena *a, struct change **changes)
{
	str key;
	void *value;
	for (uint32_t i = 0; table_next(&k->staged.entries, &i, &key, &value);) {
		struct entry *new = value, *old = table_get(&k->now.entries, key);
		if (!new->next && (!old || !str_eq(new->app, old->app)))
			commit_note(a, changes, new);
	}
}

void cache_commit(struct cache_kind *k, str resource_version)
{
	struct change *changes = NULL;
	struct arena a;
	uint64_t list = 0;
	str key;
	void *value;
	num_parse_u64(resource_version, &list);
	arena_init(&a, 0);
	/* A version that goes back tells of a restored server: nothing of before counts. */
	commit_old(k, &a, &changes, list, list < k->seen);
	commit_new(k, &a, &changes);
	store_clear(&k->now);
	k->now = k->staged;
	k->staged = (struct store){0};
	k->seen = list;
	for (uint32_t i = 0; table_next(&k->now.entries, &i, &key, &value);)
		entry_link(value);
	for (; changes; changes = changes->next)
		cache_tell(k, changes->namespace, changes->name, changes->app);
	arena_done(&a);
}

size_t cache_count(const struct cache_kind *k)
{
	return k->now.entries.n + k->now.foreign.n;
}

/* --- pins --- */

bool cache_pin(struct cache_kind *k, str namespace, str name, bool on)
{
	str key;
	struct entry *e;
	arena_clear(&k->cache->look);
	key = entry_key(&k->cache->look, namespace, name);
	e = table_get(&k->now.entries, key);
	if (on) {
		table_set(&k->pins, key, k, NULL);
		return e || !keys_has(&k->now.foreign, keys_hash(namespace, name));
	}
	table_del(&k->pins, key);
	if (e && !e->app.n && keys_add(&k->now.foreign, keys_hash(namespace, name)))
		entry_free(table_del(&k->now.entries, key));
	return true;
}

void cache_pins_missing(const struct cache_kind *k, struct arena *keep, struct object_key **out,
			size_t *n)
{
	str key;
	void *value;
	*out = arena_news(keep, k->pins.n + 1, struct object_key);
	*n = 0;
	for (uint32_t i = 0; table_next(&k->pins, &i, &key, &value);) {
		str name, namespace = str_cut(key, '/', &name);
		if (table_get(&k->now.entries, key) ||
		    !keys_has(&k->now.foreign, keys_hash(namespace, name)))
			continue;
		(*out)[(*n)++] = (struct object_key){.group = k->group, .kind = k->kind,
						     .namespace = arena_str(keep, namespace),
						     .name = arena_str(keep, name)};
	}
}

/* --- reading --- */

void cache_live(const struct cache_kind *k, struct arena *keep, str namespace, str name,
		struct live *out)
{
	const struct entry *e;
	struct error err;
	arena_clear(&k->cache->look);
	e = table_get(&k->now.entries, entry_key(&k->cache->look, namespace, name));
	*out = (struct live){0};
	if (!e) {
		out->exists = keys_has(&k->now.foreign, keys_hash(namespace, name));
		return;
	}
	out->exists = true;
	out->legacy_manager = e->legacy;
	out->deleting = e->deleting;
	out->uid = arena_str(keep, e->uid);
	out->resource_version = arena_str(keep, e->resource_version);
	out->whole = json_read(keep, e->json, 0, &out->object, &err);
	if (e->fields.n && !json_read(keep, e->fields, 0, &out->fields, &err))
		out->fields = VALUE_NONE;
	if (e->legacy_fields.n && !json_read(keep, e->legacy_fields, 0, &out->legacy_fields, &err))
		out->legacy_fields = VALUE_NONE;
}

void cache_tracked(const struct cache *c, struct arena *keep, str app, struct object_key **out,
		   size_t *n)
{
	struct ring *ring = table_get(&c->apps, app);
	size_t count = 0, at = 0;
	for (struct entry *e = ring ? ring->head.next : NULL; e && e != &ring->head; e = e->next)
		count++;
	*out = arena_news(keep, count + 1, struct object_key);
	for (struct entry *e = ring ? ring->head.next : NULL; e && e != &ring->head; e = e->next)
		(*out)[at++] = object_key_copy(
			keep, &(struct object_key){.group = e->kind->group, .kind = e->kind->kind,
						   .namespace = e->namespace, .name = e->name});
	*n = count;
}

/* --- life --- */

struct cache *cache_new(cache_changed_fn *changed, void *arg)
{
	struct cache *c = mem_alloc(sizeof *c);
	if (!c)
		return NULL;
	c->changed = changed;
	c->arg = arg;
	arena_init(&c->scratch, 0);
	arena_init(&c->look, 0);
	return c;
}

struct cache_kind *cache_kind_new(struct cache *c, str group, str kind)
{
	struct cache_kind *k = mem_alloc(sizeof *k);
	char *at;
	if (!k)
		return NULL;
	k->texts = at = mem_alloc(group.n + kind.n + 1);
	if (!at) {
		mem_free(k);
		return NULL;
	}
	k->cache = c;
	k->group = entry_text(&at, group);
	k->kind = entry_text(&at, kind);
	k->next = c->kinds;
	c->kinds = k;
	return k;
}

void cache_kind_version(struct cache_kind *k, str api_version)
{
	char *text;
	if (str_eq(k->api_version, api_version))
		return;
	text = mem_strndup(api_version.s, api_version.n);
	if (!text)
		return;
	mem_free(k->version_text);
	k->version_text = text;
	k->api_version = str_make(text, api_version.n);
}

void cache_kind_clear(struct cache_kind *k)
{
	store_clear(&k->now);
	store_clear(&k->staged);
	k->seen = 0;
}

void cache_kind_free(struct cache_kind *k)
{
	if (!k)
		return;
	for (struct cache_kind **at = &k->cache->kinds; *at; at = &(*at)->next)
		if (*at == k) {
			*at = k->next;
			break;
		}
	cache_kind_clear(k);
	table_done(&k->pins);
	mem_free(k->texts);
	mem_free(k->version_text);
	mem_free(k);
}

void cache_free(struct cache *c)
{
	str key;
	void *value;
	if (!c)
		return;
	while (c->kinds)
		cache_kind_free(c->kinds);
	for (uint32_t i = 0; table_next(&c->apps, &i, &key, &value);)
		mem_free(value);
	table_done(&c->apps);
	arena_done(&c->scratch);
	arena_done(&c->look);
	mem_free(c);
}

struct cache_stats cache_stats(const struct cache *c)
{
	struct cache_stats s = {.whole = c->whole, .bytes = c->bytes};
	for (const struct cache_kind *k = c->kinds; k; k = k->next) {
		s.foreign += k->now.foreign.n;
		s.bytes += (k->now.foreign.room + k->staged.foreign.room) * sizeof(uint64_t);
	}
	return s;
}
