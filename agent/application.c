/*
 * Reading Application manifests. Each block has a list of the keys it knows; every other key
 * becomes a condition that names its path.
 */
#include "agent/application.h"

#include "base/buf.h"
#include "base/object.h"

#define FINALIZER "resources-finalizer.argocd.argoproj.io"

struct reader {
	struct arena *keep;
	struct conditions *conditions;
	struct error *err;
};

bool application_is(struct value object)
{
	return str_is(object_kind(object), "Application") &&
	       str_is(object_group(object), "argoproj.io");
}

/* Names every key of `block` that is not in the NULL-terminated list. */
static void check_keys(struct reader *r, struct value block, const char *path,
		       const char *const *known)
{
	const struct map *m = value_map(block);

	for (uint32_t i = 0; i < map_n(m); i++) {
		str key = map_key(&m->at[i]);
		size_t k = 0;

		while (known[k] && !str_is(key, known[k]))
			k++;
		if (!known[k])
			conditions_add(r->keep, r->conditions, CONDITION_UNSUPPORTED_WARNING,
				       "%s.%.*s is not supported and has no effect", path,
				       STR_ARG(key));
	}
}

/* A string field; numbers are not strings here, as in Argo CD's schema. */
static bool read_str(struct reader *r, struct value block, const char *key, str *out)
{
	struct value v = map_at(value_map(block), key);

	*out = value_text(v);
	if (value_is_nil(v) || value_is(v, VALUE_STR))
		return true;
	return error_set(r->err, ERROR_INVALID, "Application: %s must be a string", key);
}

static bool read_strs(struct reader *r, struct value block, const char *key, str **out, size_t *n)
{
	struct value v = map_at(value_map(block), key);
	const struct list *l = value_list(v);

	*n = list_n(l);
	*out = arena_news(r->keep, *n + 1, str);
	if (!value_is_nil(v) && !value_is(v, VALUE_LIST))
		return error_set(r->err, ERROR_INVALID, "Application: %s must be a list", key);
	for (size_t i = 0; i < *n; i++) {
		if (!value_is(l->at[i], VALUE_STR))
			return error_set(r->err, ERROR_INVALID,
					 "Application: %s[%zu] must be a string", key, i);
		(*out)[i] = value_text(l->at[i]);
	}
	return true;
}

static bool read_flag(struct value block, const char *key)
{
	return value_truth_bool(map_at(value_map(block), key), false);
}

static bool read_parameters(struct reader *r, struct value block, const char *key,
			    const char *value_key, struct helm_parameter **out, size_t *n)
{
	const struct list *l = value_list(map_at(value_map(block), key));

	*n = list_n(l);
	*out = arena_news(r->keep, *n + 1, struct helm_parameter);
	for (size_t i = 0; i < *n; i++) {
		struct helm_parameter *p = &(*out)[i];

		if (!read_str(r, l->at[i], "name", &p->name) ||
		    !read_str(r, l->at[i], value_key, &p->value))
			return error_wrap(r->err, "helm.%s[%zu]", key, i);
		p->force_string = read_flag(l->at[i], "forceString");
	}
	return true;
}

static bool read_helm(struct reader *r, struct value block, struct helm_source *h)
{
	static const char *const known[] = {
		"releaseName", "values", "valuesObject", "valueFiles", "parameters",
		"fileParameters", "ignoreMissingValueFiles", "skipCrds", "skipTests",
		"skipSchemaValidation", "version", "passCredentials", "namespace", "kubeVersion",
		"apiVersions", NULL};

	check_keys(r, block, "spec.source.helm", known);
	h->values_object = map_at(value_map(block), "valuesObject");
	h->ignore_missing_value_files = read_flag(block, "ignoreMissingValueFiles");
	h->skip_crds = read_flag(block, "skipCrds");
	h->skip_tests = read_flag(block, "skipTests");
	h->skip_schema_validation = read_flag(block, "skipSchemaValidation");
	return read_str(r, block, "releaseName", &h->release_name) &&
	       read_str(r, block, "namespace", &h->namespace) &&
	       read_str(r, block, "kubeVersion", &h->kube_version) &&
	       read_str(r, block, "values", &h->values) &&
	       read_strs(r, block, "valueFiles", &h->value_files, &h->value_files_n) &&
	       read_strs(r, block, "apiVersions", &h->api_versions, &h->api_versions_n) &&
	       read_parameters(r, block, "parameters", "value", &h->parameters,
			       &h->parameters_n) &&
	       read_parameters(r, block, "fileParameters", "path", &h->file_parameters,
			       &h->file_parameters_n);
}

static bool read_directory(struct reader *r, struct value block, struct directory_source *d)
{
	static const char *const known[] = {"recurse", "include", "exclude", NULL};

	check_keys(r, block, "spec.source.directory", known);
	d->recurse = read_flag(block, "recurse");
	return read_str(r, block, "include", &d->include) &&
	       read_str(r, block, "exclude", &d->exclude);
}

static bool read_source(struct reader *r, struct value block, struct application_source *s)
{
	static const char *const known[] = {"repoURL", "path", "targetRevision", "chart", "ref",
					    "name", "helm", "directory", NULL};
	struct value helm = map_at(value_map(block), "helm");
	struct value directory = map_at(value_map(block), "directory");

	check_keys(r, block, "spec.source", known);
	s->has_helm = value_is(helm, VALUE_MAP);
	s->has_directory = value_is(directory, VALUE_MAP);
	if (!read_str(r, block, "repoURL", &s->repo_url) || !read_str(r, block, "path", &s->path) ||
	    !read_str(r, block, "targetRevision", &s->target_revision) ||
	    !read_str(r, block, "chart", &s->chart) || !read_str(r, block, "ref", &s->ref) ||
	    !read_str(r, block, "name", &s->name) || !read_helm(r, helm, &s->helm) ||
	    !read_directory(r, directory, &s->directory))
		return false;
	if (!s->repo_url.n)
		return error_set(r->err, ERROR_INVALID, "Application: spec.source.repoURL is empty");
	if (s->chart.n && s->ref.n)
		return error_set(r->err, ERROR_INVALID,
				 "Application: a source has either `chart` or `ref`, not both");
	if (s->has_helm && s->has_directory)
		return error_set(r->err, ERROR_INVALID,
				 "Application: a source has either `helm` or `directory`");
	return true;
}

static bool read_sources(struct reader *r, struct value spec, struct application *app)
{
	struct value one = map_at(value_map(spec), "source");
	const struct list *many = value_list(map_at(value_map(spec), "sources"));

	if (!list_n(many) && !value_is(one, VALUE_MAP))
		return error_set(r->err, ERROR_INVALID,
				 "Application: spec.source or spec.sources is required");
	app->sources_n = list_n(many) ? list_n(many) : 1;
	app->sources = arena_news(r->keep, app->sources_n, struct application_source);
	for (size_t i = 0; i < app->sources_n; i++)
		if (!read_source(r, list_n(many) ? many->at[i] : one, &app->sources[i]))
			return false;
	return true;
}

static bool has_finalizer(struct value metadata)
{
	const struct list *l = value_list(map_at(value_map(metadata), "finalizers"));

	for (uint32_t i = 0; i < list_n(l); i++)
		if (str_starts(value_text(l->at[i]), STR(FINALIZER)))
			return true;
	return false;
}

static bool read_spec(struct reader *r, struct application *app)
{
	static const char *const known[] = {"source", "sources", "destination", "project",
					    "syncPolicy", "ignoreDifferences", "info",
					    "revisionHistoryLimit", NULL};
	struct value destination = map_at(value_map(app->spec), "destination");
	int64_t limit = 10;

	check_keys(r, app->spec, "spec", known);
	value_to_i64(map_at(value_map(app->spec), "revisionHistoryLimit"), &limit);
	app->revision_history_limit = limit < 0 || limit > 1000 ? 10 : (int)limit;
	return read_str(r, app->spec, "project", &app->project) &&
	       read_str(r, destination, "server", &app->destination_server) &&
	       read_str(r, destination, "name", &app->destination_name) &&
	       read_str(r, destination, "namespace", &app->destination_namespace) &&
	       read_sources(r, app->spec, app);
}

static bool local_destination(const struct application *app)
{
	str server = app->destination_server, name = app->destination_name;

	if (server.n)
		return str_is(server, "https://kubernetes.default.svc");
	return !name.n || str_is(name, "in-cluster");
}

bool application_read(struct arena *keep, struct value object, struct application *out,
		      struct conditions *conditions, struct error *err)
{
	struct reader r = {keep, conditions, err};
	struct application app = {.name = object_name(object), .namespace = object_namespace(object)};

	if (!application_is(object))
		return error_set(err, ERROR_INVALID, "not an argoproj.io Application");
	if (!app.name.n)
		return error_set(err, ERROR_INVALID, "Application: metadata.name is empty");
	app.spec = map_at(value_map(object), "spec");
	app.metadata = map_at(value_map(object), "metadata");
	if (!read_spec(&r, &app))
		return error_wrap(err, "%.*s", STR_ARG(app.name));
	if (!app.project.n)
		app.project = STR("default");
	if (!local_destination(&app))
		return error_set(err, ERROR_UNSUPPORTED,
				 "%.*s: destination %.*s is another cluster; each cluster has its "
				 "own agent (use https://kubernetes.default.svc or in-cluster)",
				 STR_ARG(app.name),
				 STR_ARG(app.destination_server.n ? app.destination_server
								  : app.destination_name));
	app.cascade = has_finalizer(app.metadata);
	app.skip_reconcile = str_is(
		object_annotation(object, "argocd.argoproj.io/skip-reconcile"), "true");
	*out = app;
	return true;
}

/* --- build environment --- */

static bool variable(const struct application *app,
		     const struct application_source *source, str revision, str name, str *out)
{
	const struct {
		const char *name;
		str value;
	} known[] = {
		{"ARGOCD_APP_NAME", app->name},
		{"ARGOCD_APP_NAMESPACE", app->destination_namespace},
		{"ARGOCD_APP_PROJECT_NAME", app->project},
		{"ARGOCD_APP_REVISION", revision},
		{"ARGOCD_APP_REVISION_SHORT", str_sub(revision, 0, 7)},
		{"ARGOCD_APP_REVISION_SHORT_8", str_sub(revision, 0, 8)},
		{"ARGOCD_APP_SOURCE_REPO_URL", source->repo_url},
		{"ARGOCD_APP_SOURCE_PATH", source->path},
		{"ARGOCD_APP_SOURCE_TARGET_REVISION", source->target_revision},
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (!str_is(name, known[i].name))
			continue;
		*out = known[i].value;
		return true;
	}
	return false;
}

static size_t name_length(str text)
{
	size_t n = 0;

	while (n < text.n && (text.s[n] == '_' || (text.s[n] >= 'A' && text.s[n] <= 'Z') ||
			      (text.s[n] >= 'a' && text.s[n] <= 'z') ||
			      (text.s[n] >= '0' && text.s[n] <= '9')))
		n++;
	return n;
}

str application_expand(struct arena *keep, const struct application *app,
		       const struct application_source *source, str revision, str text)
{
	struct buf out;

	if (str_find_char(text, '$') < 0)
		return text;
	buf_in(&out, keep, 0);
	while (text.n) {
		bool braced = text.n > 1 && text.s[1] == '{';
		size_t skip = braced ? 2 : 1, n;
		str value;

		if (text.s[0] != '$') {
			buf_char(&out, text.s[0]);
			text = str_from(text, 1);
			continue;
		}
		n = name_length(str_from(text, skip));
		if ((braced && (skip + n >= text.n || text.s[skip + n] != '}')) ||
		    !variable(app, source, revision, str_sub(text, skip, skip + n), &value)) {
			buf_char(&out, '$');
			text = str_from(text, 1);
			continue;
		}
		buf_add(&out, value);
		text = str_from(text, skip + n + (braced ? 1 : 0));
	}
	return buf_str(&out);
}
