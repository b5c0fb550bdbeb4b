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

bool task_is_hook_running(const struct task *t)
{
	return t->kind == TASK_HOOK && (t->state == TASK_WRITING || t->state == TASK_SETTLING);
}

static str text_of(struct task *t, const struct error *err)
{
	return arena_str(&t->sync->keep, str_of(err->text));
}

/* A passing error is tried again until patience ends. */
static void failed(struct task *t, const struct error *err)
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

static bool is_due(struct task *t)
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

/* Is the kind's cache complete? When it is not, the task waits for it, for as long as patience
 * lasts when the kind is not even served. */
static bool kind_ready(struct task *t)
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
		if (!why.text[0])
			error_set(&why, ERROR_BUSY,
				  "The Kubernetes API could not find %.*s/%.*s for requested resource %.*s/%.*s. "
				  "Make sure the \"%.*s\" CRD is installed on the destination cluster.",
				  STR_ARG(t->key.group), STR_ARG(t->key.kind), STR_ARG(t->key.namespace),
				  STR_ARG(t->key.name), STR_ARG(t->key.kind));
		why.kind = ERROR_BUSY;
		if (is_due(t))
			failed(t, &why);
		return false;
	}
}

static bool look(struct task *t, struct live *live)
{
	struct cluster *c = t->sync->cluster;

	return c->ops->live(c, &t->sync->scratch, &t->key, live);
}

/* Applications and AppProjects are interpreted by the host, whether their CRDs are there or not. */
static void announce(struct task *t)
{
	const struct host *h = t->sync->spec.app.host;

	if (t->kind == TASK_APPLY && h && h->adopt && !t->sync->spec.dry_run &&
	    str_is(t->key.group, "argoproj.io") &&
	    (str_is(t->key.kind, "Application") || str_is(t->key.kind, "AppProject")))
		h->adopt(h->arg, t->intent);
}

/* --- writing --- */

static str kubectl_name(struct task *t)
{
	struct arena *keep = &t->sync->keep;
	char *kind = arena_cstr(keep, t->key.kind);

	for (char *p = kind; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 32);
	return t->key.group.n ? arena_printf(keep, "%s.%.*s/%.*s", kind, STR_ARG(t->key.group), STR_ARG(t->key.name))
			      : arena_printf(keep, "%s/%.*s", kind, STR_ARG(t->key.name));
}

static void written(void *arg, const struct call_result *result, const struct error *err)
{
	struct task *t = arg;
	struct sync *s = t->sync;

	t->call = NULL;
	if (err) {
		failed(t, err);
	} else {
		t->state = TASK_SETTLING;
		t->status = RESULT_SYNCED;
		t->wrote = true;
		t->tries = 0;
		t->created |= result->created;
		t->changed |= result->changed;
		s->writes += result->changed && !s->spec.dry_run;
		t->uid = arena_str(&s->keep, object_uid(result->object));
		announce(t);
		t->message = arena_printf(&s->keep, "%.*s %s", STR_ARG(kubectl_name(t)),
					  result->changed || s->spec.dry_run ? "serverside-applied" : "unchanged");
		if (result->warning.n)
			t->message = arena_printf(&s->keep, "%.*s. Warning: %.*s", STR_ARG(t->message),
						  STR_ARG(result->warning));
		if (s->spec.dry_run)
			task_end(t, OPERATION_SUCCEEDED, RESULT_SYNCED,
				 arena_printf(&s->keep, "%.*s (dry run)", STR_ARG(t->message)));
	}
	sync_run(s);
}

static void start(struct task *t, struct cluster_call *call, const struct error *err)
{
	t->call = call;
	t->state = TASK_WRITING;
	if (!call)
		failed(t, err);
}

static void write_object(struct task *t, const struct live *live)
{
	struct sync *s = t->sync;
	struct cluster *c = s->cluster;
	const struct sync_options *o = &t->rules.options;
	struct apply_options options = {.force = true, .dry_run = s->spec.dry_run, .no_validate = o->no_validate};
	struct error err = {.kind = ERROR_NONE};

	if (o->replace && t->kind == TASK_APPLY)
		start(t, live->exists ? c->ops->replace(c, t->intent, s->spec.dry_run, written, t, &err)
				      : c->ops->create(c, t->intent, s->spec.dry_run, written, t, &err), &err);
	else
		start(t, c->ops->apply(c, t->intent, &options, written, t, &err), &err);
}

static void removed(void *arg, const struct call_result *result, const struct error *err)
{
	struct task *t = arg;

	(void)result;
	t->call = NULL;
	if (err && err->kind != ERROR_NOT_FOUND) {
		failed(t, err);
	} else {
		t->state = t->kind == TASK_HOOK ? TASK_CLEARING : TASK_SETTLING;
		t->wrote = true;
		t->sync->writes += !t->sync->spec.dry_run;
		if (t->sync->spec.dry_run)
			task_end(t, OPERATION_SUCCEEDED, RESULT_PRUNED, STR("pruned (dry run)"));
	}
	sync_run(t->sync);
}

static void remove_object(struct task *t, str uid)
{
	struct sync *s = t->sync;
	struct error err = {.kind = ERROR_NONE};
	enum propagation how = s->deleting ? s->how : t->rules.options.propagation;

	start(t, s->cluster->ops->remove(s->cluster, &t->key, uid, how, s->spec.dry_run, removed, t, &err), &err);
}

/* --- settling --- */

static struct health health_now(struct task *t, struct value object)
{
	const struct host *h = t->sync->spec.app.host;
	struct health out;

	if (h && h->health && h->health(h->arg, &t->sync->scratch, object, &out))
		return out;
	return health_of(&t->sync->scratch, object);
}

static void missing(struct task *t)
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

	if (!t->sync->multi_step || t->kind == TASK_NAMESPACE) {
		task_end(t, OPERATION_SUCCEEDED, RESULT_SYNCED, t->message);
		return;
	}
	if (!t->in_process) {
		if (!look(t, &live))
			return;
		if (!live.exists) {
			missing(t);
			return;
		}
		if (!live.whole)
			return;
		object = live.object;
	}
	h = health_now(t, object);
	if (t->rules.ignore_health || h.status == HEALTH_NONE || h.status == HEALTH_HEALTHY)
		task_end(t, OPERATION_SUCCEEDED, RESULT_SYNCED, t->message);
	else if (h.status == HEALTH_DEGRADED)
		task_end(t, OPERATION_FAILED, RESULT_SYNCED, arena_str(&t->sync->keep, h.message));
}

static void settle_hook(struct task *t)
{
	struct arena *keep = &t->sync->keep;
	struct health h;
	struct live live;

	if (!look(t, &live))
		return;
	if (!live.exists) {
		missing(t);
		return;
	}
	if (!live.whole)
		return;
	h = health_now(t, live.object);
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

static void settle_prune(struct task *t)
{
	struct live live;

	if (look(t, &live) && !(live.exists && (!live.whole || str_eq(live.uid, t->uid))))
		task_end(t, OPERATION_SUCCEEDED, RESULT_PRUNED, STR("pruned"));
}

/* --- the steps of each kind of task --- */

static void step_apply(struct task *t)
{
	struct live live = {0};

	if (t->in_process) {
		if (!t->in_sync)
			announce(t);
		t->state = TASK_SETTLING;
		t->message = t->in_sync ? STR("unchanged") : STR("adopted");
		t->changed = !t->in_sync;
		settle_apply(t);
		return;
	}
	if (!kind_ready(t) || !look(t, &live) || !is_due(t))
		return;
	if (t->in_sync && live.exists) {
		t->state = TASK_SETTLING;
		t->message = arena_printf(&t->sync->keep, "%.*s unchanged", STR_ARG(kubectl_name(t)));
		announce(t);
		settle_apply(t);
		return;
	}
	write_object(t, &live);
}

static bool is_of_this_operation(struct task *t, const struct live *live)
{
	return str_eq(object_annotation(live->object, "tiphys/operation"), t->sync->spec.id);
}

static void step_hook(struct task *t)
{
	struct cluster *c = t->sync->cluster;
	struct live live;

	if (!kind_ready(t))
		return;
	c->ops->pin(c, &t->key, true);
	if (!look(t, &live) || (live.exists && !live.whole) || !is_due(t))
		return;
	if (live.exists && is_of_this_operation(t, &live)) {
		t->state = TASK_SETTLING; /* of an earlier life of this operation */
		settle_hook(t);
		return;
	}
	if (live.exists && (t->rules.hook_delete & HOOK_DELETE_BEFORE_CREATION) && !t->sync->spec.dry_run) {
		t->state = TASK_CLEARING;
		if (!live.deleting)
			remove_object(t, arena_str(&t->sync->keep, live.uid));
		return;
	}
	write_object(t, &live);
}

static void step_clearing(struct task *t)
{
	struct live live;

	if (look(t, &live) && !live.exists) {
		t->state = TASK_WAITING;
		step_hook(t);
	}
}

static void step_prune(struct task *t)
{
	struct sync *s = t->sync;
	struct live live;

	if (!look(t, &live) || !is_due(t))
		return;
	if (!live.exists || (live.whole && !str_eq(live.uid, t->uid))) {
		task_end(t, OPERATION_SUCCEEDED, RESULT_PRUNED, STR("pruned"));
		return;
	}
	if ((s->deleting ? t->rules.options.remove : t->rules.options.prune) == CONFIRM_ASK &&
	    s->spec.approved < s->spec.started)
		return;
	if (live.deleting)
		t->state = TASK_SETTLING;
	else
		remove_object(t, t->uid);
}

void task_step(struct task *t)
{
	switch (t->state) {
	case TASK_WAITING:
		if (t->kind == TASK_PRUNE)
			step_prune(t);
		else if (t->kind == TASK_HOOK)
			step_hook(t);
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
			settle_hook(t);
		else
			settle_apply(t);
		break;
	default:
		break;
	}
}

/* --- the end of a hook's object --- */

static void cleaned(void *arg, const struct call_result *result, const struct error *err)
{
	struct task *t = arg;

	(void)result, (void)err; /* what is left over is deleted before the next run creates it */
	t->call = NULL;
	t->uid = STR("");
	sync_run(t->sync);
}

bool task_clean_hook(struct task *t, unsigned policy)
{
	struct cluster *c = t->sync->cluster;
	struct live live;

	if (t->call)
		return false;
	if (t->kind != TASK_HOOK || !(t->rules.hook_delete & policy) || !t->key.name.n || !look(t, &live) ||
	    !live.exists || live.deleting || !live.whole || !is_of_this_operation(t, &live))
		return true;
	t->call = c->ops->remove(c, &t->key, live.uid, t->rules.options.propagation, false, cleaned, t, NULL);
	return t->call == NULL;
}
