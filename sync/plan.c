/*
 * From a comparison to an ordered list of tasks: phases, waves, kinds, names.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "sync/task.h"

static const char *const kind_order[] = {
	"Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodSecurityPolicy",
	"PodDisruptionBudget", "ServiceAccount", "Secret", "SecretList", "ConfigMap", "StorageClass",
	"PersistentVolume", "PersistentVolumeClaim", "CustomResourceDefinition", "ClusterRole",
	"ClusterRoleList", "ClusterRoleBinding", "ClusterRoleBindingList", "Role", "RoleList",
	"RoleBinding", "RoleBindingList", "Service", "DaemonSet", "Pod", "ReplicationController",
	"ReplicaSet", "Deployment", "HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob",
	"IngressClass", "Ingress", "APIService"};
#define KINDS_N ((int)(sizeof kind_order / sizeof *kind_order))

static int order_of(str kind)
{
	for (int i = 0; i < KINDS_N; i++)
		if (str_is(kind, kind_order[i]))
			return i;
	return KINDS_N;
}

struct task *plan_add(struct sync *s)
{
	struct task *t;

	if (s->n == s->room) {
		size_t room = s->room ? s->room * 2 : 64;

		s->tasks = arena_grow(&s->keep, s->tasks ? s->tasks : arena_alloc(&s->keep, 16),
				      s->room * sizeof *s->tasks, room * sizeof *s->tasks);
		s->room = room;
	}
	t = &s->tasks[s->n++];
	*t = (struct task){.sync = s, .phase = PHASE_SYNC, .outcome = OPERATION_RUNNING, .message = STR("")};
	return t;
}

static bool pick_fits(const struct sync_pick *p, const struct object_key *key)
{
	return str_eq(p->group, key->group) && str_eq(p->kind, key->kind) && str_eq(p->name, key->name) &&
	       (!p->namespace.n || str_eq(p->namespace, key->namespace));
}

static bool picked(const struct sync *s, const struct object_key *key)
{
	for (size_t i = 0; i < s->spec.picks_n; i++)
		if (pick_fits(&s->spec.picks[i], key))
			return true;
	return !s->spec.picks_n;
}

/* Whoever picks what is not there has made a mistake. */
static bool picks_exist(struct sync *s, const struct comparison *c)
{
	for (size_t i = 0; i < s->spec.picks_n; i++) {
		const struct sync_pick *p = &s->spec.picks[i];
		bool found = false;

		for (size_t j = 0; j < c->n && !found; j++)
			found = pick_fits(p, &c->at[j].key);
		if (!found) {
			sync_end(s, OPERATION_FAILED,
				 arena_printf(&s->keep, "resource %.*s/%.*s/%.*s/%.*s is not part of the application",
					      STR_ARG(p->group), STR_ARG(p->kind), STR_ARG(p->namespace), STR_ARG(p->name)));
			return false;
		}
	}
	return true;
}

static struct task *add_for(struct sync *s, const struct resource *r)
{
	struct task *t = plan_add(s);

	t->key = object_key_copy(&s->keep, &r->key);
	t->version = arena_str(&s->keep, r->version);
	t->rules = r->rules;
	t->wave = r->rules.wave;
	t->order = order_of(t->key.kind);
	return t;
}

/* --- hooks --- */

static str hook_name(struct sync *s, const struct resource *r, const char *phase)
{
	str base = value_path_str(r->target->intent, "metadata", "generateName", NULL);
	str rev = str_sub(s->spec.revision, 0, s->spec.revision.n >= 8 ? 7 : s->spec.revision.n);
	char *text = arena_cstr(&s->keep, arena_printf(&s->keep, "%.*s%.*s-%s-%lld", STR_ARG(base),
						       STR_ARG(rev), phase,
						       (long long)(s->spec.started / 1000000000)));

	for (char *p = text; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p + 32);
	return str_of(text);
}

/* The hook's object, named and marked with the operation's id, so that a restart knows it again. */
static struct value hook_intent(struct sync *s, struct task *t, struct value intent)
{
	struct value v = value_copy(&s->keep, intent, false);
	struct value meta = value_path(v, "metadata", NULL);

	map_del(value_map(meta), STR("generateName"));
	map_set(&s->keep, value_map(meta), STR("name"), value_str(t->key.name));
	object_annotate(&s->keep, v, "tiphys/operation", s->spec.id);
	return v;
}

static void add_hooks(struct sync *s, const struct resource *r)
{
	static const struct {
		unsigned hook;
		enum sync_phase phase;
		const char *name;
	} phases[] = {{HOOK_PRE_SYNC, PHASE_PRE_SYNC, "presync"},
		      {HOOK_SYNC, PHASE_SYNC, "sync"},
		      {HOOK_POST_SYNC, PHASE_POST_SYNC, "postsync"},
		      {HOOK_SYNC_FAIL, PHASE_SYNC_FAIL, "syncfail"}};

	for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
		struct task *t;

		if (!(r->rules.hooks & phases[i].hook))
			continue;
		t = add_for(s, r);
		t->kind = TASK_HOOK;
		t->hook = phases[i].hook;
		t->phase = phases[i].phase;
		t->brought = r->target->brought;
		if (!t->key.name.n)
			t->key.name = hook_name(s, r, phases[i].name);
		t->intent = hook_intent(s, t, r->target->intent);
	}
}

/* --- ordinary objects --- */

static void add_apply(struct sync *s, const struct resource *r)
{
	struct task *t;

	if (r->status == SYNC_SYNCED && (s->spec.heal || r->rules.options.out_of_sync_only))
		return;
	t = add_for(s, r);
	t->kind = TASK_APPLY;
	t->intent = value_copy(&s->keep,
			       target_body(&s->scratch, r->target, &r->live, s->spec.app.policy), true);
	t->wanted = t->rules.options.respect_ignore ? value_copy(&s->keep, r->target->intent, true) : t->intent;
	t->wanted_hash = r->intent;
	t->in_sync = r->status == SYNC_SYNCED;
	t->in_process = r->target->in_process;
	t->brought = r->target->brought;
}

static bool wanted_elsewhere(struct sync *s, const struct object_key *key, str *app)
{
	const struct host *h = s->spec.app.host;

	return h && h->wanted_elsewhere && h->wanted_elsewhere(h->arg, key, app);
}

/* When in doubt, nothing is deleted. */
static void add_prune(struct sync *s, const struct resource *r)
{
	struct task *t = add_for(s, r);
	str other = STR_NONE;

	t->kind = TASK_PRUNE;
	t->uid = arena_str(&s->keep, r->live.uid);
	if (r->rules.options.prune == CONFIRM_NO)
		task_end(t, OPERATION_SUCCEEDED, RESULT_PRUNE_SKIPPED, STR("ignored (no prune)"));
	else if (!s->spec.prune)
		task_end(t, OPERATION_SUCCEEDED, RESULT_PRUNE_SKIPPED, STR("ignored (requires pruning)"));
	else if (!s->spec.app.complete)
		task_end(t, OPERATION_SUCCEEDED, RESULT_PRUNE_SKIPPED,
			 STR("ignored (the sources were not read in full)"));
	else if (wanted_elsewhere(s, &r->key, &other))
		task_end(t, OPERATION_SUCCEEDED, RESULT_PRUNE_SKIPPED,
			 arena_printf(&s->keep, "ignored (wanted by application %.*s)", STR_ARG(other)));
}

/* --- the namespace --- */

static bool has_namespace_target(const struct comparison *c, str name)
{
	for (size_t i = 0; i < c->targets.n; i++)
		if (str_is(c->targets.at[i].key.kind, "Namespace") && !c->targets.at[i].key.group.n &&
		    str_eq(c->targets.at[i].key.name, name))
			return true;
	return false;
}

/* False: whether it is there is not known yet. */
static bool add_namespace(struct sync *s, const struct comparison *c)
{
	const struct policy *p = s->spec.app.policy;
	struct object_key key = {STR(""), STR("Namespace"), STR(""), s->spec.app.namespace};
	struct map *object, *meta;
	struct live live;
	struct task *t;

	if (!p->options.create_namespace || !key.name.n || s->spec.heal || s->spec.picks_n ||
	    has_namespace_target(c, key.name))
		return true;
	s->cluster->ops->watch(s->cluster, key.group, key.kind);
	if (!s->cluster->ops->live(s->cluster, &s->scratch, &key, &live))
		return false;
	if (live.exists && p->namespace_labels.type != VALUE_MAP && p->namespace_annotations.type != VALUE_MAP)
		return true;
	t = plan_add(s);
	t->kind = TASK_NAMESPACE;
	t->key = object_key_copy(&s->keep, &key);
	t->version = STR("v1");
	t->phase = PHASE_PRE_SYNC;
	t->wave = INT32_MIN;
	object = map_new(&s->keep, 3);
	meta = map_new(&s->keep, 3);
	map_set(&s->keep, meta, STR("name"), value_str(t->key.name));
	if (p->namespace_labels.type == VALUE_MAP)
		map_set(&s->keep, meta, STR("labels"), p->namespace_labels);
	if (p->namespace_annotations.type == VALUE_MAP)
		map_set(&s->keep, meta, STR("annotations"), p->namespace_annotations);
	map_set(&s->keep, object, STR("apiVersion"), value_lit("v1"));
	map_set(&s->keep, object, STR("kind"), value_lit("Namespace"));
	map_set(&s->keep, object, STR("metadata"), value_of_map(meta));
	t->intent = value_of_map(object);
	return true;
}

/* --- order --- */

static int by_order(const void *x, const void *y)
{
	const struct task *a = x, *b = y;

	if (a->phase != b->phase)
		return a->phase < b->phase ? -1 : 1;
	if (a->wave != b->wave)
		return a->wave < b->wave ? -1 : 1;
	if ((a->kind == TASK_PRUNE) != (b->kind == TASK_PRUNE))
		return a->kind == TASK_PRUNE ? -1 : 1;
	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	return object_key_cmp(&a->key, &b->key);
}

static int by_int(const void *x, const void *y)
{
	int a = *(const int *)x, b = *(const int *)y;

	return (a > b) - (a < b);
}

/* The highest wave is pruned first. */
static void turn_prune_waves(struct sync *s)
{
	int *waves = arena_news(&s->scratch, s->n + 1, int), max = 0;
	size_t n = 0, distinct = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (s->tasks[i].phase == PHASE_SYNC && s->tasks[i].wave > max)
			max = s->tasks[i].wave;
		if (s->tasks[i].kind == TASK_PRUNE)
			waves[n++] = s->tasks[i].wave;
	}
	qsort(waves, n, sizeof *waves, by_int);
	for (size_t i = 0; i < n; i++)
		if (!distinct || waves[distinct - 1] != waves[i])
			waves[distinct++] = waves[i];
	for (size_t i = 0; i < s->n; i++) {
		struct task *t = &s->tasks[i];

		if (t->kind != TASK_PRUNE)
			continue;
		for (size_t j = 0; j < distinct; j++)
			if (waves[j] == t->wave) {
				t->wave = waves[distinct - 1 - j];
				break;
			}
		if (t->rules.options.prune_last || (s->spec.app.policy && s->spec.app.policy->options.prune_last))
			t->wave = max + 1;
	}
}

static bool is_before(const struct task *a, const struct task *b)
{
	return a->phase != b->phase ? a->phase < b->phase : a->wave < b->wave;
}

/* Does `t` need what `base` makes: a namespace, a CRD? */
static bool needs(const struct task *t, const struct task *base)
{
	if (str_is(base->key.kind, "Namespace") && !base->key.group.n)
		return str_eq(t->key.namespace, base->key.name);
	return str_is(base->key.kind, "CustomResourceDefinition") &&
	       str_eq(value_path_str(base->intent, "spec", "group", NULL), t->key.group) &&
	       str_eq(value_path_str(base->intent, "spec", "names", "kind", NULL), t->key.kind);
}

static bool is_later(const struct task *base, const struct task *t)
{
	return base->phase == t->phase && base->wave == t->wave && base->order >= t->order;
}

/* A Namespace and a CRD go with the first that needs them, and before it: a kind of somebody's CRD
 * may be called like one that goes early, as Calico's NetworkPolicy. */
static void pull_bases(struct sync *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct task *base = &s->tasks[i];

		if (base->kind != TASK_APPLY || (!str_is(base->key.kind, "Namespace") &&
						 !str_is(base->key.kind, "CustomResourceDefinition")))
			continue;
		for (size_t j = 0; j < s->n; j++) {
			const struct task *t = &s->tasks[j];

			if (t->kind == TASK_PRUNE || t->phase == PHASE_SYNC_FAIL || !needs(t, base))
				continue;
			if (is_before(t, base)) {
				base->phase = t->phase;
				base->wave = t->wave;
				base->order = order_of(base->key.kind);
			}
			if (is_later(base, t))
				base->order = t->order - 1;
		}
	}
}

/* Argo CD ends an operation when its last group is applied, without waiting for its health, when
 * no hook is in it. */
static void mark_last(struct sync *s, const struct task *last)
{
	bool hooks = false;

	for (size_t i = 0; i < s->n; i++)
		hooks |= s->tasks[i].phase == last->phase && s->tasks[i].wave == last->wave &&
			 s->tasks[i].kind == TASK_HOOK;
	for (size_t i = 0; i < s->n; i++)
		s->tasks[i].last = !hooks && s->tasks[i].phase == last->phase && s->tasks[i].wave == last->wave;
}

void plan_sort(struct sync *s)
{
	const struct task *first = NULL, *last = NULL;

	turn_prune_waves(s);
	pull_bases(s);
	if (s->n)
		qsort(s->tasks, s->n, sizeof *s->tasks, by_order);
	for (size_t i = 0; i < s->n; i++) {
		if (s->tasks[i].phase == PHASE_SYNC_FAIL)
			continue;
		first = first ? first : &s->tasks[i];
		last = &s->tasks[i];
	}
	s->multi_step = first && (first->phase != last->phase || first->wave != last->wave);
	if (last)
		mark_last(s, last);
}

/* --- an earlier life --- */

/* Hooks that had ended are not run again. */
static void restore(struct sync *s)
{
	const struct list *l = value_list(value_path(s->record, "resources", NULL));

	for (uint32_t i = 0; i < list_n(l); i++) {
		str state = value_path_str(l->at[i], "hookPhase", NULL);
		str phase = value_path_str(l->at[i], "syncPhase", NULL);

		if (!value_path_str(l->at[i], "hookType", NULL).n ||
		    (!str_is(state, "Succeeded") && !str_is(state, "Failed")))
			continue;
		for (size_t j = 0; j < s->n; j++) {
			struct task *t = &s->tasks[j];

			if (t->kind == TASK_HOOK && str_is(phase, sync_phase_name(t->phase)) &&
			    str_eq(t->key.name, value_path_str(l->at[i], "name", NULL)) &&
			    str_eq(t->key.kind, value_path_str(l->at[i], "kind", NULL)) &&
			    str_eq(t->key.namespace, value_path_str(l->at[i], "namespace", NULL)))
				task_end(t, str_is(state, "Succeeded") ? OPERATION_SUCCEEDED : OPERATION_FAILED,
					 RESULT_SYNCED,
					 arena_str(&s->keep, value_path_str(l->at[i], "message", NULL)));
		}
	}
}

/* --- the whole --- */

static bool valid(struct sync *s, const struct comparison *c)
{
	struct buf b;
	size_t n = 0;

	buf_in(&b, &s->keep, LIMIT_ERROR_TEXT);
	for (size_t i = 0; i < c->targets.n; i++) {
		const struct target *t = &c->targets.at[i];

		if (t->problem != TARGET_INVALID && t->problem != TARGET_DENIED &&
		    (t->problem != TARGET_ABSENT || t->rules.options.skip_dry_run))
			continue;
		if (n++ < 10)
			buf_printf(&b, "%s%.*s", n > 1 ? ", " : "", STR_ARG(t->why));
	}
	if (n)
		sync_end(s, OPERATION_FAILED,
			 arena_printf(&s->keep, "one or more synchronization tasks are not valid: %.*s",
				      STR_ARG(buf_str(&b))));
	return !n;
}

bool plan_sync(struct sync *s)
{
	struct comparison c;
	bool hooks = !s->spec.no_hooks && !s->spec.heal && !s->spec.picks_n;

	compare(&s->scratch, s->cluster, &s->spec.app, &c);
	if (c.loading || !add_namespace(s, &c)) {
		s->n = 0;
		return false;
	}
	if (!valid(s, &c) || !picks_exist(s, &c))
		return true;
	if (s->spec.app.policy->options.fail_on_shared && c.shared_n) {
		sync_end(s, OPERATION_FAILED, arena_printf(&s->keep, "Shared resource found: %.*s",
							   STR_ARG(c.shared[0])));
		return true;
	}
	for (size_t i = 0; i < c.n; i++) {
		const struct resource *r = &c.at[i];

		if (!picked(s, &r->key))
			continue;
		if (r->hook) {
			if (hooks && r->target)
				add_hooks(s, r);
		} else if (r->target) {
			add_apply(s, r);
		} else if (r->requires_pruning) {
			add_prune(s, r);
		}
	}
	plan_sort(s);
	restore(s);
	s->stored = sync_hooks_ended(s);
	return true;
}
