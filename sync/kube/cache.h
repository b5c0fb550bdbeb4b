/*
 * What lives in the cluster, as far as it concerns us. Ours (tracked, and not made by a
 * controller) and pinned objects are kept whole as compact JSON without managedFields; of all
 * others only a 64-bit hash of their name. One cache_kind for each watched kind.
 *
 * resourceVersions are compared as numbers within one kind: an older state never overwrites a
 * newer one. A list is staged and becomes the truth at once when its last page is in.
 */
#ifndef SYNC_KUBE_CACHE_H
#define SYNC_KUBE_CACHE_H

#include "sync/cluster.h"
#include "sync/kube/keys.h"

struct cache;
struct cache_kind;

/* Called after a change; app: of the state after, else before, or empty. The cache may be read
 * and pins set inside; freeing it is not allowed. */
typedef void cache_changed_fn(void *arg, const struct object_key *key, str app);

struct cache *cache_new(cache_changed_fn *changed, void *arg);
void cache_free(struct cache *c);

/* Texts are copied. api_version is put into objects that come without one. */
struct cache_kind *cache_kind_new(struct cache *c, str group, str kind);
void cache_kind_free(struct cache_kind *k);
void cache_kind_version(struct cache_kind *k, str api_version);
/* The kind is not served any more: forgets all its objects, without a word; pins stay. */
void cache_kind_clear(struct cache_kind *k);

/* A state from a watch. False: the text is no object; nothing was done. */
bool cache_put(struct cache_kind *k, str object, struct error *err);
bool cache_remove(struct cache_kind *k, str object, struct error *err);
/* The watch has come so far (bookmarks; events say it themselves). */
void cache_seen(struct cache_kind *k, str resource_version);
/* The server's answer to a write or a GET of ours. */
void cache_answer(struct cache_kind *k, struct value object);
/* Of an object that is known whole (borrowed until the next change), else empty. */
str cache_version(const struct cache_kind *k, str namespace, str name);
/* A delete was told that the object with this uid is not there any more. */
void cache_gone(struct cache_kind *k, str namespace, str name, str uid);

/* --- a list --- */
void cache_stage(struct cache_kind *k); /* begins or begins again */
bool cache_stage_put(struct cache_kind *k, str object, struct error *err);
void cache_commit(struct cache_kind *k, str resource_version);
size_t cache_count(const struct cache_kind *k);

/* False: it is there, and not known whole, so a GET is needed. */
bool cache_pin(struct cache_kind *k, str namespace, str name, bool on);
/* The pinned objects that are there and not known whole (after a list). */
void cache_pins_missing(const struct cache_kind *k, struct arena *keep, struct object_key **out,
			size_t *n);
void cache_live(const struct cache_kind *k, struct arena *keep, str namespace, str name,
		struct live *out);
void cache_tracked(const struct cache *c, struct arena *keep, str app, struct object_key **out,
		   size_t *n);

struct cache_stats {
	size_t whole, foreign, bytes;
};
struct cache_stats cache_stats(const struct cache *c);

#endif
