/*
 * One task, moved on by the facts: what lives, what a call answered, what time it is. Nothing here
 * waits; a task that cannot go on yet returns.
 */
#include "sync/task.h"

#include "base/time.h"

#define RETRY_FIRST (250 * TIME_MS)
#define RETRY_MAX (30 * TIME_SECOND)
#define PATIENCE (120 * TIME_SECOND)

void task_end(struct task *t, enum operation_phase outcome, enum result_status status, str message)
{
	t->state = TASK_DONE;
	t->outcome = outcome;
	t->status = status;
	t->message = message;
}

static str text_of(struct task *t, const struct error *err)
{
	return arena_str(&t->sync->keep, str_of(err->text));
}

void task_failed(struct task *t, const struct error *err)
{
	struct sync *s = t->sync;
	int64_t now = sync_now(s), patience = s->spec.patience_ns ? s->spec.patience_ns : PATIENCE;
	int64_t delay = RETRY_FIRST << (t->tries < 7 ? t->tries : 7);

	t->state = TASK_WAITING;
	t->transient = error_transient(err) || err->kind == ERROR_CONFLICT;
	t->message = text_of(t, err);
	if (!t->transient || now - t->since > patience) {
		task_end(t, OPERATION_FAILED, RESULT_SYNC_FAILED, t->message);
		return;
	}
	t->tries++;
	t->retry_at = now + (delay < RETRY_MAX ? delay : RETRY_MAX);
	sync_wake_at(s, t->retry_at);
}

bool task_is_due(struct task *t)
{
	int64_t now = sync_now(t->sync);

	if (!t->since)
		t->since = now;
	if (t->retry_at > now) {
		sync_wake_at(t->sync, t->retry_at);
		return false;
	}
	return true;
}

bool task_kind_ready(struct task *t)
{
	struct cluster *c = t->sync->cluster;
	struct error why = {.kind = ERROR_NONE};

	switch (c->ops->kind(c, t->key.group, t->key.kind, NULL, &why)) {
	case KIND_READY:
		return true;
	case KIND_SERVED:
		c->ops->watch(c, t->key.group, t->key.kind);
		return false;
	case KIND_LOADING:
		return false;
	case KIND_FORBIDDEN:
		task_end(t, OPERATION_FAILED, RESULT_SYNC_FAILED, text_of(t, &why));
		return false;
	default:
		if (t->sync->spec.dry_run && t->brought) {
			task_end(t, OPERATION_SUCCEEDED, RESULT_SYNCED, STR("skipped (dry run): its CRD is applied first"));
			return false;
		}
		if (!why.text[0])
			error_set(&why, ERROR_BUSY,
				  "The Kubernetes API could not find %.*s/%.*s for requested resource %.*s/%.*s. "
				  "Make sure the \"%.*s\" CRD is installed on the destination cluster.",
				  STR_ARG(t->key.group), STR_ARG(t->key.kind), STR_ARG(t->key.namespace),
				  STR_ARG(t->key.name), STR_ARG(t->key.kind));
		why.kind = ERROR_BUSY;
		if (task_is_due(t))
			task_failed(t, &why);
		return false;
	}
}

bool task_look(struct task *t, struct live *live)
{
	struct cluster *c = t->sync->cluster;

	return c->ops->live(c, &t->sync->scratch, &t->key, live);
}

void task_announce(struct task *t)
{
	const struct host *h = t->sync->spec.app.host;

	if (t->kind == TASK_APPLY && h && h->adopt && !t->sync->spec.dry_run &&
	    str_is(t->key.group, "argoproj.io") &&
	    (str_is(t->key.kind, "Application") || str_is(t->key.kind, "AppProject")))
		h->adopt(h->arg, t->intent);
}

/* --- deleting --- */

void task_call(struct task *t, struct cluster_call *call, const struct error *err)
{
	t->call = call;
	t->state = TASK_WRITING;
	if (!call)
		task_failed(t, err);
}

static void removed(void *arg, const struct call_result *result, const struct error *err)
{
	struct task *t = arg;

	(void)result;
	t->call = NULL;
	if (err && err->kind != ERROR_NOT_FOUND) {
		task_failed(t, err);
	} else {
		t->state = t->kind == TASK_PRUNE ? TASK_SETTLING : TASK_CLEARING;
		t->wrote = true;
		t->sync->writes += !t->sync->spec.dry_run;
		if (t->sync->spec.dry_run)
			task_end(t, OPERATION_SUCCEEDED, RESULT_PRUNED, STR("pruned (dry run)"));
	}
	sync_run(t->sync);
}

void task_remove(struct task *t, str uid)
{
	struct sync *s = t->sync;
	struct error err = {.kind = ERROR_NONE};
	enum propagation how = s->deleting ? s->how : t->rules.options.propagation;

	task_call(t, s->cluster->ops->remove(s->cluster, &t->key, uid, how, s->spec.dry_run, removed, t, &err), &err);
}

/* --- settling --- */

struct health task_health(struct task *t, struct value object)
{
	const struct host *h = t->sync->spec.app.host;
	struct health out;

	if (h && h->health && h->health(h->arg, &t->sync->scratch, object, &out))
		return out;
	return health_of(&t->sync->scratch, object);
}

void task_missing(struct task *t)
{
	task_end(t, OPERATION_FAILED, RESULT_SYNC_FAILED,
		 arena_printf(&t->sync->keep, "Resource %.*s/%.*s/%.*s is missing, it might have been deleted",
			      STR_ARG(t->key.group), STR_ARG(t->key.kind), STR_ARG(t->key.name)));
}

static void settle_apply(struct task *t)
{
	struct value object = t->intent;
	struct health h;
	struct live live;

	if (!t->sync->multi_step || t->last || t->kind == TASK_NAMESPACE || t->sync->spec.dry_run) {
		task_end(t, OPERATION_SUCCEEDED, RESULT_SYNCED, t->message);
		return;
	}
	if (!t->in_process) {
		if (!task_look(t, &live))
			return;
		if (!live.exists) {
			task_missing(t);
			return;
		}
		if (!live.whole)
			return;
		object = live.object;
	}
	h = task_health(t, object);
	if (t->rules.ignore_health || h.status == HEALTH_NONE || h.status == HEALTH_HEALTHY)
		task_end(t, OPERATION_SUCCEEDED, RESULT_SYNCED, t->message);
	else if (h.status == HEALTH_DEGRADED)
		task_end(t, OPERATION_FAILED, RESULT_SYNCED, arena_str(&t->sync->keep, h.message));
}

static void settle_prune(struct task *t)
{
	struct live live;

	if (task_look(t, &live) && !(live.exists && (!live.whole || str_eq(live.uid, t->uid))))
		task_end(t, OPERATION_SUCCEEDED, RESULT_PRUNED, STR("pruned"));
}

/* --- the steps of each kind of task --- */

static void step_apply(struct task *t)
{
	struct live live = {0};

	if (t->in_process) {
		if (!t->in_sync)
			task_announce(t);
		t->state = TASK_SETTLING;
		t->message = t->in_sync ? STR("unchanged") : STR("adopted");
		t->changed = !t->in_sync;
		settle_apply(t);
		return;
	}
	if (!task_kind_ready(t) || !task_look(t, &live) || !task_is_due(t))
		return;
	if (t->in_sync && live.exists && !t->recreate) {
		t->state = TASK_SETTLING;
		t->message = arena_printf(&t->sync->keep, "%.*s unchanged", STR_ARG(task_kubectl_name(t)));
		task_announce(t);
		settle_apply(t);
		return;
	}
	task_write(t, &live);
}

/* What this one gives way to is gone. */
static void step_clearing(struct task *t)
{
	struct live live;

	if (!task_look(t, &live) || live.exists)
		return;
	t->state = TASK_WAITING;
	t->recreated |= t->recreate;
	t->recreate = false;
	task_step(t);
}

static bool prune_waits(struct task *t)
{
	const struct sync *s = t->sync;

	return (s->deleting ? t->rules.options.remove : t->rules.options.prune) == CONFIRM_ASK &&
	       s->spec.approved < s->spec.started;
}

/* Much may have happened since the plan: whose it is and who wants it is asked again. */
static bool still_to_prune(struct task *t, const struct live *live)
{
	const struct sync_app *app = &t->sync->spec.app;
	const struct host *h = app->host;
	struct kind kind = {.namespaced = true};
	str other = STR_NONE;

	t->sync->cluster->ops->kind(t->sync->cluster, t->key.group, t->key.kind, &kind, NULL);
	if (!live->whole || !str_eq(tracking_owner(object_annotation(live->object, CLUSTER_TRACKING), &t->key,
						   kind.namespaced), app->name))
		task_end(t, OPERATION_SUCCEEDED, RESULT_PRUNE_SKIPPED,
			 STR("ignored (it is not tracked to this application any more)"));
	else if (h && h->wanted_elsewhere && h->wanted_elsewhere(h->arg, &t->key, &other))
		task_end(t, OPERATION_SUCCEEDED, RESULT_PRUNE_SKIPPED,
			 arena_printf(&t->sync->keep, "ignored (wanted by application %.*s)", STR_ARG(other)));
	return t->state != TASK_DONE;
}

static void step_prune(struct task *t)
{
	struct live live;

	if (!task_look(t, &live) || !task_is_due(t))
		return;
	if (!live.exists || (live.whole && !str_eq(live.uid, t->uid)))
		task_end(t, OPERATION_SUCCEEDED, RESULT_PRUNED, STR("pruned"));
	else if (prune_waits(t) || !still_to_prune(t, &live))
		return;
	else if (!live.deleting)
		task_remove(t, t->uid);
	else if (t->sync->spec.dry_run)
		task_end(t, OPERATION_SUCCEEDED, RESULT_PRUNED, STR("pruned (dry run)"));
	else
		t->state = TASK_SETTLING;
}

void task_step(struct task *t)
{
	switch (t->state) {
	case TASK_WAITING:
		if (t->kind == TASK_PRUNE)
			step_prune(t);
		else if (t->kind == TASK_HOOK)
			hook_step(t);
		else
			step_apply(t);
		break;
	case TASK_CLEARING:
		step_clearing(t);
		break;
	case TASK_SETTLING:
		if (t->kind == TASK_PRUNE)
			settle_prune(t);
		else if (t->kind == TASK_HOOK)
			hook_settle(t);
		else
			settle_apply(t);
		break;
	default:
		break;
	}
}
