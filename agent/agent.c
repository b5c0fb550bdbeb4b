/*
 * Everything is made in the order in which it needs each other, and taken down backwards.
 */
#include "agent/agent.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "agent/log.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"
#include "render/yaml.h"
#include "sync/diff.h"
#include "sync/jq.h"
#include "sync/kube/cluster.h"

#define HOUSEKEEPING_MS 1000
#define RARELY 5 /* times of it */

/* --- what the cluster tells --- */

static void on_changed(void *arg, const struct object_key *key, str name)
{
	struct agent *a = arg;
	struct app *app = name.n ? app_find(a, name) : NULL, *one;

	if (app)
		app_changed(app);
	for (uint32_t i = 0; app_next(a, &i, &one);) {
		if (one->op.sync)
			operation_notify(one, key);
		/* untracked: an object that is being adopted, or a CRD, which carries no annotation */
		if (!name.n && (one->waits || str_is(key->kind, "CustomResourceDefinition")))
			app_dirty(one);
	}
}

static void on_kind(void *arg, str group, str kind, enum kind_state state)
{
	struct object_key key = {group, kind, STR(""), STR("")};
	struct agent *a = arg;
	struct app *app;

	(void)state;
	for (uint32_t i = 0; app_next(a, &i, &app);) {
		if (app->forced && !app->job)
			app_render(app); /* it waited for what the server serves */
		app_dirty(app);
		operation_notify(app, &key);
	}
}

/* --- the end of each turn --- */

/* A look may make others due (a child's parent): they have their turn at once, but a circle of them
 * does not keep the loop from its events. */
static void on_check(uv_check_t *check)
{
	struct agent *a = check->data;
	uint32_t budget = a->apps.n * 2 + 1;

	while (a->dirty && budget-- && !a->stopping) {
		struct app *app = a->dirty;

		a->dirty = app->next_dirty;
		app->dirty = false;
		app_evaluate(app);
	}
	if (!a->dirty)
		uv_idle_stop(&a->idle);
}

static void store_memory(struct agent *a)
{
	struct arena scratch;

	if (!a->memory.dirty)
		return;
	arena_init(&scratch, 0);
	store_put(a->store, "memory", STR("all"), json_text(&scratch, memory_save(&a->memory, &scratch), 0));
	arena_done(&scratch);
}

/* What renderings are told: the server's version and what it serves, in any order. */
uint64_t agent_capabilities(struct agent *a)
{
	struct arena scratch;
	str version, *apis;
	size_t n;
	uint64_t hash = 0;

	arena_init(&scratch, 0);
	if (a->cluster->ops->capabilities(a->cluster, &scratch, &version, &apis, &n)) {
		hash = diff_hash(value_str(version));
		for (size_t i = 0; i < n; i++)
			hash += diff_hash(value_str(apis[i]));
	}
	arena_done(&scratch);
	return hash;
}

bool agent_cluster_error(struct agent *a, struct error *err)
{
	enum kind_state state = a->cluster->ops->kind(a->cluster, STR(""), STR("Namespace"), NULL, err);

	return (state == KIND_UNKNOWN || state == KIND_FAILING || state == KIND_FORBIDDEN) && err->kind;
}

/* Once for each thing that is the matter, and when it works again. */
static void tell_cluster(struct agent *a)
{
	struct error err = {.kind = ERROR_NONE};
	bool bad = agent_cluster_error(a, &err);
	struct app *app;

	if (!bad && a->cluster_error.kind)
		log_event(LOG_INFO, "the API server answers again", "server", a->kube.server, NULL);
	else if (bad && strcmp(err.text, a->cluster_error.text) != 0)
		log_event(LOG_ERROR, "the API server cannot be used", "server", a->kube.server, "why",
			  str_of(err.text), NULL);
	if (bad == (a->cluster_error.kind != ERROR_NONE) && !strcmp(err.text, a->cluster_error.text))
		return;
	a->cluster_error = bad ? err : (struct error){.kind = ERROR_NONE};
	for (uint32_t i = 0; app_next(a, &i, &app);)
		app_dirty(app);
}

static void on_housekeeping(uv_timer_t *timer)
{
	struct agent *a = timer->data;
	uint64_t capabilities;
	struct app *app;

	desired_stop_late();
	tell_cluster(a);
	if (++a->seconds % RARELY)
		return;
	store_memory(a);
	capabilities = agent_capabilities(a);
	for (uint32_t i = 0; app_next(a, &i, &app);) {
		app->forced |= capabilities && app->desired && app->capabilities != capabilities;
		if (app->forced && !app->job)
			app_render(app);
	}
	if (a->trimmed != a->renders + a->syncs) { /* a burst is over: its memory goes back */
		a->trimmed = a->renders + a->syncs;
		malloc_trim(0);
	}
}

/* --- manifests of the configuration --- */

static bool set_manifest(struct agent *a, struct value v, const char *file, struct error *err)
{
	if (application_is(v)) {
		struct app *app = app_find(a, object_name(v));

		if (app && app->named)
			return error_set(err, ERROR_INVALID, "%s: applications names the Application %.*s twice", file,
					 STR_ARG(object_name(v)));
		app = app_set(a, v, NULL);
		if (!app)
			return error_set(err, ERROR_INVALID, "%s: the Application cannot be used", file);
		app->named = true;
		return true;
	}
	if (project_is(v)) {
		project_set(a, v, STR(""));
		return true;
	}
	return v.type == VALUE_NIL ||
	       error_set(err, ERROR_INVALID, "%s holds a %.*s; applications: wants manifests of kind Application or "
			 "AppProject", file, STR_ARG(object_kind(v)));
}

static bool read_manifests(struct agent *a, struct error *err)
{
	for (size_t i = 0; i < a->config.applications_n; i++) {
		struct arena scratch;
		struct list *all;
		str path, text;
		bool ok;

		arena_init(&scratch, 0);
		path = config_path(&scratch, &a->config, a->config.applications[i]);
		ok = config_read_file(&scratch, path, LIMIT_YAML_BYTES, false, &text, err);
		ok = ok && (yaml_read_all(&scratch, text, YAML_TYPED, &all, err) ||
			    error_wrap(err, "%.*s", STR_ARG(path)));
		for (uint32_t j = 0; ok && j < list_n(all); j++)
			ok = set_manifest(a, all->at[j], arena_cstr(&scratch, path), err);
		arena_done(&scratch);
		if (!ok)
			return false;
	}
	return true;
}

/* A line that is taken out of a configuration is no order to delete what runs. */
static void drop_unnamed(struct agent *a)
{
	struct app *app;

	for (uint32_t i = 0; app_next(a, &i, &app);)
		if (!app->parent && !app->named) {
			app_drop(app);
			i = 0; /* its children went too */
		}
}

/* --- rows of the store --- */

struct child_row {
	struct child_row *next;
	str parent;
	struct value manifest;
};

struct loading {
	struct agent *agent;
	struct arena arena;
	struct child_row *children;
};

static void load_child(void *arg, str key, str text)
{
	struct loading *l = arg;
	struct child_row *row = arena_new(&l->arena, struct child_row);

	row->parent = arena_str(&l->arena, str_cut(key, ' ', &key));
	if (json_read(&l->arena, arena_str(&l->arena, text), 0, &row->manifest, NULL)) {
		row->next = l->children;
		l->children = row;
	}
}

/* Parents before children; what has no parent any more is left out. */
static void make_children(struct loading *l)
{
	bool more = true;

	while (more) {
		more = false;
		for (struct child_row *row = l->children; row; row = row->next) {
			struct app *parent = row->parent.s ? app_find(l->agent, row->parent) : NULL;

			if (!parent)
				continue;
			app_set(l->agent, row->manifest, parent->name);
			row->parent = STR_NONE;
			more = true;
		}
	}
}

static void load_applied(void *arg, str key, str text)
{
	struct loading *l = arg;
	struct app *app = app_find(l->agent, key);

	if (app)
		num_parse_hex(text, &app->applied);
}

static void load_owed(void *arg, str key, str text)
{
	struct loading *l = arg;
	struct app *app = app_find(l->agent, key);

	if (app)
		num_parse_hex(text, &app->owed);
}

static void load_operation(void *arg, str key, str text)
{
	struct loading *l = arg;
	struct app *app = app_find(l->agent, key);
	struct value v;

	if (app && json_read(&l->arena, arena_str(&l->arena, text), 0, &v, NULL))
		operation_load(app, v);
}

static void load_history(void *arg, str key, str text)
{
	struct loading *l = arg;
	struct app *app = app_find(l->agent, key);

	if (app && !json_read(&app->history_arena, arena_str(&app->history_arena, text), 0, &app->history, NULL))
		app->history = VALUE_NONE;
}

static void load_memory(void *arg, str key, str text)
{
	struct loading *l = arg;
	struct value v;

	(void)key;
	if (json_read(&l->arena, arena_str(&l->arena, text), 0, &v, NULL))
		memory_load(&l->agent->memory, v);
}

static bool load_rows(struct agent *a, struct error *err)
{
	struct loading l = {.agent = a};
	bool ok;

	arena_init(&l.arena, 0);
	ok = store_each(a->store, "projects", project_load, a, err) &&
	     store_each(a->store, "children", load_child, &l, err);
	if (ok)
		make_children(&l);
	ok = ok && store_each(a->store, "applied", load_applied, &l, err) &&
	     store_each(a->store, "owed", load_owed, &l, err) &&
	     store_each(a->store, "operation", load_operation, &l, err) &&
	     store_each(a->store, "history", load_history, &l, err) &&
	     store_each(a->store, "memory", load_memory, &l, err) &&
	     store_each(a->store, "kinds", kinds_load, a, err);
	arena_done(&l.arena);
	return ok;
}

/* --- signals --- */

static void stop(struct agent *a);

static void reload(struct agent *a)
{
	struct error err = {.kind = ERROR_NONE};
	struct arena fresh;
	struct config config;
	struct app *app;
	bool new_interval;

	arena_init(&fresh, 0);
	if (!config_load(&fresh, a->config_path, &config, &err) || !server_may_reload(a->server, &config, &err)) {
		log_event(LOG_ERROR, "the new configuration cannot be used, the old one stays", "why", str_of(err.text), NULL);
		arena_done(&fresh);
		return;
	}
	new_interval = config.poll_ns != a->config.poll_ns;
	a->config = config;
	git_configure(a->git, &a->config);
	outbox_configure(a->outbox, &a->config);
	log_setup(str_is(a->config.log_format, "json"), a->config.log_debug);
	arena_done(&a->config_arena);
	a->config_arena = fresh;
	for (uint32_t i = 0; new_interval && app_next(a, &i, &app);)
		app_rewatch(app);
	for (uint32_t i = 0; app_next(a, &i, &app);)
		app->named = false;
	projects_unname(a);
	if (read_manifests(a, &err)) {
		drop_unnamed(a);
		projects_drop_unnamed(a);
	}
	else
		log_event(LOG_ERROR, "an application of the configuration cannot be read", "why", str_of(err.text), NULL);
	log_event(LOG_INFO, "configuration reloaded", NULL);
}

static void on_signal(uv_signal_t *signal, int number)
{
	if (number == SIGHUP)
		reload(signal->data);
	else
		stop(signal->data);
}

/* --- life --- */

static void close_handles(struct agent *a)
{
	uv_close((uv_handle_t *)&a->check, NULL);
	uv_close((uv_handle_t *)&a->idle, NULL);
	uv_close((uv_handle_t *)&a->housekeeping, NULL);
	for (int i = 0; i < 3; i++)
		uv_close((uv_handle_t *)&a->signals[i], NULL);
}

/* Nothing is lost: what runs has its row, and is taken up at the next start. */
static void take_down(struct agent *a)
{
	struct app *app;

	log_event(LOG_INFO, "stopping", NULL);
	store_memory(a);
	server_free(a->server);
	for (uint32_t i = 0; app_next(a, &i, &app);)
		app_free(app);
	table_done(&a->apps);
	while (desired_running()) /* workers read from git's files */
		uv_run(a->loop, UV_RUN_ONCE);
	store_close(a->store); /* its barriers still reach the outbox */
	outbox_free(a->outbox);
	kube_cluster_free(a->cluster);
	git_free(a->git);
	http_free(a->http);
	close_handles(a);
	uv_run(a->loop, UV_RUN_DEFAULT);
	uv_loop_close(a->loop);
	render_cache_free(a->cache);
	memory_done(&a->memory);
	jq_forget();
	projects_free(a);
	table_done(&a->kinds);
}

static void stop(struct agent *a)
{
	a->stopping = true;
	uv_stop(a->loop);
}

static void start_handles(struct agent *a)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};

	uv_check_init(a->loop, &a->check);
	uv_idle_init(a->loop, &a->idle);
	uv_timer_init(a->loop, &a->housekeeping);
	a->check.data = a->idle.data = a->housekeeping.data = a;
	uv_check_start(&a->check, on_check);
	uv_timer_start(&a->housekeeping, on_housekeeping, HOUSEKEEPING_MS, HOUSEKEEPING_MS);
	for (int i = 0; i < 3; i++) {
		uv_signal_init(a->loop, &a->signals[i]);
		a->signals[i].data = a;
		uv_signal_start(&a->signals[i], on_signal, numbers[i]);
	}
}

static bool make_state(struct agent *a, str *dir, struct error *err)
{
	*dir = config_path(&a->config_arena, &a->config, a->config.state);
	if (mkdir(arena_cstr(&a->config_arena, *dir), 0700) == 0 || errno == EEXIST)
		return true;
	return error_errno(err, "make the state directory %.*s", STR_ARG(*dir));
}

static bool start(struct agent *a, struct error *err)
{
	struct arena *keep = &a->config_arena;
	str state;

	if (!make_state(a, &state, err) ||
	    !kubeconfig_find(&a->kube_arena, a->config.kubeconfig, &a->kube, err))
		return false;
	a->http = http_new(a->loop);
	a->cache = render_cache_new();
	if (!a->http || !a->cache)
		return error_set(err, ERROR_MEMORY, "no memory to start");
	a->store = store_open(a->loop, arena_cstr(keep, arena_printf(keep, "%.*s/tiphys.db", STR_ARG(state))), err);
	if (!a->store)
		return false;
	a->git = git_new(a->loop, a->http, arena_printf(keep, "%.*s/git", STR_ARG(state)), &a->config, err);
	if (!a->git)
		return false;
	a->cluster = kube_cluster_new(a->loop, a->http, &a->kube, err);
	if (!a->cluster)
		return false;
	a->cluster->on_changed = on_changed;
	a->cluster->on_kind = on_kind;
	a->cluster->on_arg = a;
	a->outbox = outbox_new(a->loop, a->http, a->store, &a->config, err);
	if (!a->outbox)
		return false;
	start_handles(a);
	if (!read_manifests(a, err) || !load_rows(a, err))
		return false;
	a->server = server_new(a, err);
	return a->server != NULL; /* last: it answers when all else is there */
}

/* Rendering comes in bursts: two workers, beside one for the store, are as fast as the cores of a small
 * Pod allow, and memory goes back to the system afterwards instead of lying in the allocator's arenas. */
static void keep_small(void)
{
	setenv("UV_THREADPOOL_SIZE", "3", 0);
	mallopt(M_ARENA_MAX, 2);
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	mallopt(M_TRIM_THRESHOLD, 1 << 20);
}

struct agent *agent_new(uv_loop_t *loop, const char *config_path, struct error *err)
{
	struct agent *a = mem_alloc(sizeof *a);

	if (!a) {
		error_set(err, ERROR_MEMORY, "no memory to start");
		return NULL;
	}
	a->loop = loop;
	a->config_path = config_path;
	a->started = time_wall();
	arena_init(&a->config_arena, 0);
	arena_init(&a->kube_arena, 0);
	memory_init(&a->memory);
	if (!config_load(&a->config_arena, config_path, &a->config, err)) {
		arena_done(&a->config_arena);
		mem_free(a);
		return NULL;
	}
	log_setup(str_is(a->config.log_format, "json"), a->config.log_debug);
	if (!start(a, err))
		return NULL;
	log_event(LOG_INFO, "tiphys runs", "environment", a->config.environment, "server", a->kube.server, NULL);
	return a;
}

void agent_free(struct agent *a)
{
	if (!a)
		return;
	take_down(a);
	arena_done(&a->kube_arena);
	arena_done(&a->config_arena);
	mem_free(a);
}

int agent_run(const char *config_path)
{
	struct error err = {.kind = ERROR_NONE};
	struct agent *a;

	keep_small();
	a = agent_new(uv_default_loop(), config_path, &err);
	if (!a) {
		fprintf(stderr, "Error: %s\n", err.text);
		return 1;
	}
	uv_run(a->loop, UV_RUN_DEFAULT);
	agent_free(a);
	return 0;
}
