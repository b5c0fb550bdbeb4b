/*
 * Argo CD's JSON of what the engine knows.
 */
#include "sync/report.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/time.h"
#include "sync/mask.h"

static void put(struct arena *keep, struct map *m, const char *key, str text)
{
	if (text.n)
		map_set(keep, m, str_of(key), value_str(arena_str(keep, text)));
}

static void put_key(struct arena *keep, struct map *m, const struct resource *r)
{
	put(keep, m, "group", r->key.group);
	put(keep, m, "version", r->version);
	put(keep, m, "kind", r->key.kind);
	put(keep, m, "namespace", r->key.namespace);
	put(keep, m, "name", r->key.name);
}

static struct value health_value(struct arena *keep, const struct health *h)
{
	struct map *m = map_new(keep, 2);

	put(keep, m, "status", str_of(health_name(h->status)));
	put(keep, m, "message", h->message);
	return value_of_map(m);
}

struct value report_resources(struct arena *keep, const struct comparison *c)
{
	struct list *l = list_new(keep, (uint32_t)c->n);

	for (size_t i = 0; i < c->n; i++) {
		const struct resource *r = &c->at[i];
		struct map *m = map_new(keep, 10);

		if (r->rules.hooks & ~(unsigned)HOOK_SKIP && !r->live.exists)
			continue;
		put_key(keep, m, r);
		if (r->hook)
			map_set(keep, m, STR("hook"), value_bool(true));
		else
			put(keep, m, "status", str_of(sync_status_name(r->status)));
		if (r->health.status != HEALTH_NONE)
			map_set(keep, m, STR("health"), health_value(keep, &r->health));
		if (r->requires_pruning)
			map_set(keep, m, STR("requiresPruning"), value_bool(true));
		if (r->rules.wave)
			map_set(keep, m, STR("syncWave"), value_int(r->rules.wave));
		put(keep, m, "message", mask_urls(keep, r->why));
		list_add(keep, l, value_of_map(m));
	}
	return value_of_list(l);
}

/* --- summary --- */

static void add_once(struct arena *keep, struct map *seen, str text)
{
	if (text.n)
		map_set(keep, seen, arena_str(keep, text), value_bool(true));
}

static void add_images(struct arena *keep, struct map *seen, struct value pod)
{
	static const char *const lists[] = {"initContainers", "containers"};

	for (int k = 0; k < 2; k++) {
		const struct list *l = value_list(value_path(pod, lists[k], NULL));

		for (uint32_t i = 0; i < list_n(l); i++)
			add_once(keep, seen, value_path_str(l->at[i], "image", NULL));
	}
}

static void add_urls(struct arena *keep, struct map *seen, struct value object)
{
	const struct list *l = value_list(value_path(object, "spec", "rules", NULL));
	bool tls = list_n(value_list(value_path(object, "spec", "tls", NULL))) > 0;

	if (!str_is(object_kind(object), "Ingress"))
		return;
	for (uint32_t i = 0; i < list_n(l); i++) {
		str host = value_path_str(l->at[i], "host", NULL);

		if (host.n)
			add_once(keep, seen, arena_printf(keep, "http%s://%.*s/", tls ? "s" : "", STR_ARG(host)));
	}
}

static struct value sorted_keys(struct arena *keep, struct map *m)
{
	struct list *l = list_new(keep, m->n);

	map_sort(m);
	for (uint32_t i = 0; i < m->n; i++)
		list_add(keep, l, value_str(map_key(&m->at[i])));
	return value_of_list(l);
}

struct value report_summary(struct arena *keep, const struct comparison *c)
{
	struct map *images = map_new(keep, 8), *urls = map_new(keep, 8), *out = map_new(keep, 2);

	for (size_t i = 0; i < c->n; i++) {
		struct value o = c->at[i].live.whole ? c->at[i].live.object : VALUE_NONE;

		if (c->at[i].hook || o.type != VALUE_MAP)
			continue;
		add_images(keep, images, value_path(o, "spec", NULL));
		add_images(keep, images, value_path(o, "spec", "template", "spec", NULL));
		add_images(keep, images, value_path(o, "spec", "jobTemplate", "spec", "template", "spec", NULL));
		add_urls(keep, urls, o);
	}
	if (images->n)
		map_set(keep, out, STR("images"), sorted_keys(keep, images));
	if (urls->n)
		map_set(keep, out, STR("externalURLs"), sorted_keys(keep, urls));
	return value_of_map(out);
}

/* --- one resource --- */

struct value report_mask(struct arena *keep, struct value object)
{
	static const char *const fields[] = {"data", "stringData"};
	struct map *m;

	if (!str_is(object_kind(object), "Secret") || object_group(object).n)
		return object;
	object = value_copy(keep, object, false);
	map_del(value_map(value_path(object, "metadata", "annotations", NULL)),
		STR("kubectl.kubernetes.io/last-applied-configuration"));
	for (int k = 0; k < 2; k++) {
		m = value_map(value_path(object, fields[k], NULL));
		for (uint32_t i = 0; i < map_n(m); i++)
			m->at[i].value = value_lit("++++++++");
	}
	return object;
}

/* Applications name repositories, whose URLs may hold a password. */
static str state_text(struct arena *keep, struct value object)
{
	return mask_urls(keep, json_text(keep, report_mask(keep, object), 0));
}

static const char *diff_kind_name(enum diff_kind kind)
{
	static const char *const names[] = {"changed", "missing", "removed", "doubt"};

	return names[kind];
}

struct value report_resource(struct arena *keep, const struct resource *r)
{
	struct map *m = map_new(keep, 10);
	struct list *l = list_new(keep, (uint32_t)r->diff.n);

	put_key(keep, m, r);
	put(keep, m, "status", str_of(sync_status_name(r->status)));
	if (r->target)
		put(keep, m, "targetState", state_text(keep, r->target->intent));
	if (r->live.exists && r->live.whole)
		put(keep, m, "liveState", state_text(keep, r->live.object));
	for (size_t i = 0; i < r->diff.n; i++) {
		struct map *d = map_new(keep, 4);

		put(keep, d, "kind", str_of(diff_kind_name(r->diff.at[i].kind)));
		put(keep, d, "path", r->diff.at[i].path);
		put(keep, d, "wanted", r->diff.at[i].wanted);
		put(keep, d, "live", r->diff.at[i].live);
		list_add(keep, l, value_of_map(d));
	}
	map_set(keep, m, STR("differences"), value_of_list(l));
	return value_of_map(m);
}

struct value report_operation(struct arena *keep, struct value record, str revision, int64_t started,
			      int64_t finished, unsigned retries)
{
	struct map *m = map_new(keep, 6), *result = map_new(keep, 2);

	put(keep, m, "phase", value_path_str(record, "phase", NULL));
	put(keep, m, "message", mask_urls(keep, value_path_str(record, "message", NULL)));
	map_set(keep, m, STR("startedAt"), value_str(time_rfc3339(keep, started)));
	if (finished)
		map_set(keep, m, STR("finishedAt"), value_str(time_rfc3339(keep, finished)));
	if (retries)
		map_set(keep, m, STR("retryCount"), value_int(retries));
	put(keep, result, "revision", revision);
	map_set(keep, result, STR("resources"), value_path(record, "resources", NULL));
	map_set(keep, m, STR("syncResult"), value_of_map(result));
	return value_of_map(m);
}
