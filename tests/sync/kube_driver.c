/*
 * The Kubernetes client at the end of a pipe, for tests/e2e/test_kube.py: commands in, one JSON
 * value a line; answers and events out, the same way. argv[1]: a kubeconfig in JSON.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/time.h"
#include "sync/kube/cluster.h"

struct driver {
	uv_loop_t loop;
	uv_pipe_t in;
	struct http *http;
	struct cluster *cluster;
	struct arena config, scratch;
	struct buf input;
	char chunk[65536];
	bool quiet;
};

struct pending {
	struct driver *driver;
	struct arena keep;
	str id;
};

static const char *const states[] = {"unknown", "absent", "served", "loading",
				     "ready", "forbidden", "failing"};

static void put(struct arena *a, struct map *m, const char *key, struct value v)
{
	map_set(a, m, str_of(key), v);
}

static void say(struct arena *a, struct map *m)
{
	struct buf b;
	buf_init(&b, 0);
	(void)a;
	json_write(&b, value_of_map(m), 0);
	buf_char(&b, '\n');
	fwrite(b.s, 1, b.n, stdout);
	fflush(stdout);
	buf_done(&b);
}

static void put_error(struct arena *a, struct map *m, const struct error *err)
{
	put(a, m, "error", value_str(arena_str(a, str_of(err->text))));
	put(a, m, "error_kind", value_str(str_of(error_kind_name(err->kind))));
	put(a, m, "code", value_int(err->code));
	put(a, m, "transient", value_bool(error_transient(err)));
}

static void put_key(struct arena *a, struct map *m, const struct object_key *key)
{
	put(a, m, "key", value_str(object_key_text(a, key)));
}

static void on_changed(void *arg, const struct object_key *key, str app)
{
	struct driver *d = arg;
	struct arena a;
	struct map *m;
	struct live live;
	arena_init(&a, 0);
	m = map_new(&a, 4);
	put(&a, m, "event", value_lit("changed"));
	put_key(&a, m, key);
	put(&a, m, "app", value_str(app));
	/* Reading inside of the callback is allowed: it must not hurt. */
	d->cluster->ops->live(d->cluster, &a, key, &live);
	put(&a, m, "exists", value_bool(live.exists));
	if (!d->quiet)
		say(&a, m);
	arena_done(&a);
}

static void on_kind(void *arg, str group, str kind, enum kind_state state)
{
	struct arena a;
	struct map *m;
	(void)arg;
	arena_init(&a, 0);
	m = map_new(&a, 4);
	put(&a, m, "event", value_lit("kind"));
	put(&a, m, "group", value_str(group));
	put(&a, m, "kind", value_str(kind));
	put(&a, m, "state", value_str(str_of(states[state])));
	say(&a, m);
	arena_done(&a);
}

static void on_done(void *arg, const struct call_result *result, const struct error *err)
{
	struct pending *p = arg;
	struct map *m = map_new(&p->keep, 8);
	put(&p->keep, m, "id", value_str(p->id));
	if (err)
		put_error(&p->keep, m, err);
	put(&p->keep, m, "object", result->object);
	put(&p->keep, m, "warning", value_str(result->warning));
	put(&p->keep, m, "changed", value_bool(result->changed));
	put(&p->keep, m, "created", value_bool(result->created));
	say(&p->keep, m);
	arena_done(&p->keep);
	free(p);
}

static struct object_key key_of(struct value c)
{
	return (struct object_key){.group = value_path_str(c, "group", NULL),
				   .kind = value_path_str(c, "kind", NULL),
				   .namespace = value_path_str(c, "namespace", NULL),
				   .name = value_path_str(c, "name", NULL)};
}

static bool flag(struct value c, const char *name)
{
	return value_truth_bool(value_path(c, name, NULL), false);
}

static void run_write(struct driver *d, str op, struct value c)
{
	const struct cluster_ops *ops = d->cluster->ops;
	struct pending *p = calloc(1, sizeof *p);
	struct object_key key = key_of(c);
	struct value object = value_path(c, "object", NULL);
	struct cluster_call *call = NULL;
	struct error err = {0};
	arena_init(&p->keep, 0);
	p->driver = d;
	p->id = arena_str(&p->keep, value_path_str(c, "id", NULL));
	struct apply_options o = {.manager = value_path_str(c, "manager", NULL),
				  .force = flag(c, "force"), .dry_run = flag(c, "dry_run"),
				  .no_validate = flag(c, "no_validate")};
	if (str_is(op, "apply")) {
		call = ops->apply(d->cluster, object, &o, on_done, p, &err);
	} else if (str_is(op, "create")) {
		call = ops->create(d->cluster, object, &o, on_done, p, &err);
	} else if (str_is(op, "replace")) {
		call = ops->replace(d->cluster, object, &o, on_done, p, &err);
	} else if (str_is(op, "patch")) {
		call = ops->patch(d->cluster, &key, value_path_str(c, "type", NULL).s,
				  value_path_str(c, "body", NULL),
				  value_path_str(c, "subresource", NULL), on_done, p, &err);
	} else if (str_is(op, "remove")) {
		int64_t how = PROPAGATE_BACKGROUND;
		value_to_i64(value_path(c, "how", NULL), &how);
		call = ops->remove(d->cluster, &key, value_path_str(c, "uid", NULL),
				   (enum propagation)how, flag(c, "dry_run"), on_done, p, &err);
	} else {
		call = ops->get(d->cluster, &key, on_done, p, &err);
	}
	if (call && flag(c, "cancel")) {
		ops->cancel(d->cluster, call);
		arena_done(&p->keep);
		free(p);
	} else if (!call) {
		on_done(p, &(struct call_result){0}, &err);
	}
}

static void run_live(struct driver *d, struct value c, struct map *m)
{
	struct arena *a = &d->scratch;
	struct object_key key = key_of(c);
	struct live live;
	put(a, m, "ready", value_bool(d->cluster->ops->live(d->cluster, a, &key, &live)));
	put(a, m, "exists", value_bool(live.exists));
	put(a, m, "whole", value_bool(live.whole));
	put(a, m, "object", live.object);
	put(a, m, "fields", live.fields);
	put(a, m, "legacy", value_bool(live.legacy_manager));
	put(a, m, "uid", value_str(live.uid));
	put(a, m, "deleting", value_bool(live.deleting));
}

static void run_kind(struct driver *d, struct value c, struct map *m)
{
	struct arena *a = &d->scratch;
	struct object_key key = key_of(c);
	struct kind kind;
	struct error why = {0};
	enum kind_state state = d->cluster->ops->kind(d->cluster, key.group, key.kind, &kind, &why);
	put(a, m, "state", value_str(str_of(states[state])));
	put(a, m, "plural", value_str(kind.plural));
	put(a, m, "version", value_str(kind.version));
	put(a, m, "namespaced", value_bool(kind.namespaced));
	put(a, m, "why", value_str(arena_str(a, str_of(why.text))));
}

static void run_capabilities(struct driver *d, struct map *m)
{
	struct arena *a = &d->scratch;
	struct list *l = list_new(a, 100);
	str version = STR_NONE, *apis = NULL;
	size_t n = 0;
	put(a, m, "known", value_bool(d->cluster->ops->capabilities(d->cluster, a, &version, &apis,
								    &n)));
	for (size_t i = 0; i < n; i++)
		list_add(a, l, value_str(apis[i]));
	put(a, m, "version", value_str(version));
	put(a, m, "apis", value_of_list(l));
}

static void run_stats(struct driver *d, struct map *m)
{
	struct arena *a = &d->scratch;
	struct kube_cluster_stats s = kube_cluster_stats(d->cluster);
	struct http_stats h = http_stats(d->http);
	size_t rss;
	uv_resident_set_memory(&rss);
	put(a, m, "whole", value_int((int64_t)s.whole));
	put(a, m, "foreign", value_int((int64_t)s.foreign));
	put(a, m, "cache_bytes", value_int((int64_t)s.cache_bytes));
	put(a, m, "requests", value_int((int64_t)s.requests));
	put(a, m, "throttled", value_int((int64_t)s.throttled));
	put(a, m, "watches", value_int((int64_t)s.watches));
	put(a, m, "ready", value_int((int64_t)s.ready));
	put(a, m, "received", value_int((int64_t)h.bytes_received));
	put(a, m, "rss", value_int((int64_t)rss));
}

static void run_tracked(struct driver *d, struct value c, struct map *m)
{
	struct arena *a = &d->scratch;
	struct object_key *keys;
	struct list *l = list_new(a, 10);
	size_t n;
	d->cluster->ops->tracked(d->cluster, a, value_path_str(c, "app", NULL), &keys, &n);
	for (size_t i = 0; i < n; i++)
		list_add(a, l, value_str(object_key_text(a, &keys[i])));
	put(a, m, "keys", value_of_list(l));
}

static void run_line(struct driver *d, str line)
{
	struct arena *a = &d->scratch;
	struct value c;
	struct error err;
	struct map *m;
	struct object_key key;
	str op;
	arena_clear(a);
	if (!json_read(a, line, 0, &c, &err)) {
		fprintf(stderr, "driver: %s\n", err.text);
		exit(2);
	}
	op = value_path_str(c, "op", NULL);
	key = key_of(c);
	m = map_new(a, 8);
	put(a, m, "id", value_path(c, "id", NULL));
	d->quiet = d->quiet || flag(c, "quiet");
	if (str_is(op, "watch"))
		d->cluster->ops->watch(d->cluster, key.group, key.kind);
	else if (str_is(op, "pin"))
		d->cluster->ops->pin(d->cluster, &key, flag(c, "on"));
	else if (str_is(op, "live"))
		run_live(d, c, m);
	else if (str_is(op, "kind"))
		run_kind(d, c, m);
	else if (str_is(op, "tracked"))
		run_tracked(d, c, m);
	else if (str_is(op, "stats"))
		run_stats(d, m);
	else if (str_is(op, "capabilities"))
		run_capabilities(d, m);
	else {
		run_write(d, op, c);
		return;
	}
	say(a, m);
}

static void driver_end(struct driver *d)
{
	kube_cluster_free(d->cluster);
	http_free(d->http);
	uv_close((uv_handle_t *)&d->in, NULL);
}

static void on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *b)
{
	struct driver *d = handle->data;
	(void)hint;
	*b = uv_buf_init(d->chunk, sizeof d->chunk);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct driver *d = stream->data;
	ptrdiff_t end;
	if (n < 0) {
		driver_end(d);
		return;
	}
	buf_add(&d->input, str_make(b->base, (size_t)n));
	while ((end = str_find_char(buf_str(&d->input), '\n')) >= 0) {
		run_line(d, str_sub(buf_str(&d->input), 0, (size_t)end));
		memmove(d->input.s, d->input.s + end + 1, d->input.n - (size_t)end - 1);
		buf_truncate(&d->input, d->input.n - (size_t)end - 1);
	}
}

int main(int argc, char **argv)
{
	static struct driver d;
	static struct kube_config config;
	struct error err = {0};
	struct value v;
	str text;
	arena_init(&d.config, 0);
	arena_init(&d.scratch, 0);
	buf_init(&d.input, 0);
	if (argc != 2 || !kube_file_read(&d.config, str_of(argv[1]), &text, &err) ||
	    !json_read(&d.config, text, 0, &v, &err) ||
	    !kube_config_from_value(&d.config, v, STR("/"), STR_NONE, &config, &err)) {
		fprintf(stderr, "driver: %s\n", err.text);
		return 2;
	}
	uv_loop_init(&d.loop);
	d.http = http_new(&d.loop);
	d.cluster = kube_cluster_new(&d.loop, d.http, &config, &err);
	d.cluster->on_changed = on_changed;
	d.cluster->on_kind = on_kind;
	d.cluster->on_arg = &d;
	uv_pipe_init(&d.loop, &d.in, 0);
	d.in.data = &d;
	uv_pipe_open(&d.in, 0);
	uv_read_start((uv_stream_t *)&d.in, on_alloc, on_read);
	uv_run(&d.loop, UV_RUN_DEFAULT);
	int status = uv_loop_close(&d.loop);
	arena_done(&d.config);
	arena_done(&d.scratch);
	buf_done(&d.input);
	return status ? 3 : 0;
}
