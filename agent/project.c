/*
 * Reading AppProjects and answering their one question: may this be?
 */
#include "agent/project.h"

#define IN_CLUSTER "https://kubernetes.default.svc"

/* --- globs --- */

static bool set_matches(str *pattern, char c, bool *closed)
{
	size_t i = 1;
	bool negate = false, hit = false;

	if (i < pattern->n && (pattern->s[i] == '!' || pattern->s[i] == '^')) {
		negate = true;
		i++;
	}
	for (size_t from = i; i < pattern->n && (pattern->s[i] != ']' || i == from); i++) {
		char low = pattern->s[i], high = low;

		if (i + 2 < pattern->n && pattern->s[i + 1] == '-' && pattern->s[i + 2] != ']') {
			high = pattern->s[i + 2];
			i += 2;
		}
		hit |= c >= low && c <= high;
	}
	*closed = i < pattern->n;
	*pattern = str_from(*pattern, i + 1);
	return hit != negate;
}

/* Without alternatives: the usual backtracking to the last star only. */
static bool glob_plain(str pattern, str text, bool slash)
{
	str star = STR_NONE, mark = STR_NONE;
	bool deep = false, closed;

	for (;;) {
		if (pattern.n && pattern.s[0] == '*') {
			deep = str_starts(pattern, STR("**"));
			while (pattern.n && pattern.s[0] == '*')
				pattern = str_from(pattern, 1);
			star = (str){pattern.s, pattern.n};
			mark = text;
			continue;
		}
		if (!text.n && !pattern.n)
			return true;
		if (text.n && pattern.n) {
			str rest = str_from(pattern, 1);
			bool same = pattern.s[0] == text.s[0];

			if (pattern.s[0] == '?') {
				same = !slash || text.s[0] != '/';
			} else if (pattern.s[0] == '[') {
				rest = pattern;
				same = set_matches(&rest, text.s[0], &closed) && closed;
			} else if (pattern.s[0] == '\\' && pattern.n > 1) {
				same = pattern.s[1] == text.s[0];
				rest = str_from(pattern, 2);
			}
			if (same) {
				pattern = rest;
				text = str_from(text, 1);
				continue;
			}
		}
		if (!mark.n || (slash && !deep && mark.s[0] == '/'))
			return false;
		mark = str_from(mark, 1);
		text = mark;
		pattern = star;
	}
}

/* {a,b} is tried one alternative at a time; nesting is not known to Argo CD's globs either. */
bool project_glob(str pattern, str text, bool slash)
{
	ptrdiff_t open = str_find_char(pattern, '{'), close = str_find_char(pattern, '}');
	char whole[512];
	str choices;

	if (open < 0 || close < open || pattern.n >= sizeof whole)
		return glob_plain(pattern, text, slash);
	choices = str_sub(pattern, (size_t)open + 1, (size_t)close);
	while (choices.s) {
		str one = str_cut(choices, ',', &choices), tail = str_from(pattern, (size_t)close + 1);

		memcpy(whole, pattern.s, (size_t)open);
		memcpy(whole + open, one.s, one.n);
		memcpy(whole + (size_t)open + one.n, tail.s, tail.n);
		if (project_glob(str_make(whole, (size_t)open + one.n + tail.n), text, slash))
			return true;
	}
	return false;
}

/* --- reading --- */

static str text_at(struct value block, const char *key)
{
	return value_text(map_at(value_map(block), key));
}

static void read_kinds(struct arena *keep, struct value spec, const char *key,
		       struct kind_rule **out, size_t *n)
{
	const struct list *l = value_list(map_at(value_map(spec), key));

	*n = list_n(l);
	*out = arena_news(keep, *n + 1, struct kind_rule);
	for (size_t i = 0; i < *n; i++)
		(*out)[i] = (struct kind_rule){text_at(l->at[i], "group"),
					       text_at(l->at[i], "kind"),
					       text_at(l->at[i], "name")};
}

static void read_destinations(struct arena *keep, struct value spec, struct project *p)
{
	const struct list *l = value_list(map_at(value_map(spec), "destinations"));

	p->destinations_n = list_n(l);
	p->destinations = arena_news(keep, p->destinations_n + 1, struct destination_rule);
	for (size_t i = 0; i < p->destinations_n; i++)
		p->destinations[i] = (struct destination_rule){text_at(l->at[i], "server"),
							       text_at(l->at[i], "name"),
							       text_at(l->at[i], "namespace")};
}

static void read_repos(struct arena *keep, struct value spec, struct project *p)
{
	const struct list *l = value_list(map_at(value_map(spec), "sourceRepos"));

	p->source_repos_n = list_n(l);
	p->source_repos = arena_news(keep, p->source_repos_n + 1, str);
	for (size_t i = 0; i < p->source_repos_n; i++)
		p->source_repos[i] = value_text(l->at[i]);
}

/* What changes nothing here: roles and tokens guard Argo CD's own API, orphans are a display. */
static void check_keys(struct arena *keep, struct value spec, str name,
		       struct conditions *conditions)
{
	static const char *const known[] = {
		"sourceRepos", "destinations", "clusterResourceWhitelist",
		"clusterResourceBlacklist", "namespaceResourceWhitelist",
		"namespaceResourceBlacklist", "description", "roles", "orphanedResources",
		"sourceNamespaces", "permitOnlyProjectScopedClusters", NULL};
	const struct map *m = value_map(spec);

	for (uint32_t i = 0; i < map_n(m); i++) {
		size_t k = 0;

		while (known[k] && !str_is(map_key(&m->at[i]), known[k]))
			k++;
		if (!known[k])
			conditions_add(keep, conditions, CONDITION_UNSUPPORTED_WARNING,
				       "AppProject %.*s: spec.%.*s is not supported and has no "
				       "effect",
				       STR_ARG(name), STR_ARG(map_key(&m->at[i])));
	}
}

bool project_is(struct value object)
{
	return str_is(object_kind(object), "AppProject") &&
	       str_is(object_group(object), "argoproj.io");
}

bool project_read(struct arena *keep, struct value object, struct project *out,
		  struct conditions *conditions, struct error *err)
{
	struct value spec = map_at(value_map(object), "spec");
	struct project p = {.name = object_name(object)};

	if (!project_is(object) || !p.name.n)
		return error_set(err, ERROR_INVALID, "not a named argoproj.io AppProject");
	check_keys(keep, spec, p.name, conditions);
	read_repos(keep, spec, &p);
	read_destinations(keep, spec, &p);
	read_kinds(keep, spec, "clusterResourceWhitelist", &p.cluster_allow, &p.cluster_allow_n);
	read_kinds(keep, spec, "clusterResourceBlacklist", &p.cluster_deny, &p.cluster_deny_n);
	read_kinds(keep, spec, "namespaceResourceWhitelist", &p.namespace_allow,
		   &p.namespace_allow_n);
	read_kinds(keep, spec, "namespaceResourceBlacklist", &p.namespace_deny,
		   &p.namespace_deny_n);
	p.has_namespace_allow =
		value_is(map_at(value_map(spec), "namespaceResourceWhitelist"), VALUE_LIST);
	*out = p;
	return true;
}

struct project project_default(void)
{
	static str repos[] = {STR_INIT("*")};
	static struct destination_rule destinations[] = {
		{STR_INIT("*"), STR_INIT("*"), STR_INIT("*")}};
	static struct kind_rule kinds[] = {{STR_INIT("*"), STR_INIT("*"), {NULL, 0}}};

	return (struct project){.name = STR("default"),
				.source_repos = repos,
				.source_repos_n = 1,
				.destinations = destinations,
				.destinations_n = 1,
				.cluster_allow = kinds,
				.cluster_allow_n = 1};
}

/* --- asking --- */

bool project_permits_source(const struct project *p, str repo_url, str normalized)
{
	bool allowed = false;

	for (size_t i = 0; i < p->source_repos_n; i++) {
		str rule = p->source_repos[i];
		bool deny = str_starts(rule, STR("!"));

		if (deny)
			rule = str_from(rule, 1);
		if (!str_is(rule, "*") && !project_glob(rule, repo_url, true) &&
		    !project_glob(rule, normalized, true))
			continue;
		if (deny)
			return false;
		allowed = true;
	}
	return allowed;
}

static bool part_matches(str rule, str text, bool *deny)
{
	if (str_starts(rule, STR("!"))) {
		*deny = true;
		rule = str_from(rule, 1);
	}
	return project_glob(rule, text, false);
}

bool project_permits_destination(const struct project *p, str namespace)
{
	bool allowed = false;

	for (size_t i = 0; i < p->destinations_n; i++) {
		const struct destination_rule *d = &p->destinations[i];
		bool deny = false, hit;

		hit = (d->server.n ? part_matches(d->server, STR(IN_CLUSTER), &deny)
				   : part_matches(d->name, STR("in-cluster"), &deny)) &&
		      part_matches(d->namespace, namespace, &deny);
		if (hit && deny)
			return false;
		allowed |= hit;
	}
	return allowed;
}

static bool kinds_match(const struct kind_rule *rules, size_t n, const struct object_key *key)
{
	for (size_t i = 0; i < n; i++)
		if (project_glob(rules[i].group, key->group, false) &&
		    project_glob(rules[i].kind, key->kind, false) &&
		    (!rules[i].name.n || project_glob(rules[i].name, key->name, false)))
			return true;
	return false;
}

static bool kind_permitted(const struct project *p, const struct object_key *key, bool namespaced)
{
	if (!namespaced)
		return kinds_match(p->cluster_allow, p->cluster_allow_n, key) &&
		       !kinds_match(p->cluster_deny, p->cluster_deny_n, key);
	return (!p->has_namespace_allow ||
		kinds_match(p->namespace_allow, p->namespace_allow_n, key)) &&
	       !kinds_match(p->namespace_deny, p->namespace_deny_n, key);
}

bool project_permits(const struct project *p, const struct object_key *key, bool namespaced,
		     struct error *why)
{
	if (!kind_permitted(p, key, namespaced))
		return error_set(why, ERROR_DENIED,
				 "resource %.*s:%.*s is not permitted in project %.*s",
				 STR_ARG(key->group), STR_ARG(key->kind), STR_ARG(p->name));
	if (namespaced && !project_permits_destination(p, key->namespace))
		return error_set(why, ERROR_DENIED,
				 "namespace %.*s is not permitted in project '%.*s'",
				 STR_ARG(key->namespace), STR_ARG(p->name));
	return true;
}
