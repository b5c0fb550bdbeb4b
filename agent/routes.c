/*
 * One table: method, path, the right it needs, who answers. '*' stands for an application's name.
 */
#include "agent/agent.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/time.h"

enum right { RIGHT_NONE, RIGHT_READ, RIGHT_SYNC };

typedef void route_fn(struct request *r, struct app *app, struct reply *out);

static void give(struct request *r, struct reply *out, struct value v)
{
	*out = (struct reply){200, json_text(&r->arena, v, 0), NULL};
}

static void refuse(struct request *r, struct reply *out, int status, str message)
{
	struct map *m = map_new(&r->arena, 3);

	map_set(&r->arena, m, STR("error"), value_str(message));
	map_set(&r->arena, m, STR("code"), value_int(status));
	map_set(&r->arena, m, STR("message"), value_str(message));
	*out = (struct reply){status, json_text(&r->arena, value_of_map(m), 0), NULL};
}

static void refuse_error(struct request *r, struct reply *out, const struct error *err)
{
	int status = err->kind == ERROR_NOT_FOUND ? 404 : err->kind == ERROR_BUSY ? 409
		   : err->kind == ERROR_DENIED ? 403 : 400;

	refuse(r, out, status, arena_str(&r->arena, str_of(err->text)));
}

/* --- probes --- */

static void healthz(struct request *r, struct app *app, struct reply *out)
{
	(void)r, (void)app;
	*out = (struct reply){200, STR("ok\n"), "text/plain"};
}

static void readyz(struct request *r, struct app *app, struct reply *out)
{
	for (uint32_t i = 0; app_next(r->agent, &i, &app);)
		if (!app->looked) {
			*out = (struct reply){503, arena_printf(&r->arena, "application %s has not been compared yet\n",
								app->name), "text/plain"};
			return;
		}
	*out = (struct reply){200, STR("ok\n"), "text/plain"};
}

static void metrics(struct request *r, struct app *app, struct reply *out)
{
	struct buf b;

	(void)app;
	buf_in(&b, &r->arena, 0);
	view_metrics(&b, r->agent);
	*out = (struct reply){200, buf_str(&b), "text/plain; version=0.0.4"};
}

/* --- applications --- */

static void list(struct request *r, struct app *app, struct reply *out)
{
	(void)app;
	give(r, out, view_applications(&r->arena, r->agent));
}

static void get(struct request *r, struct app *app, struct reply *out)
{
	str refresh = request_query(r, "refresh");

	if (refresh.n)
		app_refresh(app, str_is(refresh, "hard"));
	give(r, out, view_application(&r->arena, app, true));
}

static void managed(struct request *r, struct app *app, struct reply *out)
{
	give(r, out, view_managed(&r->arena, app));
}

/* --- the body of a sync request --- */

static bool read_flag(struct value body, const char *name, bool *out, struct error *err)
{
	struct value v = value_path(body, name, NULL);

	if (v.type == VALUE_NIL)
		return true;
	*out = value_truth_bool(v, false);
	return v.type == VALUE_BOOL || error_set(err, ERROR_INVALID, "%s must be true or false", name);
}

static bool read_picks(struct arena *keep, struct value v, struct sync_request *out, struct error *err)
{
	const struct list *l = value_list(v);
	struct sync_pick *picks = arena_news(keep, list_n(l) + 1, struct sync_pick);

	if (v.type != VALUE_NIL && v.type != VALUE_LIST)
		return error_set(err, ERROR_INVALID, "resources must be a list of {group, kind, namespace, name}");
	for (uint32_t i = 0; i < list_n(l); i++) {
		picks[i] = (struct sync_pick){.group = value_path_str(l->at[i], "group", NULL),
					      .kind = value_path_str(l->at[i], "kind", NULL),
					      .namespace = value_path_str(l->at[i], "namespace", NULL),
					      .name = value_path_str(l->at[i], "name", NULL)};
		if (!picks[i].kind.n || !picks[i].name.n)
			return error_set(err, ERROR_INVALID, "resources[%u] needs a kind and a name", i);
	}
	out->picks = picks;
	out->picks_n = list_n(l);
	return true;
}

bool sync_request_read(struct arena *keep, str body, struct sync_request *out, struct error *err)
{
	struct value v = VALUE_NONE;

	if (!body.n)
		return true;
	if (!json_read(keep, body, 0, &v, err))
		return error_wrap(err, "the body");
	if (v.type != VALUE_MAP)
		return error_set(err, ERROR_INVALID, "the body is no JSON object");
	return read_flag(v, "prune", &out->prune, err) && read_flag(v, "dryRun", &out->dry_run, err) &&
	       read_picks(keep, value_path(v, "resources", NULL), out, err);
}

static void sync_app(struct request *r, struct app *app, struct reply *out)
{
	struct sync_request q = {.manual = true, .by = STR("api")};
	struct error err = {.kind = ERROR_NONE};

	if (!sync_request_read(&r->arena, r->body, &q, &err) || !operation_start(app, &q, &err))
		refuse_error(r, out, &err);
	else
		give(r, out, view_application(&r->arena, app, false));
}

static void terminate(struct request *r, struct app *app, struct reply *out)
{
	struct error err = {.kind = ERROR_NONE};

	if (operation_terminate(app, &err))
		*out = (struct reply){200, STR("{}"), NULL};
	else
		refuse_error(r, out, &err);
}

static void webhook(struct request *r, struct app *app, struct reply *out)
{
	struct error err = {.kind = ERROR_NONE};
	unsigned woken;

	(void)app;
	if (webhook_answer(r, &woken, &err))
		*out = (struct reply){200, arena_printf(&r->arena, "{\"repositories\":%u}", woken), NULL};
	else if (err.kind == ERROR_DENIED)
		refuse(r, out, 401, arena_str(&r->arena, str_of(err.text)));
	else
		refuse_error(r, out, &err);
}

static void version(struct request *r, struct app *app, struct reply *out)
{
	(void)r, (void)app;
	*out = (struct reply){200, STR("{\"Version\":\"tiphys\"}"), NULL};
}

static const struct {
	const char *method, *path;
	enum right right;
	route_fn *answer;
} routes[] = {
	{"GET", "/healthz", RIGHT_NONE, healthz},
	{"GET", "/readyz", RIGHT_NONE, readyz},
	{"GET", "/metrics", RIGHT_READ, metrics},
	{"POST", "/api/webhook", RIGHT_NONE, webhook}, /* its signature is checked */
	{"GET", "/api/version", RIGHT_READ, version},
	{"GET", "/api/v1/applications", RIGHT_READ, list},
	{"GET", "/api/v1/applications/*", RIGHT_READ, get},
	{"GET", "/api/v1/applications/*/managed-resources", RIGHT_READ, managed},
	{"POST", "/api/v1/applications/*/sync", RIGHT_SYNC, sync_app},
	{"DELETE", "/api/v1/applications/*/operation", RIGHT_SYNC, terminate},
};

static bool matches(const char *pattern, str path, str *name)
{
	str p = str_of(pattern);

	*name = STR_NONE;
	while (p.s && path.s) {
		str want = str_cut(p, '/', &p), have = str_cut(path, '/', &path);

		if (str_is(want, "*") && have.n)
			*name = have;
		else if (!str_eq(want, have))
			return false;
	}
	return !p.s && !path.s;
}

/* The Unix socket is guarded by its mode; else the token of the configuration is asked for, when
 * there is one. */
static bool authorised(struct request *r, enum right right)
{
	const struct config *c = &r->agent->config;
	str given = request_header(r, "Authorization"), token;

	if (right == RIGHT_NONE || r->trusted || !c->token_file.n)
		return true;
	return given.n > 7 && str_eq_nocase(str_sub(given, 0, 7), STR("Bearer ")) &&
	       config_read_file(&r->arena, config_path(&r->arena, c, c->token_file), 65536, true, &token, NULL) &&
	       token.n && digest_equal(str_from(given, 7), token);
}

/* The number of the route, or -1 with the refusal. */
static int route_of(struct request *r, str *name, struct reply *out)
{
	str path = str_of(r->path);
	bool known = false;

	while (path.n > 1 && path.s[path.n - 1] == '/')
		path.n--;
	for (int i = 0; i < (int)(sizeof routes / sizeof *routes); i++) {
		if (!matches(routes[i].path, path, name))
			continue;
		known = true;
		if (strcmp(routes[i].method, r->method) != 0)
			continue;
		if (authorised(r, routes[i].right))
			return i;
		refuse(r, out, 401, STR("a valid bearer token is required"));
		return -1;
	}
	refuse(r, out, known ? 405 : 404, known ? STR("this method is not allowed here") : STR("there is no such route"));
	return -1;
}

void routes_refuse(struct request *r, struct reply *out)
{
	str name;

	*out = (struct reply){0};
	route_of(r, &name, out);
}

void routes_answer(struct request *r, struct reply *out)
{
	struct app *app;
	str name;
	int i = route_of(r, &name, out);

	if (i < 0)
		return;
	app = name.n ? app_find(r->agent, name) : NULL;
	if (name.n && !app)
		refuse(r, out, 404, arena_printf(&r->arena, "application '%.*s' not found", STR_ARG(name)));
	else
		routes[i].answer(r, app, out);
}
