/*
 * The plan of a deletion: PreDelete hooks, then all that is tracked, highest wave first, then
 * PostDelete hooks.
 */
#include "sync/task.h"

static bool is_kept(struct sync *s, const struct object_key *key, const struct object_rules *rules)
{
	const struct host *h = s->spec.app.host;
	str other;

	return str_is(key->kind, "CustomResourceDefinition") || rules->options.remove == CONFIRM_NO ||
	       rules->helm_keep || (rules->hooks & ~(unsigned)HOOK_SKIP) ||
	       (h && h->wanted_elsewhere && h->wanted_elsewhere(h->arg, key, &other));
}

static void add_live(struct sync *s, const struct object_key *key)
{
	struct object_rules rules;
	struct live live;
	struct kind kind = {0};
	struct task *t;

	if (s->cluster->ops->kind(s->cluster, key->group, key->kind, &kind, NULL) != KIND_READY ||
	    !s->cluster->ops->live(s->cluster, &s->scratch, key, &live) || !live.exists || !live.whole)
		return;
	if (!str_eq(tracking_owner(object_annotation(live.object, CLUSTER_TRACKING), key, kind.namespaced),
		    s->spec.app.name) ||
	    list_n(value_list(value_path(live.object, "metadata", "ownerReferences", NULL))))
		return;
	rules = policy_object(s->spec.app.policy, live.object);
	if (is_kept(s, key, &rules))
		return;
	t = plan_add(s);
	t->kind = TASK_PRUNE;
	t->key = object_key_copy(&s->keep, key);
	t->version = arena_str(&s->keep, object_version(live.object));
	t->uid = arena_str(&s->keep, live.uid);
	t->rules = rules;
	t->rules.options.prune = CONFIRM_YES;
	t->wave = rules.wave;
}

static void add_hook(struct sync *s, const struct target *target, unsigned hook, enum sync_phase phase)
{
	struct task *t = plan_add(s);

	t->kind = TASK_HOOK;
	t->hook = hook;
	t->phase = phase;
	t->rules = target->rules;
	t->wave = target->rules.wave;
	t->key = object_key_copy(&s->keep, &target->key);
	t->version = arena_str(&s->keep, target->version);
	if (target->problem == TARGET_INVALID || target->problem == TARGET_DENIED) {
		task_end(t, OPERATION_FAILED, RESULT_SYNC_FAILED, arena_str(&s->keep, target->why));
		return;
	}
	t->intent = value_copy(&s->keep, target->intent, true);
	object_annotate(&s->keep, t->intent, "tiphys/operation", s->spec.id);
}

static void add_hooks(struct sync *s, const struct targets *targets, unsigned hook, enum sync_phase phase)
{
	for (size_t i = 0; i < targets->n; i++)
		if (targets->at[i].rules.hooks & hook)
			add_hook(s, &targets->at[i], hook, phase);
}

bool plan_delete(struct sync *s)
{
	struct targets targets;
	struct object_key *keys;
	size_t n;

	targets_build(&s->scratch, s->cluster, &s->spec.app, &targets);
	if (targets.loading)
		return false;
	s->cluster->ops->tracked(s->cluster, &s->scratch, s->spec.app.name, &keys, &n);
	add_hooks(s, &targets, HOOK_PRE_DELETE, PHASE_PRE_SYNC);
	for (size_t i = 0; i < n; i++)
		add_live(s, &keys[i]);
	add_hooks(s, &targets, HOOK_POST_DELETE, PHASE_POST_SYNC);
	plan_sort(s);
	return true;
}
