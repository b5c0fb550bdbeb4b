/*
 * Replays patch_rows.json: each patch makes of the same object what a real API server made.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/object.h"
#include "kube/admit.h"
#include "kube/merge.h"

static struct arena keep;

static struct value rows_read(const char *name)
{
	const char *slash = strrchr(__FILE__, '/');
	const char *path = arena_printf(&keep, "%.*s%s", (int)(slash ? slash + 1 - __FILE__ : 0), __FILE__, name).s;
	FILE *f = fopen(path, "rb");
	struct error err = {0};
	struct value v;
	struct buf text;
	size_t n;

	assert_non_null(f);
	buf_in(&text, &keep, 0);
	while (buf_reserve(&text, 65536) && (n = fread(text.s + text.n, 1, 65536, f)) > 0)
		text.n += n;
	fclose(f);
	if (!json_read(&keep, buf_str(&text), 0, &v, &err))
		fail_msg("%s: %s", name, err.text);
	return v;
}

static bool patched(str kind, const struct schema *s, struct value live, struct value patch, struct value *out,
		    struct error *err)
{
	if (str_is(kind, "json-patch"))
		return patch_json(&keep, live, patch, out, err);
	if (str_is(kind, "merge-patch"))
		return patch_merge(&keep, live, patch, out, err);
	return patch_strategic(&keep, s, live, patch, out, err);
}

/* What is done to a patched object before it is stored. */
static struct value stored(const struct types *t, const struct schema *s, struct value object)
{
	const struct resource *r =
		types_kind(t, object_group(object), object_version(object), object_kind(object), NULL);

	assert_non_null(r);
	object = schema_normalise(&keep, s, schema_prune(&keep, s, object, NULL, NULL));
	object = default_object(&keep, r, object_version(object), value_copy(&keep, object, false));
	return schema_normalise(&keep, s, object);
}

static void row_check(const struct types *t, struct value bases, struct value row)
{
	struct value live = map_get(bases.map, value_path_str(row, "base", NULL)), patch = map_at(row.map, "patch"), out;
	struct value wanted = map_at(row.map, "object"), before = value_copy(&keep, live, true);
	const struct schema *s = schema_builtin(object_group(live), object_version(live), object_kind(live));
	struct error err = {0};
	str text = json_text(&keep, row, 0);
	int64_t status = 0;

	value_to_i64(map_at(row.map, "status"), &status);
	if (!patched(value_path_str(row, "kind", NULL), s, live, patch, &out, &err)) {
		if (err.code != status || !str_eq(str_of(err.text), value_path_str(row, "message", NULL)))
			fail_msg("%d %s\nfor %.*s", err.code, err.text, STR_ARG(text));
	} else if (status >= 300) {
		fail_msg("not refused: %.*s", STR_ARG(text));
	} else {
		out = stored(t, s, out);
		if (!value_equal(out, wanted))
			fail_msg("%.*s\nfor %.*s", STR_ARG(json_text(&keep, out, 0)), STR_ARG(text));
	}
	assert_true(value_equal(live, before));
}

static void replay(void **state)
{
	struct value all;
	struct types *t;

	(void)state;
	arena_init(&keep, 0);
	all = rows_read("patch_rows.json");
	t = types_new(NULL);
	assert_non_null(t);
	for (uint32_t i = 0; i < map_at(all.map, "rows").list->n; i++)
		row_check(t, map_at(all.map, "bases"), map_at(all.map, "rows").list->at[i]);
	types_free(t);
	arena_done(&keep);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(replay)};

	return cmocka_run_group_tests_name("kube/patch", tests, NULL, NULL);
}
