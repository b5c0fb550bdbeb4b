/*
 * Each source becomes objects as Argo CD's repository server would make them: a chart rendered with
 * the Application's values, or a directory of manifests.
 */
#include "agent/desired.h"

#include <stdatomic.h>

#include "agent/project.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/time.h"
#include "render/yaml.h"
#include "sync/diff.h"

struct desired_job {
	uv_work_t work;
	struct desired *out;
	struct arena scratch; /* of the rendering; only the objects outlive it */
	struct render_cache *cache;
	struct application app;
	struct files **files;
	str kube_version, *apis;
	size_t apis_n, room;
	desired_done_fn *done;
	void *arg;
	struct desired_job *next; /* of those that wait, or of those that run */
	int64_t began;
	atomic_bool stop;
};

struct desired *desired_ref(struct desired *d)
{
	d->refs++;
	return d;
}

void desired_unref(struct desired *d)
{
	if (!d || --d->refs)
		return;
	arena_done(&d->arena);
	mem_free(d);
}

struct value desired_child(const struct desired *d, str name)
{
	for (size_t i = 0; d && i < d->n; i++)
		if (application_is(d->objects[i]) && str_eq(object_name(d->objects[i]), name))
			return d->objects[i];
	return VALUE_NONE;
}

bool desired_names(const struct desired *d, const struct object_key *key)
{
	for (size_t i = 0; d && i < d->n; i++) {
		struct object_key k = object_key(d->objects[i]);

		if (str_eq(k.name, key->name) && str_eq(k.kind, key->kind) && str_eq(k.group, key->group) &&
		    (!k.namespace.n || !key->namespace.n || str_eq(k.namespace, key->namespace)))
			return true;
	}
	return false;
}

static void add_object(struct desired_job *j, struct value object)
{
	struct desired *d = j->out;

	if (object.type != VALUE_MAP || !map_n(object.map))
		return;
	if (d->n == j->room) {
		size_t room = j->room ? j->room * 2 : 64;

		d->objects = arena_grow(&d->arena, d->objects ? d->objects : arena_alloc(&d->arena, 16),
					j->room * sizeof *d->objects, room * sizeof *d->objects);
		j->room = room;
	}
	d->objects[d->n++] = value_copy(&d->arena, object, true);
}

/* --- charts --- */

static const struct application_source *find_ref(struct desired_job *j, str name, size_t *at)
{
	for (*at = 0; *at < j->app.sources_n; ++*at)
		if (j->app.sources[*at].ref.n && str_eq(j->app.sources[*at].ref, name))
			return &j->app.sources[*at];
	return NULL;
}

/* "$name/path" lies in another source; all else below this one's path. */
static bool read_values(struct desired_job *j, size_t source, str file, str *out, struct error *err)
{
	struct arena *keep = &j->scratch;
	struct files *files = j->files[source];
	str dir = j->app.sources[source].path, path;

	if (str_starts(file, STR("$"))) {
		str rest, name = str_cut(str_from(file, 1), '/', &rest);
		size_t at;

		if (!find_ref(j, name, &at))
			return error_set(err, ERROR_INVALID, "%.*s: no source has ref: %.*s", STR_ARG(file), STR_ARG(name));
		files = j->files[at];
		dir = STR("");
		file = rest;
	}
	if (str_has(file, STR("://")))
		return error_set(err, ERROR_UNSUPPORTED, "values from a URL (%.*s) are not fetched", STR_ARG(file));
	return path_join(keep, dir, file, &path, err) &&
	       files->read(files, keep, path, LIMIT_YAML_BYTES, out, err);
}

static bool add_value_files(struct desired_job *j, size_t source, struct values_text *out, size_t *n,
			    struct error *err)
{
	const struct application_source *src = &j->app.sources[source];
	struct arena *keep = &j->scratch;

	for (size_t i = 0; i < src->helm.value_files_n; i++) {
		str name = application_expand(keep, &j->app, src, j->out->revisions[source], src->helm.value_files[i]);
		struct error one = {.kind = ERROR_NONE};

		out[*n].name = name;
		if (read_values(j, source, name, &out[*n].text, &one)) {
			++*n;
		} else if (one.kind != ERROR_NOT_FOUND || !src->helm.ignore_missing_value_files) {
			*err = one;
			return error_wrap(err, "values file %.*s", STR_ARG(name));
		}
	}
	if (src->helm.values_object.type == VALUE_MAP)
		out[(*n)++] = (struct values_text){.name = STR("helm.valuesObject"),
						   .text = json_text(keep, src->helm.values_object, 0)};
	else if (src->helm.values.n)
		out[(*n)++] = (struct values_text){.name = STR("helm.values"), .text = src->helm.values};
	return true;
}

/* Commas that nothing escapes are escaped, unless the value is a list "{...}". */
static str parameter_text(struct arena *keep, str name, str value)
{
	struct buf b;
	bool list = value.n > 1 && value.s[0] == '{' && value.s[value.n - 1] == '}';

	buf_in(&b, keep, 0);
	buf_add(&b, name);
	buf_char(&b, '=');
	for (size_t i = 0; i < value.n; i++) {
		if (value.s[i] == ',' && !list && !(i && value.s[i - 1] == '\\'))
			buf_char(&b, '\\');
		buf_char(&b, value.s[i]);
	}
	return buf_str(&b);
}

static bool add_sets(struct desired_job *j, size_t source, struct set_flag *out, size_t *n, struct error *err)
{
	const struct application_source *src = &j->app.sources[source];
	struct arena *keep = &j->scratch;

	for (size_t i = 0; i < src->helm.parameters_n; i++) {
		const struct helm_parameter *p = &src->helm.parameters[i];
		str value = application_expand(keep, &j->app, src, j->out->revisions[source], p->value);

		out[(*n)++] = (struct set_flag){p->force_string ? SET_STRING : SET_VALUE,
						parameter_text(keep, p->name, value)};
	}
	for (size_t i = 0; i < src->helm.file_parameters_n; i++) {
		const struct helm_parameter *p = &src->helm.file_parameters[i];
		str text;

		if (!read_values(j, source, p->value, &text, err))
			return error_wrap(err, "file parameter %.*s", STR_ARG(p->name));
		out[(*n)++] = (struct set_flag){SET_FILE, arena_printf(keep, "%.*s=%.*s", STR_ARG(p->name), STR_ARG(text))};
	}
	return true;
}

static bool render_helm(struct desired_job *j, size_t source, struct error *err)
{
	const struct application_source *src = &j->app.sources[source];
	struct arena *keep = &j->scratch;
	struct values_text *values = arena_news(keep, src->helm.value_files_n + 1, struct values_text);
	struct set_flag *sets = arena_news(keep, src->helm.parameters_n + src->helm.file_parameters_n + 1,
					   struct set_flag);
	struct render_options o = {
		.release_name = src->helm.release_name.n ? src->helm.release_name : j->app.name,
		.namespace = src->helm.namespace.n ? src->helm.namespace : j->app.destination_namespace,
		.kube_version = src->helm.kube_version.n ? src->helm.kube_version : j->kube_version,
		.api_versions = src->helm.api_versions_n ? src->helm.api_versions : j->apis,
		.api_versions_n = src->helm.api_versions_n ? src->helm.api_versions_n : j->apis_n,
		.include_crds = !src->helm.skip_crds,
		.skip_tests = src->helm.skip_tests,
		.skip_schema = src->helm.skip_schema_validation,
		.values = values,
		.sets = sets,
		.stop = &j->stop};
	struct render_result result;

	if (!add_value_files(j, source, values, &o.values_n, err) || !add_sets(j, source, sets, &o.sets_n, err) ||
	    !render_chart(j->cache, keep, j->files[source], src->path, &o, &result, err))
		return false;
	for (size_t i = 0; i < result.n; i++)
		add_object(j, result.manifests[i].object);
	return true;
}

/* --- plain directories --- */

static bool is_manifest(const struct directory_source *d, str name)
{
	if (!str_ends(name, STR(".yaml")) && !str_ends(name, STR(".yml")) && !str_ends(name, STR(".json")))
		return false;
	return (!d->include.n || project_glob(d->include, name, true)) &&
	       !(d->exclude.n && project_glob(d->exclude, name, true));
}

static bool read_manifest(struct desired_job *j, struct files *files, str path, struct error *err)
{
	struct arena *keep = &j->scratch;
	struct list *all;
	str text;

	if (!files->read(files, keep, path, LIMIT_YAML_BYTES, &text, err))
		return false;
	if (!yaml_read_all(keep, text, YAML_TYPED, &all, err))
		return error_wrap(err, "%.*s", STR_ARG(path));
	for (uint32_t i = 0; i < list_n(all); i++)
		add_object(j, all->at[i]);
	return true;
}

static bool render_directory(struct desired_job *j, size_t source, str below, int depth, struct error *err)
{
	const struct application_source *src = &j->app.sources[source];
	struct arena *keep = &j->scratch;
	struct files *files = j->files[source];
	struct file_entry *entries;
	str dir, path, name;
	size_t n;

	if (depth > LIMIT_GIT_TREE_DEPTH)
		return error_set(err, ERROR_LIMIT, "directories are nested deeper than %d", LIMIT_GIT_TREE_DEPTH);
	if (!path_join(keep, src->path, below, &dir, err) || !files->list(files, keep, dir, &entries, &n, err))
		return false;
	for (size_t i = 0; i < n; i++) {
		name = path_below(keep, below, entries[i].name);
		if (entries[i].type == FILE_DIRECTORY) {
			if (src->directory.recurse && !render_directory(j, source, name, depth + 1, err))
				return false;
			continue;
		}
		if (!is_manifest(&src->directory, name))
			continue;
		if (!path_join(keep, src->path, name, &path, err) || !read_manifest(j, files, path, err))
			return false;
	}
	return true;
}

/* --- the job --- */

static bool render_source(struct desired_job *j, size_t source, struct error *err)
{
	const struct application_source *src = &j->app.sources[source];
	struct files *files = j->files[source];
	struct error absent = {.kind = ERROR_NONE};
	struct file_entry entry;
	str chart;

	if (src->ref.n && !src->path.n && !src->has_helm)
		return true; /* only a place for values files */
	if (src->chart.n)
		return error_set(err, ERROR_UNSUPPORTED, "chart %.*s comes from the Helm repository %.*s: this version "
				 "renders charts from Git repositories only", STR_ARG(src->chart), STR_ARG(src->repo_url));
	if (!files->stat(files, &j->scratch, src->path, &entry, err))
		return err->kind == ERROR_NOT_FOUND
			? error_set(err, ERROR_NOT_FOUND, "%.*s: app path does not exist", STR_ARG(src->path)) : false;
	if (!path_join(&j->scratch, src->path, STR("Chart.yaml"), &chart, err))
		return false;
	if (!src->has_directory && files->stat(files, &j->scratch, chart, &entry, &absent))
		return render_helm(j, source, err);
	if (absent.kind != ERROR_NONE && absent.kind != ERROR_NOT_FOUND) {
		*err = absent;
		return false;
	}
	return render_directory(j, source, STR(""), 0, err);
}

static uint64_t hash_of(const struct desired *d)
{
	uint64_t h = 0;

	for (size_t i = 0; i < d->n; i++)
		h += diff_hash(d->objects[i]) * 31 + 7; /* their order means nothing */
	return h ? h : 1;
}

static void render_all(struct desired_job *j)
{
	struct desired *d = j->out;
	jmp_buf env, *outer = arena_guard(&d->arena, &env);

	arena_init(&j->scratch, LIMIT_RENDER_MEMORY);
	arena_guard(&j->scratch, &env);
	if (setjmp(env)) {
		arena_guard(&d->arena, outer);
		arena_done(&j->scratch);
		d->failed = true;
		error_set(&d->error, ERROR_LIMIT, "the rendering takes more than %u bytes of memory", LIMIT_RENDER_MEMORY);
		return;
	}
	for (size_t i = 0; i < d->sources_n && !d->failed; i++)
		d->failed = !render_source(j, i, &d->error);
	if (d->failed)
		d->n = 0;
	d->hash = hash_of(d);
	arena_guard(&d->arena, outer);
	arena_done(&j->scratch);
}

static bool open_sources(struct desired_job *j, desired_open_fn *open, void *arg)
{
	struct desired *d = j->out;

	for (size_t i = 0; i < d->sources_n; i++) {
		struct files *f;

		d->records[i] = record_new(&d->arena);
		if (j->app.sources[i].chart.n)
			continue;
		f = open(arg, &d->arena, i, &d->error);
		if (!f)
			return false;
		j->files[i] = files_record(&d->arena, f, d->records[i]);
	}
	return true;
}

/* Copies the input into the new desired's arena and opens the files. */
static bool job_init(struct desired_job *j, struct render_cache *cache, const struct desired_input *in,
		     desired_open_fn *open, void *arg)
{
	struct desired *d = mem_alloc(sizeof *d);
	struct map *manifest;
	struct conditions ignored = {0};

	if (!d)
		return false;
	*d = (struct desired){.refs = 1, .sources_n = in->app->sources_n};
	arena_init(&d->arena, LIMIT_RENDER_MEMORY);
	*j = (struct desired_job){.out = d, .cache = cache, .apis_n = in->apis_n};
	manifest = map_new(&d->arena, 4);
	map_set(&d->arena, manifest, STR("apiVersion"), value_lit("argoproj.io/v1alpha1"));
	map_set(&d->arena, manifest, STR("kind"), value_lit("Application"));
	map_set(&d->arena, manifest, STR("metadata"), value_copy(&d->arena, in->app->metadata, true));
	map_set(&d->arena, manifest, STR("spec"), value_copy(&d->arena, in->app->spec, true));
	d->failed = !application_read(&d->arena, value_of_map(manifest), &j->app, &ignored, &d->error);
	d->records = arena_news(&d->arena, d->sources_n + 1, struct record *);
	d->revisions = arena_news(&d->arena, d->sources_n + 1, str);
	j->files = arena_news(&d->arena, d->sources_n + 1, struct files *);
	for (size_t i = 0; i < d->sources_n; i++)
		d->revisions[i] = arena_str(&d->arena, in->revisions[i]);
	j->kube_version = arena_str(&d->arena, in->kube_version);
	j->apis = arena_news(&d->arena, in->apis_n + 1, str);
	for (size_t i = 0; i < in->apis_n; i++)
		j->apis[i] = arena_str(&d->arena, in->apis[i]);
	d->failed |= !open_sources(j, open, arg);
	return true;
}

static void work(uv_work_t *req)
{
	struct desired_job *j = req->data;

	if (!j->out->failed)
		render_all(j);
}

/* --- on the workers: the loop's thread decides --- */

static struct desired_job *waiting, **waiting_last = &waiting, *running;
static unsigned running_n;

unsigned desired_running(void)
{
	return running_n;
}

static void unlink_job(struct desired_job **list, struct desired_job *j)
{
	while (*list != j)
		list = &(*list)->next;
	*list = j->next;
}

static void run_next(uv_loop_t *loop);

static void worked(uv_work_t *req, int status)
{
	struct desired_job *j = req->data;

	(void)status;
	unlink_job(&running, j);
	running_n--;
	run_next(req->loop);
	if (j->done)
		j->done(j->arg, j->out);
	else
		desired_unref(j->out);
	mem_free(j);
}

/* Not more than DESIRED_WORKERS at once: the store's commits need a thread too. */
static void run_next(uv_loop_t *loop)
{
	struct desired_job *j;

	while (running_n < DESIRED_WORKERS && (j = waiting)) {
		waiting = j->next;
		if (!waiting)
			waiting_last = &waiting;
		j->next = running;
		running = j;
		running_n++;
		j->began = time_monotonic();
		uv_queue_work(loop, &j->work, work, worked);
	}
}

struct desired_job *desired_start(uv_loop_t *loop, struct render_cache *cache,
				  const struct desired_input *input, desired_open_fn *open,
				  desired_done_fn *done, void *arg)
{
	struct desired_job *j = mem_alloc(sizeof *j);

	if (!j || !job_init(j, cache, input, open, arg)) {
		mem_free(j);
		return NULL;
	}
	j->done = done;
	j->arg = arg;
	j->work.data = j;
	*waiting_last = j;
	waiting_last = &j->next;
	run_next(loop);
	return j;
}

static bool take_waiting(struct desired_job *job)
{
	for (struct desired_job **p = &waiting; *p; p = &(*p)->next)
		if (*p == job) {
			*p = job->next;
			if (waiting_last == &job->next)
				waiting_last = p;
			return true;
		}
	return false;
}

void desired_cancel(struct desired_job *job)
{
	if (!job)
		return;
	job->done = NULL;
	atomic_store(&job->stop, true);
	if (take_waiting(job)) {
		desired_unref(job->out);
		mem_free(job);
	}
}

void desired_stop_late(void)
{
	int64_t now = time_monotonic();

	for (struct desired_job *j = running; j; j = j->next)
		if (now - j->began > LIMIT_RENDER_SECONDS * TIME_SECOND)
			atomic_store(&j->stop, true);
}

struct desired *desired_render(struct render_cache *cache, const struct desired_input *input,
			       desired_open_fn *open, void *arg)
{
	struct desired_job j;

	if (!job_init(&j, cache, input, open, arg))
		return NULL;
	if (!j.out->failed)
		render_all(&j);
	return j.out;
}
