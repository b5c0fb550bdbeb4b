/*
 * An Application manifest (argoproj.io/v1alpha1) as data. What Argo CD 3.6 accepts is accepted;
 * what tiphys does not act on becomes a condition, never silence.
 */
#ifndef AGENT_APPLICATION_H
#define AGENT_APPLICATION_H

#include "agent/condition.h"
#include "base/error.h"
#include "base/value.h"

struct helm_parameter {
	str name, value;
	bool force_string;
};

struct helm_source {
	str release_name, namespace, kube_version;
	str values;		    /* the text of `values` */
	struct value values_object; /* wins over `values`; NIL when absent */
	str *value_files;
	size_t value_files_n;
	struct helm_parameter *parameters, *file_parameters; /* of the latter: name and path */
	size_t parameters_n, file_parameters_n;
	str *api_versions;
	size_t api_versions_n;
	bool ignore_missing_value_files, skip_crds, skip_tests, skip_schema_validation;
};

struct directory_source {
	bool recurse;
	str include, exclude; /* globs, with {a,b} */
};

struct application_source {
	str repo_url, path, target_revision, chart, ref, name;
	struct helm_source helm;
	struct directory_source directory;
	bool has_helm, has_directory;
};

struct application {
	str name, namespace, project;
	str destination_server, destination_name, destination_namespace;
	struct application_source *sources;
	size_t sources_n;
	struct value spec, metadata; /* as read; policy is parsed from spec by sync/policy.h */
	int revision_history_limit;
	bool cascade;	    /* the resources finalizer is set: deleting it deletes its objects */
	bool skip_reconcile; /* argocd.argoproj.io/skip-reconcile: "true" */
};

bool application_is(struct value object); /* by apiVersion and kind */
/* Everything lives in keep or borrows from object. Unsupported fields are added to conditions.
 * Fails only for what makes the manifest meaningless (no name, no source, a wrong type). */
bool application_read(struct arena *keep, struct value object, struct application *out,
		      struct conditions *conditions, struct error *err);
/* ARGOCD_APP_NAME and its kin replaced in a text: $NAME and ${NAME}. */
str application_expand(struct arena *keep, const struct application *app,
		       const struct application_source *source, str revision, str text);

#endif
