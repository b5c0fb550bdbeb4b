/*
 * Each rendered object becomes a shallow copy with its metadata put right. The rest is shared with
 * the rendering.
 */
#include "sync/target.h"

#include "base/limits.h"
#include "sync/ignore.h"

struct builder {
	struct arena *keep;
	struct cluster *cluster;
	const struct sync_app *app;
	struct targets *out;
	struct map *seen;  /* key text to target number */
	struct map *brings; /* "group/Kind" of the CRDs among the objects, to "is namespaced" */
	size_t room;
};

str tracking_id(struct arena *keep, str app, const struct object_key *key, str namespace)
{
	return arena_printf(keep, "%.*s:%.*s/%.*s:%.*s/%.*s", STR_ARG(app), STR_ARG(key->group),
			    STR_ARG(key->kind), STR_ARG(namespace), STR_ARG(key->name));
}

str tracking_app(str id)
{
	str rest, app = str_cut(id, ':', &rest);

	return rest.s ? app : STR("");
}

str tracking_owner(str id, const struct object_key *key, bool namespaced)
{
	str rest, app = str_cut(id, ':', &rest), name, kind, group, place, ns;

	if (!rest.s)
		return STR("");
	kind = str_cut(rest, ':', &place);
	group = str_cut(kind, '/', &kind);
	ns = place.s ? str_cut(place, '/', &name) : STR("");
	if (!place.s || !kind.s || !name.s || !str_eq(group, key->group) || !str_eq(kind, key->kind) ||
	    !str_eq(name, key->name) || (namespaced && !str_eq(ns, key->namespace)))
		return STR("");
	return app;
}

static bool is_crd(struct value object)
{
	return str_is(object_kind(object), "CustomResourceDefinition") &&
	       str_is(object_group(object), "apiextensions.k8s.io");
}

static bool is_ours(const struct object_key *key)
{
	return str_is(key->group, "argoproj.io") &&
	       (str_is(key->kind, "Application") || str_is(key->kind, "AppProject"));
}

/* --- putting an object right --- */

static struct value clean_metadata(struct builder *b, struct value meta, const struct target *t)
{
	static const char *const made[] = {"creationTimestamp", "managedFields", "resourceVersion", "uid",
					   "generation", "selfLink", "deletionTimestamp", NULL};
	struct map *m = map_new(b->keep, map_n(value_map(meta)) + 2);

	for (uint32_t i = 0; i < map_n(value_map(meta)); i++) {
		const struct map_entry *e = &meta.map->at[i];
		bool skip = str_is(map_key(e), "namespace") || e->value.type == VALUE_NIL;

		for (const char *const *p = made; *p && !skip; p++)
			skip = str_is(map_key(e), *p);
		if (!skip)
			map_set(b->keep, m, map_key(e), e->value);
	}
	if (t->namespaced)
		map_set(b->keep, m, STR("namespace"), value_str(t->key.namespace));
	return value_of_map(m);
}

static str base64(struct arena *keep, str s)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = arena_text(keep, (s.n + 2) / 3 * 4), *p = out;

	for (size_t i = 0; i < s.n; i += 3) {
		uint32_t v = (uint32_t)(unsigned char)s.s[i] << 16;

		if (i + 1 < s.n)
			v |= (uint32_t)(unsigned char)s.s[i + 1] << 8;
		if (i + 2 < s.n)
			v |= (unsigned char)s.s[i + 2];
		*p++ = digits[v >> 18];
		*p++ = digits[v >> 12 & 63];
		*p++ = i + 1 < s.n ? digits[v >> 6 & 63] : '=';
		*p++ = i + 2 < s.n ? digits[v & 63] : '=';
	}
	return str_make(out, (size_t)(p - out));
}

/* stringData wins over data and becomes part of it, as the server does. */
static struct value fold_secret(struct builder *b, struct map *object)
{
	struct value text = map_at(object, "stringData"), data = map_at(object, "data");
	struct map *m = map_new(b->keep, map_n(value_map(data)) + map_n(value_map(text)));

	for (uint32_t i = 0; i < map_n(value_map(data)); i++)
		map_set(b->keep, m, map_key(&data.map->at[i]), data.map->at[i].value);
	for (uint32_t i = 0; i < map_n(value_map(text)); i++)
		map_set(b->keep, m, map_key(&text.map->at[i]),
			value_str(base64(b->keep, value_text(text.map->at[i].value))));
	return value_of_map(m);
}

static void make_intent(struct builder *b, struct value object, struct target *t)
{
	bool secret = str_is(t->key.kind, "Secret") && !t->key.group.n &&
		      map_find(object.map, STR("stringData"));
	struct map *m = map_new(b->keep, object.map->n), *meta, *notes;
	struct value old;

	for (uint32_t i = 0; i < object.map->n; i++) {
		str key = map_key(&object.map->at[i]);

		if (!str_is(key, "status") && !(secret && str_is(key, "stringData")))
			map_set(b->keep, m, key, object.map->at[i].value);
	}
	if (secret)
		map_set(b->keep, m, STR("data"), fold_secret(b, object.map));
	meta = clean_metadata(b, map_at(object.map, "metadata"), t).map;
	map_set(b->keep, m, STR("metadata"), value_of_map(meta));
	t->intent = value_of_map(m);
	if (is_crd(object) || (t->rules.hooks & ~(unsigned)HOOK_SKIP))
		return;
	old = map_at(meta, "annotations");
	notes = map_new(b->keep, map_n(value_map(old)) + 1);
	for (uint32_t i = 0; i < map_n(value_map(old)); i++)
		map_set(b->keep, notes, map_key(&old.map->at[i]), old.map->at[i].value);
	map_set(b->keep, notes, STR(CLUSTER_TRACKING),
		value_str(tracking_id(b->keep, b->app->name, &t->key,
				      t->key.namespace.n ? t->key.namespace : b->app->namespace)));
	map_set(b->keep, meta, STR("annotations"), value_of_map(notes));
}

/* --- is its kind there? --- */

static void problem(struct target *t, enum target_problem what, str why)
{
	t->problem = what;
	t->why = why;
}

static void look_up(struct builder *b, struct target *t)
{
	struct value *brought = map_find(b->brings, arena_printf(b->keep, "%.*s/%.*s",
								STR_ARG(t->key.group), STR_ARG(t->key.kind)));
	struct kind kind = {.namespaced = true};
	struct error why = {.kind = ERROR_NONE};
	enum kind_state state = b->cluster->ops->kind(b->cluster, t->key.group, t->key.kind, &kind, &why);

	t->namespaced = state == KIND_ABSENT || state == KIND_UNKNOWN
		? (brought ? brought->b : t->key.namespace.n > 0 || !is_ours(&t->key)) : kind.namespaced;
	t->brought = brought != NULL;
	switch (state) {
	case KIND_ABSENT:
		t->in_process = is_ours(&t->key);
		t->namespaced |= t->in_process;
		if (!t->in_process && !t->brought)
			problem(t, TARGET_ABSENT,
				arena_printf(b->keep, "The Kubernetes API could not find %.*s/%.*s for requested "
					     "resource %.*s/%.*s. Make sure the \"%.*s\" CRD is installed on the "
					     "destination cluster.",
					     STR_ARG(t->key.group), STR_ARG(t->key.kind),
					     STR_ARG(t->key.namespace), STR_ARG(t->key.name), STR_ARG(t->key.kind)));
		break;
	case KIND_UNKNOWN:
		problem(t, TARGET_UNKNOWN, arena_str(b->keep, str_of(why.text)));
		break;
	case KIND_FORBIDDEN:
		problem(t, TARGET_UNKNOWN, arena_str(b->keep, str_of(why.text)));
		break;
	case KIND_SERVED:
		b->cluster->ops->watch(b->cluster, t->key.group, t->key.kind);
		t->pending = b->out->loading = true;
		break;
	case KIND_LOADING:
		t->pending = b->out->loading = true;
		break;
	default:
		break;
	}
}

static void check_project(struct builder *b, struct target *t)
{
	struct error why = {.kind = ERROR_NONE};

	if (t->problem == TARGET_FINE && b->app->host && b->app->host->permits &&
	    !b->app->host->permits(b->app->host->arg, &t->key, t->namespaced, &why))
		problem(t, TARGET_DENIED, arena_str(b->keep, str_of(why.text)));
}

/* --- gathering --- */

static void add_text(struct builder *b, str **list, size_t *n, str text)
{
	*list = arena_grow(b->keep, *list ? *list : arena_alloc(b->keep, 16), *n * sizeof(str),
			   (*n + 1) * sizeof(str));
	(*list)[(*n)++] = text;
}

static bool is_excluded(const struct object_key *key)
{
	return str_is(key->group, "events.k8s.io") || str_is(key->group, "metrics.k8s.io") ||
	       (str_is(key->group, "coordination.k8s.io") && str_is(key->kind, "Lease")) ||
	       (!key->group.n && (str_is(key->kind, "Event")));
}

static struct target *slot(struct builder *b, struct target *t)
{
	str text = object_key_text(b->keep, &t->key);
	struct value *at = map_find(b->seen, text);

	if (at && !t->rules.hooks) {
		add_text(b, &b->out->repeated, &b->out->repeated_n,
			 arena_printf(b->keep, "Resource %.*s appeared more than once among application resources.",
				      STR_ARG(object_key_show(b->keep, &t->key))));
		return &b->out->at[at->i];
	}
	if (b->out->n == b->room) {
		size_t room = b->room ? b->room * 2 : 32;

		b->out->at = arena_grow(b->keep, b->out->at ? b->out->at : arena_alloc(b->keep, 16),
					b->room * sizeof *b->out->at, room * sizeof *b->out->at);
		b->room = room;
	}
	if (!t->rules.hooks)
		map_set(b->keep, b->seen, text, value_int((int64_t)b->out->n));
	return &b->out->at[b->out->n++];
}

static void add_object(struct builder *b, struct value object, int depth)
{
	const struct list *items = value_list(value_path(object, "items", NULL));
	struct target t = {0};
	bool generated;

	if (object.type != VALUE_MAP)
		return;
	if (items && str_ends(object_kind(object), STR("List")) && depth < 4) {
		for (uint32_t i = 0; i < list_n(items); i++)
			add_object(b, items->at[i], depth + 1);
		return;
	}
	t.key = object_key(object);
	t.version = object_version(object);
	t.rules = policy_object(b->app->policy, object);
	if (t.rules.ignored)
		return;
	if (is_excluded(&t.key)) {
		add_text(b, &b->out->excluded, &b->out->excluded_n,
			 arena_printf(b->keep, "Resource %.*s is excluded in the settings",
				      STR_ARG(object_key_show(b->keep, &t.key))));
		return;
	}
	generated = (t.rules.hooks & HOOK_IN_SYNC) && value_path_str(object, "metadata", "generateName", NULL).n;
	if (!t.key.kind.n || !t.version.n || (!t.key.name.n && !generated)) {
		t.namespaced = true;
		problem(&t, TARGET_INVALID, arena_printf(b->keep, "an object of %s lacks its %s",
							 t.key.kind.n ? arena_cstr(b->keep, t.key.kind) : "the rendering",
							 !t.key.kind.n ? "kind" : !t.version.n ? "apiVersion" : "name"));
	} else {
		look_up(b, &t);
	}
	if (!t.namespaced)
		t.key.namespace = STR("");
	else if (!t.key.namespace.n)
		t.key.namespace = b->app->namespace;
	check_project(b, &t);
	make_intent(b, object, &t);
	*slot(b, &t) = t;
}

/* The kinds that CRDs of this application bring. */
static void note_crds(struct builder *b)
{
	for (size_t i = 0; i < b->app->n; i++) {
		struct value o = b->app->objects[i], spec = value_path(o, "spec", NULL);

		if (!is_crd(o))
			continue;
		map_set(b->keep, b->brings,
			arena_printf(b->keep, "%.*s/%.*s", STR_ARG(value_path_str(spec, "group", NULL)),
				     STR_ARG(value_path_str(spec, "names", "kind", NULL))),
			value_bool(!str_is(value_path_str(spec, "scope", NULL), "Cluster")));
	}
}

void targets_build(struct arena *keep, struct cluster *cluster, const struct sync_app *app,
		   struct targets *out)
{
	struct builder b = {.keep = keep, .cluster = cluster, .app = app, .out = out};

	*out = (struct targets){0};
	b.seen = map_new(keep, (uint32_t)app->n);
	b.brings = map_new(keep, 4);
	note_crds(&b);
	for (size_t i = 0; i < app->n; i++)
		add_object(&b, app->objects[i], 0);
}

struct value target_body(struct arena *keep, const struct target *t, const struct live *live,
			 const struct policy *policy)
{
	struct value body = t->intent;

	if (t->rules.options.respect_ignore && live && live->whole)
		ignore_respect(keep, policy, live->object, &body);
	return body;
}
