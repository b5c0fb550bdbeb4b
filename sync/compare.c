/*
 * Targets meet live objects; what lives and is tracked to the application but has no target needs
 * pruning.
 */
#include "sync/compare.h"

#include <stdlib.h>

#include "base/buf.h"
#include "sync/fields.h"

struct comparer {
	struct arena *keep;
	struct cluster *cluster;
	const struct sync_app *app;
	struct comparison *out;
	size_t room;
};

const char *sync_status_name(enum sync_status status)
{
	static const char *const names[] = {"Unknown", "Synced", "OutOfSync"};

	return names[status];
}

static struct resource *add(struct comparer *c)
{
	struct comparison *o = c->out;

	if (o->n == c->room) {
		size_t room = c->room ? c->room * 2 : 64;

		o->at = arena_grow(c->keep, o->at ? o->at : arena_alloc(c->keep, 16),
				   c->room * sizeof *o->at, room * sizeof *o->at);
		c->room = room;
	}
	o->at[o->n] = (struct resource){0};
	return &o->at[o->n++];
}

static void add_text(struct comparer *c, str **list, size_t *n, str text)
{
	*list = arena_grow(c->keep, *list ? *list : arena_alloc(c->keep, 16), *n * sizeof(str),
			   (*n + 1) * sizeof(str));
	(*list)[(*n)++] = text;
}

static struct health live_health(struct comparer *c, struct value object)
{
	const struct host *h = c->app->host;
	struct health out;

	if (h && h->health && h->health(h->arg, c->keep, object, &out))
		return out;
	return health_of(c->keep, object);
}

/* --- a target --- */

/* A difference that was there when the intent was last applied is the server's way of writing. */
static bool is_synced(struct comparer *c, const struct resource *r)
{
	uint64_t intent, rest;

	if (!r->diff.n)
		return true;
	if (!c->app->memory || !memory_get(c->app->memory, &r->key, &intent, &rest))
		return !r->diff.certain;
	return (intent == r->intent && rest == r->diff.mark) || !r->diff.certain;
}

/* What is gone, or not wanted any more, needs no memory. */
static void forget(struct comparer *c, const struct object_key *key)
{
	if (c->app->memory)
		memory_drop(c->app->memory, key);
}

/* What a client-side apply put there becomes ours with the first write. */
static struct value our_fields(struct comparer *c, const struct resource *r)
{
	return r->rules.options.no_migration ? r->live.fields
					     : fields_union(c->keep, r->live.fields, r->live.legacy_fields);
}

static void compare_live(struct comparer *c, struct resource *r)
{
	str id;

	if (!r->live.exists) {
		forget(c, &r->key);
		r->health = (struct health){HEALTH_MISSING, STR("")};
		r->status = SYNC_OUT_OF_SYNC;
		return;
	}
	if (!r->live.whole) { /* there, and not tracked: pinned now, whole at the next look */
		c->cluster->ops->pin(c->cluster, &r->key, true);
		r->adopts = true;
		c->out->loading = true;
		return;
	}
	id = object_annotation(r->live.object, CLUSTER_TRACKING);
	r->shared = tracking_owner(id, &r->key, r->target->namespaced);
	if (str_eq(r->shared, c->app->name))
		r->shared = STR("");
	r->adopts = !str_eq(tracking_app(id), c->app->name);
	r->health = live_health(c, r->live.object);
	diff_objects(c->keep, r->target->intent, r->live.object, our_fields(c, r), c->app->policy, &r->diff);
	r->status = is_synced(c, r) ? SYNC_SYNCED : SYNC_OUT_OF_SYNC;
}

static void compare_in_process(struct comparer *c, struct resource *r)
{
	const struct host *h = c->app->host;
	bool runs = h && h->adopted && h->adopted(h->arg, r->target->intent);

	r->live.exists = runs;
	r->status = runs ? SYNC_SYNCED : SYNC_OUT_OF_SYNC;
	r->health = runs ? live_health(c, r->target->intent) : (struct health){HEALTH_MISSING, STR("")};
}

static void compare_target(struct comparer *c, const struct target *t)
{
	struct resource *r = add(c);

	r->key = t->key;
	r->version = t->version;
	r->target = t;
	r->rules = t->rules;
	r->hook = t->rules.hooks != 0;
	r->intent = diff_hash(t->intent);
	if (t->problem == TARGET_ABSENT && t->rules.options.skip_dry_run) {
		r->status = SYNC_OUT_OF_SYNC;
		r->health = (struct health){HEALTH_MISSING, STR("")};
		r->why = t->why;
		return;
	}
	if (t->problem != TARGET_FINE) {
		r->status = SYNC_UNKNOWN;
		r->why = t->why;
		if (!r->hook)
			add_text(c, &c->out->errors, &c->out->errors_n, t->why);
		return;
	}
	if (t->in_process) {
		compare_in_process(c, r);
		return;
	}
	if (t->pending)
		return;
	if (r->hook && !t->key.name.n)
		return;
	if (c->cluster->ops->live(c->cluster, c->keep, &t->key, &r->live)) {
		compare_live(c, r);
	} else {
		/* not READY: absent when a CRD of ours is still to come */
		r->status = t->brought ? SYNC_OUT_OF_SYNC : SYNC_UNKNOWN;
		r->health = (struct health){t->brought ? HEALTH_MISSING : HEALTH_UNKNOWN, STR("")};
	}
}

/* --- what is not wanted any more --- */

static bool is_wanted(struct comparer *c, const struct object_key *key)
{
	const struct targets *t = &c->out->targets;

	for (size_t i = 0; i < t->n; i++)
		if (object_key_eq(&t->at[i].key, key))
			return true;
	return false;
}

static void compare_extra(struct comparer *c, const struct object_key *key, struct map *wanted)
{
	const struct host *h = c->app->host;
	struct live live;
	struct kind kind;
	struct resource *r;

	if (map_find(wanted, object_key_text(c->keep, key)) && is_wanted(c, key))
		return;
	if (c->cluster->ops->kind(c->cluster, key->group, key->kind, &kind, NULL) != KIND_READY ||
	    !c->cluster->ops->live(c->cluster, c->keep, key, &live) || !live.exists || !live.whole)
		return;
	if (list_n(value_list(value_path(live.object, "metadata", "ownerReferences", NULL))) ||
	    !str_eq(tracking_owner(object_annotation(live.object, CLUSTER_TRACKING), key, kind.namespaced),
		    c->app->name))
		return;
	if (h && h->permits && !h->permits(h->arg, key, kind.namespaced, NULL))
		return;
	forget(c, key);
	r = add(c);
	r->key = *key;
	r->version = object_version(live.object);
	r->live = live;
	r->rules = policy_object(c->app->policy, live.object);
	r->hook = r->rules.hooks != 0;
	r->health = live_health(c, live.object);
	r->status = SYNC_OUT_OF_SYNC;
	r->requires_pruning = !r->hook;
}

static void compare_extras(struct comparer *c)
{
	struct map *wanted = map_new(c->keep, (uint32_t)c->out->targets.n);
	struct object_key *keys;
	size_t n;

	for (size_t i = 0; i < c->out->targets.n; i++)
		map_set(c->keep, wanted, object_key_text(c->keep, &c->out->targets.at[i].key), value_bool(true));
	c->cluster->ops->tracked(c->cluster, c->keep, c->app->name, &keys, &n);
	for (size_t i = 0; i < n; i++)
		compare_extra(c, &keys[i], wanted);
}

/* --- all together --- */

static void sum_status(struct comparer *c)
{
	struct comparison *o = c->out;
	size_t counted = 0, unknown = 0, extras = 0;

	for (size_t i = 0; i < o->n; i++) {
		const struct resource *r = &o->at[i];

		if (r->hook)
			continue;
		counted++;
		unknown += r->status == SYNC_UNKNOWN;
		o->to_prune += r->requires_pruning;
		if (r->status == SYNC_OUT_OF_SYNC && !(r->requires_pruning && r->rules.ignore_extraneous)) {
			o->out_of_sync++;
			extras += r->requires_pruning;
		}
		if (r->shared.n)
			add_text(c, &o->shared, &o->shared_n,
				 arena_printf(c->keep, "%.*s/%.*s is part of applications %.*s and %.*s",
					      STR_ARG(r->key.kind), STR_ARG(r->key.name),
					      STR_ARG(c->app->name), STR_ARG(r->shared)));
	}
	o->only_prunes = o->out_of_sync && extras == o->out_of_sync;
	o->all_prunes = counted && o->to_prune == counted;
	o->status = o->loading ? SYNC_UNKNOWN : o->out_of_sync ? SYNC_OUT_OF_SYNC
		  : unknown ? SYNC_UNKNOWN : SYNC_SYNCED;
}

#define CAUSES 3

static void sum_health(struct comparer *c)
{
	struct comparison *o = c->out;
	size_t live = 0, counted = 0, causes = 0;
	struct buf b;

	o->health = (struct health){HEALTH_HEALTHY, STR("")};
	for (size_t i = 0; i < o->n; i++) {
		const struct resource *r = &o->at[i];

		if (r->hook || r->rules.ignore_health)
			continue;
		counted++;
		live += r->live.exists;
		if (r->live.exists && r->health.status > o->health.status)
			o->health.status = r->health.status;
	}
	if (counted && !live) {
		o->health.status = HEALTH_MISSING;
		return;
	}
	if (o->health.status == HEALTH_HEALTHY)
		return;
	buf_in(&b, c->keep, 0);
	for (size_t i = 0; i < o->n; i++) {
		const struct resource *r = &o->at[i];

		if (r->hook || r->rules.ignore_health || !r->live.exists || r->health.status != o->health.status)
			continue;
		if (++causes > CAUSES)
			continue;
		buf_lit(&b, causes == 1 ? "Caused by " : ", ");
		buf_printf(&b, "%.*s/%.*s:%.*s/%.*s", STR_ARG(r->key.group), STR_ARG(r->key.kind),
			   STR_ARG(r->key.namespace), STR_ARG(r->key.name));
	}
	if (causes > CAUSES)
		buf_printf(&b, " and %zu more", causes - CAUSES);
	o->health.message = buf_str(&b);
}

static int by_key(const void *x, const void *y)
{
	return object_key_cmp(&((const struct resource *)x)->key, &((const struct resource *)y)->key);
}

void compare(struct arena *keep, struct cluster *cluster, const struct sync_app *app,
	     struct comparison *out)
{
	struct comparer c = {.keep = keep, .cluster = cluster, .app = app, .out = out};

	*out = (struct comparison){0};
	targets_build(keep, cluster, app, &out->targets);
	out->loading = out->targets.loading;
	for (size_t i = 0; i < out->targets.n; i++)
		compare_target(&c, &out->targets.at[i]);
	compare_extras(&c);
	if (out->n)
		qsort(out->at, out->n, sizeof *out->at, by_key);
	sum_status(&c);
	sum_health(&c);
}

void compare_remember(const struct comparison *c, struct memory *memory)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct resource *r = &c->at[i];

		if (r->target && r->live.exists && r->status == SYNC_SYNCED && !r->hook && r->diff.n)
			memory_set(memory, &r->key, r->intent, r->diff.mark);
	}
}

const struct resource *compare_find(const struct comparison *c, const struct object_key *key)
{
	size_t low = 0, high = c->n;

	while (low < high) {
		size_t mid = (low + high) / 2;
		int order = object_key_cmp(&c->at[mid].key, key);

		if (!order)
			return &c->at[mid];
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}
