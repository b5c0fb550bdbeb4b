/*
 * Any bytes as fieldsV1 and as patches. The first byte chooses; then two JSON texts with a zero byte
 * between. Sets keep the laws of sets; merges and patches leave their inputs alone; applying the same
 * twice changes nothing the second time.
 */
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "kube/fields.h"
#include "kube/merge.h"

#define MEMORY (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool holds)
{
	if (!holds)
		abort();
}

static void sets(struct arena *a, struct value x, struct value y)
{
	struct value p, q, both, rest;

	if (!fields_read(a, x, &p, NULL) || !fields_read(a, y, &q, NULL))
		return;
	both = fields_intersection(a, p, q);
	rest = fields_difference(a, p, q);
	want(fields_equal(fields_union(a, both, rest), p));
	want(fields_equal(fields_union(a, p, q), fields_union(a, q, p)));
	want(fields_within(both, p) && fields_within(both, q) && fields_within(p, fields_union(a, p, q)));
	want(value_is_nil(fields_intersection(a, rest, q)));
	want(fields_within(fields_without(a, p, q), rest));
}

static bool apply(struct arena *a, const struct schema *s, struct value live, struct value config, struct value *out)
{
	struct field_writer who = {.manager = STR("fuzz"), .api_version = STR("apps/v1"), .time = STR("2026-01-01T00:00:00Z")};
	struct field_conflict *conflicts;
	struct error err = {0};
	size_t n;

	return merge_apply(a, s, live, config, &who, true, out, &conflicts, &n, &err);
}

static void applies(struct arena *a, struct value x, struct value y)
{
	const struct schema *s = schema_builtin(STR("apps"), STR("v1"), STR("Deployment"));
	struct value first, second, third;

	if (!value_map(x) || !value_map(y))
		return;
	/* stored objects have what the schema says, and no foreign managedFields */
	if (!map_find(x.map, STR("metadata")) || !map_find(y.map, STR("metadata")) ||
	    !value_is_nil(value_path(x, "metadata", "managedFields", NULL)) ||
	    !value_is_nil(value_path(y, "metadata", "managedFields", NULL)))
		return;
	if (!apply(a, s, VALUE_NONE, x, &first) || !apply(a, s, schema_normalise(a, s, first), y, &second))
		return;
	second = schema_normalise(a, s, second);
	want(apply(a, s, second, y, &third) && merge_unchanged(second, schema_normalise(a, s, third)));
}

static void patches(struct arena *a, int kind, struct value x, struct value y)
{
	const struct schema *s = schema_builtin(STR("apps"), STR("v1"), STR("Deployment"));
	struct error err = {0};
	struct value out, before = value_copy(a, x, true), patch = value_copy(a, y, true);

	if (kind == 0)
		patch_json(a, x, y, &out, &err);
	else if (kind == 1)
		patch_merge(a, x, y, &out, &err);
	else if (value_map(x))
		patch_strategic(a, s, x, y, &out, &err);
	want(value_equal(x, before) && value_equal(y, patch));
	schema_decode(a, s, x, &err);
	schema_normalise(a, s, schema_prune(a, s, x, NULL, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str rest, first = str_cut(str_make((const char *)data + (size > 0), size - (size > 0)), 0, &rest);
	struct value x, y;
	struct arena a;
	jmp_buf full;

	arena_init(&a, MEMORY);
	arena_guard(&a, &full);
	if (size > 1 && !setjmp(full) && json_read(&a, first, 0, &x, NULL) && json_read(&a, rest, 0, &y, NULL)) {
		if (data[0] % 5 == 0)
			sets(&a, x, y);
		else if (data[0] % 5 == 1)
			applies(&a, x, y);
		else
			patches(&a, data[0] % 5 - 2, x, y);
	}
	arena_done(&a);
	return 0;
}
