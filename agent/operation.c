/*
 * The life of one sync: its row is durable before it starts, goes away when it has ended, and in
 * between holds what a restart needs.
 */
#include <stdio.h>

#include "agent/agent.h"
#include "agent/log.h"
#include "base/json.h"
#include "base/num.h"
#include "base/time.h"

/* --- the timer --- */

static void on_timer(uv_timer_t *timer)
{
	struct app *app = timer->data;
	struct sync *s = app->op.sync;
	int64_t now = time_monotonic();

	if (s && app->sync_wake <= now) {
		app->sync_wake = INT64_MAX;
		sync_tick(s);
	}
	if (app->gone)
		return;
	if (app->op.retry_at || (app->look_at && app->look_at <= now))
		app_dirty(app);
	app_schedule(app);
}

void app_schedule(struct app *app)
{
	int64_t now = time_monotonic(), wait = app->look_at ? app->look_at - now : INT64_MAX;

	if (app->op.sync && app->sync_wake != INT64_MAX && app->sync_wake - now < wait)
		wait = app->sync_wake - now;
	if (app->op.retry_at && !app->op.sync && app->op.retry_at - time_wall() < wait)
		wait = app->op.retry_at - time_wall();
	if (wait == INT64_MAX)
		uv_timer_stop(&app->timer);
	else
		uv_timer_start(&app->timer, on_timer, wait > 0 ? (uint64_t)(wait / TIME_MS + 1) : 1, 0);
}

/* --- history --- */

#define HISTORY_MAX 100

static void add_history(struct app *app)
{
	const struct list *old = value_list(app->history);
	int64_t limit = app->spec.revision_history_limit, id = 0;
	uint32_t from = 0;
	struct arena fresh;
	struct list *l;
	struct map *row;

	if (limit <= 0 || limit > HISTORY_MAX)
		limit = limit ? HISTORY_MAX : 10;
	arena_init(&fresh, 0);
	l = list_new(&fresh, list_n(old) + 1);
	if (list_n(old))
		value_to_i64(value_path(old->at[old->n - 1], "id", NULL), &id);
	if (list_n(old) >= (uint64_t)limit)
		from = list_n(old) - (uint32_t)limit + 1;
	for (uint32_t i = from; i < list_n(old); i++)
		list_add(&fresh, l, value_copy(&fresh, old->at[i], true));
	row = map_new(&fresh, 6);
	map_set(&fresh, row, STR("id"), value_int64(list_n(old) ? id + 1 : 0));
	map_set(&fresh, row, STR("revision"), value_str(arena_str(&fresh, app->op.revision)));
	map_set(&fresh, row, STR("deployStartedAt"), value_str(time_rfc3339(&fresh, app->op.started)));
	map_set(&fresh, row, STR("deployedAt"), value_str(time_rfc3339(&fresh, app->op.finished)));
	map_set(&fresh, row, STR("initiatedBy"), value_str(arena_str(&fresh, app->op.initiated_by)));
	map_set(&fresh, row, STR("source"),
		value_copy(&fresh, value_path(app->spec.spec, "source", NULL), true));
	list_add(&fresh, l, value_of_map(row));
	app->history = value_of_list(l);
	store_put(app->agent->store, "history", str_of(app->name), json_text(&fresh, app->history, 0));
	arena_done(&app->history_arena);
	app->history_arena = fresh;
}

/* --- the engine's callbacks --- */

/* The end of a hook is durable before the sync deletes its object: operations_stored tells it. */
static void changed(void *arg, struct sync *s)
{
	struct app *app = arg;
	struct operation *op = &app->op;
	size_t n = sync_hooks_ended(s);

	if (n == op->hooks_done || op->dry_run)
		return;
	op->hooks_done = n;
	operation_store(app);
	op->barrier = ++app->agent->barriers_set;
	store_barrier(app->agent->store, operations_stored, app->agent);
}

void operation_wake(void *arg, struct sync *s, int64_t at)
{
	struct app *app = arg;

	(void)s;
	app->sync_wake = at;
	app_schedule(app);
}

void operation_log_end(struct app *app, enum operation_phase phase, str message)
{
	struct operation *op = &app->op;
	struct arena scratch;

	arena_init(&scratch, 0);
	log_event(phase == OPERATION_SUCCEEDED ? LOG_INFO : LOG_WARN, "sync ended", "app", str_of(app->name),
		  "phase", str_of(operation_phase_name(phase)), "message", message, "revision", op->revision,
		  "writes", arena_printf(&scratch, "%zu", sync_writes(op->sync)), "ms",
		  arena_printf(&scratch, "%lld", (long long)((op->finished - op->started) / TIME_MS)), NULL);
	arena_done(&scratch);
}

static struct sync_pick *copy_picks(struct arena *keep, const struct sync_pick *from, size_t n)
{
	struct sync_pick *to = arena_news(keep, n + 1, struct sync_pick);

	for (size_t i = 0; i < n; i++)
		to[i] = (struct sync_pick){arena_str(keep, from[i].group), arena_str(keep, from[i].kind),
					   arena_str(keep, from[i].namespace), arena_str(keep, from[i].name)};
	return to;
}

/* Keeps the record, so that it is seen when the sync is gone. */
void operation_keep_record(struct operation *op)
{
	struct arena fresh;

	arena_init(&fresh, 0);
	op->record = value_copy(&fresh, sync_record(op->sync, &fresh), true);
	op->revision = arena_str(&fresh, op->revision);
	op->initiated_by = arena_str(&fresh, op->initiated_by);
	op->picks = copy_picks(&fresh, op->picks, op->picks_n);
	arena_done(&op->arena);
	op->arena = fresh;
}

static void plan_retry(struct app *app, bool good)
{
	struct operation *op = &app->op;
	int64_t delay;

	if (good) {
		op->retries = 0;
		op->retry_at = 0;
	} else if (policy_retry(&app->policy.retry, op->retries, &delay)) {
		op->retries++;
		op->retry_at = op->finished + delay;
	}
}

/* What follows from the end, beside the retry. */
static void conclude(struct app *app, const struct desired *d)
{
	struct operation *op = &app->op;

	if (op->last != LAST_SUCCEEDED || op->heal)
		return;
	app_owe_callback(app, d->hash, op->wrote);
	op->wrote = false;
	if (op->partial)
		return;
	if (op->prune)
		app->swept = d->hash;
	add_history(app);
}

static void undo_dry_run(struct operation *op)
{
	op->last = op->last_before;
	op->target = op->target_before;
}

static void finished(void *arg, struct sync *s)
{
	struct app *app = arg;
	struct operation *op = &app->op;
	enum operation_phase phase = sync_phase_of(s);
	bool good = phase == OPERATION_SUCCEEDED, superseded = phase == OPERATION_SUPERSEDED;
	struct desired *d = op->desired;

	op->finished = time_wall();
	operation_log_end(app, phase, sync_message(s));
	op->wrote |= sync_writes(s) > 0 && !op->dry_run && !op->heal;
	op->transient = sync_failed_transient(s) && !op->canceled;
	op->last = good ? LAST_SUCCEEDED : LAST_FAILED;
	op->failures = good ? 0 : op->failures + 1;
	op->again = superseded && op->manual; /* the person wants what is newest */
	operation_keep_record(op);
	sync_free(s);
	op->sync = NULL;
	op->desired = NULL;
	app->sync_wake = INT64_MAX;
	app->agent->syncs++;
	if (op->dry_run) {
		undo_dry_run(op);
	} else {
		if (!superseded && !op->canceled)
			plan_retry(app, good);
		conclude(app, d);
		operation_store(app);
	}
	desired_unref(d);
	app_schedule(app);
	app_dirty(app);
}

/* --- starting --- */

static void start_now(struct app *app)
{
	struct operation *op = &app->op;
	struct sync_callbacks on = {.arg = app, .changed = changed, .finished = finished,
				    .wake = operation_wake};
	struct sync_spec spec = {.app = app_sync_view(app, op->desired),
				 .id = str_of(op->id), .revision = op->revision, .started = op->started,
				 .prune = op->prune, .dry_run = op->dry_run, .heal = op->heal,
				 .picks = op->picks, .picks_n = op->picks_n, .record = op->record,
				 .stores = !op->dry_run, .approved = policy_approved(app->manifest)};

	op->starting = false;
	op->hooks_done = op->hooks_stored = 0;
	if (app->deleting) {
		deletion_start(app);
		return;
	}
	op->sync = sync_new(app->agent->cluster, &spec, &on);
	if (op->sync) {
		sync_start(op->sync);
		return;
	}
	desired_unref(op->desired);
	op->desired = NULL;
}

/* One whose row is durable. */
static struct app *still_starting(struct agent *a)
{
	struct app *app;

	for (uint32_t i = 0; app_next(a, &i, &app);)
		if (app->op.starting && app->op.barrier <= a->barriers_passed)
			return app;
	return NULL;
}

/* One whose sync does not know yet that its row is durable. */
static struct app *still_storing(struct agent *a)
{
	struct app *app;

	for (uint32_t i = 0; app_next(a, &i, &app);)
		if (app->op.sync && app->op.hooks_stored != app->op.hooks_done &&
		    app->op.barrier <= a->barriers_passed)
			return app;
	return NULL;
}

/* The rows of all that are starting, or whose hooks have ended, are durable. */
void operations_stored(void *arg)
{
	struct agent *a = arg;
	struct app *app;

	a->barriers_passed++;
	while ((app = still_starting(a)))
		start_now(app);
	while ((app = still_storing(a))) {
		app->op.hooks_stored = app->op.hooks_done;
		sync_stored(app->op.sync, app->op.hooks_done);
	}
}

/* Counts go on while the target is the same; what was written and not reported waits for its callback. */
static void new_operation(struct app *app, const struct sync_request *r)
{
	struct operation *op = &app->op, old = *op;
	bool same = old.target == app->desired->hash;
	struct arena fresh;

	arena_init(&fresh, 0);
	*op = (struct operation){.arena = fresh,
				 .retries = same ? old.retries : 0,
				 .heals = same ? old.heals : r->heal,
				 .failures = same ? old.failures : 0,
				 .wrote = old.wrote,
				 .last_before = old.last,
				 .target_before = old.target};
	op->picks = copy_picks(&op->arena, r->picks, r->picks_n);
	op->picks_n = r->picks_n;
	op->initiated_by = arena_str(&op->arena, r->by);
	op->revision = arena_str(&op->arena, app->sources_n ? str_of(app->sources[0].compared) : STR(""));
	op->started = time_wall();
	snprintf(op->id, sizeof op->id, "%.60s-%llx", app->name, (unsigned long long)op->started);
	op->heal = r->heal;
	op->dry_run = r->dry_run;
	op->manual = r->manual;
	op->prune = r->prune;
	op->partial = r->picks_n > 0;
	arena_done(&old.arena); /* the request may be made of it */
}

struct sync_request operation_request(const struct operation *op)
{
	return (struct sync_request){.prune = op->prune, .heal = op->heal, .manual = op->manual,
				     .by = op->initiated_by, .picks = op->picks, .picks_n = op->picks_n};
}

static bool may_start(const struct app *app, struct error *err)
{
	if (app->op.sync || app->op.starting)
		return error_set(err, ERROR_BUSY, "another operation is already in progress");
	if (app->deleting)
		return error_set(err, ERROR_BUSY, "application %s is being deleted", app->name);
	if (!app->desired)
		return error_set(err, ERROR_BUSY, "application %s has no rendering yet%s%s", app->name,
				 app->render_error.kind ? ": " : "", app->render_error.text);
	return true;
}

bool operation_start(struct app *app, const struct sync_request *r, struct error *err)
{
	struct operation *op = &app->op;

	if (!may_start(app, err))
		return false;
	if (!r->resume)
		new_operation(app, r);
	op->target = app->desired->hash;
	op->desired = desired_ref(app->desired);
	op->starting = true;
	op->retry_at = 0;
	op->last = LAST_RUNNING;
	log_event(LOG_INFO, r->resume ? "sync goes on" : "sync starts", "app", str_of(app->name), "revision",
		  op->revision, "by", op->initiated_by, NULL);
	if (!op->dry_run) {
		operation_store(app);
		kinds_remember(app->agent, app->desired);
	}
	op->barrier = ++app->agent->barriers_set;
	store_barrier(app->agent->store, operations_stored, app->agent);
	return true;
}

/* --- others --- */

bool operation_terminate(struct app *app, struct error *err)
{
	if (!app->op.sync)
		return error_set(err, ERROR_NOT_FOUND, "Unable to terminate operation. No operation is in progress");
	log_event(LOG_INFO, "sync is terminated", "app", str_of(app->name), NULL);
	app->op.canceled = true;
	sync_cancel(app->op.sync, STR("Operation terminated"));
	return true;
}

void operation_notify(struct app *app, const struct object_key *key)
{
	if (app->op.sync)
		sync_notify(app->op.sync, key);
}

void operation_forget(struct app *app)
{
	sync_free(app->op.sync);
	app->op.sync = NULL;
	app->op.starting = false;
	desired_unref(app->op.desired);
	app->op.desired = NULL;
	app->sync_wake = INT64_MAX;
}
