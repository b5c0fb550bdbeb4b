/*
 * Reading syncPolicy, syncOptions and annotations. Unknown options become notes, wrong types
 * errors.
 */
#include "sync/policy.h"

#include "base/num.h"
#include "base/time.h"

#define RETRY_LIMIT_AUTOMATED 5
#define RETRY_FIRST (5 * TIME_SECOND)
#define RETRY_MAX (180 * TIME_SECOND)

static void note(struct arena *keep, struct policy *p, str text)
{
	p->notes = arena_grow(keep, p->notes ? p->notes : arena_alloc(keep, 16),
			      p->notes_n * sizeof(str), (p->notes_n + 1) * sizeof(str));
	p->notes[p->notes_n++] = text;
}

/* --- options --- */

static bool set_flag(str value, bool *flag)
{
	if (!str_is(value, "true") && !str_is(value, "false"))
		return false;
	*flag = str_is(value, "true");
	return true;
}

static bool set_confirm(str value, enum confirm *out)
{
	if (str_is(value, "false"))
		*out = CONFIRM_NO;
	else if (str_is(value, "confirm"))
		*out = CONFIRM_ASK;
	else if (str_is(value, "true"))
		*out = CONFIRM_YES;
	else
		return false;
	return true;
}

static bool set_propagation(str value, enum propagation *out)
{
	if (str_is(value, "foreground"))
		*out = PROPAGATE_FOREGROUND;
	else if (str_is(value, "background"))
		*out = PROPAGATE_BACKGROUND;
	else if (str_is(value, "orphan"))
		*out = PROPAGATE_ORPHAN;
	else
		return false;
	return true;
}

/* "Name=value". False: not known. */
static bool set_option(struct sync_options *o, str text)
{
	str value, name = str_cut(text, '=', &value);
	bool flag;

	if (str_is(name, "Prune"))
		return set_confirm(value, &o->prune);
	if (str_is(name, "Delete"))
		return set_confirm(value, &o->remove);
	if (str_is(name, "PrunePropagationPolicy"))
		return set_propagation(value, &o->propagation);
	if (!set_flag(value, &flag))
		return false;
	if (str_is(name, "Validate"))
		o->no_validate = !flag;
	else if (str_is(name, "SkipDryRunOnMissingResource"))
		o->skip_dry_run = flag;
	else if (str_is(name, "ApplyOutOfSyncOnly"))
		o->out_of_sync_only = flag;
	else if (str_is(name, "PruneLast"))
		o->prune_last = flag;
	else if (str_is(name, "Replace"))
		o->replace = flag;
	else if (str_is(name, "Force"))
		o->force = flag;
	else if (str_is(name, "FailOnSharedResource"))
		o->fail_on_shared = flag;
	else if (str_is(name, "RespectIgnoreDifferences"))
		o->respect_ignore = flag;
	else if (str_is(name, "CreateNamespace"))
		o->create_namespace = flag;
	else if (str_is(name, "ClientSideApplyMigration"))
		o->no_migration = !flag;
	else
		return str_is(name, "ServerSideApply"); /* always so */
	return true;
}

/* --- spec --- */

static bool want(struct value v, enum value_type type, const char *path, struct error *err)
{
	static const char *const names[] = {[VALUE_BOOL] = "true or false", [VALUE_LIST] = "a list",
					    [VALUE_MAP] = "a map", [VALUE_STR] = "a text"};

	return v.type == VALUE_NIL || v.type == type ||
	       error_set(err, ERROR_INVALID, "spec.%s must be %s", path, names[type]);
}

static bool read_options(struct arena *keep, struct value list, struct policy *p, struct error *err)
{
	if (!want(list, VALUE_LIST, "syncPolicy.syncOptions", err))
		return false;
	for (uint32_t i = 0; i < list_n(value_list(list)); i++) {
		str text = value_text(list.list->at[i]);

		if (list.list->at[i].type != VALUE_STR)
			return error_set(err, ERROR_INVALID, "spec.syncPolicy.syncOptions[%u] must be a text", i);
		if (!set_option(&p->options, str_trim(text)))
			note(keep, p, arena_printf(keep, "sync option %.*s is not known and has no effect",
						   STR_ARG(text)));
	}
	return true;
}

static bool read_duration(struct value v, int64_t *out, const char *path, struct error *err)
{
	int64_t seconds;

	if (v.type == VALUE_NIL)
		return true;
	if (v.type == VALUE_STR && num_parse_duration(value_text(v), out))
		return true;
	if (v.type != VALUE_STR && value_to_i64(v, &seconds) && seconds >= 0 && seconds < INT32_MAX) {
		*out = seconds * TIME_SECOND;
		return true;
	}
	return error_set(err, ERROR_INVALID, "spec.%s must be a duration such as 5s or 3m", path);
}

static bool read_retry(struct value retry, struct policy *p, struct error *err)
{
	struct value backoff;

	p->retry = (struct retry_policy){.limit = p->automated ? RETRY_LIMIT_AUTOMATED : 0,
					 .first_ns = RETRY_FIRST, .max_ns = RETRY_MAX, .factor = 2};
	if (!want(retry, VALUE_MAP, "syncPolicy.retry", err))
		return false;
	if (retry.type == VALUE_NIL)
		return true;
	p->has_retry = true;
	p->retry.limit = 0;
	if (!value_is_nil(map_at(retry.map, "limit")) &&
	    !value_to_i64(map_at(retry.map, "limit"), &p->retry.limit))
		return error_set(err, ERROR_INVALID, "spec.syncPolicy.retry.limit must be a number");
	p->retry.refresh = value_truth_bool(map_at(retry.map, "refresh"), false);
	backoff = map_at(retry.map, "backoff");
	if (!want(backoff, VALUE_MAP, "syncPolicy.retry.backoff", err))
		return false;
	if (backoff.type == VALUE_NIL)
		return true;
	if (!value_is_nil(map_at(backoff.map, "factor")) &&
	    (!value_to_i64(map_at(backoff.map, "factor"), &p->retry.factor) || p->retry.factor < 1))
		return error_set(err, ERROR_INVALID, "spec.syncPolicy.retry.backoff.factor must be at least 1");
	return read_duration(map_at(backoff.map, "duration"), &p->retry.first_ns,
			     "syncPolicy.retry.backoff.duration", err) &&
	       read_duration(map_at(backoff.map, "maxDuration"), &p->retry.max_ns,
			     "syncPolicy.retry.backoff.maxDuration", err);
}

static bool read_texts(struct arena *keep, struct value list, str **out, size_t *n, const char *path,
		       struct error *err)
{
	if (!want(list, VALUE_LIST, path, err))
		return false;
	*out = arena_news(keep, list_n(value_list(list)) + 1, str);
	for (uint32_t i = 0; i < list_n(value_list(list)); i++) {
		if (list.list->at[i].type != VALUE_STR)
			return error_set(err, ERROR_INVALID, "spec.%s[%u] must be a text", path, i);
		(*out)[(*n)++] = value_text(list.list->at[i]);
	}
	return true;
}

static bool read_ignores(struct arena *keep, struct value list, struct policy *p, struct error *err)
{
	if (!want(list, VALUE_LIST, "ignoreDifferences", err))
		return false;
	p->ignores = arena_news(keep, list_n(value_list(list)) + 1, struct ignore_rule);
	for (uint32_t i = 0; i < list_n(value_list(list)); i++) {
		const struct map *m = value_map(list.list->at[i]);
		struct ignore_rule *r = &p->ignores[p->ignores_n++];

		if (!m)
			return error_set(err, ERROR_INVALID, "spec.ignoreDifferences[%u] must be a map", i);
		r->group = value_text(map_at(m, "group"));
		r->kind = value_text(map_at(m, "kind"));
		r->name = value_text(map_at(m, "name"));
		r->namespace = value_text(map_at(m, "namespace"));
		if (!read_texts(keep, map_at(m, "jsonPointers"), &r->pointers, &r->pointers_n,
				"ignoreDifferences.jsonPointers", err) ||
		    !read_texts(keep, map_at(m, "jqPathExpressions"), &r->jq, &r->jq_n,
				"ignoreDifferences.jqPathExpressions", err) ||
		    !read_texts(keep, map_at(m, "managedFieldsManagers"), &r->managers, &r->managers_n,
				"ignoreDifferences.managedFieldsManagers", err))
			return false;
		if (r->managers_n)
			note(keep, p, arena_printf(keep, "ignoreDifferences[%u].managedFieldsManagers has no effect: "
						   "name the fields by jsonPointers or jqPathExpressions", i));
	}
	return true;
}

bool policy_read(struct arena *keep, struct value spec, struct policy *out, struct error *err)
{
	struct value policy = value_path(spec, "syncPolicy", NULL), automated, managed;

	*out = (struct policy){0};
	if (!want(policy, VALUE_MAP, "syncPolicy", err))
		return false;
	automated = value_path(policy, "automated", NULL);
	if (!want(automated, VALUE_MAP, "syncPolicy.automated", err))
		return false;
	if (automated.type == VALUE_MAP || map_find(value_map(policy), STR("automated"))) {
		out->automated = value_truth_bool(value_path(automated, "enabled", NULL), true);
		if (automated.type == VALUE_NIL)
			out->automated = false; /* `automated: null` */
		out->prune = value_truth_bool(value_path(automated, "prune", NULL), false);
		out->self_heal = value_truth_bool(value_path(automated, "selfHeal", NULL), false);
		out->allow_empty = value_truth_bool(value_path(automated, "allowEmpty", NULL), false);
	}
	managed = value_path(policy, "managedNamespaceMetadata", NULL);
	out->namespace_labels = value_path(managed, "labels", NULL);
	out->namespace_annotations = value_path(managed, "annotations", NULL);
	return read_options(keep, value_path(policy, "syncOptions", NULL), out, err) &&
	       read_retry(value_path(policy, "retry", NULL), out, err) &&
	       read_ignores(keep, value_path(spec, "ignoreDifferences", NULL), out, err);
}

/* --- annotations of the Application --- */

void policy_annotations(struct value application, struct policy *out)
{
	out->migration_manager =
		object_annotation(application, "argocd.argoproj.io/client-side-apply-migration-manager");
}

int64_t policy_approved(struct value application)
{
	int64_t at;

	return time_parse_rfc3339(object_annotation(application, "argocd.argoproj.io/deletion-approved"), &at) ? at : 0;
}

/* --- annotations of an object --- */

static unsigned argo_hooks(str list, bool *any, bool *unknown)
{
	static const struct {
		const char *name;
		unsigned phase;
	} known[] = {{"PreSync", HOOK_PRE_SYNC},     {"Sync", HOOK_SYNC},
		     {"PostSync", HOOK_POST_SYNC},   {"SyncFail", HOOK_SYNC_FAIL},
		     {"PreDelete", HOOK_PRE_DELETE}, {"PostDelete", HOOK_POST_DELETE},
		     {"Skip", HOOK_SKIP}};
	unsigned out = 0;

	while (list.s) {
		str name = str_trim(str_cut(list, ',', &list));
		bool found = false;

		for (size_t i = 0; i < sizeof known / sizeof *known; i++)
			if (str_is(name, known[i].name)) {
				out |= known[i].phase;
				found = true;
			}
		*any |= found;
		*unknown |= !found && name.n;
	}
	if (out & (HOOK_IN_SYNC | HOOK_PRE_DELETE | HOOK_POST_DELETE))
		out &= ~(unsigned)HOOK_SKIP;
	return out;
}

static unsigned helm_hooks(str list, bool *ordinary, bool *unknown)
{
	unsigned out = 0;

	while (list.s) {
		str name = str_trim(str_cut(list, ',', &list));

		if (str_is(name, "pre-install") || str_is(name, "pre-upgrade"))
			out |= HOOK_PRE_SYNC;
		else if (str_is(name, "post-install") || str_is(name, "post-upgrade"))
			out |= HOOK_POST_SYNC;
		else if (str_is(name, "pre-delete"))
			out |= HOOK_PRE_DELETE;
		else if (str_is(name, "post-delete"))
			out |= HOOK_POST_DELETE;
		else if (str_is(name, "crd-install"))
			*ordinary = true;
		else if (name.n)
			*unknown = true;
	}
	return out;
}

static unsigned delete_policies(str argo, str helm)
{
	unsigned out = 0;

	while (argo.s) {
		str name = str_trim(str_cut(argo, ',', &argo));

		out |= str_is(name, "HookSucceeded") ? HOOK_DELETE_SUCCEEDED
		     : str_is(name, "HookFailed") ? HOOK_DELETE_FAILED
		     : str_is(name, "BeforeHookCreation") ? HOOK_DELETE_BEFORE_CREATION : 0u;
	}
	while (helm.s) {
		str name = str_trim(str_cut(helm, ',', &helm));

		out |= str_is(name, "hook-succeeded") ? HOOK_DELETE_SUCCEEDED
		     : str_is(name, "hook-failed") ? HOOK_DELETE_FAILED
		     : str_is(name, "before-hook-creation") ? HOOK_DELETE_BEFORE_CREATION : 0u;
	}
	return out ? out : HOOK_DELETE_BEFORE_CREATION;
}

static void read_hooks(struct value object, struct object_rules *r)
{
	str argo = object_annotation(object, "argocd.argoproj.io/hook");
	str helm = object_annotation(object, "helm.sh/hook");
	bool any = false, unknown = false, ordinary = false;

	r->hooks = argo_hooks(argo, &any, &unknown);
	if (!any)
		r->hooks |= helm_hooks(helm, &ordinary, &unknown);
	r->ignored = !r->hooks && unknown && !ordinary;
	if (r->hooks & (HOOK_IN_SYNC | HOOK_PRE_DELETE | HOOK_POST_DELETE))
		r->hook_delete = delete_policies(
			object_annotation(object, "argocd.argoproj.io/hook-delete-policy"),
			object_annotation(object, "helm.sh/hook-delete-policy"));
}

static int wave_of(struct value object)
{
	int64_t n;

	if (num_parse_i64(object_annotation(object, "argocd.argoproj.io/sync-wave"), &n) ||
	    num_parse_i64(object_annotation(object, "helm.sh/hook-weight"), &n))
		return n > INT32_MAX / 2 ? INT32_MAX / 2 : n < INT32_MIN / 2 ? INT32_MIN / 2 : (int)n;
	return 0;
}

static bool lists(str list, const char *what)
{
	while (list.s)
		if (str_is(str_trim(str_cut(list, ',', &list)), what))
			return true;
	return false;
}

struct object_rules policy_object(const struct policy *policy, struct value object)
{
	struct object_rules r = {.options = policy ? policy->options : (struct sync_options){0}};
	str options = object_annotation(object, "argocd.argoproj.io/sync-options");

	while (options.s)
		set_option(&r.options, str_trim(str_cut(options, ',', &options)));
	r.wave = wave_of(object);
	read_hooks(object, &r);
	r.ignore_health = str_is(object_annotation(object, "argocd.argoproj.io/ignore-healthcheck"), "true");
	r.ignore_extraneous = lists(object_annotation(object, "argocd.argoproj.io/compare-options"),
				    "IgnoreExtraneous");
	r.helm_keep = str_is(object_annotation(object, "helm.sh/resource-policy"), "keep");
	return r;
}

/* --- decisions --- */

#define HEAL_FIRST (2 * TIME_SECOND)
#define HEAL_MAX (300 * TIME_SECOND)

static int64_t grown(int64_t first, int64_t factor, int64_t max, unsigned count)
{
	int64_t delay = first;

	for (unsigned i = 0; i < count && delay < max; i++)
		if (__builtin_mul_overflow(delay, factor, &delay))
			return max;
	return delay < max ? delay : max;
}

/* The first heal goes at once; each further one for the same target waits longer. */
static enum auto_verdict heal(const struct auto_facts *f, int64_t *when)
{
	*when = f->last_ended + (f->heals ? grown(HEAL_FIRST, 3, HEAL_MAX, f->heals - 1) : 0);
	return *when <= f->now ? AUTO_HEAL : AUTO_LATER;
}

static enum auto_verdict failed_before(struct arena *keep, const struct auto_facts *f, int64_t *when,
				       str *why)
{
	if (f->last_transient) {
		*when = f->last_ended + grown(HEAL_FIRST, 3, HEAL_MAX, f->heals);
		return *when <= f->now ? AUTO_SYNC : AUTO_LATER;
	}
	*why = arena_printf(keep, "Failed last sync attempt to %.*s: %.*s", STR_ARG(f->target),
			    STR_ARG(f->last_message));
	return AUTO_ERROR;
}

enum auto_verdict policy_auto(struct arena *keep, const struct policy *policy,
			      const struct auto_facts *facts, int64_t *when, str *why)
{
	*why = STR("");
	*when = 0;
	if (!policy->automated || facts->deleting || facts->busy || facts->blocked ||
	    !facts->out_of_sync)
		return AUTO_NO;
	if (facts->only_prunes && !policy->prune) {
		*why = STR("only resources that require pruning are out of sync, and automated.prune is off");
		return AUTO_NO;
	}
	if (policy->prune && facts->all_prunes && !policy->allow_empty) {
		*why = arena_printf(keep, "Skipping sync attempt to %.*s: auto-sync will wipe out all resources",
				    STR_ARG(facts->target));
		return AUTO_ERROR;
	}
	if (!facts->same_target || facts->last == LAST_NONE || facts->last == LAST_RUNNING)
		return AUTO_SYNC;
	if (facts->last == LAST_FAILED)
		return failed_before(keep, facts, when, why);
	return policy->self_heal ? heal(facts, when) : AUTO_NO;
}

bool policy_retry(const struct retry_policy *retry, unsigned count, int64_t *delay_ns)
{
	if (retry->limit >= 0 && count >= (uint64_t)retry->limit)
		return false;
	*delay_ns = grown(retry->first_ns, retry->factor, retry->max_ns, count);
	return true;
}

/* '*' and '?' over names without structure. */
static bool glob(str p, str s)
{
	size_t i = 0, j = 0, star = SIZE_MAX, back = 0;

	while (j < s.n) {
		if (i < p.n && p.s[i] == '*') {
			star = i++;
			back = j;
		} else if (i < p.n && (p.s[i] == '?' || p.s[i] == s.s[j])) {
			i++, j++;
		} else if (star != SIZE_MAX) {
			i = star + 1;
			j = ++back;
		} else {
			return false;
		}
	}
	while (i < p.n && p.s[i] == '*')
		i++;
	return i == p.n;
}

bool policy_ignore_matches(const struct ignore_rule *rule, const struct object_key *key)
{
	return glob(rule->group, key->group) && glob(rule->kind, key->kind) &&
	       (!rule->name.n || str_eq(rule->name, key->name)) &&
	       (!rule->namespace.n || str_eq(rule->namespace, key->namespace));
}
