/*
 * From a manifest to watched sources to a rendering. What a parent brought is stored, so that a
 * restart has all Applications at once.
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/log.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/time.h"
#include "sync/diff.h"

static char *copy_text(str s)
{
	char *out = mem_alloc(s.n + 1);

	if (out) {
		memcpy(out, s.s, s.n);
		out[s.n] = '\0';
	}
	return out;
}

struct app *app_find(const struct agent *a, str name)
{
	return table_get(&a->apps, name);
}

bool app_next(const struct agent *a, uint32_t *at, struct app **app)
{
	void *value;
	str key;

	if (!table_next(&a->apps, at, &key, &value))
		return false;
	*app = value;
	return true;
}

/* --- looks that are due --- */

static void on_idle(uv_idle_t *idle)
{
	(void)idle; /* only keeps the turn from sleeping */
}

void app_dirty(struct app *app)
{
	struct agent *a = app->agent;

	if (app->dirty || app->gone)
		return;
	app->dirty = true;
	app->next_dirty = a->dirty;
	a->dirty = app;
	uv_idle_start(&a->idle, on_idle);
}

/* A rollout brings dozens of changes. While a sync runs it looks for itself, ours is for people. */
void app_changed(struct app *app)
{
	int64_t rest = app->op.sync ? 500 * TIME_MS : 30 * TIME_MS;

	if (time_monotonic() - app->looked_at >= rest) {
		app_dirty(app);
	} else if (!app->look_at) {
		app->look_at = app->looked_at + rest;
		app_schedule(app);
	}
}

/* --- rendering --- */

static struct files *open_source(void *arg, struct arena *keep, size_t source, struct error *err)
{
	struct app *app = arg;

	return git_files(keep, app->agent->git, app->spec.sources[source].repo_url,
			 str_of(app->sources[source].commit), err);
}

static bool commits_known(const struct app *app)
{
	for (size_t i = 0; i < app->sources_n; i++)
		if (!app->sources[i].commit[0] && !app->spec.sources[i].chart.n)
			return false;
	return true;
}

/* Would the new commits give the very same rendering? */
static bool is_untouched(struct app *app)
{
	struct arena scratch;
	bool same = app->desired && !app->render_error.kind && app->desired->sources_n == app->sources_n;

	arena_init(&scratch, 0);
	for (size_t i = 0; i < app->sources_n && same; i++) {
		struct files *f;

		if (app->spec.sources[i].chart.n)
			continue;
		f = open_source(app, &scratch, i, NULL);
		same = f && files_replay(app->desired->records[i], &scratch, f);
	}
	arena_done(&scratch);
	return same;
}

/* What one wants is known now: others that waited for it look again. */
static void tell_doubters(struct agent *a)
{
	struct app *app;

	for (uint32_t i = 0; app_next(a, &i, &app);)
		if (app->doubts)
			app_dirty(app);
}

static void rendered(void *arg, struct desired *d)
{
	struct app *app = arg;

	app->job = NULL;
	app->read_once = true;
	app->agent->renders++;
	if (d->failed) {
		if (strcmp(app->render_error.text, d->error.text) != 0)
			log_event(LOG_ERROR, "an application does not render", "app", str_of(app->name), "why",
				  str_of(d->error.text), NULL);
		app->render_error = d->error;
		desired_unref(d);
	} else {
		error_clear(&app->render_error);
		desired_unref(app->desired);
		app->desired = d;
		for (size_t i = 0; i < app->sources_n && i < d->sources_n; i++)
			snprintf(app->sources[i].compared, sizeof app->sources[i].compared, "%.*s",
				 STR_ARG(d->revisions[i]));
	}
	app_dirty(app);
	if (app->render_again)
		app_render(app);
	tell_doubters(app->agent);
}

void app_render(struct app *app)
{
	struct agent *a = app->agent;
	struct desired_input in = {.app = &app->spec};
	struct arena scratch;
	str *revisions, *apis;

	if (app->job) {
		app->render_again = true;
		return;
	}
	app->render_again = false;
	if (app->invalid.kind || (app->deleting && app->read_once) || !commits_known(app))
		return;
	if (!app->forced && is_untouched(app)) {
		for (size_t i = 0; i < app->sources_n; i++)
			memcpy(app->sources[i].compared, app->sources[i].commit, sizeof app->sources[i].commit);
		tell_doubters(a);
		return;
	}
	arena_init(&scratch, 0);
	if (!a->cluster->ops->capabilities(a->cluster, &scratch, &in.kube_version, &apis, &in.apis_n)) {
		app->forced = true; /* when the API server has told what it serves */
		arena_done(&scratch);
		return;
	}
	in.apis = apis;
	revisions = arena_news(&scratch, app->sources_n + 1, str);
	for (size_t i = 0; i < app->sources_n; i++)
		revisions[i] = str_of(app->sources[i].commit);
	in.revisions = revisions;
	app->forced = false;
	app->capabilities = agent_capabilities(a);
	app->job = desired_start(a->loop, a->cache, &in, open_source, rendered, app);
	arena_done(&scratch);
}

static void on_commit(void *arg, str commit, const struct error *err)
{
	struct source_watch *w = arg;
	struct app *app = w->app;

	if (err) {
		log_event(LOG_WARN, "a repository cannot be read", "app", str_of(app->name), "why",
			  str_of(err->text), NULL);
		w->err = *err;
		if (!w->commit[0])
			app->read_once = true;
		app_dirty(app);
		tell_doubters(app->agent);
		return;
	}
	if (w->err.kind)
		app_dirty(app);
	error_clear(&w->err);
	if (str_is(commit, w->commit) && !app->forced && app->desired)
		return;
	snprintf(w->commit, sizeof w->commit, "%.*s", STR_ARG(commit));
	app_render(app);
}

void app_refresh(struct app *app, bool force)
{
	app->forced |= force;
	app_dirty(app);
	for (size_t i = 0; i < app->sources_n; i++)
		git_poke(app->agent->git, app->spec.sources[i].repo_url);
	if (force)
		app_render(app);
}

/* --- sources --- */

static void unwatch(struct app *app)
{
	for (size_t i = 0; i < app->sources_n; i++)
		git_unwatch(app->sources[i].watch);
	mem_free(app->sources);
	app->sources = NULL;
	app->sources_n = 0;
}

static void watch(struct app *app)
{
	const struct project *p = app_project(app);

	app->sources = mem_alloc((app->spec.sources_n + 1) * sizeof *app->sources);
	if (!app->sources)
		return;
	memset(app->sources, 0, (app->spec.sources_n + 1) * sizeof *app->sources);
	app->sources_n = app->spec.sources_n;
	for (size_t i = 0; i < app->sources_n; i++) {
		const struct application_source *src = &app->spec.sources[i];
		struct source_watch *w = &app->sources[i];
		struct arena scratch;
		bool allowed;

		w->app = app;
		w->at = i;
		if (src->chart.n)
			continue;
		arena_init(&scratch, 0);
		allowed = !p || project_permits_source(p, src->repo_url, git_url_normalise(&scratch, src->repo_url));
		arena_done(&scratch);
		if (!allowed)
			error_set(&w->err, ERROR_DENIED, "application repo %.*s is not permitted in project '%.*s'",
				  STR_ARG(src->repo_url), STR_ARG(app->spec.project));
		else
			w->watch = git_watch(app->agent->git, src->repo_url, src->target_revision,
					     app->agent->config.poll_ns, on_commit, w, &w->err);
		if (w->err.kind) {
			app->read_once = true; /* there is nothing to wait for */
			log_event(LOG_ERROR, "a repository cannot be followed", "app", str_of(app->name), "why",
				  str_of(w->err.text), NULL);
		}
	}
	/* without a git source there is nothing to wait for */
	app->forced = true;
	app_render(app);
}

void app_rewatch(struct app *app)
{
	if (app->invalid.kind)
		return;
	unwatch(app);
	watch(app);
}

static bool same_sources(const struct application *x, const struct application *y)
{
	if (x->sources_n != y->sources_n)
		return false;
	for (size_t i = 0; i < x->sources_n; i++)
		if (!str_eq(x->sources[i].repo_url, y->sources[i].repo_url) ||
		    !str_eq(x->sources[i].target_revision, y->sources[i].target_revision) ||
		    !str_eq(x->sources[i].chart, y->sources[i].chart))
			return false;
	return str_eq(x->project, y->project);
}

/* --- coming and going --- */

static void read_manifest(struct app *app, struct value manifest, struct arena *into)
{
	app->fixed = (struct conditions){0};
	error_clear(&app->invalid);
	app->manifest = value_copy(into, manifest, true);
	app->manifest_hash = diff_hash(app->manifest);
	if (application_read(into, app->manifest, &app->spec, &app->fixed, &app->invalid) &&
	    policy_read(into, app->spec.spec, &app->policy, &app->invalid))
		for (size_t i = 0; i < app->policy.notes_n; i++)
			conditions_add(into, &app->fixed, CONDITION_UNSUPPORTED_WARNING, "%.*s",
				       STR_ARG(app->policy.notes[i]));
	policy_annotations(app->manifest, &app->policy);
	if (app->invalid.kind) {
		app->spec.name = str_of(app->name);
		app->read_once = true;
		log_event(LOG_ERROR, "an Application manifest cannot be used", "app", str_of(app->name), "why",
			  str_of(app->invalid.text), NULL);
	}
}

static struct app *app_new(struct agent *a, str name, const char *parent)
{
	struct app *app = mem_alloc(sizeof *app);

	if (!app)
		return NULL;
	memset(app, 0, sizeof *app);
	app->agent = a;
	app->name = copy_text(name);
	app->parent = parent ? copy_text(str_of(parent)) : NULL;
	arena_init(&app->arena, 0);
	arena_init(&app->view, 0);
	arena_init(&app->op.arena, 0);
	arena_init(&app->history_arena, 0);
	arena_init(&app->reborn_arena, 0);
	app->sync_wake = INT64_MAX;
	app->host = host_of(app);
	uv_timer_init(a->loop, &app->timer);
	app->timer.data = app;
	if (!app->name || !table_set(&a->apps, name, app, NULL)) {
		log_event(LOG_ERROR, "no memory for another application", "app", name, NULL);
		return NULL;
	}
	return app;
}

static bool makes_cycle(const struct agent *a, str name, const char *parent, int *depth)
{
	for (*depth = 0; parent; ++*depth) {
		const struct app *p = app_find(a, str_of(parent));

		if (str_is(name, parent))
			return true;
		if (*depth > LIMIT_APP_NESTING || !p)
			break;
		parent = p->parent;
	}
	return false;
}

static void store_child(struct agent *a, const char *parent, str name, struct value manifest)
{
	struct arena scratch;

	arena_init(&scratch, 0);
	store_put(a->store, "children", arena_printf(&scratch, "%s %.*s", parent, STR_ARG(name)),
		  manifest.type == VALUE_MAP ? json_text(&scratch, manifest, 0) : STR_NONE);
	arena_done(&scratch);
}

/* One that is on its way out goes wholly first. */
static void set_reborn(struct app *app, struct value manifest, const char *parent)
{
	arena_clear(&app->reborn_arena);
	mem_free(app->reborn_parent);
	app->reborn_parent = parent ? copy_text(str_of(parent)) : NULL;
	app->reborn = value_copy(&app->reborn_arena, manifest, true);
}

void app_reparent(struct app *app, struct app *parent)
{
	struct agent *a = app->agent;

	log_event(LOG_INFO, "another Application brings it now", "app", str_of(app->name), "parent",
		  str_of(parent->name), NULL);
	store_child(a, app->parent, str_of(app->name), VALUE_NONE);
	mem_free(app->parent);
	app->parent = copy_text(str_of(parent->name));
	store_child(a, parent->name, str_of(app->name), app->manifest);
	app_set(a, desired_child(parent->desired, str_of(app->name)), parent->name);
	app_dirty(parent);
}

struct app *app_set(struct agent *a, struct value manifest, const char *parent)
{
	str name = object_name(manifest);
	struct app *app = app_find(a, name);
	struct application before;
	struct arena old, fresh;
	int depth;

	if (makes_cycle(a, name, parent, &depth) || depth > LIMIT_APP_NESTING || a->apps.n >= LIMIT_APPS) {
		log_event(LOG_ERROR, "an Application that would contain itself, or is nested too deep, is left out",
			  "app", name, NULL);
		return NULL;
	}
	if (app && app->deleting) {
		set_reborn(app, manifest, parent);
		return app;
	}
	if (app && app->parent && parent && strcmp(app->parent, parent) != 0) {
		log_event(LOG_WARN, "two Applications bring the same Application; the first keeps it", "app", name,
			  "parent", str_of(app->parent), "also", str_of(parent), NULL);
		return app;
	}
	if (app && !app->parent && parent) {
		log_event(LOG_WARN, "an Application of the configuration is also rendered; the configuration's counts",
			  "app", name, NULL);
		return app;
	}
	if (app && app->manifest_hash == diff_hash(manifest))
		return app;
	if (!app && !(app = app_new(a, name, parent)))
		return NULL;
	before = app->spec;
	old = app->arena;
	arena_init(&fresh, 0);
	read_manifest(app, manifest, &fresh);
	app->arena = fresh;
	if (parent)
		store_child(a, parent, name, manifest);
	if (!app->sources || app->invalid.kind || !same_sources(&before, &app->spec)) {
		unwatch(app);
		if (!app->invalid.kind)
			watch(app);
	} else {
		app->forced = true;
		app_render(app);
	}
	/* a running sync borrows the policy: it starts anew with the new one */
	if (app->op.sync)
		operation_forget(app);
	arena_done(&old);
	app_dirty(app);
	return app;
}

static void on_closed(uv_handle_t *h)
{
	struct app *app = h->data;

	mem_free(app->name);
	mem_free(app->parent);
	mem_free(app);
}

static void undirty(struct app *app)
{
	for (struct app **p = &app->agent->dirty; *p; p = &(*p)->next_dirty)
		if (*p == app) {
			*p = app->next_dirty;
			break;
		}
	app->dirty = false;
}

void app_free(struct app *app)
{
	struct agent *a = app->agent;

	app->gone = true;
	operation_forget(app);
	undirty(app);
	unwatch(app);
	desired_cancel(app->job);
	desired_unref(app->desired);
	table_del(&a->apps, str_of(app->name));
	if (app->parent && !a->stopping) {
		struct app *parent = app_find(a, str_of(app->parent));

		store_child(a, app->parent, str_of(app->name), VALUE_NONE);
		if (parent)
			app_dirty(parent);
	}
	if (!a->stopping) {
		store_put(a->store, "applied", str_of(app->name), STR_NONE);
		store_put(a->store, "owed", str_of(app->name), STR_NONE);
		store_put(a->store, "operation", str_of(app->name), STR_NONE);
		store_put(a->store, "history", str_of(app->name), STR_NONE);
	}
	arena_done(&app->arena);
	arena_done(&app->view);
	arena_done(&app->op.arena);
	arena_done(&app->history_arena);
	arena_done(&app->reborn_arena);
	mem_free(app->reborn_parent);
	uv_close((uv_handle_t *)&app->timer, on_closed);
}

void app_remove(struct app *app)
{
	app->reborn = VALUE_NONE;
	if (app->deleting)
		return;
	log_event(LOG_INFO, "an Application is not wanted any more", "app", str_of(app->name), "objects",
		  app->spec.cascade ? STR("deleted") : STR("left alone"), NULL);
	if (app->spec.cascade && !app->invalid.kind)
		operation_delete(app);
	else
		app_free(app);
}

static struct app *first_child(const struct app *app)
{
	struct app *child;

	for (uint32_t i = 0; app_next(app->agent, &i, &child);)
		if (child->parent && !strcmp(child->parent, app->name))
			return child;
	return NULL;
}

void app_drop(struct app *app)
{
	struct app *child;

	while ((child = first_child(app)))
		app_drop(child);
	log_event(LOG_INFO, "an Application is not followed any more", "app", str_of(app->name), "objects",
		  STR("left alone"), NULL);
	app_free(app);
}

