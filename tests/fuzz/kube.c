/*
 * Any bytes as the API server's LIST or WATCH (the first byte chooses, and the size of the pieces):
 * what is accepted stands in the cache, is read back, and does not differ from itself.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "sync/diff.h"
#include "sync/health.h"
#include "sync/kube/cache.h"
#include "sync/kube/list.h"
#include "sync/kube/watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void changed(void *arg, const struct object_key *key, str app)
{
	(void)arg;
	if (!key->name.n || (app.n && !app.s))
		abort();
}

static bool item(void *arg, str text, struct error *err)
{
	return cache_stage_put(arg, text, err);
}

static bool event(void *arg, enum watch_type type, str object, struct error *err)
{
	if (type == WATCH_DELETED)
		return cache_remove(arg, object, err);
	return type == WATCH_BOOKMARK || type == WATCH_ERROR || cache_put(arg, object, err);
}

/* Fed in pieces of n bytes, as a network would. */
static void list(struct cache_kind *k, str text, size_t n)
{
	struct error err = {.kind = ERROR_NONE};
	struct list_reader r;
	int64_t remaining;
	str version, next;
	bool ok = true;

	list_reader_init(&r, item, k);
	cache_stage(k);
	for (; ok && text.n; text = str_from(text, n < text.n ? n : text.n))
		ok = list_reader_feed(&r, str_sub(text, 0, n < text.n ? n : text.n), &err);
	if (ok && list_reader_end(&r, &version, &next, &remaining, &err))
		cache_commit(k, version);
	list_reader_done(&r);
}

static void watch(struct cache_kind *k, str text, size_t n)
{
	struct error err = {.kind = ERROR_NONE};
	struct watch_reader r;
	bool ok = true;

	watch_reader_init(&r, event, k);
	for (; ok && text.n; text = str_from(text, n < text.n ? n : text.n))
		ok = watch_reader_feed(&r, str_sub(text, 0, n < text.n ? n : text.n), &err);
	watch_reader_done(&r);
}

static void look(struct cache *c, struct cache_kind *k, str app)
{
	struct policy policy = {0};
	struct object_key *keys;
	struct diff diff;
	struct live live;
	struct arena a;
	size_t n;

	arena_init(&a, 0);
	cache_tracked(c, &a, app, &keys, &n);
	for (size_t i = 0; i < n; i++) {
		cache_live(k, &a, keys[i].namespace, keys[i].name, &live);
		if (!live.exists || !live.whole)
			abort();
		health_of(&a, live.object);
		diff_objects(&a, live.object, live.object, VALUE_NONE, &policy, &diff);
		if (diff.certain)
			abort();
	}
	arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cache *c;
	struct cache_kind *k;
	str text;

	if (size < 2)
		return 0;
	text = str_make((const char *)data + 1, size - 1);
	c = cache_new(changed, NULL);
	k = cache_kind_new(c, STR("apps"), STR("Deployment"));
	cache_kind_version(k, STR("apps/v1"));
	cache_pin(k, STR("a"), STR("b"), true);
	if (data[0] & 1)
		list(k, text, (data[0] >> 1) + 1u);
	else
		watch(k, text, (data[0] >> 1) + 1u);
	look(c, k, STR("a"));
	cache_free(c);
	return 0;
}
