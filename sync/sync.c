/*
 * The state machine: the first group of tasks (same phase, same wave) that is not done is moved on;
 * when it is done, the next. sync_run looks at everything again each time, so that a lost or
 * doubled event does no harm.
 */
#include "sync/sync.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/time.h"
#include "sync/task.h"

const char *sync_phase_name(enum sync_phase phase)
{
	static const char *const names[] = {"PreSync", "Sync", "PostSync", "SyncFail"};

	return names[phase];
}

const char *operation_phase_name(enum operation_phase phase)
{
	static const char *const names[] = {"Running", "Terminating", "Succeeded", "Failed", "Error", "Failed"};

	return names[phase];
}

const char *result_status_name(enum result_status status)
{
	static const char *const names[] = {"", "Synced", "SyncFailed", "Pruned", "PruneSkipped"};

	return names[status];
}

int64_t sync_now(const struct sync *s)
{
	const struct host *h = s->spec.app.host;

	return h && h->now ? h->now(h->arg) : time_monotonic();
}

void sync_wake_at(struct sync *s, int64_t at)
{
	if (at < s->deadline)
		s->deadline = at;
}

void sync_end(struct sync *s, enum operation_phase phase, str message)
{
	s->phase = phase;
	s->message = message;
}

/* --- groups --- */

struct group {
	size_t from, to;
};

static bool same_group(const struct task *a, const struct task *b)
{
	return a->phase == b->phase && (a->wave == b->wave || a->phase == PHASE_SYNC_FAIL);
}

/* The first group with something left, SyncFail hooks only when failing. */
static bool next_group(const struct sync *s, struct group *g)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->tasks[i].state == TASK_DONE || (s->tasks[i].phase == PHASE_SYNC_FAIL) != s->failing)
			continue;
		g->from = g->to = i;
		while (g->from > 0 && same_group(&s->tasks[g->from - 1], &s->tasks[i]))
			g->from--;
		while (g->to < s->n && same_group(&s->tasks[g->to], &s->tasks[i]))
			g->to++;
		return true;
	}
	return false;
}

/* Within a group: prunes first, then kind after kind; a kind begins when the ones before are
 * written. */
static void step_group(struct sync *s, struct group g)
{
	bool held = false;

	for (size_t i = g.from; i < g.to; i++) {
		struct task *t = &s->tasks[i];
		bool new_kind = i > g.from && (t->order != t[-1].order || (t->kind == TASK_PRUNE) != (t[-1].kind == TASK_PRUNE) ||
					       !str_eq(t->key.kind, t[-1].key.kind));

		if (new_kind && !held && !s->spec.dry_run)
			for (size_t j = g.from; j < i && !held; j++)
				held = s->tasks[j].state == TASK_WAITING || s->tasks[j].state == TASK_CLEARING ||
				       s->tasks[j].state == TASK_WRITING;
		if (held && t->state == TASK_WAITING)
			continue;
		task_step(t);
	}
}

static bool any_failed(const struct sync *s, enum sync_phase but)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->tasks[i].outcome == OPERATION_FAILED && s->tasks[i].phase != but)
			return true;
	return false;
}

static bool calls_open(const struct sync *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->tasks[i].call)
			return true;
	return false;
}

static void note_reasons(struct sync *s)
{
	struct buf b;
	size_t n = 0;

	buf_in(&b, &s->keep, LIMIT_ERROR_TEXT);
	s->transient = true;
	for (size_t i = 0; i < s->n; i++) {
		const struct task *t = &s->tasks[i];

		if (t->outcome != OPERATION_FAILED)
			continue;
		s->transient &= t->transient;
		if (t->message.n && n++ < 5)
			buf_printf(&b, "%s%.*s", n > 1 ? "," : "", STR_ARG(t->message));
	}
	s->reasons = buf_str(&b);
}

/* --- the message while it runs --- */

static const char *waiting_verb(const struct task *t)
{
	if (t->kind == TASK_PRUNE)
		return t->state == TASK_WAITING && !t->tries ? "pruning confirmation of" : "deletion of";
	if (t->state == TASK_CLEARING)
		return t->kind == TASK_HOOK ? "deletion of hook" : "deletion of";
	return t->kind == TASK_HOOK ? "completion of hook" : "healthy state of";
}

/* The message lives as long as the sync: only a new one is kept. */
static void say(struct sync *s, str message)
{
	if (!str_eq(s->message, message))
		s->message = arena_str(&s->keep, message);
}

static void say_waiting(struct sync *s, struct group g)
{
	struct arena *scratch = &s->scratch;
	const struct task *first = NULL;
	size_t n = 0;
	str text;

	for (size_t i = g.from; i < g.to; i++)
		if (s->tasks[i].state != TASK_DONE) {
			first = first ? first : &s->tasks[i];
			n++;
		}
	if (!first)
		return;
	text = arena_printf(scratch, "waiting for %s %.*s/%.*s/%.*s", waiting_verb(first),
			    STR_ARG(first->key.group), STR_ARG(first->key.kind), STR_ARG(first->key.name));
	if (n > 1)
		text = arena_printf(scratch, "%.*s and %zu more %s", STR_ARG(text), n - 1,
				    first->kind == TASK_HOOK ? "hooks" : "resources");
	if (first->message.n && first->tries)
		text = arena_printf(scratch, "%.*s (trying again: %.*s)", STR_ARG(text), STR_ARG(first->message));
	say(s, text);
}

/* --- ends --- */

size_t sync_hooks_ended(const struct sync *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->tasks[i].kind == TASK_HOOK && s->tasks[i].outcome != OPERATION_RUNNING;
	return n;
}

/* Would a restart know that the hooks have ended whose objects go now? */
static bool ends_stored(const struct sync *s, unsigned policy)
{
	bool any = false;

	for (size_t i = 0; i < s->n; i++)
		any |= s->tasks[i].kind == TASK_HOOK && (s->tasks[i].rules.hook_delete & policy);
	return !any || !s->spec.stores || s->stored >= sync_hooks_ended(s);
}

/* Deletes hooks as their policies say; true when that is done. */
static bool clean_hooks(struct sync *s, unsigned policy)
{
	bool done = true;

	if (!ends_stored(s, policy))
		return false;
	for (size_t i = 0; i < s->n; i++)
		if (s->tasks[i].kind == TASK_HOOK && s->tasks[i].state == TASK_DONE)
			done &= task_clean_hook(&s->tasks[i], policy);
	return done && !calls_open(s);
}

static void end_failed(struct sync *s)
{
	const char *what = s->deleting ? "one or more objects could not be deleted"
				       : "one or more synchronization tasks completed unsuccessfully";

	if (!clean_hooks(s, HOOK_DELETE_FAILED))
		return;
	if (!s->reasons.s)
		note_reasons(s);
	sync_end(s, OPERATION_FAILED,
		 s->reasons.n ? arena_printf(&s->keep, "%s, reason: %.*s", what, STR_ARG(s->reasons))
			      : str_of(what));
}

static void end_good(struct sync *s)
{
	if (!s->spec.dry_run && !clean_hooks(s, HOOK_DELETE_SUCCEEDED))
		return;
	sync_end(s, OPERATION_SUCCEEDED,
		 s->spec.dry_run ? STR("successfully synced (dry run)")
		 : s->deleting ? STR("successfully deleted (all tasks run)")
		 : s->n ? STR("successfully synced (all tasks run)")
			: STR("successfully synced (no more tasks)"));
}

/* A termination deletes the hooks that run. */
static void end_canceled(struct sync *s)
{
	bool done = true;

	for (size_t i = 0; i < s->n; i++) {
		struct task *t = &s->tasks[i];

		if (!task_is_hook_running(t) || t->call)
			continue;
		t->rules.hook_delete |= HOOK_DELETE_FAILED;
		done &= task_clean_hook(t, HOOK_DELETE_FAILED);
	}
	if (done && !calls_open(s))
		sync_end(s, s->superseded ? OPERATION_SUPERSEDED : OPERATION_FAILED,
			 s->reasons.n ? s->reasons : STR("Operation terminated"));
}

static bool safe_point(struct sync *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->tasks[i].call || (task_is_hook_running(&s->tasks[i]) && !task_is_hook_idle(&s->tasks[i])))
			return false;
	return true;
}

/* --- the way on --- */

static void begin_failing(struct sync *s)
{
	note_reasons(s);
	s->failing = true;
	/* what has not begun is not done any more */
	for (size_t i = 0; i < s->n; i++)
		if (s->tasks[i].state != TASK_DONE && s->tasks[i].phase != PHASE_SYNC_FAIL)
			s->tasks[i].state = TASK_DONE;
}

static bool hooks_of_group_run(const struct sync *s, struct group g)
{
	for (size_t i = g.from; i < g.to; i++)
		if (task_is_hook_running(&s->tasks[i]))
			return true;
	return false;
}

static void advance(struct sync *s)
{
	struct group g;

	if (!s->planned) {
		if (!(s->deleting ? plan_delete(s) : plan_sync(s))) {
			s->message = STR("waiting for the kinds of the application to be listed");
			return;
		}
		s->planned = true;
	}
	while (s->phase == OPERATION_RUNNING && next_group(s, &g)) {
		step_group(s, g);
		if (!s->failing && any_failed(s, PHASE_SYNC_FAIL)) {
			if (calls_open(s) || hooks_of_group_run(s, g)) {
				say_waiting(s, g);
				return;
			}
			begin_failing(s);
			continue;
		}
		for (size_t i = g.from; i < g.to; i++)
			if (s->tasks[i].state != TASK_DONE) {
				say_waiting(s, g);
				return;
			}
	}
	if (s->phase != OPERATION_RUNNING)
		return;
	if (s->failing || any_failed(s, PHASE_SYNC_FAIL))
		end_failed(s);
	else
		end_good(s);
}

static void run_once(struct sync *s)
{
	arena_clear(&s->scratch);
	s->deadline = INT64_MAX;
	if (s->canceled || s->phase == OPERATION_TERMINATING || (s->superseded && safe_point(s))) {
		s->phase = OPERATION_TERMINATING;
		end_canceled(s);
		return;
	}
	if (s->phase == OPERATION_RUNNING)
		advance(s);
}

static void tell_end(struct sync *s)
{
	s->told = true;
	s->on.finished(s->on.arg, s); /* may free s */
}

void sync_run(struct sync *s)
{
	if (s->told)
		return;
	if (s->running) {
		s->again = true;
		return;
	}
	s->running = true;
	do {
		s->again = false;
		run_once(s);
	} while (s->again && s->phase < OPERATION_SUCCEEDED);
	s->running = false;
	if (s->on.wake && s->phase < OPERATION_SUCCEEDED)
		s->on.wake(s->on.arg, s, s->deadline);
	if (s->on.changed)
		s->on.changed(s->on.arg, s);
	if (s->phase >= OPERATION_SUCCEEDED && !s->told)
		tell_end(s);
}

/* --- the life of a sync --- */

static struct sync *make(struct cluster *cluster, const struct sync_spec *spec,
			 const struct sync_callbacks *callbacks)
{
	struct sync *s = mem_alloc(sizeof *s);

	if (!s)
		return NULL;
	*s = (struct sync){.cluster = cluster, .spec = *spec, .on = *callbacks, .deadline = INT64_MAX};
	arena_init(&s->keep, 0);
	arena_init(&s->scratch, 0);
	s->spec.id = arena_str(&s->keep, spec->id);
	s->spec.revision = arena_str(&s->keep, spec->revision);
	s->record = value_copy(&s->keep, spec->record, true);
	s->message = STR("");
	return s;
}

struct sync *sync_new(struct cluster *cluster, const struct sync_spec *spec,
		      const struct sync_callbacks *callbacks)
{
	return make(cluster, spec, callbacks);
}

struct sync *sync_new_delete(struct cluster *cluster, const struct sync_spec *spec,
			     enum propagation how, const struct sync_callbacks *callbacks)
{
	struct sync *s = make(cluster, spec, callbacks);

	if (s) {
		s->deleting = true;
		s->how = how;
	}
	return s;
}

void sync_start(struct sync *s)
{
	s->started = sync_now(s);
	sync_run(s);
}

void sync_free(struct sync *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++) {
		if (s->tasks[i].call)
			s->cluster->ops->cancel(s->cluster, s->tasks[i].call);
		if (s->tasks[i].kind == TASK_HOOK && s->tasks[i].key.name.n)
			s->cluster->ops->pin(s->cluster, &s->tasks[i].key, false);
	}
	arena_done(&s->keep);
	arena_done(&s->scratch);
	mem_free(s);
}

void sync_notify(struct sync *s, const struct object_key *key)
{
	if (!s->planned || !key->name.n) {
		sync_run(s);
		return;
	}
	for (size_t i = 0; i < s->n; i++)
		if (s->tasks[i].state != TASK_DONE && object_key_eq(&s->tasks[i].key, key)) {
			sync_run(s);
			return;
		}
}

void sync_tick(struct sync *s)
{
	sync_run(s);
}

void sync_cancel(struct sync *s, str why)
{
	s->canceled = true;
	if (why.n)
		s->reasons = arena_str(&s->keep, why);
	sync_run(s);
}

void sync_supersede(struct sync *s)
{
	s->superseded = true;
	s->reasons = STR("superseded by a newer target");
	sync_run(s);
}

void sync_stored(struct sync *s, size_t hooks_ended)
{
	if (hooks_ended > s->stored)
		s->stored = hooks_ended;
	sync_run(s);
}

void sync_approve(struct sync *s, int64_t approved)
{
	if (approved == s->spec.approved)
		return;
	s->spec.approved = approved;
	sync_run(s);
}

/* --- reading --- */

enum operation_phase sync_phase_of(const struct sync *s)
{
	return s->phase;
}

str sync_message(const struct sync *s)
{
	return s->message;
}

bool sync_failed_transient(const struct sync *s)
{
	return s->phase == OPERATION_SUPERSEDED || (s->phase == OPERATION_FAILED && s->transient);
}

size_t sync_results_n(const struct sync *s)
{
	return s->n;
}

size_t sync_writes(const struct sync *s)
{
	return s->writes;
}

struct task_result sync_result(const struct sync *s, size_t i)
{
	const struct task *t = &s->tasks[i];

	return (struct task_result){
		.key = t->key, .version = t->version, .phase = t->phase, .wave = t->wave,
		.status = t->status, .state = t->outcome, .message = t->message,
		.hook = t->kind == TASK_HOOK ? str_of(sync_phase_name(t->phase)) : STR(""),
		.created = t->created, .changed = t->changed};
}

static void put(struct arena *keep, struct map *m, const char *key, str text)
{
	if (text.n)
		map_set(keep, m, str_of(key), value_str(arena_str(keep, text)));
}

static struct value result_value(struct arena *keep, const struct task *t)
{
	struct map *m = map_new(keep, 10);

	put(keep, m, "group", t->key.group);
	put(keep, m, "version", t->version);
	put(keep, m, "kind", t->key.kind);
	put(keep, m, "namespace", t->key.namespace);
	put(keep, m, "name", t->key.name);
	put(keep, m, "status", str_of(result_status_name(t->status)));
	put(keep, m, "message", t->message);
	put(keep, m, "hookPhase", str_of(operation_phase_name(t->outcome)));
	put(keep, m, "syncPhase", str_of(sync_phase_name(t->phase)));
	if (t->kind == TASK_HOOK)
		put(keep, m, "hookType", str_of(sync_phase_name(t->phase)));
	return value_of_map(m);
}

struct value sync_record(const struct sync *s, struct arena *keep)
{
	struct map *m = map_new(keep, 3);
	struct list *l = list_new(keep, (uint32_t)s->n);

	for (size_t i = 0; i < s->n; i++)
		if (s->tasks[i].status != RESULT_NONE || s->tasks[i].outcome != OPERATION_RUNNING)
			list_add(keep, l, result_value(keep, &s->tasks[i]));
	put(keep, m, "phase", str_of(operation_phase_name(s->phase)));
	put(keep, m, "message", s->message);
	map_set(keep, m, STR("resources"), value_of_list(l));
	return value_of_map(m);
}
