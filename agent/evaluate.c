/*
 * One look at an Application: compare, say how it stands, decide whether to sync, and whether a
 * callback is due. Nothing is written to the cluster here.
 */
#include "agent/agent.h"
#include "agent/log.h"
#include "base/json.h"
#include "base/num.h"
#include "base/time.h"

#define HEALS_FORGOTTEN (300 * TIME_SECOND)

struct sync_app app_sync_view(struct app *app, struct desired *d)
{
	return (struct sync_app){.name = str_of(app->name),
				 .namespace = app->spec.destination_namespace,
				 .policy = &app->policy,
				 .objects = d ? d->objects : NULL,
				 .n = d ? d->n : 0,
				 .complete = d && !app->render_error.kind && !app->invalid.kind,
				 .host = &app->host,
				 .memory = &app->agent->memory};
}

/* --- conditions --- */

static void add_errors(struct app *app)
{
	struct conditions *c = &app->conditions;

	if (app->invalid.kind)
		conditions_add(&app->view, c, CONDITION_INVALID_SPEC_ERROR, "%s", app->invalid.text);
	if (app->spec.project.n && !str_is(app->spec.project, "default") && !app_project(app))
		conditions_add(&app->view, c, CONDITION_INVALID_SPEC_ERROR,
			       "Application referencing project %.*s which does not exist", STR_ARG(app->spec.project));
	for (size_t i = 0; i < app->sources_n; i++)
		if (app->sources[i].err.kind)
			conditions_add(&app->view, c, CONDITION_COMPARISON_ERROR,
				       "Failed to load target state: %s", app->sources[i].err.text);
	if (app->render_error.kind)
		conditions_add(&app->view, c, CONDITION_COMPARISON_ERROR,
			       "Failed to load target state: failed to generate manifest for source 1 of %zu: %s",
			       app->sources_n, app->render_error.text);
}

static void add_conditions(struct app *app, const struct comparison *c)
{
	struct conditions *out = &app->conditions;

	for (size_t i = 0; i < c->errors_n && i < 10; i++)
		conditions_add(&app->view, out, CONDITION_COMPARISON_ERROR, "%.*s", STR_ARG(c->errors[i]));
	for (size_t i = 0; i < c->shared_n && i < 10; i++)
		conditions_add(&app->view, out, CONDITION_SHARED_RESOURCE_WARNING, "%.*s", STR_ARG(c->shared[i]));
	for (size_t i = 0; i < c->targets.repeated_n && i < 10; i++)
		conditions_add(&app->view, out, CONDITION_REPEATED_RESOURCE_WARNING, "%.*s",
			       STR_ARG(c->targets.repeated[i]));
	for (size_t i = 0; i < c->targets.excluded_n && i < 10; i++)
		conditions_add(&app->view, out, CONDITION_EXCLUDED_RESOURCE_WARNING, "%.*s",
			       STR_ARG(c->targets.excluded[i]));
}

/* --- callbacks --- */

static void store_hash(struct app *app, const char *bucket, uint64_t hash)
{
	struct arena scratch;

	arena_init(&scratch, 0);
	store_put(app->agent->store, bucket, str_of(app->name),
		  hash ? arena_printf(&scratch, "%llx", (unsigned long long)hash) : STR_NONE);
	arena_done(&scratch);
}

/* A sync has succeeded. One that healed, or found everything as it was, owes nothing. */
void app_owe_callback(struct app *app, uint64_t hash, bool wrote)
{
	if (hash == app->applied)
		return;
	if (wrote) {
		app->owed = hash;
		store_hash(app, "owed", hash);
	} else if (!app->owed) {
		app->applied = hash;
		store_hash(app, "applied", hash);
	}
}

static struct value facts_of(struct arena *keep, struct app *app)
{
	struct map *m = map_new(keep, 8);
	struct value notes = value_path(app->spec.metadata, "annotations", NULL);

	map_set(keep, m, STR("app"), value_str(str_of(app->name)));
	map_set(keep, m, STR("environment"), value_str(app->agent->config.environment));
	map_set(keep, m, STR("namespace"), value_str(app->spec.destination_namespace));
	map_set(keep, m, STR("revision"), value_str(app->sources_n ? str_of(app->sources[0].compared) : STR("")));
	map_set(keep, m, STR("images"), value_path(app->summary, "images", NULL));
	map_set(keep, m, STR("annotations"), notes.type == VALUE_MAP ? notes : value_of_map(map_new(keep, 0)));
	map_set(keep, m, STR("syncedAt"), value_str(time_rfc3339(keep, time_wall())));
	return value_of_map(m);
}

/* Once for each (application, hash of what was applied); what a sync owes is durable from its end to
 * here. An empty store owes nothing for what already runs. */
static void call_back(struct app *app)
{
	struct arena scratch;
	str id;

	if (!app->owed)
		return;
	arena_init(&scratch, 0);
	id = arena_printf(&scratch, "%s-%016llx", app->name, (unsigned long long)app->owed);
	app->applied = app->owed;
	app->owed = 0;
	store_hash(app, "applied", app->applied);
	store_hash(app, "owed", 0);
	outbox_add(app->agent->outbox, str_of(app->name), id, facts_of(&scratch, app));
	log_event(LOG_INFO, "synced and healthy", "app", str_of(app->name), "revision",
		  app->sources_n ? str_of(app->sources[0].compared) : STR(""), NULL);
	arena_done(&scratch);
}

/* --- deciding --- */

static void decide(struct app *app, const struct comparison *c)
{
	struct operation *op = &app->op;
	struct auto_facts f = {
		.out_of_sync = c->status == SYNC_OUT_OF_SYNC,
		.only_prunes = c->only_prunes,
		.all_prunes = c->all_prunes,
		.deleting = app->deleting,
		.busy = op->sync || op->starting,
		.blocked = conditions_block(&app->conditions) || c->loading,
		.last = op->last,
		.last_transient = op->transient,
		.same_target = op->target == app->desired->hash && !op->partial,
		.last_ended = op->finished,
		.heals = op->heals,
		.now = time_wall(),
		.last_message = value_path_str(op->record, "message", NULL),
		.target = str_of(app->sources_n ? app->sources[0].compared : "")};
	struct sync_request r = {.prune = app->policy.prune, .by = STR("automated")};
	struct error err = {.kind = ERROR_NONE};
	int64_t when;
	str why;

	if (op->last == LAST_RUNNING && !f.busy && !f.blocked && f.same_target) {
		operation_start(app, &r, &err); /* goes on where an earlier life ended */
		return;
	}
	if (!f.same_target)
		op->retry_at = 0;
	if (op->retry_at && !f.busy) {
		if (op->retry_at > f.now)
			return;
		op->retry_at = 0;
		operation_start(app, &r, &err);
		return;
	}
	switch (policy_auto(&app->view, &app->policy, &f, &when, &why)) {
	case AUTO_HEAL:
		r.heal = true;
		op->heals++;
		/* fall through */
	case AUTO_SYNC:
		if (!operation_start(app, &r, &err))
			conditions_add(&app->view, &app->conditions, CONDITION_SYNC_ERROR, "%s", err.text);
		break;
	case AUTO_LATER:
		op->retry_at = when;
		app_schedule(app);
		break;
	case AUTO_ERROR:
		conditions_add(&app->view, &app->conditions, CONDITION_SYNC_ERROR, "%.*s", STR_ARG(why));
		break;
	default:
		break;
	}
	if (c->status == SYNC_SYNCED && op->heals && f.now - op->finished > HEALS_FORGOTTEN)
		op->heals = 0;
}

/* --- the look --- */

/* Children that the rendering does not name any more have no live object where their CRD is not
 * installed: they count as resources that require pruning. */
static void count_stale_children(struct app *app, struct comparison *c)
{
	struct app *child;
	size_t n = 0;

	for (uint32_t i = 0; app_next(app->agent, &i, &child);)
		n += child->parent && !child->deleting && !strcmp(child->parent, app->name) &&
		     !desired_brings(app->desired, str_of(child->name));
	if (!n || c->loading)
		return;
	c->only_prunes = c->only_prunes || !c->out_of_sync;
	c->out_of_sync += n;
	c->to_prune += n;
	c->status = SYNC_OUT_OF_SYNC;
}

static void tell_parent(struct app *app)
{
	struct app *parent = app->parent ? app_find(app->agent, str_of(app->parent)) : NULL;

	if (!parent)
		return;
	app_dirty(parent);
	if (parent->op.sync) {
		struct object_key key = {STR("argoproj.io"), STR("Application"), object_namespace(app->manifest),
					 str_of(app->name)};

		if (!key.namespace.n)
			key.namespace = parent->spec.destination_namespace;
		operation_notify(parent, &key);
	}
}

static struct health copy_health(struct app *app, struct health h)
{
	return (struct health){h.status, arena_str(&app->view, h.message)};
}

void app_evaluate(struct app *app)
{
	enum sync_status was = app->status;
	enum health_status health_was = app->health.status;
	bool looked = app->looked;
	struct sync_app view = app_sync_view(app, app->desired);
	struct comparison c = {0};
	struct arena scratch;

	arena_clear(&app->view);
	app->conditions = (struct conditions){0};
	app->resources = app->summary = VALUE_NONE;
	for (size_t i = 0; i < app->fixed.n; i++)
		conditions_add(&app->view, &app->conditions, app->fixed.at[i].type, "%.*s",
			       STR_ARG(app->fixed.at[i].message));
	add_errors(app);
	app->status = SYNC_UNKNOWN;
	/* nothing is known to be ill where nothing could be read, as in Argo CD */
	app->health = (struct health){app->invalid.kind ? HEALTH_UNKNOWN
				      : app->read_once ? HEALTH_HEALTHY : HEALTH_PROGRESSING, STR("")};
	arena_init(&scratch, 0);
	if (app->desired) {
		compare(&scratch, app->agent->cluster, &view, &c);
		compare_remember(&c, &app->agent->memory);
		count_stale_children(app, &c);
		add_conditions(app, &c);
		app->status = c.loading || app->render_error.kind ? SYNC_UNKNOWN : c.status;
		app->health = c.loading ? (struct health){HEALTH_PROGRESSING, STR("")} : copy_health(app, c.health);
		app->resources = value_copy(&app->view, report_resources(&scratch, &c), true);
		app->summary = value_copy(&app->view, report_summary(&scratch, &c), true);
		app->looked |= !c.loading;
		app->waits = c.loading;
		app->reconciled = time_wall();
		decide(app, &c);
		if (app->status == SYNC_SYNCED && app->health.status <= HEALTH_HEALTHY && !app->op.sync &&
		    !app->op.starting && app->op.last != LAST_FAILED)
			call_back(app);
	} else if (app->read_once) {
		app->looked = true;
	}
	arena_done(&scratch);
	app->looked_at = time_monotonic();
	app->look_at = 0;
	if (was != app->status || health_was != app->health.status || looked != app->looked)
		tell_parent(app);
}
