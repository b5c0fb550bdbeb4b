/*
 * Replays managed_rows.json: each step starts from the object a real API server had, and must make
 * the managedFields, the object and the error that it made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/object.h"
#include "kube/managed.h"
#include "kube/merge.h"

static struct arena keep;
static const struct schema *thing;
static struct value rows;

static const char *beside(const char *name)
{
	const char *slash = strrchr(__FILE__, '/');

	return arena_printf(&keep, "%.*s%s", (int)(slash ? slash + 1 - __FILE__ : 0), __FILE__, name).s;
}

static str file_read(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct buf text;
	size_t n;

	if (!f)
		fail_msg("%s is missing", path);
	buf_in(&text, &keep, 0);
	while (buf_reserve(&text, 65536) && (n = fread(text.s + text.n, 1, 65536, f)) > 0)
		text.n += n;
	fclose(f);
	return buf_str(&text);
}

static int setup(void **state)
{
	struct error err = {0};
	struct value all;

	(void)state;
	arena_init(&keep, 0);
	if (!json_read(&keep, file_read(beside("managed_rows.json")), 0, &all, &err))
		fail_msg("%s", err.text);
	thing = schema_of_crd(&keep, map_at(all.map, "thing"), &err);
	assert_non_null(thing);
	rows = map_at(all.map, "rows");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_done(&keep);
	return 0;
}

static const struct schema *schema_for(struct value body)
{
	str kind = object_kind(body);

	if (str_is(kind, "Thing"))
		return thing;
	return schema_builtin(object_group(body), object_version(body), kind);
}

struct step {
	str where, verb;
	const struct schema *schema;
	struct value live, body, object, causes;
	struct field_writer who;
	bool force;
	str message;
};

/* Go-coded defaults are no matter of merging: kinds without any are compared whole. */
static bool is_plain(const struct step *t)
{
	str kind = object_kind(t->body);

	return str_is(kind, "Thing") || str_is(kind, "ConfigMap");
}

static struct value bare(struct value object)
{
	object = value_copy(&keep, object, false);
	for (size_t i = 0; i < 5; i++) {
		static const char *const keys[] = {"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"};

		map_del(value_map(map_at(object.map, "metadata")), str_of(keys[i]));
	}
	map_del(value_map(map_at(object.map, "metadata")), STR("namespace"));
	return object;
}

static void differ(const struct step *t, const char *what, struct value have, struct value want)
{
	str x = json_text(&keep, have, 0), y = json_text(&keep, want, 0);

	fail_msg("%.*s: %s\nours: %.*s\nreal: %.*s", STR_ARG(t->where), what, STR_ARG(x), STR_ARG(y));
}

static void check_object(const struct step *t, struct value ours)
{
	struct value x, y = bare(t->object);

	ours = schema_default(&keep, t->schema, schema_normalise(&keep, t->schema, ours));
	if (!value_equal(managed_of(ours), managed_of(t->object)))
		differ(t, "managedFields", managed_of(ours), managed_of(t->object));
	if (!is_plain(t))
		return;
	x = bare(ours);
	/* storing resets the other half */
	if (value_is_nil(t->live))
		map_del(x.map, STR("status"));
	else if (str_is(t->who.subresource, "status"))
		map_set(&keep, x.map, STR("spec"), map_at(t->live.map, "spec"));
	else
		map_set(&keep, x.map, STR("status"), map_at(t->live.map, "status"));
	if (value_is_nil(map_at(x.map, "status")))
		map_del(x.map, STR("status"));
	if (!value_equal(x, y))
		differ(t, "object", x, y);
}

static bool has_cause(const struct field_conflict *conflicts, size_t n, const struct list *cause)
{
	for (size_t i = 0; i < n; i++) {
		str text = arena_printf(&keep, "conflict with %.*s", STR_ARG(conflicts[i].manager));

		if (str_eq(value_text(cause->at[0]), text) && str_eq(value_text(cause->at[1]), conflicts[i].field))
			return true;
	}
	return false;
}

static void check_error(const struct step *t, const struct field_conflict *conflicts, size_t n,
			const struct error *err)
{
	if (!str_eq(t->message, str_of(err->text)))
		fail_msg("%.*s:\nours: %s\nreal: %.*s", STR_ARG(t->where), err->text, STR_ARG(t->message));
	if (err->code != 409)
		return;
	assert_int_equal(n, list_n(t->causes.list));
	for (uint32_t i = 0; i < n; i++) /* the real one's order of managers is random */
		assert_true(has_cause(conflicts, n, t->causes.list->at[i].list));
}

static void run_apply(const struct step *t)
{
	struct field_conflict *conflicts = NULL;
	struct error err = {0};
	struct value out;
	size_t n = 0;

	if (!merge_apply(&keep, t->schema, t->live, t->body, &t->who, t->force, &out, &conflicts, &n, &err))
		check_error(t, conflicts, n, &err);
	else if (t->message.n)
		fail_msg("%.*s: not refused: %.*s", STR_ARG(t->where), STR_ARG(t->message));
	else
		check_object(t, out);
}

/* What the real server stored is what it decoded, but for the managedFields that were sent. */
static void run_update(const struct step *t)
{
	struct value sent = managed_of(t->body), fresh = managed_put(&keep, t->object, sent), live = t->live;

	check_object(t, merge_managed(&keep, t->schema, live, fresh, &t->who));
}

static bool step_read(struct value row, uint32_t i, struct value live, struct step *t)
{
	struct value v = map_at(row.map, "steps").list->at[i];
	int64_t status = 0;

	value_to_i64(map_at(v.map, "status"), &status);
	*t = (struct step){
		.where = arena_printf(&keep, "%.*s, step %u", STR_ARG(value_path_str(row, "name", NULL)), i),
		.verb = value_path_str(v, "verb", NULL), .live = live, .body = map_at(v.map, "body"),
		.object = map_at(v.map, "object"), .causes = map_at(v.map, "causes"),
		.who = {.manager = value_path_str(v, "manager", NULL),
			.api_version = value_path_str(v, "body", "apiVersion", NULL),
			.subresource = value_path_str(v, "subresource", NULL), .time = value_path_str(v, "time", NULL)},
		.force = value_truth_bool(map_at(v.map, "force"), false), .message = value_path_str(v, "message", NULL)};
	t->schema = schema_for(t->body);
	assert_non_null(t->schema);
	return status != 422; /* validation has its own tests */
}

static void replay(void **state)
{
	uint32_t steps = 0;

	(void)state;
	for (uint32_t i = 0; i < rows.list->n; i++) {
		struct value row = rows.list->at[i], live = VALUE_NONE;

		for (uint32_t j = 0; j < map_at(row.map, "steps").list->n; j++) {
			struct step t;

			if (step_read(row, j, live, &t)) {
				str_is(t.verb, "apply") ? run_apply(&t) : run_update(&t);
				steps++;
			}
			if (!value_is_nil(t.object))
				live = t.object;
		}
	}
	assert_in_range(steps, 100, 10000);
}

/* An apply that changes nothing gives the live object itself. */
static void no_op(void **state)
{
	struct value row = rows.list->at[0];
	struct step t;
	struct value out;
	struct field_conflict *conflicts;
	struct error err = {0};
	size_t n;

	(void)state;
	step_read(row, 3, map_at(map_at(row.map, "steps").list->at[2].map, "object"), &t);
	assert_true(merge_apply(&keep, t.schema, t.live, t.body, &t.who, false, &out, &conflicts, &n, &err));
	assert_ptr_equal(out.map, t.live.map);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(replay, setup, teardown),
		cmocka_unit_test_setup_teardown(no_op, setup, teardown),
	};

	return cmocka_run_group_tests_name("kube/managed", tests, NULL, NULL);
}
