/*
 * Sets of fields, and the patch that makes those of client-side appliers ours.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "sync/fields.h"

static struct value read(struct arena *a, const char *text)
{
	struct value v;

	assert_true(json_read(a, str_of(text), 0, &v, NULL));
	return v;
}

static void same(struct arena *a, struct value got, const char *want)
{
	if (!value_equal(got, read(a, want)))
		fail_msg("want %s got %.*s", want, STR_ARG(json_text(a, got, 0)));
}

static void test_sets(void **state)
{
	struct arena a;
	struct value both;

	(void)state;
	arena_init(&a, 0);
	both = fields_union(&a, read(&a, "{\"f:a\":{\"f:x\":{}},\"f:l\":{\".\":{},\"k:{\\\"n\\\":1}\":{\"f:n\":{}}}}"),
			    read(&a, "{\"f:a\":{\"f:y\":{}},\"f:s\":{\"v:\\\"q\\\"\":{},\"v:2\":{}}}"));
	same(&a, both, "{\"f:a\":{\"f:x\":{},\"f:y\":{}},\"f:l\":{\".\":{},\"k:{\\\"n\\\":1}\":{\"f:n\":{}}},"
		       "\"f:s\":{\"v:\\\"q\\\"\":{},\"v:2\":{}}}");
	same(&a, fields_union(&a, VALUE_NONE, both), (char *)(uintptr_t)json_text(&a, both, 0).s);
	same(&a, fields_within(&a, both, read(&a, "{\"a\":{\"y\":0},\"l\":[{\"n\":1,\"m\":1}],\"s\":[\"q\"]}")),
	     "{\"f:a\":{\"f:y\":{}},\"f:l\":{\".\":{},\"k:{\\\"n\\\":1}\":{\"f:n\":{}}},\"f:s\":{\"v:\\\"q\\\"\":{}}}");
	assert_true(value_is_nil(fields_within(&a, both, read(&a, "{\"b\":1}"))));
	arena_done(&a);
}

#define ENTRY(manager, operation, version, more, fields)                                                               \
	"{\"manager\":\"" manager "\",\"operation\":\"" operation "\",\"apiVersion\":\"" version                       \
	"\",\"fieldsType\":\"FieldsV1\"" more ",\"fieldsV1\":" fields "}"
#define OBJECT(entries)                                                                                                \
	"{\"metadata\":{\"resourceVersion\":\"7\",\"managedFields\":[" entries "],\"annotations\":{"                    \
	"\"kubectl.kubernetes.io/last-applied-configuration\":\"{\\\"data\\\":{\\\"a\\\":1}}\"}}}"
#define KUBECTL(fields) ENTRY("kubectl-client-side-apply", "Update", "v1", "", fields)
#define OTHER ENTRY("kubelet", "Update", "v1", ",\"subresource\":\"status\"", "{\"f:status\":{}}")

static const struct {
	const char *object, *manager;
	const char *entries; /* after the patch; NULL: none is needed */
	const char *legacy;
} rows[] = {
	{OBJECT(OTHER), "", NULL, "null"},
	{OBJECT(ENTRY("argocd-controller", "Apply", "v1", "", "{\"f:data\":{}}")), "", NULL, "null"},
	{OBJECT(KUBECTL("{\"f:data\":{\"f:a\":{},\"f:default\":{}}}") "," OTHER), "",
	 ENTRY("argocd-controller", "Apply", "v1", "", "{\"f:data\":{\"f:a\":{},\"f:default\":{}}}") "," OTHER,
	 "{\"f:data\":{\"f:a\":{}}}"},
	{OBJECT(KUBECTL("{\"f:data\":{\"f:a\":{}}}") "," ENTRY("argocd-controller", "Apply", "v1", "", "{\"f:data\":{\"f:b\":{}}}")), "",
	 ENTRY("argocd-controller", "Apply", "v1", "", "{\"f:data\":{\"f:b\":{},\"f:a\":{}}}"), "null"},
	{OBJECT(ENTRY("argocd-controller", "Update", "v1", "", "{\"f:data\":{\"f:a\":{}}}") ","
		ENTRY("argocd-controller", "Apply", "v1", "", "{\"f:data\":{\"f:b\":{}}}")), "",
	 ENTRY("argocd-controller", "Apply", "v1", "", "{\"f:data\":{\"f:b\":{},\"f:a\":{}}}"), "{\"f:data\":{\"f:a\":{}}}"},
	{OBJECT(ENTRY("argocd-controller", "Update", "v1", ",\"time\":\"2026-01-02T00:00:00Z\"", "{\"f:x\":{}}") ","
		ENTRY("kubectl-client-side-apply", "Update", "v2", ",\"time\":\"2026-01-01T00:00:00Z\"", "{\"f:y\":{}}")), "",
	 ENTRY("argocd-controller", "Apply", "v1", ",\"time\":\"2026-01-02T00:00:00Z\"", "{\"f:x\":{}}"), "null"},
	{OBJECT(ENTRY("helm", "Update", "v1", "", "{\"f:data\":{\"f:a\":{}}}")), "helm",
	 ENTRY("argocd-controller", "Apply", "v1", "", "{\"f:data\":{\"f:a\":{}}}"), "null"},
	{OBJECT(KUBECTL("{\"f:data\":{}}")), "helm", NULL, "{\"f:data\":{}}"},
};

static void test_migration(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct value object;
		struct arena a;
		str patch;

		arena_init(&a, 0);
		object = read(&a, rows[i].object);
		same(&a, fields_legacy(&a, object), rows[i].legacy);
		assert_int_equal(fields_migration(&a, object, str_of(rows[i].manager), &patch), rows[i].entries != NULL);
		if (rows[i].entries)
			same(&a, read(&a, arena_cstr(&a, patch)),
			     arena_cstr(&a, arena_printf(&a, "[{\"op\":\"replace\",\"path\":\"/metadata/managedFields\",\"value\":[%s]},"
							     "{\"op\":\"replace\",\"path\":\"/metadata/resourceVersion\",\"value\":\"7\"}]",
							 rows[i].entries)));
		arena_done(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_sets), cmocka_unit_test(test_migration)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
