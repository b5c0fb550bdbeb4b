/* str, buf, utf8, float, num, path. */
#include "tests/base/test.h"

#include <math.h>

#include "base/buf.h"
#include "base/float.h"
#include "base/num.h"
#include "base/path.h"
#include "base/utf8.h"

static void test_search(void **state)
{
	str rest;

	(void)state;
	assert_int_equal(str_find(STR("abcabc"), STR("ca")), 2);
	assert_int_equal(str_find(STR("abc"), STR("x")), -1);
	assert_int_equal(str_rfind_char(STR("a/b/c"), '/'), 3);
	assert_str(str_cut(STR("a=b=c"), '=', &rest), "a");
	assert_str(rest, "b=c");
	assert_str(str_cut(STR("abc"), '=', &rest), "abc");
	assert_null(rest.s);
	assert_str(str_trim(STR(" \t a b\n")), "a b");
	assert_true(str_cmp(STR("a"), STR("ab")) < 0);
	assert_true(str_cmp(STR("b"), STR("ab")) > 0);
	assert_true(str_eq_nocase(STR("AbC"), STR("aBc")));
}

static void test_buf_cap(void **state)
{
	struct error err;
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_fill(&b, 'x', 99);
	assert_false(buf_failed(&b));
	buf_add(&b, STR("yz"));
	assert_true(buf_failed(&b));
	assert_int_equal(b.n, 99);
	buf_char(&b, 'a');
	assert_false(buf_check(&b, "the test", &err));
	assert_int_equal(err.kind, ERROR_LIMIT);
	assert_string_equal(err.text, "the test is larger than 100 bytes");
	buf_clear(&b);
	buf_printf(&b, "%d-%s", 5, "five");
	assert_string_equal(buf_cstr(&b), "5-five");
	buf_done(&b);
}

static void test_utf8(void **state)
{
	size_t width;
	char out[4];

	(void)state;
	assert_int_equal(utf8_rune(STR("\xC3\xA9x"), &width), 0xE9);
	assert_int_equal(width, 2);
	assert_int_equal(utf8_rune(STR("\xF0\x9F\x98\x80"), &width), 0x1F600);
	assert_int_equal(utf8_rune(STR("\xED\xA0\x80"), &width), UTF8_ERROR);
	assert_int_equal(width, 1);
	assert_int_equal(utf8_rune(STR("\xC0\x80"), &width), UTF8_ERROR);
	assert_int_equal(utf8_put(out, 0x1F600), 4);
	assert_int_equal(utf8_count(STR("a\xC3\xA9\xFF")), 3);
	assert_false(utf8_valid(STR("a\xFF")));
	assert_true(utf8_valid(STR("\xEF\xBF\xBD")));
}

static void check_float(double f, const char *general, const char *fixed)
{
	char text[FLOAT_TEXT];

	assert_str(str_make(text, float_general(text, f, 21)), general);
	assert_str(str_make(text, float_shortest(text, f, 'f', 2)), fixed);
}

static void test_float(void **state)
{
	(void)state;
	check_float(0, "0", "0");
	check_float(-0.0, "-0", "-0");
	check_float(1, "1", "1");
	check_float(100000, "100000", "100000");
	check_float(0.1, "0.1", "0.1");
	check_float(1.0 / 3, "0.3333333333333333", "0.3333333333333333");
	check_float(123456.789, "123456.789", "123456.789");
	check_float(0.00001, "1e-05", "0.00001");
	check_float(1e21, "1e+21", "1000000000000000000000");
	check_float(5e-324, "5e-324", "0."
		"00000000000000000000000000000000000000000000000000000000000000000000000000000000"
		"00000000000000000000000000000000000000000000000000000000000000000000000000000000"
		"00000000000000000000000000000000000000000000000000000000000000000000000000000000"
		"00000000000000000000000000000000000000000000000000000000000000000000000000000000"
		"0005");
	check_float(INFINITY, "+Inf", "+Inf");
	check_float(9007199254740993.0, "9007199254740992", "9007199254740992");
}

static void test_numbers(void **state)
{
	uint64_t u;
	int64_t i;

	(void)state;
	assert_true(num_parse_i64(STR("-9223372036854775808"), &i));
	assert_true(i == INT64_MIN);
	assert_false(num_parse_i64(STR("9223372036854775808"), &i));
	assert_true(num_parse_u64(STR("18446744073709551615"), &u));
	assert_false(num_parse_u64(STR("18446744073709551616"), &u));
	assert_false(num_parse_u64(STR(""), &u));
	assert_false(num_parse_u64(STR("1 "), &u));
	assert_true(num_parse_duration(STR("1h30m"), &i));
	assert_true(i == INT64_C(5400000000000));
	assert_true(num_parse_duration(STR("250ms"), &i));
	assert_true(i == 250000000);
	assert_true(num_parse_duration(STR("30"), &i));
	assert_true(i == INT64_C(30000000000));
	assert_false(num_parse_duration(STR("5 minutes"), &i));
	assert_false(num_parse_duration(STR("h"), &i));
}

static void check_path(const char *dir, const char *path, const char *want)
{
	struct arena a;
	struct error err;
	str out;

	arena_init(&a, 0);
	assert_int_equal(path_join(&a, str_of(dir), str_of(path), &out, &err), want != NULL);
	if (want)
		assert_str(out, want);
	arena_done(&a);
}

static void test_path(void **state)
{
	(void)state;
	check_path("charts/app", "values.yaml", "charts/app/values.yaml");
	check_path("charts/app", "../lib/./x//y/", "charts/lib/x/y");
	check_path("charts/app", "/values.yaml", "values.yaml");
	check_path("charts", "..", "");
	check_path("charts", "../..", NULL);
	check_path("", "../etc/passwd", NULL);
	check_path("a", "b\\c", NULL);
	check_path("", "a/../../b", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_search), cmocka_unit_test(test_buf_cap),
		cmocka_unit_test(test_utf8),   cmocka_unit_test(test_float),
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
