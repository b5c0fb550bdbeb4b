/*
 * Writing one object: server-side apply, or with Replace=true a POST or PUT. Before the first apply
 * what client-side appliers own becomes ours, so that what is no longer wanted goes. With Force=true
 * what the server refuses to change is deleted and made anew, once it has said that it would take it.
 */
#include "sync/diff.h"
#include "sync/fields.h"
#include "sync/task.h"

#define CONFLICTS 5 /* kubectl tries a patch as often before --force deletes */

str task_kubectl_name(struct task *t)
{
	struct arena *keep = &t->sync->keep;
	char *kind = arena_cstr(keep, t->key.kind);

	for (char *p = kind; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 32);
	return t->key.group.n ? arena_printf(keep, "%s.%.*s/%.*s", kind, STR_ARG(t->key.group), STR_ARG(t->key.name))
			      : arena_printf(keep, "%s/%.*s", kind, STR_ARG(t->key.name));
}

/* Argo CD replaces these two by a plain update too: with them would go what lives in them. */
static bool is_base(const struct task *t)
{
	return (str_is(t->key.kind, "Namespace") && !t->key.group.n) ||
	       str_is(t->key.kind, "CustomResourceDefinition");
}

static bool is_forced(const struct task *t)
{
	return (t->sync->spec.force || t->rules.options.force) && t->kind == TASK_APPLY &&
	       !t->sync->spec.dry_run && !is_base(t);
}

/* What looks different in the very answer to a write is the server's way of writing it. Later
 * states do not tell: somebody else may have written them. */
static void learn(struct task *t, struct value answer)
{
	const struct sync_app *app = &t->sync->spec.app;
	struct diff d;

	if (t->kind != TASK_APPLY || !app->memory || answer.type != VALUE_MAP)
		return;
	diff_objects(&t->sync->scratch, t->wanted, answer, fields_of(answer, CLUSTER_MANAGER, "Apply"),
		     app->policy, &d);
	if (d.n)
		memory_set(app->memory, &t->key, t->wanted_hash, d.mark);
}

static void accepted(struct task *t, const struct call_result *result)
{
	struct sync *s = t->sync;

	t->state = TASK_SETTLING;
	t->status = RESULT_SYNCED;
	t->wrote = true;
	t->tries = 0;
	t->created |= result->created;
	t->changed |= result->changed;
	t->uid = arena_str(&s->keep, object_uid(result->object));
	t->message = arena_printf(&s->keep, "%.*s %s", STR_ARG(task_kubectl_name(t)),
				  !result->changed && !s->spec.dry_run ? "unchanged" : t->verb);
	if (result->warning.n)
		t->message = arena_printf(&s->keep, "%.*s. Warning: %.*s", STR_ARG(t->message),
					  STR_ARG(result->warning));
	if (s->spec.dry_run) {
		task_end(t, OPERATION_SUCCEEDED, RESULT_SYNCED,
			 arena_printf(&s->keep, "%.*s (dry run)", STR_ARG(t->message)));
		return;
	}
	s->writes += result->changed;
	learn(t, result->object);
	task_announce(t);
}

/* --- Force=true --- */

/* AlreadyExists comes after validation and admission: the server would take it. */
static void probed(void *arg, const struct call_result *result, const struct error *err)
{
	struct task *t = arg;

	(void)result;
	t->call = NULL;
	if (!err || err->code == 409) {
		t->recreate = true;
		t->state = TASK_WAITING;
	} else if (error_transient(err)) {
		task_failed(t, err);
	} else {
		task_end(t, OPERATION_FAILED, RESULT_SYNC_FAILED, t->message);
	}
	sync_run(t->sync);
}

static bool force(struct task *t, const struct error *err)
{
	struct sync *s = t->sync;
	struct apply_options options = {.dry_run = true, .no_validate = t->rules.options.no_validate};
	struct error mine = {.kind = ERROR_NONE};
	struct live live;

	if (!is_forced(t) || t->recreated || !(err->code == 422 || (err->code == 409 && t->tries >= CONFLICTS)) ||
	    !task_look(t, &live) || !live.exists)
		return false;
	t->message = arena_str(&s->keep, str_of(err->text));
	task_call(t, s->cluster->ops->create(s->cluster, t->intent, &options, probed, t, &mine), &mine);
	return true;
}

/* --- client-side-apply migration --- */

static void migration_failed(struct task *t, const struct error *err)
{
	struct error mine = *err;

	error_wrap(&mine, "Failed to perform client-side apply migration for %.*s", STR_ARG(task_kubectl_name(t)));
	task_failed(t, &mine);
}

static void migrated(void *arg, const struct call_result *result, const struct error *err)
{
	struct task *t = arg;

	(void)result;
	t->call = NULL;
	t->state = TASK_WAITING;
	if (err)
		migration_failed(t, err);
	else
		t->migrated = true;
	sync_run(t->sync);
}

/* The cache keeps no managedFields: they are read anew. */
static void managers_read(void *arg, const struct call_result *result, const struct error *err)
{
	struct task *t = arg;
	struct sync *s = t->sync;
	struct error mine = {.kind = ERROR_NONE};
	str patch;

	t->call = NULL;
	t->state = TASK_WAITING;
	if (err && err->kind != ERROR_NOT_FOUND)
		migration_failed(t, err);
	else if (err || !fields_migration(&s->scratch, result->object, s->spec.app.policy->migration_manager, &patch))
		t->migrated = true;
	else
		task_call(t, s->cluster->ops->patch(s->cluster, &t->key, "application/json-patch+json", patch,
						    STR(""), migrated, t, &mine), &mine);
	sync_run(s);
}

static bool must_migrate(const struct task *t, const struct live *live)
{
	const struct policy *p = t->sync->spec.app.policy;

	return t->kind == TASK_APPLY && live->exists && !t->migrated && !t->rules.options.no_migration &&
	       !t->sync->spec.dry_run &&
	       (live->legacy_manager || (p->migration_manager.n && value_is_nil(live->fields)));
}

static void written(void *arg, const struct call_result *result, const struct error *err);

static void apply(struct task *t, const struct live *live, const struct apply_options *o)
{
	struct cluster *c = t->sync->cluster;
	struct error err = {.kind = ERROR_NONE};

	t->verb = "serverside-applied";
	if (must_migrate(t, live))
		task_call(t, c->ops->get(c, &t->key, managers_read, t, &err), &err);
	else
		task_call(t, c->ops->apply(c, t->intent, o, written, t, &err), &err);
}

/* --- writing --- */

static void written(void *arg, const struct call_result *result, const struct error *err)
{
	struct task *t = arg;

	t->call = NULL;
	if (!err)
		accepted(t, result);
	else if (!force(t, err))
		task_failed(t, err);
	sync_run(t->sync);
}

/* A PUT of a custom resource needs the version that it replaces. */
static struct value with_version(struct task *t, const struct live *live)
{
	struct arena *scratch = &t->sync->scratch;
	struct value v = value_copy(scratch, t->intent, false);

	if (live->resource_version.n)
		map_set(scratch, value_map(value_path(v, "metadata", NULL)), STR("resourceVersion"),
			value_str(live->resource_version));
	return v;
}

static void replace(struct task *t, const struct live *live, const struct apply_options *o)
{
	struct cluster *c = t->sync->cluster;
	struct error err = {.kind = ERROR_NONE};

	t->verb = live->exists ? "replaced" : "created";
	task_call(t, live->exists ? c->ops->replace(c, with_version(t, live), o, written, t, &err)
				  : c->ops->create(c, t->intent, o, written, t, &err), &err);
}

/* Deletes what is to be made anew; step_clearing in task.c goes on when it is gone. */
static void make_way(struct task *t, const struct live *live)
{
	struct cluster *c = t->sync->cluster;

	t->recreate = true;
	t->state = live->whole ? TASK_CLEARING : TASK_WAITING;
	if (!live->whole)
		c->ops->pin(c, &t->key, true); /* its uid is told by an event */
	else if (!live->deleting)
		task_remove(t, arena_str(&t->sync->keep, live->uid));
}

void task_write(struct task *t, const struct live *live)
{
	struct sync *s = t->sync;
	const struct sync_options *o = &t->rules.options;
	struct apply_options options = {.force = true, .dry_run = s->spec.dry_run, .no_validate = o->no_validate};
	bool replaces = o->replace && t->kind == TASK_APPLY;

	if (live->exists && !t->recreated && (t->recreate || (replaces && is_forced(t)))) {
		make_way(t, live);
		return;
	}
	if (replaces)
		replace(t, live, &options);
	else
		apply(t, live, &options);
}
