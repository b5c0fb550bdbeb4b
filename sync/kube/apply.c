/*
 * One call: resolve the kind, write the body, send, read the answer. Rules: Kubernetes API
 * conventions (server-side apply, dryRun, fieldValidation, preconditions).
 */
#include "sync/kube/apply.h"

#include "base/json.h"
#include "base/mem.h"
#include "sync/kube/path.h"
#include "sync/kube/status.h"

#define WRITE_MS 45000 /* the server gives up after 34 s */

enum verb { VERB_APPLY, VERB_CREATE, VERB_REPLACE, VERB_PATCH, VERB_REMOVE, VERB_GET };

struct cluster_call {
	struct apply *apply;
	struct cluster_call *next, *previous;
	struct kube_call *call;
	enum verb verb;
	bool dry_run;
	bool quiet; /* a subresource's answer is not the object's */
	struct arena keep;
	struct object_key key;
	str uid;
	str known; /* resourceVersion before the call: the watch may tell of the write before its answer */
	call_done_fn *done;
	void *arg;
};

static void call_unlink(struct cluster_call *call)
{
	if (call->previous)
		call->previous->next = call->next;
	else
		call->apply->calls = call->next;
	if (call->next)
		call->next->previous = call->previous;
}

static void call_free(struct cluster_call *call)
{
	arena_done(&call->keep);
	mem_free(call);
}

/* --- answers --- */

static bool answer_object(struct cluster_call *call, const struct http_reply *reply,
			  struct call_result *result, struct error *err)
{
	struct value v;
	struct object_key key;
	if (!json_read(&call->keep, reply->body, 0, &v, err))
		return error_wrap(err, "the API server's answer");
	if (str_is(object_kind(v), "Status") && call->verb != VERB_GET)
		return true;
	result->object = v;
	if (call->dry_run || call->quiet)
		return true;
	key = call->key;
	key.name = object_name(v); /* of generateName */
	result->changed = !str_eq(call->known, object_resource_version(v));
	call->apply->hooks.answered(call->apply->hooks.arg, &key, v);
	return true;
}

static bool call_is_secret(const struct cluster_call *call)
{
	return str_is(call->key.kind, "Secret") && !call->key.group.n;
}

static bool answer_read(struct cluster_call *call, const struct http_reply *reply,
			struct call_result *result, struct error *err)
{
	struct arena *keep = &call->keep;
	result->warning = kube_warning(keep, reply->warning);
	if (result->warning.n && call_is_secret(call))
		result->warning = STR("the API server warns of something (not shown: its words may hold values "
				      "of the Secret)");
	result->created = reply->status == 201 && call->verb != VERB_REMOVE;
	if (reply->body.n && !answer_object(call, reply, result, err))
		return false;
	result->changed = result->changed || result->created;
	return true;
}

static void call_answered(void *arg, const struct http_reply *reply, const struct error *err)
{
	struct cluster_call *call = arg;
	struct call_result result = {0};
	struct error mine = {0};
	call->call = NULL;
	call_unlink(call);
	if (!err && !answer_read(call, reply, &result, &mine))
		err = &mine;
	if (err && (err->code || err == &mine) && call_is_secret(call) && !kube_status_no_resource(err)) {
		mine = *err;
		mine.code = reply->status;
		kube_status_secret(reply->body, &mine);
		err = &mine;
	}
	if (err && kube_status_no_resource(err))
		call->apply->hooks.unserved(call->apply->hooks.arg);
	else if (err && call->verb == VERB_REMOVE && err->code == 404) {
		call->apply->hooks.gone(call->apply->hooks.arg, &call->key, call->uid);
		err = NULL;
	}
	call->done(call->arg, &result, err);
	call_free(call);
}

/* --- requests --- */

struct request {
	const char *method, *content_type;
	str path, body;
};

static struct cluster_call *call_new(struct apply *a, enum verb verb, const struct object_key *key,
				     call_done_fn *done, void *arg, struct error *err)
{
	struct cluster_call *call = mem_alloc(sizeof *call);
	if (!call) {
		error_set(err, ERROR_MEMORY, "out of memory for a request");
		return NULL;
	}
	arena_init(&call->keep, 0);
	call->apply = a;
	call->verb = verb;
	call->done = done;
	call->arg = arg;
	call->key = object_key_copy(&call->keep, key);
	call->known = arena_str(&call->keep, a->hooks.known(a->hooks.arg, key));
	return call;
}

static struct cluster_call *call_start(struct cluster_call *call, const struct request *r,
				       struct error *err)
{
	struct apply *a = call->apply;
	struct kube_options o = {.method = r->method, .path = r->path, .body = r->body,
				 .content_type = r->content_type, .timeout_ms = WRITE_MS,
				 .on_done = call_answered, .arg = call};
	call->call = kube_start(a->client, &o);
	if (!call->call) {
		error_set(err, ERROR_MEMORY, "out of memory for a request");
		call_free(call);
		return NULL;
	}
	call->next = a->calls;
	if (call->next)
		call->next->previous = call;
	a->calls = call;
	return call;
}

/* version empty: the preferred one. */
static bool call_resolve(struct apply *a, const struct object_key *key, str version,
			 const struct served_version **out, struct error *err)
{
	const struct served *served;
	enum kind_state state = discovery_find(a->discovery, key->group, key->kind, &served, err);
	if (state == KIND_UNKNOWN)
		return error_wrap(err, "%.*s", STR_ARG(key->kind));
	*out = NULL;
	if (state == KIND_SERVED)
		*out = served_version(served, version.n ? version : served->kind.version);
	if (!*out) {
		discovery_missed(a->discovery);
		return error_set(err, ERROR_NOT_FOUND,
				 "no matches for kind \"%.*s\" in version \"%.*s%s%.*s\"",
				 STR_ARG(key->kind), STR_ARG(key->group),
				 key->group.n && version.n ? "/" : "", STR_ARG(version));
	}
	if ((*out)->namespaced && !key->namespace.n)
		return error_set(err, ERROR_INVALID, "%.*s \"%.*s\" has no namespace",
				 STR_ARG(key->kind), STR_ARG(key->name));
	return true;
}

static str call_path(struct cluster_call *call, const struct served_version *v, str name)
{
	return path_object(&call->keep, call->key.group, v->version, v->plural,
			   v->namespaced ? call->key.namespace : STR_NONE, name);
}

static struct cluster_call *call_object(struct apply *a, enum verb verb, struct value object,
					const struct served_version **v, call_done_fn *done,
					void *arg, struct error *err)
{
	struct object_key key = object_key(object);
	if (!key.kind.n || !object_version(object).n) {
		error_set(err, ERROR_INVALID, "an object has no kind or no apiVersion");
		return NULL;
	}
	if (!key.name.n && verb != VERB_CREATE) {
		error_set(err, ERROR_INVALID, "%.*s has no name", STR_ARG(key.kind));
		return NULL;
	}
	if (!call_resolve(a, &key, object_version(object), v, err))
		return NULL;
	return call_new(a, verb, &key, done, arg, err);
}

struct cluster_call *apply_object(struct apply *a, struct value object,
				  const struct apply_options *options, call_done_fn *done,
				  void *arg, struct error *err)
{
	static const struct apply_options plain = {.force = true};
	const struct apply_options *o = options ? options : &plain;
	const struct served_version *v;
	struct cluster_call *call = call_object(a, VERB_APPLY, object, &v, done, arg, err);
	struct request r = {.method = "PATCH", .content_type = "application/apply-patch+yaml"};
	str manager = o->manager.n ? o->manager : STR(CLUSTER_MANAGER);
	if (!call)
		return NULL;
	call->dry_run = o->dry_run;
	r.path = arena_printf(&call->keep, "%.*s?fieldManager=%.*s&fieldValidation=%s%s%s",
			      STR_ARG(call_path(call, v, call->key.name)),
			      STR_ARG(path_escape(&call->keep, manager)),
			      o->no_validate ? "Ignore" : "Strict", o->force ? "&force=true" : "",
			      o->dry_run ? "&dryRun=All" : "");
	r.body = json_text(&call->keep, object, JSON_APPLY);
	return call_start(call, &r, err);
}

static struct cluster_call *call_write(struct apply *a, enum verb verb, struct value object,
				       const struct apply_options *options, call_done_fn *done,
				       void *arg, struct error *err)
{
	static const struct apply_options plain = {0};
	const struct apply_options *o = options ? options : &plain;
	const struct served_version *v;
	struct cluster_call *call = call_object(a, verb, object, &v, done, arg, err);
	struct request r = {.method = verb == VERB_CREATE ? "POST" : "PUT",
			    .content_type = "application/json"};
	if (!call)
		return NULL;
	call->dry_run = o->dry_run;
	r.path = arena_printf(&call->keep, "%.*s?fieldManager=%s&fieldValidation=%s%s",
			      STR_ARG(call_path(call, v, verb == VERB_CREATE ? STR_NONE
									     : call->key.name)),
			      CLUSTER_MANAGER, o->no_validate ? "Ignore" : "Strict",
			      o->dry_run ? "&dryRun=All" : "");
	r.body = json_text(&call->keep, object, 0);
	return call_start(call, &r, err);
}

struct cluster_call *apply_create(struct apply *a, struct value object,
				   const struct apply_options *options, call_done_fn *done,
				   void *arg, struct error *err)
{
	return call_write(a, VERB_CREATE, object, options, done, arg, err);
}

struct cluster_call *apply_replace(struct apply *a, struct value object,
				   const struct apply_options *options, call_done_fn *done,
				   void *arg, struct error *err)
{
	return call_write(a, VERB_REPLACE, object, options, done, arg, err);
}

static struct cluster_call *call_key(struct apply *a, enum verb verb, const struct object_key *key,
				     const struct served_version **v, call_done_fn *done,
				     void *arg, struct error *err)
{
	if (!key->name.n) {
		error_set(err, ERROR_INVALID, "%.*s has no name", STR_ARG(key->kind));
		return NULL;
	}
	if (!call_resolve(a, key, STR_NONE, v, err))
		return NULL;
	return call_new(a, verb, key, done, arg, err);
}

struct cluster_call *apply_patch(struct apply *a, const struct object_key *key,
				 const char *content_type, str body, str subresource,
				 call_done_fn *done, void *arg, struct error *err)
{
	const struct served_version *v;
	struct cluster_call *call = call_key(a, VERB_PATCH, key, &v, done, arg, err);
	struct request r = {.method = "PATCH", .content_type = content_type, .body = body};
	if (!call)
		return NULL;
	/* The answer to a patch of status is the whole object; of scale and the like it is not. */
	call->quiet = subresource.n && !str_is(subresource, "status");
	r.path = arena_printf(&call->keep, "%.*s%s%.*s?fieldManager=%s",
			      STR_ARG(call_path(call, v, key->name)), subresource.n ? "/" : "",
			      STR_ARG(path_escape(&call->keep, subresource)), CLUSTER_MANAGER);
	return call_start(call, &r, err);
}

static str remove_body(struct arena *keep, str uid, enum propagation how, bool dry_run)
{
	static const char *const policies[] = {"Foreground", "Background", "Orphan"};
	struct map *top = map_new(keep, 8), *conditions = map_new(keep, 2);
	struct list *all = list_new(keep, 1);
	map_set(keep, top, STR("apiVersion"), value_lit("v1"));
	map_set(keep, top, STR("kind"), value_lit("DeleteOptions"));
	map_set(keep, top, STR("propagationPolicy"), value_str(str_of(policies[how])));
	map_set(keep, conditions, STR("uid"), value_str(uid));
	map_set(keep, top, STR("preconditions"), value_of_map(conditions));
	list_add(keep, all, value_lit("All"));
	if (dry_run)
		map_set(keep, top, STR("dryRun"), value_of_list(all));
	return json_text(keep, value_of_map(top), 0);
}

struct cluster_call *apply_remove(struct apply *a, const struct object_key *key, str uid,
				  enum propagation how, bool dry_run, call_done_fn *done,
				  void *arg, struct error *err)
{
	const struct served_version *v;
	struct request r = {.method = "DELETE", .content_type = "application/json"};
	struct cluster_call *call;
	if (!uid.n) {
		error_set(err, ERROR_INVALID, "a delete without a uid: %.*s \"%.*s\"",
			  STR_ARG(key->kind), STR_ARG(key->name));
		return NULL;
	}
	call = call_key(a, VERB_REMOVE, key, &v, done, arg, err);
	if (!call)
		return NULL;
	call->dry_run = dry_run;
	call->uid = arena_str(&call->keep, uid);
	r.path = call_path(call, v, key->name);
	r.body = remove_body(&call->keep, uid, how, dry_run);
	return call_start(call, &r, err);
}

struct cluster_call *apply_get(struct apply *a, const struct object_key *key, call_done_fn *done,
			       void *arg, struct error *err)
{
	const struct served_version *v;
	struct cluster_call *call = call_key(a, VERB_GET, key, &v, done, arg, err);
	struct request r = {.method = "GET"};
	if (!call)
		return NULL;
	r.path = call_path(call, v, key->name);
	return call_start(call, &r, err);
}

void apply_cancel(struct cluster_call *call)
{
	if (!call || !call->call)
		return; /* NULL, or inside its own callback */
	kube_cancel(call->call);
	call_unlink(call);
	call_free(call);
}

void apply_done(struct apply *a)
{
	while (a->calls)
		apply_cancel(a->calls);
}
