/*
 * The verbs that speak with an agent: get, diff, sync, wait, history, terminate.
 */
#include <getopt.h>
#include <stdio.h>
#include <time.h>

#include "agent/cli_client.h"
#include "base/json.h"
#include "base/num.h"
#include "base/time.h"
#include "render/yaml.h"

struct verb_args {
	struct arena keep;
	const char *verb, *server, *output;
	const char *usage;
	str app;
	bool prune, dry_run, wait, help, hard;
	int64_t timeout_ns;
	struct list *picks;
	struct error err;
	int status; /* when parsing ended it */
};

enum { OPT_SERVER = 256, OPT_PRUNE, OPT_DRY_RUN, OPT_RESOURCE, OPT_TIMEOUT, OPT_WAIT, OPT_REFRESH };

static const struct option options[] = {{"server", required_argument, NULL, OPT_SERVER},
					{"output", required_argument, NULL, 'o'},
					{"prune", no_argument, NULL, OPT_PRUNE},
					{"dry-run", no_argument, NULL, OPT_DRY_RUN},
					{"resource", required_argument, NULL, OPT_RESOURCE},
					{"timeout", required_argument, NULL, OPT_TIMEOUT},
					{"wait", no_argument, NULL, OPT_WAIT},
					{"refresh", no_argument, NULL, OPT_REFRESH},
					{"help", no_argument, NULL, 'h'},
					{NULL, 0, NULL, 0}};

/* group:kind:name or group:kind:namespace/name, as Argo CD's --resource. */
static bool add_pick(struct verb_args *a, const char *text)
{
	str rest = str_of(text), group = str_cut(rest, ':', &rest), kind, name, ns = STR("");
	struct map *m = map_new(&a->keep, 4);

	kind = rest.s ? str_cut(rest, ':', &rest) : STR("");
	if (!kind.n || !rest.s)
		return false;
	name = rest;
	if (str_find_char(rest, '/') >= 0)
		ns = str_cut(rest, '/', &name);
	map_set(&a->keep, m, STR("group"), value_str(group));
	map_set(&a->keep, m, STR("kind"), value_str(kind));
	map_set(&a->keep, m, STR("namespace"), value_str(ns));
	map_set(&a->keep, m, STR("name"), value_str(name));
	if (!a->picks)
		a->picks = list_new(&a->keep, 4);
	list_add(&a->keep, a->picks, value_of_map(m));
	return true;
}

static bool take(struct verb_args *a, int flag)
{
	switch (flag) {
	case OPT_SERVER: a->server = optarg; return true;
	case OPT_PRUNE: return a->prune = true;
	case OPT_DRY_RUN: return a->dry_run = true;
	case OPT_WAIT: return a->wait = true;
	case OPT_REFRESH: return a->hard = true;
	case OPT_RESOURCE: return add_pick(a, optarg);
	case OPT_TIMEOUT: return num_parse_duration(str_of(optarg), &a->timeout_ns);
	case 'h': return a->help = true;
	case 'o':
		a->output = optarg;
		return !strcmp(optarg, "json") || !strcmp(optarg, "yaml") || !strcmp(optarg, "name");
	default: return false;
	}
}

/* True when the verb is to go on. */
static bool parse(struct verb_args *a, int argc, char **argv, const char *usage, bool needs_app)
{
	int flag;

	*a = (struct verb_args){.verb = argv[0], .usage = usage, .timeout_ns = 300 * TIME_SECOND};
	arena_init(&a->keep, 0);
	while ((flag = getopt_long(argc, argv, "o:h", options, NULL)) != -1)
		if (!take(a, flag)) {
			a->status = cli_usage(a->verb, "wrong flags");
			return false;
		}
	if (a->help) {
		printf("Usage: tiphys %s\n", usage);
		a->status = EXIT_DONE;
		return false;
	}
	if (argc - optind > 1 || (needs_app && argc == optind)) {
		a->status = cli_usage(a->verb, "wants %s application's name", needs_app ? "one" : "at most one");
		return false;
	}
	if (argc > optind)
		a->app = str_of(argv[optind]);
	return true;
}

static int done(struct verb_args *a, int status)
{
	arena_done(&a->keep);
	return status;
}

static int failed(struct verb_args *a)
{
	return done(a, cli_fail(&a->err));
}

static str app_path(struct verb_args *a, const char *tail)
{
	return arena_printf(&a->keep, "/api/v1/applications%s%.*s%s", a->app.n ? "/" : "", STR_ARG(a->app), tail);
}

static int print_value_as(struct verb_args *a, struct value v)
{
	struct buf b;
	int status;

	buf_init(&b, 0);
	if (!strcmp(a->output, "yaml")) {
		yaml_write(&b, v);
	} else {
		json_write(&b, v, JSON_PRETTY);
		buf_char(&b, '\n');
	}
	status = cli_write(&b);
	buf_done(&b);
	return status;
}

/* --- get --- */

static void print_row(struct value app)
{
	str revision = value_path_str(app, "status", "sync", "revision", NULL);

	printf("%-40.*s %-10.*s %-12.*s %.*s\n", STR_ARG(value_path_str(app, "metadata", "name", NULL)),
	       STR_ARG(value_path_str(app, "status", "sync", "status", NULL)),
	       STR_ARG(value_path_str(app, "status", "health", "status", NULL)),
	       STR_ARG(str_sub(revision, 0, 12)));
}

static void print_conditions(struct value app)
{
	const struct list *l = value_list(value_path(app, "status", "conditions", NULL));

	for (uint32_t i = 0; i < list_n(l); i++)
		printf("%.*s: %.*s\n", STR_ARG(value_path_str(l->at[i], "type", NULL)),
		       STR_ARG(value_path_str(l->at[i], "message", NULL)));
}

static void print_app(struct value app)
{
	const struct list *l = value_list(value_path(app, "status", "resources", NULL));
	struct value op = value_path(app, "status", "operationState", NULL);

	printf("Name:      %.*s\nProject:   %.*s\nSync:      %.*s %.*s\nHealth:    %.*s %.*s\n",
	       STR_ARG(value_path_str(app, "metadata", "name", NULL)),
	       STR_ARG(value_path_str(app, "spec", "project", NULL)),
	       STR_ARG(value_path_str(app, "status", "sync", "status", NULL)),
	       STR_ARG(value_path_str(app, "status", "sync", "revision", NULL)),
	       STR_ARG(value_path_str(app, "status", "health", "status", NULL)),
	       STR_ARG(value_path_str(app, "status", "health", "message", NULL)));
	if (op.type == VALUE_MAP)
		printf("Operation: %.*s %.*s\n", STR_ARG(value_path_str(op, "phase", NULL)),
		       STR_ARG(value_path_str(op, "message", NULL)));
	print_conditions(app);
	printf("\n%-28s %-20s %-40s %-10s %s\n", "KIND", "NAMESPACE", "NAME", "SYNC", "HEALTH");
	for (uint32_t i = 0; i < list_n(l); i++)
		printf("%-28.*s %-20.*s %-40.*s %-10.*s %.*s\n", STR_ARG(value_path_str(l->at[i], "kind", NULL)),
		       STR_ARG(value_path_str(l->at[i], "namespace", NULL)),
		       STR_ARG(value_path_str(l->at[i], "name", NULL)),
		       STR_ARG(value_path_str(l->at[i], "status", NULL)),
		       STR_ARG(value_path_str(l->at[i], "health", "status", NULL)));
}

static void print_list(struct verb_args *a, struct value v)
{
	const struct list *l = value_list(value_path(v, "items", NULL));
	bool names = a->output && !strcmp(a->output, "name");

	if (!names)
		printf("%-40s %-10s %-12s %s\n", "NAME", "SYNC", "HEALTH", "REVISION");
	for (uint32_t i = 0; i < list_n(l); i++) {
		if (names)
			printf("%.*s\n", STR_ARG(value_path_str(l->at[i], "metadata", "name", NULL)));
		else
			print_row(l->at[i]);
	}
	for (uint32_t i = 0; i < list_n(l) && !names; i++)
		if (value_path(l->at[i], "status", "conditions", NULL).type == VALUE_LIST) {
			printf("\n%.*s:\n", STR_ARG(value_path_str(l->at[i], "metadata", "name", NULL)));
			print_conditions(l->at[i]);
		}
}

int cli_get(int argc, char **argv)
{
	struct verb_args a;
	struct value v;

	if (!parse(&a, argc, argv, "get [APP] [-o json|yaml|name] [--refresh] [--server URL]", false))
		return done(&a, a.status);
	if (!client_call(&a.keep, a.server, "GET", app_path(&a, a.hard ? "?refresh=hard" : ""), STR_NONE, &v, &a.err))
		return failed(&a);
	if (a.output && strcmp(a.output, "name") != 0)
		return done(&a, print_value_as(&a, v));
	if (a.app.n)
		print_app(v);
	else
		print_list(&a, v);
	return done(&a, EXIT_DONE);
}

/* --- diff --- */

static bool print_diff(struct value r)
{
	const struct list *l = value_list(value_path(r, "differences", NULL));
	str status = value_path_str(r, "status", NULL);

	if (!str_is(status, "OutOfSync"))
		return false;
	printf("%.*s %.*s/%.*s", STR_ARG(value_path_str(r, "kind", NULL)),
	       STR_ARG(value_path_str(r, "namespace", NULL)), STR_ARG(value_path_str(r, "name", NULL)));
	if (!value_path_str(r, "liveState", NULL).n)
		printf(": will be created");
	else if (!value_path_str(r, "targetState", NULL).n)
		printf(": requires pruning");
	putchar('\n');
	for (uint32_t i = 0; i < list_n(l); i++)
		printf("  %.*s: %.*s -> %.*s\n", STR_ARG(value_path_str(l->at[i], "path", NULL)),
		       STR_ARG(value_path_str(l->at[i], "live", NULL)),
		       STR_ARG(value_path_str(l->at[i], "wanted", NULL)));
	return true;
}

int cli_diff(int argc, char **argv)
{
	struct verb_args a;
	struct value v;
	const struct list *l;
	bool differs = false;

	if (!parse(&a, argc, argv, "diff APP [-o json|yaml] [--server URL]", true))
		return done(&a, a.status);
	if (!client_call(&a.keep, a.server, "GET", app_path(&a, "/managed-resources"), STR_NONE, &v, &a.err))
		return failed(&a);
	l = value_list(value_path(v, "items", NULL));
	if (a.output)
		print_value_as(&a, v);
	for (uint32_t i = 0; i < list_n(l); i++)
		differs |= a.output ? str_is(value_path_str(l->at[i], "status", NULL), "OutOfSync")
				    : print_diff(l->at[i]);
	return done(&a, differs ? EXIT_FAILED : EXIT_DONE);
}

/* --- sync, wait --- */

static bool is_settled(struct value app)
{
	return str_is(value_path_str(app, "status", "sync", "status", NULL), "Synced") &&
	       str_is(value_path_str(app, "status", "health", "status", NULL), "Healthy") &&
	       !str_is(value_path_str(app, "status", "operationState", "phase", NULL), "Running");
}

static bool operation_over(struct value app)
{
	str phase = value_path_str(app, "status", "operationState", "phase", NULL);

	return phase.n && !str_is(phase, "Running") && !str_is(phase, "Terminating");
}

/* Looks every 200 ms until `enough` or the time is over. */
static bool wait_for(struct verb_args *a, bool (*enough)(struct value), struct value *app)
{
	int64_t end = time_monotonic() + a->timeout_ns;
	struct arena scratch;

	for (;;) {
		struct value v;
		bool ok;

		arena_init(&scratch, 0);
		ok = client_call(&scratch, a->server, "GET", app_path(a, ""), STR_NONE, &v, &a->err);
		if (ok)
			*app = value_copy(&a->keep, v, true);
		arena_done(&scratch);
		if (!ok)
			return false;
		if (enough(*app))
			return true;
		if (time_monotonic() > end)
			return error_set(&a->err, ERROR_BUSY, "%.*s is %.*s and %.*s after the time given",
					 STR_ARG(a->app), STR_ARG(value_path_str(*app, "status", "sync", "status", NULL)),
					 STR_ARG(value_path_str(*app, "status", "health", "status", NULL)));
		nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
	}
}

int cli_wait(int argc, char **argv)
{
	struct verb_args a;
	struct value app;

	if (!parse(&a, argc, argv, "wait APP [--timeout 5m] [--server URL]", true))
		return done(&a, a.status);
	if (!wait_for(&a, is_settled, &app))
		return failed(&a);
	print_row(app);
	return done(&a, EXIT_DONE);
}

static void print_results(struct value app)
{
	struct value op = value_path(app, "status", "operationState", NULL);
	const struct list *l = value_list(value_path(op, "syncResult", "resources", NULL));

	for (uint32_t i = 0; i < list_n(l); i++)
		printf("%-10.*s %-24.*s %-40.*s %.*s\n", STR_ARG(value_path_str(l->at[i], "status", NULL)),
		       STR_ARG(value_path_str(l->at[i], "kind", NULL)), STR_ARG(value_path_str(l->at[i], "name", NULL)),
		       STR_ARG(value_path_str(l->at[i], "message", NULL)));
	printf("%.*s: %.*s\n", STR_ARG(value_path_str(op, "phase", NULL)), STR_ARG(value_path_str(op, "message", NULL)));
}

int cli_sync(int argc, char **argv)
{
	struct verb_args a;
	struct value app;
	struct map *body;

	if (!parse(&a, argc, argv, "sync APP [--prune] [--dry-run] [--resource GROUP:KIND:[NAMESPACE/]NAME]... "
		   "[--timeout 5m] [--server URL]", true))
		return done(&a, a.status);
	body = map_new(&a.keep, 3);
	map_set(&a.keep, body, STR("prune"), value_bool(a.prune));
	map_set(&a.keep, body, STR("dryRun"), value_bool(a.dry_run));
	if (a.picks)
		map_set(&a.keep, body, STR("resources"), value_of_list(a.picks));
	if (!client_call(&a.keep, a.server, "POST", app_path(&a, "/sync"), json_text(&a.keep, value_of_map(body), 0),
			 &app, &a.err) ||
	    !wait_for(&a, operation_over, &app))
		return failed(&a);
	if (a.output)
		print_value_as(&a, app);
	else
		print_results(app);
	return done(&a, str_is(value_path_str(app, "status", "operationState", "phase", NULL), "Succeeded")
		    ? EXIT_DONE : EXIT_FAILED);
}

/* --- history, terminate --- */

int cli_history(int argc, char **argv)
{
	struct verb_args a;
	const struct list *l;
	struct value v;

	if (!parse(&a, argc, argv, "history APP [-o json|yaml] [--server URL]", true))
		return done(&a, a.status);
	if (!client_call(&a.keep, a.server, "GET", app_path(&a, ""), STR_NONE, &v, &a.err))
		return failed(&a);
	v = value_path(v, "status", "history", NULL);
	if (a.output)
		return done(&a, print_value_as(&a, v));
	l = value_list(v);
	printf("%-5s %-22s %-14s %s\n", "ID", "DEPLOYED", "REVISION", "BY");
	for (uint32_t i = 0; i < list_n(l); i++) {
		int64_t id = 0;

		value_to_i64(value_path(l->at[i], "id", NULL), &id);
		printf("%-5lld %-22.*s %-14.12s %.*s\n", (long long)id,
		       STR_ARG(value_path_str(l->at[i], "deployedAt", NULL)),
		       arena_cstr(&a.keep, value_path_str(l->at[i], "revision", NULL)),
		       STR_ARG(value_path_str(l->at[i], "initiatedBy", NULL)));
	}
	return done(&a, EXIT_DONE);
}

int cli_terminate(int argc, char **argv)
{
	struct verb_args a;
	struct value v;

	if (!parse(&a, argc, argv, "terminate APP [--server URL]", true))
		return done(&a, a.status);
	if (!client_call(&a.keep, a.server, "DELETE", app_path(&a, "/operation"), STR_NONE, &v, &a.err))
		return failed(&a);
	return done(&a, EXIT_DONE);
}
