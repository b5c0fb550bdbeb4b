/*
 * Documents are cut out of the rendered text without copying.
 */
#include "render/manifest.h"

#include <stdlib.h>

#include "base/limits.h"
#include "render/yaml.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static str eat_spaces(str s)
{
	while (s.n && is_space(s.s[0]))
		s = str_from(s, 1);
	return s;
}

/* The expression (?:^|\s*\n)---\s* without an engine. `text` is what is left after the last
 * separator; at the very start a separator needs no newline, which manifest_add_file sees to. */
bool manifest_next(str *text, str *document)
{
	str rest = *text;
	ptrdiff_t at;
	size_t end;

	if (!text->s)
		return false;
	at = str_find(rest, STR("\n---"));
	if (at < 0) {
		*document = rest;
		*text = STR_NONE;
		return true;
	}
	for (end = (size_t)at; end && is_space(rest.s[end - 1]); end--)
		;
	*document = str_sub(rest, 0, end);
	*text = eat_spaces(str_from(rest, (size_t)at + 4));
	if (!text->s)
		*text = STR("");
	return true;
}

/* --- hooks --- */

static uint32_t hook_event(str name)
{
	static const struct {
		const char *name;
		uint32_t event;
	} known[] = {{"pre-install", HOOK_PRE_INSTALL},	  {"post-install", HOOK_POST_INSTALL},
		     {"pre-delete", HOOK_PRE_DELETE},	  {"post-delete", HOOK_POST_DELETE},
		     {"pre-upgrade", HOOK_PRE_UPGRADE},	  {"post-upgrade", HOOK_POST_UPGRADE},
		     {"pre-rollback", HOOK_PRE_ROLLBACK}, {"post-rollback", HOOK_POST_ROLLBACK},
		     {"test", HOOK_TEST},		  {"test-success", HOOK_TEST}};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (str_eq_nocase(name, str_of(known[i].name)))
			return known[i].event;
	return 0;
}

/* 0: one of the events is unknown. */
static uint32_t hook_events(str list)
{
	uint32_t all = 0;

	do {
		uint32_t one = hook_event(str_trim(str_cut(list, ',', &list)));

		if (!one)
			return 0;
		all |= one;
	} while (list.s);
	return all;
}

/* --- parsing --- */

static const char *json_type(struct value v)
{
	return v.type == VALUE_LIST ? "array" : v.type == VALUE_MAP ? "object"
	     : v.type == VALUE_STR ? "string" : v.type == VALUE_BOOL ? "bool" : "number";
}

static bool bad_type(struct value v, const char *where, const char *want, struct error *err)
{
	return error_set(err, ERROR_INVALID,
			 "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal %s into Go "
			 "%s of type %s", json_type(v), where, want);
}

static bool scalar_field(struct value v, const char *where, struct error *err)
{
	return (v.type != VALUE_LIST && v.type != VALUE_MAP) || bad_type(v, where, "string", err);
}

/* What Helm's SimpleHead accepts. */
static bool check_head(struct value object, struct error *err)
{
	struct value meta, annotations;

	if (object.type == VALUE_NIL)
		return true;
	if (object.type != VALUE_MAP)
		return bad_type(object, "value", "releaseutil.SimpleHead", err);
	meta = map_at(object.map, "metadata");
	if (!scalar_field(map_at(object.map, "apiVersion"), "struct field SimpleHead.apiVersion", err) ||
	    !scalar_field(map_at(object.map, "kind"), "struct field SimpleHead.kind", err))
		return false;
	if (meta.type == VALUE_NIL)
		return true;
	if (meta.type != VALUE_MAP)
		return bad_type(meta, "struct field SimpleHead.metadata",
				"struct { Name string \"json:\\\"name\\\"\"; Annotations map[string]string "
				"\"json:\\\"annotations\\\"\" }", err);
	if (!scalar_field(map_at(meta.map, "name"), "struct field .metadata.name", err))
		return false;
	annotations = map_at(meta.map, "annotations");
	if (annotations.type != VALUE_NIL && annotations.type != VALUE_MAP)
		return bad_type(annotations, "struct field .metadata.annotations", "map[string]string", err);
	for (uint32_t i = 0; i < map_n(value_map(annotations)); i++)
		if (!scalar_field(annotations.map->at[i].value, "struct field .metadata.annotations", err))
			return false;
	return true;
}

static struct manifest *add(struct arena *keep, struct manifest_list *l)
{
	if (l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 16;

		l->at = arena_grow(keep, l->at ? l->at : arena_alloc(keep, 16),
				   l->room * sizeof *l->at, room * sizeof *l->at);
		l->room = room;
	}
	l->at[l->n] = (struct manifest){0};
	return &l->at[l->n++];
}

/* What is applied is what Helm prints: the trimmed document and a newline, which the last block
 * scalar keeps. Mostly that newline is there already. */
static str with_newline(struct arena *keep, str document, const char *end)
{
	if (document.s + document.n < end && document.s[document.n] == '\n')
		return str_make(document.s, document.n + 1);
	return arena_concat(keep, document, STR("\n"));
}

/* `end` is that of the file. */
static bool add_document(struct arena *keep, struct manifest_list *l, str source, str text, const char *end,
			 struct error *err)
{
	struct value object, hook;
	struct manifest *m;
	uint32_t events = 0;

	if (!yaml_read(keep, with_newline(keep, text, end), YAML_TYPED, &object, err)) {
		error_wrap(err, "error converting YAML to JSON");
		return error_wrap(err, "YAML parse error on %.*s", STR_ARG(source));
	}
	if (!check_head(object, err))
		return error_wrap(err, "YAML parse error on %.*s", STR_ARG(source));
	hook = value_path(object, "metadata", "annotations", "helm.sh/hook", NULL);
	if (hook.type != VALUE_NIL || map_find(value_map(value_path(object, "metadata", "annotations", NULL)),
					       STR("helm.sh/hook"))) {
		events = hook_events(value_text(hook));
		if (!events)
			return true;
	}
	if (l->n == LIMIT_APP_OBJECTS)
		return error_set(err, ERROR_LIMIT, "the chart renders more than %d documents",
				 LIMIT_APP_OBJECTS);
	m = add(keep, l);
	*m = (struct manifest){.source = source, .text = text, .object = object,
			       .is_hook = events != 0, .hook_events = events};
	return true;
}

bool manifest_add_file(struct arena *keep, struct manifest_list *l, str source, str text,
		       struct error *err)
{
	const char *end = text.s + text.n;
	str document;

	text = str_trim(text);
	if (str_starts(text, STR("---")))
		text = eat_spaces(str_from(text, 3));
	while (manifest_next(&text, &document)) {
		if (!document.n)
			continue;
		if (!add_document(keep, l, source, str_trim(document), end, err))
			return false;
	}
	return true;
}

bool manifest_add_crds(struct arena *keep, struct manifest_list *l, str source, str text,
		       struct error *err)
{
	struct list *all;

	if (!yaml_read_all(keep, text, YAML_TYPED, &all, err)) {
		error_wrap(err, "error converting YAML to JSON");
		return error_wrap(err, "YAML parse error on %.*s", STR_ARG(source));
	}
	for (uint32_t i = 0; i == 0 || i < list_n(all); i++) {
		struct manifest *m = add(keep, l);

		*m = (struct manifest){.source = source, .text = i ? STR_NONE : text, .is_crd = true};
		if (i < list_n(all))
			m->object = all->at[i];
	}
	return true;
}

/* --- sorting --- */

static const char *const install_order[] = {
	"PriorityClass", "Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange",
	"PodSecurityPolicy", "PodDisruptionBudget", "ServiceAccount", "Secret", "SecretList",
	"ConfigMap", "StorageClass", "PersistentVolume", "PersistentVolumeClaim",
	"CustomResourceDefinition", "ClusterRole", "ClusterRoleList", "ClusterRoleBinding",
	"ClusterRoleBindingList", "Role", "RoleList", "RoleBinding", "RoleBindingList", "Service",
	"DaemonSet", "Pod", "ReplicationController", "ReplicaSet", "Deployment",
	"HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob", "IngressClass", "Ingress",
	"APIService", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
};
#define ORDER_N (sizeof install_order / sizeof *install_order)

struct sort_key {
	const struct manifest *m;
	str kind;
	unsigned group, order;
	size_t at;
};

static unsigned kind_order(str kind, enum helm_compat compat)
{
	size_t n = compat == HELM_3_17 ? ORDER_N - 2 : ORDER_N;

	for (unsigned i = 0; i < n; i++)
		if (str_is(kind, install_order[i]))
			return i;
	return ORDER_N;
}

static int by_key(const void *x, const void *y)
{
	const struct sort_key *a = x, *b = y;
	int order;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	order = a->order == ORDER_N ? str_cmp(a->kind, b->kind) : 0;
	return order ? order : (a->at > b->at) - (a->at < b->at);
}

void manifest_sort(struct manifest_list *l, enum helm_compat compat)
{
	struct arena scratch;
	struct sort_key *keys;
	struct manifest *sorted;

	if (!l->n)
		return;
	arena_init(&scratch, 0);
	keys = arena_news(&scratch, l->n, struct sort_key);
	sorted = arena_news(&scratch, l->n, struct manifest);
	for (size_t i = 0; i < l->n; i++) {
		const struct manifest *m = &l->at[i];

		keys[i] = (struct sort_key){.m = m, .at = i, .group = m->is_crd ? 0 : m->is_hook ? 2 : 1};
		if (!m->is_crd) {
			keys[i].kind = value_path_str(m->object, "kind", NULL);
			keys[i].order = kind_order(keys[i].kind, compat);
		}
	}
	qsort(keys, l->n, sizeof *keys, by_key);
	for (size_t i = 0; i < l->n; i++)
		sorted[i] = *keys[i].m;
	memcpy(l->at, sorted, l->n * sizeof *sorted);
	arena_done(&scratch);
}
