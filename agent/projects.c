/*
 * AppProjects by name. What a rendering brought is stored, so that after a restart the Applications
 * of a project are not without it until their parent has been read.
 */
#include "agent/agent.h"
#include "agent/log.h"
#include "base/json.h"
#include "base/mem.h"
#include "sync/diff.h"

struct owned_project {
	struct arena arena;
	struct project project;
	uint64_t hash; /* of its manifest */
	str parent;    /* who brought it; empty: the configuration */
	bool named;    /* by the configuration that was read last */
};

static void project_free(struct owned_project *p)
{
	arena_done(&p->arena);
	mem_free(p);
}

static void store_project(struct agent *a, str parent, str name, struct value manifest)
{
	struct arena scratch;

	arena_init(&scratch, 0);
	store_put(a->store, "projects", arena_printf(&scratch, "%.*s %.*s", STR_ARG(parent), STR_ARG(name)),
		  manifest.type == VALUE_MAP ? json_text(&scratch, manifest, 0) : STR_NONE);
	arena_done(&scratch);
}

/* Its Applications are permitted other things now. */
static void tell_users(struct agent *a, str name)
{
	struct app *app;

	for (uint32_t i = 0; app_next(a, &i, &app);)
		if (str_eq(app->spec.project, name))
			app_dirty(app);
}

static struct owned_project *project_new(struct value manifest, str parent)
{
	struct owned_project *p = mem_alloc(sizeof *p);
	struct conditions conditions = {0};
	struct error err = {.kind = ERROR_NONE};

	if (!p)
		return NULL;
	arena_init(&p->arena, 0);
	p->parent = arena_str(&p->arena, parent);
	p->hash = diff_hash(manifest);
	if (project_read(&p->arena, value_copy(&p->arena, manifest, true), &p->project, &conditions, &err))
		return p;
	log_event(LOG_ERROR, "an AppProject manifest cannot be used", "project", object_name(manifest), "why",
		  str_of(err.text), NULL);
	project_free(p);
	return NULL;
}

void project_set(struct agent *a, struct value manifest, str parent)
{
	struct owned_project *old = table_get(&a->projects, object_name(manifest)), *p;

	if (old && parent.n && !str_eq(old->parent, parent)) {
		log_event(LOG_WARN, "the same AppProject comes from two places; the first counts", "project",
			  object_name(manifest), "from", old->parent.n ? old->parent : STR("the configuration"), "also",
			  parent, NULL);
		return;
	}
	if (old && old->hash == diff_hash(manifest) && str_eq(old->parent, parent)) {
		old->named = true;
		return;
	}
	p = project_new(manifest, parent);
	if (!p)
		return;
	p->named = true;
	table_set(&a->projects, object_name(manifest), p, (void **)&old);
	if (old)
		project_free(old);
	if (parent.n)
		store_project(a, parent, p->project.name, manifest);
	tell_users(a, p->project.name);
}

/* Is it the manifest that counts, or somebody else's? */
bool project_adopted(const struct agent *a, struct value manifest, str parent)
{
	const struct owned_project *p = table_get(&a->projects, object_name(manifest));

	return p && (p->hash == diff_hash(manifest) || !str_eq(p->parent, parent));
}

void project_load(void *arg, str key, str text)
{
	struct agent *a = arg;
	str name, parent = str_cut(key, ' ', &name);
	struct arena scratch;
	struct value manifest;

	arena_init(&scratch, 0);
	if (json_read(&scratch, text, 0, &manifest, NULL) && !table_get(&a->projects, name))
		project_set(a, manifest, parent);
	arena_done(&scratch);
}

const struct project *app_project(const struct app *app)
{
	const struct owned_project *p = table_get(&app->agent->projects, app->spec.project);

	return p ? &p->project : NULL;
}

/* --- those that go --- */

static bool is_wanted(const struct app *app, const struct owned_project *p)
{
	struct object_key key = {STR("argoproj.io"), STR("AppProject"), STR(""), p->project.name};

	return desired_names(app->desired, &key);
}

static void drop(struct agent *a, str key, struct owned_project *p)
{
	struct arena scratch;

	arena_init(&scratch, 0);
	key = arena_str(&scratch, key);
	log_event(LOG_INFO, "an AppProject is not wanted any more", "project", key, NULL);
	if (p->parent.n)
		store_project(a, p->parent, key, VALUE_NONE);
	table_del(&a->projects, key);
	project_free(p);
	tell_users(a, key);
	arena_done(&scratch);
}

void projects_sweep(struct app *app)
{
	void *value;
	str key;

	for (uint32_t i = 0; table_next(&app->agent->projects, &i, &key, &value);) {
		struct owned_project *p = value;

		if (str_is(p->parent, app->name) && !is_wanted(app, p))
			drop(app->agent, key, p);
	}
}

void projects_unname(struct agent *a)
{
	void *value;
	str key;

	for (uint32_t i = 0; table_next(&a->projects, &i, &key, &value);)
		((struct owned_project *)value)->named = false;
}

void projects_drop_unnamed(struct agent *a)
{
	void *value;
	str key;

	for (uint32_t i = 0; table_next(&a->projects, &i, &key, &value);) {
		struct owned_project *p = value;

		if (!p->parent.n && !p->named)
			drop(a, key, p);
	}
}

void projects_free(struct agent *a)
{
	void *value;
	str key;

	for (uint32_t i = 0; table_next(&a->projects, &i, &key, &value);)
		project_free(value);
	table_done(&a->projects);
}
