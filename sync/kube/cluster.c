/*
 * The table of functions, filled in: discovery says what is served, one reflector for each kind
 * that somebody asked for feeds the cache, writes go by apply.c and feed it too.
 */
#include "sync/kube/cluster.h"

#include "base/mem.h"
#include "base/table.h"
#include "sync/kube/apply.h"
#include "sync/kube/cache.h"
#include "sync/kube/discovery.h"
#include "sync/kube/path.h"
#include "sync/kube/reflect.h"

#define CRD_GROUP "apiextensions.k8s.io"
#define CRD_KIND "CustomResourceDefinition"

struct kube_cluster {
	struct cluster base;
	struct kube_client *client;
	struct discovery *discovery;
	struct cache *cache;
	struct apply apply;
	struct table kinds; /* "group/Kind" -> struct asked */
	uv_timer_t crds;    /* looks again after a CRD has changed */
	unsigned crd_looks;
	bool closing;
};

/* A kind that somebody asked for. */
struct asked {
	struct kube_cluster *cluster;
	str group, kind;
	char *texts;
	struct cache_kind *cache;
	struct reflector *reflector;
	enum kind_state told;
	bool wanted; /* to be watched */
};

static struct kube_cluster *cluster_of(struct cluster *c)
{
	return (struct kube_cluster *)(void *)c;
}

/* --- kinds --- */

static struct asked *asked_new(struct kube_cluster *c, str group, str kind)
{
	struct asked *a = mem_alloc(sizeof *a);
	if (!a)
		return NULL;
	a->texts = mem_alloc(group.n + kind.n + 1);
	if (!a->texts) {
		mem_free(a);
		return NULL;
	}
	memcpy(a->texts, group.n ? group.s : "", group.n);
	memcpy(a->texts + group.n, kind.n ? kind.s : "", kind.n);
	a->cluster = c;
	a->group = str_make(a->texts, group.n);
	a->kind = str_make(a->texts + group.n, kind.n);
	a->told = KIND_UNKNOWN;
	return a;
}

static void asked_stop(struct asked *a)
{
	reflector_free(a->reflector);
	a->reflector = NULL;
	if (a->cache)
		cache_kind_clear(a->cache);
}

static void asked_free(struct asked *a)
{
	reflector_free(a->reflector);
	cache_kind_free(a->cache);
	mem_free(a->texts);
	mem_free(a);
}

static struct asked *asked_get(struct kube_cluster *c, str group, str kind, bool make)
{
	struct arena scratch;
	struct asked *a;
	str name;
	arena_init(&scratch, 0);
	name = arena_printf(&scratch, "%.*s/%.*s", STR_ARG(group), STR_ARG(kind));
	a = table_get(&c->kinds, name);
	if (!a && make) {
		a = asked_new(c, group, kind);
		if (a && !table_set(&c->kinds, name, a, NULL)) {
			asked_free(a);
			a = NULL;
		}
	}
	arena_done(&scratch);
	return a;
}

static enum kind_state asked_state(const struct asked *a, const struct served **served,
				   struct error *why)
{
	enum kind_state state = discovery_find(a->cluster->discovery, a->group, a->kind, served,
					       why);
	if (a->reflector && state != KIND_ABSENT)
		return reflector_state(a->reflector, why);
	return state;
}

static void asked_tell(struct asked *a, bool again)
{
	const struct served *served;
	enum kind_state state = asked_state(a, &served, NULL);
	struct cluster *base = &a->cluster->base;
	if (state == a->told && !again)
		return;
	a->told = state;
	if (base->on_kind)
		base->on_kind(base->on_arg, a->group, a->kind, state);
}

/* Pinned before they were known to be there, and not tracked: each needs a GET. */
static void pin_fetched(void *arg, const struct call_result *result, const struct error *err)
{
	(void)arg; /* what came is in the cache already; what failed comes with its next event */
	(void)result;
	(void)err;
}

static void pin_fetch(struct kube_cluster *c, const struct object_key *key)
{
	apply_get(&c->apply, key, pin_fetched, c, NULL);
}

static void asked_pins(struct asked *a)
{
	struct arena scratch;
	struct object_key *keys;
	size_t n;
	arena_init(&scratch, 0);
	cache_pins_missing(a->cache, &scratch, &keys, &n);
	for (size_t i = 0; i < n; i++)
		pin_fetch(a->cluster, &keys[i]);
	arena_done(&scratch);
}

static void crd_look(uv_timer_t *timer);

static void crd_changed(struct kube_cluster *c)
{
	c->crd_looks = 0;
	uv_timer_start(&c->crds, crd_look, 250, 0);
}

/* A kind is served some time after its CRD was written, and no event tells when. */
static void crd_look(uv_timer_t *timer)
{
	static const unsigned more[] = {750, 2000, 5000};
	struct kube_cluster *c = timer->data;
	discovery_refresh(c->discovery, 0);
	if (c->crd_looks < sizeof more / sizeof *more)
		uv_timer_start(&c->crds, crd_look, more[c->crd_looks++], 0);
}

static void asked_event(void *arg, enum reflect_event event)
{
	struct asked *a = arg;
	if (event == REFLECT_ABSENT)
		discovery_refresh(a->cluster->discovery, 0);
	if (event == REFLECT_OBJECT && str_is(a->kind, CRD_KIND) && str_is(a->group, CRD_GROUP))
		crd_changed(a->cluster);
	if (event != REFLECT_STATE)
		return;
	if (reflector_state(a->reflector, NULL) == KIND_READY)
		asked_pins(a);
	asked_tell(a, true);
}

static bool asked_start(struct asked *a, const struct served *served)
{
	struct arena scratch;
	const struct kind *k = &served->kind;
	str path;
	arena_init(&scratch, 0);
	path = path_resource(&scratch, k->group, k->version, k->plural);
	if (a->reflector && !str_eq(reflector_path(a->reflector), path)) {
		reflector_free(a->reflector); /* another version is preferred now */
		a->reflector = NULL;
	}
	if (!a->cache)
		a->cache = cache_kind_new(a->cluster->cache, a->group, a->kind);
	if (a->cache && !a->reflector) {
		cache_kind_version(a->cache, arena_printf(&scratch, k->group.n ? "%.*s/%.*s" : "%.*s%.*s",
							  STR_ARG(k->group), STR_ARG(k->version)));
		a->reflector = reflector_new(a->cluster->client, a->cache, path, asked_event, a);
	}
	arena_done(&scratch);
	return a->reflector != NULL;
}

static void asked_update(struct asked *a)
{
	const struct served *served;
	enum kind_state state = discovery_find(a->cluster->discovery, a->group, a->kind, &served,
					       NULL);
	if (state == KIND_ABSENT)
		asked_stop(a);
	else if (a->wanted && served && served->kind.can_watch)
		asked_start(a, served);
	asked_tell(a, false);
}

static void cluster_discovered(void *arg)
{
	struct kube_cluster *c = arg;
	str key;
	void *value;
	size_t n = 0, room = c->kinds.n;
	/* Whoever is told may ask for new kinds, which moves the table. */
	struct asked **all = mem_alloc((room + 1) * sizeof *all);
	if (!all)
		return;
	for (uint32_t i = 0; table_next(&c->kinds, &i, &key, &value) && n < room;)
		all[n++] = value;
	for (size_t i = 0; i < n; i++)
		asked_update(all[i]);
	mem_free(all);
}

/* --- what the parts tell --- */

static void cluster_changed(void *arg, const struct object_key *key, str app)
{
	struct kube_cluster *c = arg;
	if (c->base.on_changed)
		c->base.on_changed(c->base.on_arg, key, app);
}

static str cluster_known(void *arg, const struct object_key *key)
{
	struct asked *a = asked_get(arg, key->group, key->kind, false);
	return a && a->cache ? cache_version(a->cache, key->namespace, key->name) : STR_NONE;
}

static void cluster_answered(void *arg, const struct object_key *key, struct value object)
{
	struct kube_cluster *c = arg;
	struct asked *a = asked_get(c, key->group, key->kind, false);
	if (a && a->cache)
		cache_answer(a->cache, object);
	if (str_is(key->kind, CRD_KIND) && str_is(key->group, CRD_GROUP))
		crd_changed(c);
}

static void cluster_gone(void *arg, const struct object_key *key, str uid)
{
	struct kube_cluster *c = arg;
	struct asked *a = asked_get(c, key->group, key->kind, false);
	if (a && a->cache)
		cache_gone(a->cache, key->namespace, key->name, uid);
}

static void cluster_unserved(void *arg)
{
	struct kube_cluster *c = arg;
	discovery_refresh(c->discovery, 0);
}

/* --- the operations --- */

static enum kind_state op_kind(struct cluster *cluster, str group, str kind, struct kind *out,
			       struct error *why)
{
	struct kube_cluster *c = cluster_of(cluster);
	struct asked *a = asked_get(c, group, kind, true);
	const struct served *served = NULL;
	enum kind_state state;
	if (!a) {
		error_set(why, ERROR_MEMORY, "out of memory for a kind");
		return KIND_UNKNOWN;
	}
	state = asked_state(a, &served, why);
	a->told = state; /* the asker knows */
	if (out)
		*out = served ? served->kind : (struct kind){.group = a->group, .kind = a->kind};
	if (state == KIND_ABSENT)
		discovery_missed(c->discovery);
	return state;
}

static void op_watch(struct cluster *cluster, str group, str kind)
{
	struct kube_cluster *c = cluster_of(cluster);
	struct asked *a = asked_get(c, group, kind, true);
	const struct served *served;
	if (!a || a->wanted)
		return;
	a->wanted = true;
	discovery_find(c->discovery, group, kind, &served, NULL);
	if (served && served->kind.can_watch && asked_start(a, served))
		a->told = KIND_LOADING;
}

static bool op_live(struct cluster *cluster, struct arena *keep, const struct object_key *key,
		    struct live *out)
{
	struct kube_cluster *c = cluster_of(cluster);
	struct asked *a = asked_get(c, key->group, key->kind, false);
	*out = (struct live){0};
	if (!a || !a->reflector || reflector_state(a->reflector, NULL) != KIND_READY)
		return false;
	cache_live(a->cache, keep, key->namespace, key->name, out);
	return true;
}

static void op_pin(struct cluster *cluster, const struct object_key *key, bool on)
{
	struct kube_cluster *c = cluster_of(cluster);
	struct asked *a = asked_get(c, key->group, key->kind, true);
	if (a && !a->cache)
		a->cache = cache_kind_new(c->cache, a->group, a->kind);
	if (a && a->cache && !cache_pin(a->cache, key->namespace, key->name, on))
		pin_fetch(c, key);
}

static void op_tracked(struct cluster *cluster, struct arena *keep, str app,
		       struct object_key **out, size_t *n)
{
	cache_tracked(cluster_of(cluster)->cache, keep, app, out, n);
}

static struct cluster_call *op_apply(struct cluster *cluster, struct value object,
				     const struct apply_options *options, call_done_fn *done,
				     void *arg, struct error *err)
{
	return apply_object(&cluster_of(cluster)->apply, object, options, done, arg, err);
}

static struct cluster_call *op_create(struct cluster *cluster, struct value object,
				       const struct apply_options *options, call_done_fn *done,
				       void *arg, struct error *err)
{
	return apply_create(&cluster_of(cluster)->apply, object, options, done, arg, err);
}

static struct cluster_call *op_replace(struct cluster *cluster, struct value object,
				       const struct apply_options *options, call_done_fn *done,
				       void *arg, struct error *err)
{
	return apply_replace(&cluster_of(cluster)->apply, object, options, done, arg, err);
}

static struct cluster_call *op_patch(struct cluster *cluster, const struct object_key *key,
				     const char *content_type, str body, str subresource,
				     call_done_fn *done, void *arg, struct error *err)
{
	return apply_patch(&cluster_of(cluster)->apply, key, content_type, body, subresource, done,
			   arg, err);
}

static struct cluster_call *op_remove(struct cluster *cluster, const struct object_key *key,
				      str uid, enum propagation how, bool dry_run,
				      call_done_fn *done, void *arg, struct error *err)
{
	return apply_remove(&cluster_of(cluster)->apply, key, uid, how, dry_run, done, arg, err);
}

static struct cluster_call *op_get(struct cluster *cluster, const struct object_key *key,
				   call_done_fn *done, void *arg, struct error *err)
{
	return apply_get(&cluster_of(cluster)->apply, key, done, arg, err);
}

static void op_cancel(struct cluster *cluster, struct cluster_call *call)
{
	(void)cluster;
	apply_cancel(call);
}

static bool op_capabilities(struct cluster *cluster, struct arena *keep, str *version, str **apis,
			    size_t *n)
{
	return discovery_capabilities(cluster_of(cluster)->discovery, keep, version, apis, n);
}

static const struct cluster_ops cluster_ops = {
	.kind = op_kind, .watch = op_watch, .live = op_live, .pin = op_pin,
	.tracked = op_tracked, .apply = op_apply, .create = op_create, .replace = op_replace,
	.patch = op_patch, .remove = op_remove, .get = op_get, .cancel = op_cancel,
	.capabilities = op_capabilities,
};

/* --- life --- */

struct cluster *kube_cluster_new(uv_loop_t *loop, struct http *http,
				 const struct kube_config *config, struct error *err)
{
	struct kube_cluster *c = mem_alloc(sizeof *c);
	if (!c)
		goto fail;
	c->base.ops = &cluster_ops;
	c->client = kube_client_new(loop, http, config);
	c->cache = cache_new(cluster_changed, c);
	c->discovery = c->client ? discovery_new(c->client, cluster_discovered, c) : NULL;
	if (!c->client || !c->cache || !c->discovery)
		goto fail;
	c->apply = (struct apply){.client = c->client, .discovery = c->discovery};
	c->apply.hooks = (struct apply_hooks){.arg = c, .known = cluster_known,
					      .answered = cluster_answered,
					      .gone = cluster_gone, .unserved = cluster_unserved};
	uv_timer_init(loop, &c->crds);
	c->crds.data = c;
	op_watch(&c->base, STR(CRD_GROUP), STR(CRD_KIND));
	return &c->base;
fail:
	error_set(err, ERROR_MEMORY, "out of memory for the cluster");
	if (c) {
		discovery_free(c->discovery);
		kube_client_free(c->client);
		cache_free(c->cache);
		mem_free(c);
	}
	return NULL;
}

static void cluster_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

void kube_cluster_free(struct cluster *cluster)
{
	struct kube_cluster *c = cluster ? cluster_of(cluster) : NULL;
	str key;
	void *value;
	if (!c || c->closing)
		return;
	c->closing = true;
	apply_done(&c->apply);
	for (uint32_t i = 0; table_next(&c->kinds, &i, &key, &value);)
		asked_free(value);
	table_done(&c->kinds);
	discovery_free(c->discovery);
	kube_client_free(c->client);
	cache_free(c->cache);
	uv_close((uv_handle_t *)&c->crds, cluster_closed);
}

struct kube_cluster_stats kube_cluster_stats(const struct cluster *cluster)
{
	const struct kube_cluster *c = (const struct kube_cluster *)(const void *)cluster;
	struct cache_stats cache = cache_stats(c->cache);
	struct kube_client_stats client = kube_client_stats(c->client);
	struct kube_cluster_stats s = {
		.whole = cache.whole, .foreign = cache.foreign, .cache_bytes = cache.bytes,
		.requests = client.calls, .throttled = client.throttled, .flying = client.flying,
		.queued = client.queued, .limit = client.limit,
	};
	str key;
	void *value;
	for (uint32_t i = 0; table_next(&c->kinds, &i, &key, &value);) {
		const struct asked *a = value;
		s.watches += a->reflector != NULL;
		s.ready += a->reflector && reflector_state(a->reflector, NULL) == KIND_READY;
	}
	return s;
}
