/*
 * A cluster in memory for the tests of the engine: it keeps what is written, answers when the test
 * says so, and writes down every request. What the real API server makes of a write (defaults,
 * garbage collection) it does not know; tests/e2e has the real one.
 */
#ifndef TESTS_SYNC_FAKE_H
#define TESTS_SYNC_FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#pragma GCC diagnostic ignored "-Wunused-function" /* not every test needs all */

#include "base/buf.h"
#include "base/json.h"
#include "base/time.h"
#include "sync/fields.h"
#include "sync/sync.h"

enum fake_verb { FAKE_APPLY, FAKE_CREATE, FAKE_REPLACE, FAKE_PATCH, FAKE_REMOVE, FAKE_GET };

struct cluster_call {
	struct cluster_call *next;
	enum fake_verb verb;
	struct object_key key;
	struct value object;
	bool dry_run, no_validate;
	call_done_fn *done;
	void *arg;
};

struct fake {
	struct cluster base;
	struct arena keep;
	struct value objects[32]; /* NIL: gone */
	size_t n;
	int64_t version, now;
	struct cluster_call *calls; /* under way, in order */
	struct buf log;		    /* "apply ConfigMap/a\n" */
	struct error refusal;	    /* of the verb below, as often as `refusals` says */
	enum fake_verb refused;
	unsigned refusals;
	bool lazy; /* a DELETE leaves the object there until the test takes it */
	const char *elsewhere; /* a name that another application wants */
	const char *late_data; /* what the server makes of `data` */
	/* the host and the sync under test */
	struct host host;
	struct policy policy;
	struct memory memory;
	struct value wanted[16];
	size_t wanted_n;
	struct sync *sync;
	bool finished;
	int64_t wake;
	unsigned changes;
};

static struct fake *fake_of(struct cluster *c)
{
	return (struct fake *)(void *)c;
}

static struct value fake_read(struct fake *f, const char *text)
{
	struct value v;

	assert_true(json_read(&f->keep, str_of(text), 0, &v, NULL));
	return v;
}

static struct value *fake_find(struct fake *f, const struct object_key *key)
{
	for (size_t i = 0; i < f->n; i++) {
		struct object_key k = object_key(f->objects[i]);

		if (f->objects[i].type == VALUE_MAP && object_key_eq(&k, key))
			return &f->objects[i];
	}
	return NULL;
}

static void fake_set(struct fake *f, struct value object, const char *field, struct value v)
{
	map_set(&f->keep, value_map(value_path(object, "metadata", NULL)), str_of(field), v);
}

/* Stores a copy, with a uid and a version. */
static struct value fake_put(struct fake *f, struct value object)
{
	struct object_key key = object_key(object);
	struct value *at = fake_find(f, &key), copy = value_copy(&f->keep, object, true);
	str uid = at ? object_uid(*at) : arena_printf(&f->keep, "uid-%lld", (long long)f->version);

	fake_set(f, copy, "uid", value_str(uid));
	fake_set(f, copy, "resourceVersion", value_str(arena_printf(&f->keep, "%lld", (long long)++f->version)));
	if (f->late_data)
		map_set(&f->keep, value_map(copy), STR("data"), fake_read(f, f->late_data));
	if (at)
		*at = copy;
	else
		f->objects[f->n++] = copy;
	return copy;
}

static void fake_take(struct fake *f, const char *kind, const char *name)
{
	for (size_t i = 0; i < f->n; i++)
		if (str_is(object_kind(f->objects[i]), kind) && str_is(object_name(f->objects[i]), name))
			f->objects[i] = VALUE_NONE;
}

/* --- the table of functions --- */

static enum kind_state fake_kind(struct cluster *c, str group, str kind, struct kind *out, struct error *why)
{
	(void)c, (void)why;
	if (out)
		*out = (struct kind){.group = group, .kind = kind, .version = STR("v1"), .can_watch = true,
				     .namespaced = !str_starts(kind, STR("Cluster")) && !str_is(kind, "Namespace")};
	return KIND_READY;
}

static void fake_watch(struct cluster *c, str group, str kind)
{
	(void)c, (void)group, (void)kind;
}

static bool fake_live(struct cluster *c, struct arena *keep, const struct object_key *key, struct live *out)
{
	struct value *v = fake_find(fake_of(c), key);
	const struct list *l;

	*out = (struct live){0};
	if (!v)
		return true;
	l = value_list(value_path(*v, "metadata", "managedFields", NULL));
	*out = (struct live){.exists = true, .whole = true, .uid = object_uid(*v),
			     .resource_version = object_resource_version(*v),
			     .object = value_copy(keep, *v, true),
			     .deleting = value_path_str(*v, "metadata", "deletionTimestamp", NULL).n > 0};
	for (uint32_t i = 0; i < list_n(l); i++)
		if (str_is(value_path_str(l->at[i], "operation", NULL), "Apply"))
			out->fields = value_path(l->at[i], "fieldsV1", NULL);
	out->legacy_manager = fields_are_legacy(*v);
	out->legacy_fields = fields_legacy(keep, *v);
	return true;
}

static void fake_pin(struct cluster *c, const struct object_key *key, bool on)
{
	(void)c, (void)key, (void)on;
}

static void fake_tracked(struct cluster *c, struct arena *keep, str app, struct object_key **out, size_t *n)
{
	struct fake *f = fake_of(c);

	*out = arena_news(keep, f->n + 1, struct object_key);
	*n = 0;
	for (size_t i = 0; i < f->n; i++)
		if (f->objects[i].type == VALUE_MAP &&
		    str_eq(tracking_app(object_annotation(f->objects[i], CLUSTER_TRACKING)), app))
			(*out)[(*n)++] = object_key(f->objects[i]);
}

static struct cluster_call *fake_call(struct cluster *c, enum fake_verb verb, const struct object_key *key,
				      struct value object, call_done_fn *done, void *arg)
{
	static const char *const names[] = {"apply", "create", "replace", "patch", "delete", "get"};
	struct fake *f = fake_of(c);
	struct cluster_call *call = calloc(1, sizeof *call), **at;

	*call = (struct cluster_call){.verb = verb, .key = object_key_copy(&f->keep, key),
				      .object = value_copy(&f->keep, object, true), .done = done, .arg = arg};
	for (at = &f->calls; *at; at = &(*at)->next)
		;
	*at = call;
	buf_printf(&f->log, "%s %.*s/%.*s\n", names[verb], STR_ARG(key->kind), STR_ARG(key->name));
	return call;
}

static struct cluster_call *fake_write(struct cluster *c, enum fake_verb verb, struct value object,
				       const struct apply_options *o, call_done_fn *done, void *arg)
{
	struct object_key key = object_key(object);
	struct cluster_call *call = fake_call(c, verb, &key, object, done, arg);

	call->dry_run = o && o->dry_run;
	call->no_validate = o && o->no_validate;
	return call;
}

static struct cluster_call *fake_apply(struct cluster *c, struct value object, const struct apply_options *o,
				       call_done_fn *done, void *arg, struct error *err)
{
	(void)err;
	return fake_write(c, FAKE_APPLY, object, o, done, arg);
}

static struct cluster_call *fake_create(struct cluster *c, struct value object, const struct apply_options *o,
					call_done_fn *done, void *arg, struct error *err)
{
	(void)err;
	return fake_write(c, FAKE_CREATE, object, o, done, arg);
}

static struct cluster_call *fake_replace(struct cluster *c, struct value object, const struct apply_options *o,
					 call_done_fn *done, void *arg, struct error *err)
{
	(void)err;
	return fake_write(c, FAKE_REPLACE, object, o, done, arg);
}

static struct cluster_call *fake_patch(struct cluster *c, const struct object_key *key, const char *type, str body,
				       str subresource, call_done_fn *done, void *arg, struct error *err)
{
	(void)type, (void)subresource, (void)err;
	buf_printf(&fake_of(c)->log, "%.*s\n", STR_ARG(body));
	return fake_call(c, FAKE_PATCH, key, VALUE_NONE, done, arg);
}

static struct cluster_call *fake_remove(struct cluster *c, const struct object_key *key, str uid,
					enum propagation how, bool dry_run, call_done_fn *done, void *arg,
					struct error *err)
{
	struct cluster_call *call = fake_call(c, FAKE_REMOVE, key, VALUE_NONE, done, arg);

	(void)how, (void)err;
	assert_true(uid.n > 0);
	call->dry_run = dry_run;
	return call;
}

static struct cluster_call *fake_get(struct cluster *c, const struct object_key *key, call_done_fn *done, void *arg,
				     struct error *err)
{
	(void)err;
	return fake_call(c, FAKE_GET, key, VALUE_NONE, done, arg);
}

static void fake_cancel(struct cluster *c, struct cluster_call *call)
{
	struct cluster_call **at;

	for (at = &fake_of(c)->calls; *at != call; at = &(*at)->next)
		;
	*at = call->next;
	free(call);
}

static const struct cluster_ops fake_ops = {
	.kind = fake_kind, .watch = fake_watch, .live = fake_live, .pin = fake_pin, .tracked = fake_tracked,
	.apply = fake_apply, .create = fake_create, .replace = fake_replace, .patch = fake_patch,
	.remove = fake_remove, .get = fake_get, .cancel = fake_cancel};

/* --- answering --- */

static void fake_perform(struct fake *f, const struct cluster_call *call, struct call_result *r)
{
	struct value *at = fake_find(f, &call->key);

	if (call->verb == FAKE_GET || call->verb == FAKE_PATCH)
		r->object = at ? *at : VALUE_NONE;
	else if (call->dry_run)
		r->object = call->object;
	else if (call->verb == FAKE_REMOVE && at && f->lazy)
		fake_set(f, *at, "deletionTimestamp", value_lit("2026-01-01T00:00:00Z"));
	else if (call->verb == FAKE_REMOVE && at)
		*at = VALUE_NONE;
	else if (call->verb != FAKE_REMOVE) {
		r->created = !at;
		r->changed = true;
		r->object = fake_put(f, call->object);
	}
}

/* The first call under way is answered. False: there is none. */
static bool fake_answer(struct fake *f)
{
	struct cluster_call *call = f->calls;
	struct call_result r = {0};

	if (!call)
		return false;
	f->calls = call->next;
	if (f->refusals && f->refused == call->verb) {
		f->refusals--;
		call->done(call->arg, &r, &f->refusal);
	} else {
		fake_perform(f, call, &r);
		call->done(call->arg, &r, NULL);
	}
	free(call);
	return true;
}

/* Answers all, lets time pass when the sync asked for it. At most `turns` of both. */
static void fake_run(struct fake *f, unsigned turns)
{
	while (turns-- && !f->finished) {
		if (fake_answer(f))
			continue;
		if (f->wake == INT64_MAX)
			return;
		f->now = f->wake > f->now ? f->wake : f->now;
		sync_tick(f->sync);
	}
}

static void fake_refuse(struct fake *f, enum fake_verb verb, unsigned times, enum error_kind kind, int code,
			const char *text)
{
	f->refused = verb;
	f->refusals = times;
	error_set(&f->refusal, kind, "%s", text);
	f->refusal.code = code;
}

/* --- the host --- */

static bool host_wanted(void *arg, const struct object_key *key, str *app)
{
	struct fake *f = arg;

	if (!f->elsewhere || !str_is(key->name, f->elsewhere))
		return false;
	if (app)
		*app = STR("other");
	return true;
}

static int64_t host_now(void *arg)
{
	return ((struct fake *)arg)->now;
}

static void on_changed(void *arg, struct sync *s)
{
	(void)s;
	((struct fake *)arg)->changes++;
}

static void on_finished(void *arg, struct sync *s)
{
	(void)s;
	((struct fake *)arg)->finished = true;
}

static void on_wake(void *arg, struct sync *s, int64_t at)
{
	(void)s;
	((struct fake *)arg)->wake = at;
}

static struct fake *fake_new(void)
{
	struct fake *f = calloc(1, sizeof *f);

	f->base.ops = &fake_ops;
	arena_init(&f->keep, 0);
	buf_init(&f->log, 0);
	memory_init(&f->memory);
	f->host = (struct host){.arg = f, .wanted_elsewhere = host_wanted, .now = host_now};
	f->now = TIME_SECOND;
	f->version = 10;
	return f;
}

static void fake_free(struct fake *f)
{
	sync_free(f->sync);
	while (f->calls)
		fake_cancel(&f->base, f->calls);
	memory_done(&f->memory);
	buf_done(&f->log);
	arena_done(&f->keep);
	free(f);
}

/* An object of the rendering; meta: more of its metadata, rest: more of it, as JSON members. */
static struct value fake_object(struct fake *f, const char *version, const char *kind, const char *name,
				const char *meta, const char *rest)
{
	char text[2048];

	snprintf(text, sizeof text, "{\"apiVersion\":\"%s\",\"kind\":\"%s\",\"metadata\":{\"name\":\"%s\"%s%s}%s%s}",
		 version, kind, name, *meta ? "," : "", meta, *rest ? "," : "", rest);
	return fake_read(f, text);
}

static struct value fake_want(struct fake *f, const char *version, const char *kind, const char *name,
			      const char *meta, const char *rest)
{
	struct value v = fake_object(f, version, kind, name, meta, rest);

	f->wanted[f->wanted_n++] = v;
	return v;
}

/* An object that lives and is tracked to the application under test. */
static struct value fake_ours(struct fake *f, const char *version, const char *kind, const char *name,
			      const char *meta, const char *rest)
{
	struct value v = fake_object(f, version, kind, name, meta, rest);
	struct object_key key;

	fake_set(f, v, "namespace", value_lit("ns"));
	key = object_key(v);
	object_annotate(&f->keep, v, CLUSTER_TRACKING, tracking_id(&f->keep, STR("app"), &key, STR("ns")));
	return fake_put(f, v);
}

static struct sync_spec fake_spec(struct fake *f)
{
	return (struct sync_spec){
		.app = {.name = STR("app"), .namespace = STR("ns"), .policy = &f->policy, .objects = f->wanted,
			.n = f->wanted_n, .complete = true, .host = &f->host, .memory = &f->memory},
		.id = STR("op-1"), .revision = STR("0123456789"), .started = TIME_SECOND, .prune = true};
}

static void fake_start(struct fake *f, const struct sync_spec *spec)
{
	struct sync_callbacks on = {.arg = f, .changed = on_changed, .finished = on_finished, .wake = on_wake};

	sync_free(f->sync);
	f->finished = false;
	f->wake = INT64_MAX;
	f->sync = sync_new(&f->base, spec, &on);
	sync_start(f->sync);
}

static void fake_start_delete(struct fake *f, const struct sync_spec *spec)
{
	struct sync_callbacks on = {.arg = f, .changed = on_changed, .finished = on_finished, .wake = on_wake};

	f->wake = INT64_MAX;
	f->sync = sync_new_delete(&f->base, spec, PROPAGATE_FOREGROUND, &on);
	sync_start(f->sync);
}

static struct task_result fake_result(struct fake *f, const char *name)
{
	for (size_t i = 0; i < sync_results_n(f->sync); i++)
		if (str_is(sync_result(f->sync, i).key.name, name))
			return sync_result(f->sync, i);
	fail_msg("no result for %s", name);
	return (struct task_result){0};
}

static unsigned fake_count(struct fake *f, const char *line)
{
	unsigned n = 0;

	for (const char *p = buf_cstr(&f->log); (p = strstr(p, line)); p += strlen(line))
		n++;
	return n;
}

static bool fake_says(str text, const char *part)
{
	return str_has(text, str_of(part));
}

#endif
