/* JSON in and out, Go's forms and the API server's rules. */
#include "tests/base/test.h"

#include "base/json.h"

static void round_trip(const char *in, const char *want, unsigned read, unsigned write)
{
	struct arena a;
	struct error err;
	struct value v;

	arena_init(&a, 0);
	assert_true(json_read(&a, str_of(in), read, &v, &err));
	assert_str(json_text(&a, v, write), want);
	arena_done(&a);
}

static void test_forms(void **state)
{
	(void)state;
	round_trip("{\"b\":1,\"a\":[true,null,\"x\"]}", "{\"a\":[true,null,\"x\"],\"b\":1}", 0, 0);
	round_trip("{\"a\":1,\"a\":2}", "{\"a\":2}", 0, 0);
	round_trip("[1.10,1E3,0.0000001,1e21,-0.0,12345678901234567890]",
		   "[1.1,1000,1e-7,1e+21,-0,12345678901234567000]", 0, 0);
	round_trip("9007199254740993", "9007199254740993", 0, 0);
	round_trip("9007199254740993", "9007199254740992", JSON_READ_FLOATS, 0);
	round_trip("\"<a>&\\u2028\"", "\"\\u003ca\\u003e\\u0026\\u2028\"", 0, JSON_HTML);
	round_trip("\"<a>&\"", "\"<a>&\"", 0, 0);
	round_trip("\"a\\u0000b\"", "\"a\\u0000b\"", 0, 0);
	round_trip("{\"a\":{},\"b\":[1]}", "{\n  \"a\": {},\n  \"b\": [\n    1\n  ]\n}", 0,
		   JSON_PRETTY);
}

static void test_apply_bodies(void **state)
{
	(void)state;
	round_trip("\"a/b \\ud83d\\ude00 \\u0085 \\u007f \\ufeff \\u2028\"",
		   "\"a/b \xF0\x9F\x98\x80 \\u0085 \\u007f \\ufeff \\u2028\"", 0, JSON_APPLY);
}

static void test_refuses(void **state)
{
	static const char *const bad[] = {"", "{", "[1,]", "{\"a\":1}x", "nul", "\"\\x\""};
	struct arena a;
	struct error err;
	struct value v;
	char deep[1000];

	(void)state;
	arena_init(&a, 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_false(json_read(&a, str_of(bad[i]), 0, &v, &err));
		assert_int_equal(err.kind, ERROR_INVALID);
	}
	memset(deep, '[', 500);
	memset(deep + 500, ']', 500);
	assert_false(json_read(&a, str_make(deep, 1000), 0, &v, &err));
	assert_int_equal(err.kind, ERROR_LIMIT);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_apply_bodies),
		cmocka_unit_test(test_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
