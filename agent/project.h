/*
 * An AppProject (argoproj.io/v1alpha1): what its Applications may read and write. Enforced when
 * applying and when pruning, by the executor. Rules: Argo CD 3.6, app_project_types.go.
 */
#ifndef AGENT_PROJECT_H
#define AGENT_PROJECT_H

#include "agent/condition.h"
#include "base/error.h"
#include "base/object.h"

struct kind_rule {
	str group, kind, name; /* globs; an empty name matches all */
};

struct destination_rule {
	str server, name, namespace;
};

struct project {
	str name;
	str *source_repos;
	size_t source_repos_n;
	struct destination_rule *destinations;
	size_t destinations_n;
	/* Cluster-scoped kinds are denied unless listed; namespaced ones allowed unless a list is
	 * there (an empty list denies all). */
	struct kind_rule *cluster_allow, *cluster_deny, *namespace_allow, *namespace_deny;
	size_t cluster_allow_n, cluster_deny_n, namespace_allow_n, namespace_deny_n;
	bool has_namespace_allow;
};

bool project_is(struct value object);
bool project_read(struct arena *keep, struct value object, struct project *out,
		  struct conditions *conditions, struct error *err);
/* The project "default" when no manifest defines it: everything is allowed. */
struct project project_default(void);

/* normalized: the URL in git_url_normalize's form. */
bool project_permits_source(const struct project *p, str repo_url, str normalized);
bool project_permits_destination(const struct project *p, str namespace);
/* One object. *why (may be NULL) says Argo CD's words: "resource g:k is not permitted in project p". */
bool project_permits(const struct project *p, const struct object_key *key, bool namespaced,
		     struct error *why);

/* A glob over names: '*' matches all but '/' when slash is true, "**" everything, '?' one, [a-z]
 * sets, {a,b} alternatives. Linear in the text for patterns without alternatives. */
bool project_glob(str pattern, str text, bool slash);

#endif
