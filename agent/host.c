/*
 * What the engine asks of us about one Application: its project, the other Applications, and those
 * that it brings.
 */
#include "agent/agent.h"
#include "sync/diff.h"

static bool permits(void *arg, const struct object_key *key, bool namespaced, struct error *why)
{
	struct app *app = arg;
	const struct project *p = app_project(app);

	if (!p)
		return !app->spec.project.n || str_is(app->spec.project, "default") ||
		       error_set(why, ERROR_DENIED, "Application referencing project %.*s which does not exist",
				 STR_ARG(app->spec.project));
	if (namespaced && !project_permits_destination(p, key->namespace))
		return error_set(why, ERROR_DENIED, "namespace %.*s is not permitted in project '%.*s'",
				 STR_ARG(key->namespace), STR_ARG(p->name));
	return project_permits(p, key, namespaced, why);
}

/* In doubt it is wanted. */
static bool wanted_elsewhere(void *arg, const struct object_key *key, str *other)
{
	struct app *me = arg, *app;

	for (uint32_t i = 0; app_next(me->agent, &i, &app);) {
		if (app == me || !app_may_want(app, key))
			continue;
		me->doubts |= !desired_names(app->desired, key);
		if (other)
			*other = str_of(app->name);
		return true;
	}
	return false;
}

static bool health(void *arg, struct arena *keep, struct value object, struct health *out)
{
	struct app *me = arg, *child;

	(void)keep;
	if (project_is(object)) {
		*out = (struct health){HEALTH_NONE, STR("")};
		return true;
	}
	if (!application_is(object))
		return false;
	child = app_find(me->agent, object_name(object));
	if (!child || !child->looked)
		*out = (struct health){HEALTH_PROGRESSING, STR("")};
	else
		*out = child->health;
	return true;
}

static bool adopted(void *arg, struct value object)
{
	struct app *me = arg, *child;

	if (project_is(object))
		return project_adopted(me->agent, object, str_of(me->name));
	child = app_find(me->agent, object_name(object));
	if (child && child->deleting) /* it takes the place of what is going */
		return child->reborn.type == VALUE_MAP && diff_hash(child->reborn) == diff_hash(object);
	return child && (child->manifest_hash == diff_hash(object) ||
			 !child->parent || strcmp(child->parent, me->name) != 0);
}

static void adopt(void *arg, struct value object)
{
	struct app *me = arg;

	if (project_is(object))
		project_set(me->agent, object, str_of(me->name));
	else if (application_is(object))
		app_set(me->agent, object, me->name);
}

struct host host_of(struct app *app)
{
	return (struct host){.arg = app, .permits = permits, .wanted_elsewhere = wanted_elsewhere,
			     .health = health, .adopted = adopted, .adopt = adopt};
}
