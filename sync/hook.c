/*
 * Hooks: made anew, awaited by their health, deleted as their policies say.
 */
#include "base/time.h"
#include "sync/task.h"

#define CLEAN_FIRST (250 * TIME_MS)
#define CLEAN_TRIES 5

bool task_is_hook_running(const struct task *t)
{
	return t->kind == TASK_HOOK && (t->state == TASK_WRITING || t->state == TASK_SETTLING);
}

static int64_t number(struct value status, const char *field)
{
	int64_t n = 0;

	value_to_i64(value_path(status, field, NULL), &n);
	return n;
}

/* A Job whose Pods have come to nothing yet: no image, no node, no quota. */
bool task_is_hook_idle(struct task *t)
{
	struct value status, uncounted;
	struct live live;

	if (t->state != TASK_SETTLING || !str_is(t->key.kind, "Job") || !str_is(t->key.group, "batch") ||
	    !task_look(t, &live) || !live.whole)
		return false;
	status = value_path(live.object, "status", NULL);
	uncounted = value_path(status, "uncountedTerminatedPods", NULL);
	return !number(status, "ready") && !number(status, "succeeded") &&
	       !list_n(value_list(value_path(uncounted, "succeeded", NULL)));
}

static bool is_of_this_operation(struct task *t, const struct live *live)
{
	return str_eq(object_annotation(live->object, "tiphys/operation"), t->sync->spec.id);
}

void hook_settle(struct task *t)
{
	struct arena *keep = &t->sync->keep;
	struct health h;
	struct live live;

	if (!task_look(t, &live))
		return;
	if (!live.exists) {
		task_missing(t);
		return;
	}
	if (!live.whole)
		return;
	h = task_health(t, live.object);
	switch (h.status) {
	case HEALTH_NONE:
		task_end(t, OPERATION_SUCCEEDED, RESULT_SYNCED,
			 arena_printf(keep, "%.*s created", STR_ARG(t->key.name)));
		break;
	case HEALTH_HEALTHY:
		task_end(t, OPERATION_SUCCEEDED, RESULT_SYNCED, arena_str(keep, h.message));
		break;
	case HEALTH_DEGRADED:
	case HEALTH_UNKNOWN:
		task_end(t, OPERATION_FAILED, RESULT_SYNCED, arena_str(keep, h.message));
		break;
	default:
		break;
	}
}

void hook_step(struct task *t)
{
	struct cluster *c = t->sync->cluster;
	struct live live;

	if (!task_kind_ready(t))
		return;
	c->ops->pin(c, &t->key, true);
	if (!task_look(t, &live) || (live.exists && !live.whole) || !task_is_due(t))
		return;
	if (live.exists && is_of_this_operation(t, &live)) {
		t->state = TASK_SETTLING; /* of an earlier life of this operation */
		hook_settle(t);
		return;
	}
	if (live.exists && (t->rules.hook_delete & HOOK_DELETE_BEFORE_CREATION) && !t->sync->spec.dry_run) {
		t->state = TASK_CLEARING;
		if (!live.deleting)
			task_remove(t, arena_str(&t->sync->keep, live.uid));
		return;
	}
	task_write(t, &live);
}

/* --- the end of a hook's object --- */

/* What is left over is deleted before the next run creates it: no reason to fail the operation. */
static void clean_failed(struct task *t, const struct error *err)
{
	struct arena *keep = &t->sync->keep;

	if (error_transient(err) && ++t->clean_tries < CLEAN_TRIES) {
		t->clean_at = sync_now(t->sync) + (CLEAN_FIRST << t->clean_tries);
		return;
	}
	t->cleaned = true;
	t->message = arena_printf(keep, "%.*s%sfailed to delete resource: %s", STR_ARG(t->message),
				  t->message.n ? ". " : "", err->text);
}

static void cleaned(void *arg, const struct call_result *result, const struct error *err)
{
	struct task *t = arg;

	(void)result;
	t->call = NULL;
	if (err && err->kind != ERROR_NOT_FOUND)
		clean_failed(t, err);
	else
		t->cleaned = true;
	sync_run(t->sync);
}

bool task_clean_hook(struct task *t, unsigned policy)
{
	struct sync *s = t->sync;
	struct error err = {.kind = ERROR_NONE};
	struct live live;

	if (t->call)
		return false;
	if (t->cleaned || t->kind != TASK_HOOK || !(t->rules.hook_delete & policy) || !t->key.name.n ||
	    !task_look(t, &live) || !live.exists || live.deleting || !live.whole || !is_of_this_operation(t, &live))
		return true;
	if (t->clean_at > sync_now(s)) {
		sync_wake_at(s, t->clean_at);
		return false;
	}
	t->call = s->cluster->ops->remove(s->cluster, &t->key, live.uid, t->rules.options.propagation, false,
					  cleaned, t, &err);
	if (!t->call) {
		clean_failed(t, &err);
		if (!t->cleaned)
			sync_wake_at(s, t->clean_at);
	}
	return t->cleaned;
}
