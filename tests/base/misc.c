/* Errors, digests, time, tables, objects. */
#include "tests/base/test.h"

#include <stdio.h>

#include "base/digest.h"
#include "base/json.h"
#include "base/object.h"
#include "base/table.h"
#include "base/time.h"

static void test_error_wrap(void **state)
{
	struct error err;

	(void)state;
	assert_false(error_set(&err, ERROR_DENIED, "no %d", 1));
	error_wrap(&err, "while %s", "asking");
	assert_string_equal(err.text, "while asking: no 1");
	assert_int_equal(err.kind, ERROR_DENIED);
	for (int i = 0; i < 2000; i++)
		error_wrap(&err, "wrapped again");
	assert_true(strlen(err.text) < sizeof err.text);
}

static void test_digest(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 0);
	assert_str(digest_hex(&a, "sha256", STR("abc")),
		   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_str(digest_hmac_hex(&a, "sha1", STR("key"), STR("The quick brown fox jumps over "
							      "the lazy dog")),
		   "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9");
	arena_done(&a);
}

static void test_time(void **state)
{
	struct arena a;
	int64_t t;

	(void)state;
	arena_init(&a, 0);
	assert_true(time_parse_rfc3339(STR("2026-11-24T10:00:00Z"), &t));
	assert_str(time_rfc3339(&a, t), "2026-11-24T10:00:00Z");
	assert_true(time_parse_rfc3339(STR("2026-11-24T12:00:00.5+02:00"), &t));
	assert_str(time_rfc3339(&a, t), "2026-11-24T10:00:00Z");
	assert_int_equal(t % TIME_SECOND, TIME_SECOND / 2);
	assert_false(time_parse_rfc3339(STR("yesterday"), &t));
	assert_false(time_parse_rfc3339(STR("2026-11-24T10:00:00"), &t));
	arena_done(&a);
}

static void test_table(void **state)
{
	struct table t = {0};
	char key[16];
	uint32_t at = 0, seen = 0;
	void *value;
	str name;

	(void)state;
	for (int i = 0; i < 500; i++) {
		snprintf(key, sizeof key, "k%d", i);
		assert_true(table_set(&t, str_of(key), &t, NULL));
	}
	for (int i = 0; i < 500; i += 2) {
		snprintf(key, sizeof key, "k%d", i);
		assert_ptr_equal(table_del(&t, str_of(key)), &t);
	}
	assert_null(table_get(&t, STR("k0")));
	assert_ptr_equal(table_get(&t, STR("k1")), &t);
	while (table_next(&t, &at, &name, &value))
		seen++;
	assert_int_equal(seen, 250);
	table_done(&t);
}

static void test_object(void **state)
{
	struct arena a;
	struct error err;
	struct object_key key;
	struct value v;

	(void)state;
	arena_init(&a, 0);
	assert_true(json_read(&a, STR("{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\","
				     "\"metadata\":{\"name\":\"web\",\"namespace\":\"n\"}}"),
			      0, &v, &err));
	key = object_key(v);
	assert_str(object_key_text(&a, &key), "apps/Deployment/n/web");
	assert_str(object_key_show(&a, &key), "Deployment n/web");
	assert_null(object_annotation(v, "x").s);
	object_annotate(&a, v, "x", STR("y"));
	assert_str(object_annotation(v, "x"), "y");
	assert_str(object_version(v), "v1");
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_error_wrap), cmocka_unit_test(test_digest),
		cmocka_unit_test(test_time),	   cmocka_unit_test(test_table),
		cmocka_unit_test(test_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
