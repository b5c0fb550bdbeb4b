/*
 * Emptiness, kinds, text of anything.
 */
#include "tests/render/fn_rows.h"

static const struct fn_row rows[] = {
	{"default 1", "1"},
	{"default 1 nil", "1"},
	{"default 1 0", "1"},
	{"default 1 \"\"", "1"},
	{"default 1 false", "1"},
	{"default 1 (list)", "1"},
	{"default 1 \"x\"", "x"},
	{"default 1 nil 2", "1"},
	{"empty nil", "true"},
	{"empty 0.0", "true"},
	{"empty \"a\"", "false"},
	{"empty (dict)", "true"},
	{"empty (list nil)", "false"},
	{"coalesce 0 \"\" nil (list) \"x\" \"y\"", "x"},
	{"coalesce", ""},
	{"coalesce 0 nil", ""},
	{"all 1 \"a\" true", "true"},
	{"all 1 0", "false"},
	{"all", "true"},
	{"any 0 \"\" 1", "true"},
	{"any 0 \"\"", "false"},
	{"any", "false"},
	{"ternary \"a\" \"b\" true", "a"},
	{"ternary \"a\" \"b\" false", "b"},
	{"kindOf nil", "invalid"},
	{"kindOf 1", "int"},
	{"kindOf 1.5", "float64"},
	{"kindOf \"a\"", "string"},
	{"kindOf (list)", "slice"},
	{"kindOf (dict)", "map"},
	{"kindOf true", "bool"},
	{"kindOf (int64 1)", "int64"},
	{"kindIs \"map\" (dict)", "true"},
	{"kindIs \"map\" nil", "false"},
	{"typeOf nil", "<nil>"},
	{"typeOf (list)", "[]interface {}"},
	{"typeOf (dict)", "map[string]interface {}"},
	{"typeOf (until 1)", "[]int"},
	{"typeOf 1.5", "float64"},
	{"typeIs \"int\" 1", "true"},
	{"typeIs \"string\" 1", "false"},
	{"typeIsLike \"int\" 1", "true"},
	{"typeIsLike \"*x\" nil", "false"},
	{"deepEqual (list 1 \"a\") (list 1 \"a\")", "true"},
	{"deepEqual 1 1.0", "false"},
	{"deepEqual nil nil", "true"},
	{"deepEqual (dict \"a\" (list)) (dict \"a\" (list))", "true"},
	{"toString 1000000.0", "1e+06"},
	{"toString \"a\"", "a"},
	{"toString nil", "<nil>"},
	{"toString (list 1 \"a\" nil)", "[1 a <nil>]"},
	{"quote \"a\" 1 nil \"b\\\"c\"", "\"a\" \"1\" \"b\\\"c\""},
	{"quote \"\303\251\\u200b\\t\\\\\" 1.5 true",
		"\"\303\251\\u200b\\t\\\\\" \"1.5\" \"true\""},
	{"quote", ""},
	{"quote nil", ""},
	{"quote (list 1 2)", "\"[1 2]\""},
	{"squote \"a\" 1 nil \"it's\"", "'a' '1' 'it's'"},
	{"squote 1e6", "'1e+06'"},
	{"squote", ""},
	{"cat \"a\" 1 nil \"b\"", "a 1 b"},
	{"cat \"a \" \" b \"", "a   b "},
	{"cat", ""},
	{"cat \"100%\" \"b\"", "100% b"},
	{"cat (list 1 2) (dict \"a\" 1)", "[1 2] map[a:1]"},
};

static void test_rows(void **state)
{
	(void)state;
	assert_int_equal(fn_rows_bad(rows), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
