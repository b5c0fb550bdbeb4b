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
	if (app->agent->cluster_error.kind)
		conditions_add(&app->view, c, CONDITION_COMPARISON_ERROR, "Failed to load live state: %s",
			       app->agent->cluster_error.text);
	for (size_t i = 0; i < app->sources_n; i++)
		if (app->sources[i].err.kind)
			conditions_add(&app->view, c, CONDITION_COMPARISON_ERROR,
				       "Failed to load target state: %s", app->sources[i].err.text);
	if (app->deleting && app->op.last == LAST_FAILED)
		conditions_add(&app->view, c, CONDITION_DELETION_ERROR, "Unable to delete application resources: %.*s",
			       STR_ARG(value_path_str(app->op.record, "message", NULL)));
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

/* All that is out of sync requires pruning, and none of it may be pruned. */
static bool only_kept(const struct comparison *c)
{
	bool any = false;

	for (size_t i = 0; i < c->n; i++)
		any |= c->at[i].requires_pruning && c->at[i].rules.options.prune == CONFIRM_YES;
	return c->only_prunes && !any;
}

static struct auto_facts facts_for(struct app *app, const struct comparison *c)
{
	struct operation *op = &app->op;
	bool same = op->target == app->desired->hash && !op->partial;

	return (struct auto_facts){
		.out_of_sync = c->status == SYNC_OUT_OF_SYNC && !(same && only_kept(c)),
		.only_prunes = c->only_prunes,
		.all_prunes = c->all_prunes,
		.busy = op->sync || op->starting,
		.blocked = conditions_block(&app->conditions) || c->loading,
		.last = op->last,
		.last_transient = op->transient,
		.same_target = same,
		.last_ended = op->finished,
		.heals = op->last == LAST_FAILED ? op->failures : op->heals,
		.now = time_wall(),
		.last_message = value_path_str(op->record, "message", NULL),
		.target = str_of(app->sources_n ? app->sources[0].compared : "")};
}

static void start(struct app *app, const struct sync_request *r)
{
	struct error err = {.kind = ERROR_NONE};

	if (!operation_start(app, r, &err))
		conditions_add(&app->view, &app->conditions, CONDITION_SYNC_ERROR, "%s", err.text);
}

static void look_later(struct app *app, int64_t pause)
{
	app->look_at = time_monotonic() + (pause > 0 ? pause : 0);
	app_schedule(app);
}

/* What an earlier life began, what a person asked for again, what failed and is due. True: nothing
 * else is to be decided now. */
static bool go_on(struct app *app, const struct auto_facts *f)
{
	struct operation *op = &app->op;
	bool same = op->target == app->desired->hash;
	struct sync_request r = operation_request(op);

	if (!same)
		op->retry_at = 0;
	if (f->busy || f->blocked)
		return f->busy;
	if (op->last == LAST_RUNNING || op->again) {
		r.resume = op->last == LAST_RUNNING && same;
		op->again = false;
		start(app, &r);
		return true;
	}
	if (!op->retry_at)
		return false;
	if (op->retry_at <= f->now)
		start(app, &r);
	else
		app_schedule(app);
	return true;
}

/* Left over because others might have wanted it; that is known now. */
static bool prunes_are_due(struct app *app, const struct comparison *c)
{
	struct host *h = &app->host;

	for (size_t i = 0; i < c->n; i++)
		if (c->at[i].requires_pruning && c->at[i].rules.options.prune == CONFIRM_YES &&
		    !c->at[i].live.deleting && !h->wanted_elsewhere(h->arg, &c->at[i].key, NULL))
			return true;
	return false;
}

static void decide(struct app *app, const struct comparison *c)
{
	struct operation *op = &app->op;
	struct auto_facts f = facts_for(app, c);
	struct sync_request r = {.prune = app->policy.prune, .by = STR("automated")};
	enum auto_verdict verdict;
	bool doubted = app->doubts;
	int64_t when;
	str why;

	app->doubts = false;
	if (op->sync && !app->deleting)
		sync_approve(op->sync, policy_approved(app->manifest));
	if (op->sync && !op->dry_run && op->target != app->desired->hash)
		sync_supersede(op->sync);
	if (c->status == SYNC_SYNCED && op->heals && f.now - op->finished > HEALS_FORGOTTEN)
		op->heals = 0;
	if (go_on(app, &f))
		return;
	if (c->to_prune && r.prune && apps_unsettled(app->agent, app)) {
		app->doubts = true; /* what they want is about to be known */
		return;
	}
	verdict = policy_auto(&app->view, &app->policy, &f, &when, &why);
	if (verdict == AUTO_NO && doubted && f.same_target && f.out_of_sync && app->policy.automated && r.prune &&
	    !f.busy && !f.blocked && prunes_are_due(app, c))
		verdict = AUTO_HEAL;
	switch (verdict) {
	case AUTO_HEAL:
		r.heal = true;
		op->heals++;
		start(app, &r);
		break;
	case AUTO_SYNC:
		start(app, &r);
		break;
	case AUTO_LATER:
		look_later(app, when - f.now);
		break;
	case AUTO_ERROR:
		conditions_add(&app->view, &app->conditions, CONDITION_SYNC_ERROR, "%.*s", STR_ARG(why));
		break;
	default:
		app->doubts |= doubted && c->to_prune;
		break;
	}
}

/* --- the look --- */

/* Children that the rendering does not name any more have no live object where their CRD is not
 * installed: they count as resources that require pruning. */
static void count_stale_children(struct app *app, struct comparison *c)
{
	size_t n = stale_children(app);

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

/* What is wanted, or what lives, cannot be read now. */
static bool is_unknown(const struct app *app)
{
	bool unknown = app->render_error.kind || app->agent->cluster_error.kind;

	for (size_t i = 0; i < app->sources_n; i++)
		unknown |= app->sources[i].err.kind != ERROR_NONE;
	return unknown;
}

void app_evaluate(struct app *app)
{
	enum sync_status was = app->status;
	enum health_status health_was = app->health.status;
	bool looked = app->looked;
	struct sync_app view = app_sync_view(app, app->desired);
	struct comparison c = {0};
	struct arena scratch;

	app->looked_at = time_monotonic();
	app->look_at = 0;
	stale_drop(app);
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
		app->status = c.loading || is_unknown(app) ? SYNC_UNKNOWN : c.status;
		app->health = c.loading ? (struct health){HEALTH_PROGRESSING, STR("")} : copy_health(app, c.health);
		if (app->agent->cluster_error.kind)
			app->health = (struct health){HEALTH_UNKNOWN, STR("")};
		app->resources = value_copy(&app->view, report_resources(&scratch, &c), true);
		app->summary = value_copy(&app->view, report_summary(&scratch, &c), true);
		app->looked |= !c.loading;
		app->waits = c.loading;
		app->reconciled = time_wall();
		if (!app->deleting)
			decide(app, &c);
		if (app->status == SYNC_SYNCED && app->health.status <= HEALTH_HEALTHY && !app->op.sync &&
		    !app->op.starting && app->op.last != LAST_FAILED)
			call_back(app);
	} else if (app->read_once) {
		app->looked = true;
	}
	arena_done(&scratch);
	if (app->deleting)
		deletion_step(app);
	if (was != app->status || health_was != app->health.status || looked != app->looked)
		tell_parent(app);
}
