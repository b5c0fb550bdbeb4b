/*
 * The stored row of an Application's last operation: what was asked, how far it came, how it ended.
 * It stays when the operation has ended, so that a restart neither repeats nor forgets anything.
 */
#include <stdio.h>

#include "agent/agent.h"
#include "base/json.h"
#include "base/num.h"

static const char *const phases[] = {"", "Running", "Succeeded", "Failed"};

static struct value picks_value(struct arena *keep, const struct operation *op)
{
	struct list *l = list_new(keep, (uint32_t)op->picks_n);

	for (size_t i = 0; i < op->picks_n; i++) {
		struct map *m = map_new(keep, 4);

		map_set(keep, m, STR("group"), value_str(op->picks[i].group));
		map_set(keep, m, STR("kind"), value_str(op->picks[i].kind));
		map_set(keep, m, STR("namespace"), value_str(op->picks[i].namespace));
		map_set(keep, m, STR("name"), value_str(op->picks[i].name));
		list_add(keep, l, value_of_map(m));
	}
	return value_of_list(l);
}

static void picks_read(struct operation *op, struct value v)
{
	const struct list *l = value_list(v);

	op->picks = arena_news(&op->arena, list_n(l) + 1, struct sync_pick);
	op->picks_n = list_n(l);
	op->partial = op->picks_n > 0;
	for (uint32_t i = 0; i < list_n(l); i++)
		op->picks[i] = (struct sync_pick){
			.group = arena_str(&op->arena, value_path_str(l->at[i], "group", NULL)),
			.kind = arena_str(&op->arena, value_path_str(l->at[i], "kind", NULL)),
			.namespace = arena_str(&op->arena, value_path_str(l->at[i], "namespace", NULL)),
			.name = arena_str(&op->arena, value_path_str(l->at[i], "name", NULL))};
}

static void set_flag(struct arena *keep, struct map *m, const char *name, bool on)
{
	if (on)
		map_set(keep, m, str_of(name), value_bool(true));
}

static bool flag(struct value row, const char *name)
{
	return value_truth_bool(value_path(row, name, NULL), false);
}

static int64_t number(struct value row, const char *name)
{
	int64_t n;

	return value_to_i64(value_path(row, name, NULL), &n) ? n : 0;
}

static str hex(struct arena *keep, uint64_t n)
{
	return arena_printf(keep, "%llx", (unsigned long long)n);
}

void operation_store(struct app *app)
{
	struct operation *op = &app->op;
	struct arena scratch, *keep = &scratch;
	struct map *m;

	arena_init(&scratch, 0);
	m = map_new(keep, 24);
	map_set(keep, m, STR("id"), value_str(str_of(op->id)));
	map_set(keep, m, STR("phase"), value_str(str_of(phases[op->last])));
	map_set(keep, m, STR("target"), value_str(hex(keep, op->target)));
	map_set(keep, m, STR("swept"), value_str(hex(keep, app->swept)));
	map_set(keep, m, STR("started"), value_int64(op->started));
	map_set(keep, m, STR("finished"), value_int64(op->finished));
	map_set(keep, m, STR("retryAt"), value_int64(op->retry_at));
	map_set(keep, m, STR("retries"), value_int64(op->retries));
	map_set(keep, m, STR("heals"), value_int64(op->heals));
	map_set(keep, m, STR("failures"), value_int64(op->failures));
	map_set(keep, m, STR("revision"), value_str(op->revision));
	map_set(keep, m, STR("by"), value_str(op->initiated_by));
	set_flag(keep, m, "heal", op->heal);
	set_flag(keep, m, "prune", op->prune);
	set_flag(keep, m, "manual", op->manual);
	set_flag(keep, m, "transient", op->transient);
	set_flag(keep, m, "wrote", op->wrote);
	set_flag(keep, m, "again", op->again);
	set_flag(keep, m, "deleting", app->deleting);
	if (op->picks_n)
		map_set(keep, m, STR("picks"), picks_value(keep, op));
	map_set(keep, m, STR("record"), op->sync ? sync_record(op->sync, keep) : op->record);
	store_put(app->agent->store, "operation", str_of(app->name), json_text(keep, value_of_map(m), 0));
	arena_done(&scratch);
}

static enum last_phase phase_of(str text)
{
	for (int i = 1; i < (int)(sizeof phases / sizeof *phases); i++)
		if (str_is(text, phases[i]))
			return (enum last_phase)i;
	return LAST_NONE;
}

void operation_load(struct app *app, struct value row)
{
	struct operation *op = &app->op;
	str id = value_path_str(row, "id", NULL);

	app->deleting = flag(row, "deleting");
	if (!id.n || id.n >= sizeof op->id || !num_parse_hex(value_path_str(row, "target", NULL), &op->target))
		return;
	if (!num_parse_hex(value_path_str(row, "swept", NULL), &app->swept))
		app->swept = 0;
	snprintf(op->id, sizeof op->id, "%.*s", STR_ARG(id));
	op->last = phase_of(value_path_str(row, "phase", NULL));
	op->started = number(row, "started");
	op->finished = number(row, "finished");
	op->retry_at = number(row, "retryAt");
	op->retries = (unsigned)number(row, "retries");
	op->heals = (unsigned)number(row, "heals");
	op->failures = (unsigned)number(row, "failures");
	op->revision = arena_str(&op->arena, value_path_str(row, "revision", NULL));
	op->initiated_by = arena_str(&op->arena, value_path_str(row, "by", NULL));
	op->record = value_copy(&op->arena, value_path(row, "record", NULL), true);
	op->heal = flag(row, "heal");
	op->prune = flag(row, "prune");
	op->manual = flag(row, "manual");
	op->transient = flag(row, "transient");
	op->again = flag(row, "again");
	op->wrote = flag(row, "wrote") || (op->last == LAST_RUNNING && !op->heal); /* it may have */
	picks_read(op, value_path(row, "picks", NULL));
}
