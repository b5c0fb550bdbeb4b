/*
 * An Application that is not wanted any more and takes its objects along. The wish is durable first,
 * and is pursued until it is fulfilled; only then is the Application gone.
 */
#include <stdio.h>

#include "agent/agent.h"
#include "agent/log.h"
#include "base/mem.h"
#include "base/time.h"

#define RETRY_FIRST (5 * TIME_SECOND)
#define RETRY_MAX (300 * TIME_SECOND)

void operation_delete(struct app *app)
{
	operation_forget(app);
	app->deleting = true;
	app->op.retry_at = 0;
	app->op.last = LAST_NONE;
	app->op.started = time_wall();
	snprintf(app->op.id, sizeof app->op.id, "%.60s-%llx", app->name, (unsigned long long)app->op.started);
	operation_store(app);
	app_dirty(app);
}

/* It is gone; one of its name that came meanwhile takes its place. */
static void end(struct app *app)
{
	struct agent *a = app->agent;
	struct arena keep = app->reborn_arena;
	struct value reborn = app->reborn;
	char *parent = app->reborn_parent;

	app->reborn_parent = NULL;
	arena_init(&app->reborn_arena, 0);
	log_event(LOG_INFO, "an Application and its objects are gone", "app", str_of(app->name), NULL);
	app_free(app);
	if (reborn.type == VALUE_MAP)
		app_set(a, reborn, parent);
	mem_free(parent);
	arena_done(&keep);
}

static void put_off(struct app *app)
{
	struct operation *op = &app->op;
	int64_t pause = RETRY_FIRST << (op->failures < 6 ? op->failures : 6);

	op->failures++;
	op->last = LAST_FAILED;
	op->retry_at = op->finished + (pause < RETRY_MAX ? pause : RETRY_MAX);
	app_schedule(app);
	app_dirty(app);
}

static void deleted(void *arg, struct sync *s)
{
	struct app *app = arg;
	bool good = sync_phase_of(s) == OPERATION_SUCCEEDED;

	app->op.finished = time_wall();
	operation_log_end(app, sync_phase_of(s), sync_message(s));
	operation_keep_record(&app->op);
	operation_forget(app);
	if (good)
		end(app);
	else
		put_off(app);
}

void deletion_start(struct app *app)
{
	struct sync_callbacks on = {.arg = app, .finished = deleted, .wake = operation_wake};
	struct sync_spec spec = {.app = app_sync_view(app, app->op.desired), .id = str_of(app->op.id),
				 .started = app->op.started, .prune = true,
				 .approved = policy_approved(app->manifest)};

	app->op.sync = sync_new_delete(app->agent->cluster, &spec, PROPAGATE_FOREGROUND, &on);
	if (app->op.sync)
		sync_start(app->op.sync);
}

void deletion_step(struct app *app)
{
	struct operation *op = &app->op;
	struct agent *a = app->agent;

	if (op->sync || op->starting || app->job)
		return;
	if (!app->desired && !app->read_once) { /* its PreDelete and PostDelete hooks are in the rendering */
		app_render(app);
		return;
	}
	if (op->retry_at > time_wall() || apps_unsettled(a, app)) {
		app->doubts = true;
		return;
	}
	op->retry_at = 0;
	op->desired = desired_ref(app->desired);
	op->starting = true;
	op->barrier = ++a->barriers_set;
	store_barrier(a->store, operations_stored, a);
}
