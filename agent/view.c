/*
 * Argo CD's JSON of Applications, and Prometheus' text.
 */
#include "agent/agent.h"
#include "base/time.h"

static void put(struct arena *keep, struct map *m, const char *key, str text)
{
	if (text.n)
		map_set(keep, m, str_of(key), value_str(text));
}

static struct value sync_value(struct arena *keep, struct app *app)
{
	struct map *m = map_new(keep, 3), *compared = map_new(keep, 2);
	struct list *revisions = list_new(keep, (uint32_t)app->sources_n);

	put(keep, m, "status", str_of(sync_status_name(app->status)));
	for (size_t i = 0; i < app->sources_n; i++)
		list_add(keep, revisions, value_str(str_of(app->sources[i].compared)));
	if (app->sources_n == 1)
		put(keep, m, "revision", str_of(app->sources[0].compared));
	else
		map_set(keep, m, STR("revisions"), value_of_list(revisions));
	map_set(keep, compared, STR("source"), value_path(app->spec.spec, "source", NULL));
	map_set(keep, compared, STR("destination"), value_path(app->spec.spec, "destination", NULL));
	map_set(keep, m, STR("comparedTo"), value_of_map(compared));
	return value_of_map(m);
}

static struct value conditions_value(struct arena *keep, struct app *app)
{
	struct list *l = list_new(keep, (uint32_t)app->conditions.n);

	for (size_t i = 0; i < app->conditions.n; i++) {
		struct map *m = map_new(keep, 2);

		put(keep, m, "type", str_of(condition_name(app->conditions.at[i].type)));
		put(keep, m, "message", app->conditions.at[i].message);
		list_add(keep, l, value_of_map(m));
	}
	return value_of_list(l);
}

static struct value operation_value(struct arena *keep, struct app *app)
{
	struct operation *op = &app->op;
	struct value record = op->record;

	if (!op->started || (!op->sync && !op->finished))
		return VALUE_NONE;
	if (op->sync)
		record = sync_record(op->sync, keep);
	return report_operation(keep, record, op->revision, op->started, op->sync ? 0 : op->finished, op->retries);
}

static struct value status_value(struct arena *keep, struct app *app, bool whole)
{
	struct map *m = map_new(keep, 10), *health = map_new(keep, 2);

	map_set(keep, m, STR("sync"), sync_value(keep, app));
	put(keep, health, "status", str_of(app->health.status == HEALTH_NONE ? "Healthy" : health_name(app->health.status)));
	put(keep, health, "message", app->health.message);
	map_set(keep, m, STR("health"), value_of_map(health));
	if (app->conditions.n)
		map_set(keep, m, STR("conditions"), conditions_value(keep, app));
	map_set(keep, m, STR("summary"), app->summary);
	map_set(keep, m, STR("operationState"), operation_value(keep, app));
	if (app->reconciled)
		map_set(keep, m, STR("reconciledAt"), value_str(time_rfc3339(keep, app->reconciled)));
	if (whole) {
		map_set(keep, m, STR("resources"), app->resources);
		map_set(keep, m, STR("history"), app->history);
	}
	return value_of_map(m);
}

struct value view_application(struct arena *keep, struct app *app, bool whole)
{
	struct map *m = map_new(keep, 5), *meta = map_new(keep, 4);

	map_set(keep, m, STR("apiVersion"), value_lit("argoproj.io/v1alpha1"));
	map_set(keep, m, STR("kind"), value_lit("Application"));
	put(keep, meta, "name", str_of(app->name));
	put(keep, meta, "namespace", object_namespace(app->manifest));
	map_set(keep, meta, STR("annotations"), value_path(app->manifest, "metadata", "annotations", NULL));
	map_set(keep, meta, STR("labels"), value_path(app->manifest, "metadata", "labels", NULL));
	if (app->parent)
		put(keep, meta, "parent", str_of(app->parent));
	map_set(keep, m, STR("metadata"), value_of_map(meta));
	map_set(keep, m, STR("spec"), value_path(app->manifest, "spec", NULL));
	map_set(keep, m, STR("status"), status_value(keep, app, whole));
	return value_of_map(m);
}

struct value view_applications(struct arena *keep, struct agent *a)
{
	struct map *m = map_new(keep, 2), *by_name = map_new(keep, a->apps.n);
	struct list *l = list_new(keep, a->apps.n);
	struct app *app;

	for (uint32_t i = 0; app_next(a, &i, &app);)
		map_set(keep, by_name, str_of(app->name), view_application(keep, app, false));
	map_sort(by_name);
	for (uint32_t i = 0; i < by_name->n; i++)
		list_add(keep, l, by_name->at[i].value);
	map_set(keep, m, STR("items"), value_of_list(l));
	return value_of_map(m);
}

struct value view_managed(struct arena *keep, struct app *app)
{
	struct sync_app view = app_sync_view(app, app->desired);
	struct map *m = map_new(keep, 1);
	struct list *l = list_new(keep, 8);
	struct comparison c = {0};

	if (app->desired)
		compare(keep, app->agent->cluster, &view, &c);
	for (size_t i = 0; i < c.n; i++)
		if (!(c.at[i].rules.hooks & ~(unsigned)HOOK_SKIP))
			list_add(keep, l, report_resource(keep, &c.at[i]));
	map_set(keep, m, STR("items"), value_of_list(l));
	return value_of_map(m);
}

/* --- metrics --- */

static void number(struct buf *out, const char *name, const char *type, const char *help, uint64_t n)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", name, help, name, type, name,
		   (unsigned long long)n);
}

void view_metrics(struct buf *out, struct agent *a)
{
	struct git_stats git = git_stats(a->git);
	struct outbox_stats box = outbox_stats(a->outbox);
	struct http_stats http = http_stats(a->http);
	struct app *app;

	buf_lit(out, "# HELP argocd_app_info Information about application.\n# TYPE argocd_app_info gauge\n");
	for (uint32_t i = 0; app_next(a, &i, &app);)
		buf_printf(out, "argocd_app_info{name=\"%s\",namespace=\"%.*s\",project=\"%.*s\",dest_namespace=\"%.*s\","
			   "sync_status=\"%s\",health_status=\"%s\",operation=\"%s\"} 1\n",
			   app->name, STR_ARG(object_namespace(app->manifest)), STR_ARG(app->spec.project),
			   STR_ARG(app->spec.destination_namespace), sync_status_name(app->status),
			   health_name(app->health.status), app->op.sync ? "sync" : "");
	number(out, "argocd_app_sync_total", "counter", "Number of application syncs.", a->syncs);
	number(out, "tiphys_renders_total", "counter", "Renderings made.", a->renders);
	number(out, "tiphys_git_polls_total", "counter", "Conversations that asked for refs.", git.polls);
	number(out, "tiphys_git_fetches_total", "counter", "Conversations that asked for a pack.", git.fetches);
	number(out, "tiphys_git_failures_total", "counter", "Conversations that failed.", git.failures);
	number(out, "tiphys_http_requests_total", "counter", "Requests sent to any server.", http.requests);
	number(out, "tiphys_callbacks_sent_total", "counter", "Callbacks answered with 2xx.", box.sent);
	number(out, "tiphys_callbacks_failed_total", "counter", "Callbacks that will be tried again.", box.failed);
	number(out, "tiphys_callbacks_waiting", "gauge", "Callbacks not delivered yet.", box.waiting);
}
