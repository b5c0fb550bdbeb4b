/*
 * Applications and AppProjects that their parent does not render any more. They go on proof: the
 * parent's newest rendering was synced in full with prune, and nobody else brings them or may.
 */
#include "agent/agent.h"
#include "agent/log.h"
#include "base/mem.h"

/* Will it soon look otherwise? Then nobody decides on what it wants now. */
static bool is_unsettled(const struct app *app)
{
	if (app->invalid.kind || app->deleting)
		return false;
	if (!app->read_once || app->job || app->render_again)
		return true;
	for (size_t i = 0; i < app->sources_n; i++)
		if (!app->sources[i].err.kind && !app->render_error.kind &&
		    strcmp(app->sources[i].commit, app->sources[i].compared) != 0)
			return true;
	return false;
}

bool apps_unsettled(const struct agent *a, const struct app *but)
{
	struct app *app;

	for (uint32_t i = 0; app_next(a, &i, &app);)
		if (app != but && is_unsettled(app))
			return true;
	return false;
}

/* It cannot be read or rendered now: what it wants is not known. Charts that this version does not
 * fetch were never ours. */
static bool is_broken(const struct app *app)
{
	bool broken = app->render_error.kind && app->render_error.kind != ERROR_UNSUPPORTED;

	for (size_t i = 0; i < app->sources_n; i++)
		broken |= app->sources[i].err.kind != ERROR_NONE;
	return broken;
}

bool app_may_want(const struct app *app, const struct object_key *key)
{
	str namespace = app->spec.destination_namespace;

	if (app->deleting)
		return false;
	if (desired_names(app->desired, key) || is_unsettled(app))
		return true;
	return is_broken(app) && (!key->namespace.n || !namespace.n || str_eq(namespace, key->namespace));
}

/* --- children --- */

static struct app *other_parent(const struct app *child)
{
	struct app *app;

	for (uint32_t i = 0; app_next(child->agent, &i, &app);)
		if (strcmp(app->name, child->parent) != 0 && app != child && !app->deleting &&
		    desired_child(app->desired, str_of(child->name)).type == VALUE_MAP)
			return app;
	return NULL;
}

static bool in_doubt(struct app *app, const struct object_key *key)
{
	struct app *other;

	for (uint32_t i = 0; app_next(app->agent, &i, &other);)
		if (other != app && app_may_want(other, key))
			return true;
	return false;
}

static bool is_stale(const struct app *app, const struct app *child)
{
	return child->parent && !strcmp(child->parent, app->name) &&
	       desired_child(app->desired, str_of(child->name)).type != VALUE_MAP;
}

static bool keeps(const struct app *app, struct value manifest)
{
	return policy_object(&app->policy, manifest).options.prune != CONFIRM_YES;
}

/* True: the walk has to begin again. */
static bool drop_child(struct app *app, struct app *child)
{
	struct object_key key = object_key(child->manifest);
	struct app *other;

	if (child->deleting) { /* one that would have followed it is not wanted either */
		app_remove(child);
		return false;
	}
	if (keeps(app, child->manifest))
		return false;
	other = other_parent(child);
	if (other) {
		app_reparent(child, other);
		return true;
	}
	if (in_doubt(app, &key)) {
		app->doubts = true;
		return false;
	}
	app_remove(child);
	return true;
}

size_t stale_children(const struct app *app)
{
	struct app *child;
	size_t n = 0;

	for (uint32_t i = 0; app_next(app->agent, &i, &child);)
		n += !child->deleting && is_stale(app, child);
	return n;
}

void stale_drop(struct app *app)
{
	struct app *child;
	bool again;

	if (!app->desired || app->swept != app->desired->hash || app->render_error.kind || app->deleting)
		return;
	do {
		again = false;
		for (uint32_t i = 0; !again && app_next(app->agent, &i, &child);)
			again = is_stale(app, child) && drop_child(app, child);
	} while (again);
	projects_sweep(app);
}
