/*
 * Rows of wanted, live and our fields: what differs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/json.h"
#include "sync/diff.h"
#include "sync/mask.h"

struct row {
	const char *name, *wanted, *live, *fields;
	const char *want; /* "changed spec.a,removed spec.b" or "" */
};

#define DEPLOYMENT_FIELDS                                                                           \
	"{\"f:spec\":{\"f:replicas\":{},\"f:template\":{\"f:spec\":{\"f:containers\":{"                \
	"\"k:{\\\"name\\\":\\\"app\\\"}\":{\".\":{},\"f:name\":{},\"f:image\":{},\"f:args\":{},"           \
	"\"f:resources\":{\"f:limits\":{\"f:cpu\":{}}},"                                                \
	"\"f:ports\":{\"k:{\\\"containerPort\\\":80,\\\"protocol\\\":\\\"TCP\\\"}\":{\".\":{},"            \
	"\"f:containerPort\":{}}}}}}}}}"

#define CONFIG_MAP "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","

static const struct row rows[] = {
	{"equal", "{\"spec\":{\"replicas\":1}}", "{\"spec\":{\"replicas\":1.0}}", "{\"f:spec\":{\"f:replicas\":{}}}", ""},
	{"changed", "{\"spec\":{\"replicas\":1}}", "{\"spec\":{\"replicas\":2}}", "{\"f:spec\":{\"f:replicas\":{}}}",
	 "changed spec.replicas"},
	{"foreign field", "{\"spec\":{\"a\":1}}", "{\"spec\":{\"a\":1,\"b\":2}}", "{\"f:spec\":{\"f:a\":{}}}", ""},
	{"ours no more", "{\"spec\":{\"a\":1}}", "{\"spec\":{\"a\":1,\"b\":2}}", "{\"f:spec\":{\"f:a\":{},\"f:b\":{}}}",
	 "removed spec.b"},
	{"missing", "{\"spec\":{\"a\":1}}", "{\"spec\":{}}", "null", "missing spec.a"},
	{"empty is absent", "{\"spec\":{\"a\":\"\",\"b\":[],\"c\":{\"d\":false}}}", "{\"spec\":{}}", "null", ""},
	{"null wants nothing", "{\"spec\":{\"a\":null}}", "{\"spec\":{\"a\":5}}", "{\"f:spec\":{}}", ""},
	{"quantity", "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"app\",\"resources\":{\"limits\":"
		     "{\"cpu\":\"1000m\"}}}]}}}}",
	 "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"app\",\"resources\":{\"limits\":{\"cpu\":"
	 "\"1\"}}}]}}}}", DEPLOYMENT_FIELDS, ""},
	{"no quantity in data", "{\"data\":{\"cpu\":\"1000m\"}}", "{\"data\":{\"cpu\":\"1\"}}", "{\"f:data\":{\"f:cpu\":{}}}",
	 "changed data.cpu"},
	{"list by key, default of a key", "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"app\",\"ports\":"
					  "[{\"containerPort\":80}]}]}}}}",
	 "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"side\"},{\"name\":\"app\",\"ports\":"
	 "[{\"containerPort\":80,\"protocol\":\"TCP\"}]}]}}}}", DEPLOYMENT_FIELDS, ""},
	{"element no more", "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"other\"}]}}}}",
	 "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"app\"},{\"name\":\"other\"}]}}}}",
	 DEPLOYMENT_FIELDS, "removed spec.template.spec.containers[name=app]"},
	{"atomic list", "{\"spec\":{\"args\":[\"a\",\"b\"]}}", "{\"spec\":{\"args\":[\"b\",\"a\"]}}",
	 "{\"f:spec\":{\"f:args\":{}}}", "changed spec.args[0],changed spec.args[1]"},
	{"default in an atomic value", "{\"spec\":{\"ref\":[{\"a\":1}]}}", "{\"spec\":{\"ref\":[{\"a\":1,\"b\":2}]}}",
	 "{\"f:spec\":{\"f:ref\":{}}}", "doubt spec.ref[0].b"},
	{"ours no more, and zero", "{\"spec\":{\"a\":1}}", "{\"spec\":{\"a\":1,\"replicas\":0,\"b\":\"\"}}",
	 "{\"f:spec\":{\"f:a\":{},\"f:replicas\":{},\"f:b\":{}}}", "removed spec.replicas,removed spec.b"},
	{"an empty text is data", CONFIG_MAP "\"data\":{\"K\":\"\",\"L\":\"l\"}}", "{\"data\":{\"L\":\"l\"}}",
	 "{\"f:data\":{\"f:K\":{},\"f:L\":{}}}", "missing data.K"},
	{"the only one", CONFIG_MAP "\"data\":{\"K\":\"\"}}", "{\"metadata\":{}}", "{\"f:data\":{\"f:K\":{}}}",
	 "missing data"},
	{"no data", CONFIG_MAP "\"data\":{}}", "{\"metadata\":{}}", "null", ""},
	{"null data", CONFIG_MAP "\"data\":{\"K\":null}}", "{\"data\":{\"L\":\"l\"}}", "null", ""},
	{"an empty annotation", "{\"metadata\":{\"annotations\":{\"a\":\"\"},\"labels\":{}}}", "{\"metadata\":{}}", "null",
	 "missing metadata.annotations"},
	{"an empty text in an atomic selector", "{\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"\",\"b\":\"b\"}}}}",
	 "{\"spec\":{\"selector\":{\"matchLabels\":{\"b\":\"b\"}}}}", "{\"f:spec\":{\"f:selector\":{}}}",
	 "missing spec.selector.matchLabels.a"},
	{"an empty value of env", "{\"spec\":{\"env\":[{\"name\":\"E\",\"value\":\"\"}]}}", "{\"spec\":{\"env\":[{\"name\":\"E\"}]}}",
	 "{\"f:spec\":{\"f:env\":{\"k:{\\\"name\\\":\\\"E\\\"}\":{\".\":{},\"f:name\":{},\"f:value\":{}}}}}", ""},
	{"data of another kind", "{\"data\":{\"K\":\"\"}}", "{\"data\":{}}", "{\"f:data\":{\"f:K\":{}}}", ""},
	{"set", "{\"metadata\":{\"finalizers\":[\"a\"]}}", "{\"metadata\":{\"finalizers\":[\"b\",\"a\"]}}",
	 "{\"f:metadata\":{\"f:finalizers\":{\".\":{},\"v:\\\"a\\\"\":{}}}}", ""},
};

static struct value read(struct arena *a, const char *text)
{
	struct value v;

	assert_true(json_read(a, str_of(text), 0, &v, NULL));
	return v;
}

static void test_rows(void **state)
{
	static const char *const kinds[] = {"changed", "missing", "removed", "doubt"};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct diff d;
		struct arena a;
		struct buf b;

		arena_init(&a, 0);
		buf_in(&b, &a, 0);
		diff_objects(&a, read(&a, rows[i].wanted), read(&a, rows[i].live), read(&a, rows[i].fields), NULL, &d);
		for (size_t j = 0; j < d.n; j++)
			buf_printf(&b, "%s%s %.*s", j ? "," : "", kinds[d.at[j].kind], STR_ARG(d.at[j].path));
		if (strcmp(buf_cstr(&b), rows[i].want) != 0)
			fail_msg("%s: want [%s] got [%s]", rows[i].name, rows[i].want, buf_cstr(&b));
		assert_int_equal(d.n == 0, d.mark == 0);
		arena_done(&a);
	}
}

static void test_secret_is_masked(void **state)
{
	struct arena a;
	struct diff d;

	(void)state;
	arena_init(&a, 0);
	diff_objects(&a, read(&a, "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"data\":{\"k\":\"c2VjcmV0\"}}"),
		     read(&a, "{\"kind\":\"Secret\",\"data\":{\"k\":\"b3RoZXI=\"}}"), VALUE_NONE, NULL, &d);
	assert_int_equal(d.n, 1);
	assert_true(str_is(d.at[0].wanted, "\"++++++++\"") && str_is(d.at[0].live, "\"++++++++\""));
	diff_objects(&a, read(&a, "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"data\":{\"k\":\"c2Vj\\ncmV0\\n\"}}"),
		     read(&a, "{\"kind\":\"Secret\",\"data\":{\"k\":\"c2VjcmV0\"}}"), VALUE_NONE, NULL, &d);
	assert_int_equal(d.n, 0);
	arena_done(&a);
}

static void test_urls_are_masked(void **state)
{
	static const char *const texts[][2] = {
		{"no URL, a@b", "no URL, a@b"},
		{"\"https://ann:wo@rd@h/r@1\"", "\"https://***@h/r@1\""},
		{"x https://token@h:1/r, http://h/a@b ssh://git@h/r", "x https://***@h:1/r, http://h/a@b ssh://git@h/r"},
		{"ssh://git:word@h/r", "ssh://***@h/r"}, {"https://a@", "https://***@"},
	};
	struct arena a;
	struct diff d;

	(void)state;
	arena_init(&a, 0);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_string_equal(arena_cstr(&a, mask_urls(&a, str_of(texts[i][0]))), texts[i][1]);
	diff_objects(&a, read(&a, "{\"spec\":{\"repoURL\":\"https://ann:word@h/r\"}}"), read(&a, "{}"), VALUE_NONE, NULL, &d);
	assert_true(d.n == 1 && !str_has(d.at[0].wanted, STR("word")));
	arena_done(&a);
}

static void test_quantities(void **state)
{
	static const char *const same[][2] = {{"\"1\"", "\"1000m\""}, {"1", "\"1\""}, {"\"1Gi\"", "\"1024Mi\""},
					      {"\"1e3\"", "\"1k\""}, {"\"0.5\"", "\"500m\""}, {"0.1", "\"100m\""}};
	static const char *const other[][2] = {{"\"1\"", "\"2\""}, {"\"1G\"", "\"1Gi\""}, {"\"a\"", "\"a\""},
					       {"\"99999999999999E\"", "\"99999999999999E\""}};
	struct arena a;

	(void)state;
	arena_init(&a, 0);
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		assert_true(quantity_equal(read(&a, same[i][0]), read(&a, same[i][1])));
	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
		assert_false(quantity_equal(read(&a, other[i][0]), read(&a, other[i][1])));
	arena_done(&a);
}

static void test_hash(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 0);
	assert_true(diff_hash(read(&a, "{\"a\":1,\"b\":[1,2]}")) == diff_hash(read(&a, "{\"b\":[1,2.0],\"a\":1}")));
	assert_true(diff_hash(read(&a, "[1,2]")) != diff_hash(read(&a, "[2,1]")));
	assert_true(diff_hash(read(&a, "{\"a\":\"1\"}")) != diff_hash(read(&a, "{\"a\":1}")));
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_secret_is_masked),
					   cmocka_unit_test(test_urls_are_masked), cmocka_unit_test(test_quantities), cmocka_unit_test(test_hash)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
