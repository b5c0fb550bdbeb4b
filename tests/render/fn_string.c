/*
 * Slices and copies of strings.
 */
#include "tests/render/fn_rows.h"

static const struct fn_row rows[] = {
	{"hello", "Hello!"},
	{"trim \"  a b \\t\\n\"", "a b"},
	{"trim \"\\u00a0\\u3000x\\u2003\"", "x"},
	{"trimAll \"$\303\251\" \"$\303\2515.00\303\251$\"", "5.00"},
	{"trimall \"-\" \"--a-b--\"", "a-b"},
	{"trimSuffix \"-\" \"a--\"", "a-"},
	{"trimPrefix \"-\" \"--a\"", "-a"},
	{"upper \"stra\303\237e \303\251 \307\206\"", "STRA\303\237E \303\211 \307\204"},
	{"lower \"\303\200\303\211 \304\260 \316\243\"", "\303\240\303\251 i \317\203"},
	{"trunc 5 \"hello world\"", "hello"},
	{"trunc -5 \"hello world\"", "world"},
	{"trunc -50 \"hello\"", "hello"},
	{"trunc 0 \"hello\"", ""},
	{"substr 0 5 \"hello world\"", "hello"},
	{"substr -1 3 \"hello\"", "hel"},
	{"substr 2 100 \"hello\"", "llo"},
	{"substr 3 1 \"hello\"", "!substr: runtime error: slice bounds out of range [3:1]"},
	{"substr -1 9 \"hello\"",
		"!substr: runtime error: slice bounds out of range [:9] with length 5"},
	{"substr 9 -1 \"hello\"", "!substr: runtime error: slice bounds out of range [9:5]"},
	{"substr -1 -1 \"hello\"", "!substr: runtime error: slice bounds out of range [:-1]"},
	{"repeat 3 \"ab\"", "ababab"},
	{"repeat 0 \"ab\"", ""},
	{"repeat -1 \"a\"", "!repeat: strings: negative Repeat count"},
	{"contains \"b\" \"abc\"", "true"},
	{"contains \"\" \"abc\"", "true"},
	{"hasPrefix \"a\" \"abc\"", "true"},
	{"hasSuffix \"a\" \"abc\"", "false"},
	{"indent 2 \"a\\n\\nb\"", "  a\n  \n  b"},
	{"indent 0 \"a\\nb\"", "a\nb"},
	{"nindent 4 \"a\\nb\\n\"", "\n    a\n    b\n    "},
	{"nindent 2 \"\"", "\n  "},
	{"indent -1 \"a\"", "!indent: strings: negative Repeat count"},
	{"replace \" \" \"-\" \"a b c\"", "a-b-c"},
	{"replace \"\" \"-\" \"a\303\251b\"", "-a-\303\251-b-"},
	{"replace \"x\" \"y\" \"abc\"", "abc"},
	{"replace \"aa\" \"b\" \"aaaaa\"", "bba"},
	{"plural \"one\" \"many\" 1", "one"},
	{"plural \"one\" \"many\" 0", "many"},
	{"split \"$\" \"foo$bar$baz\" | toJson", "{\"_0\":\"foo\",\"_1\":\"bar\",\"_2\":\"baz\"}"},
	{"split \"\" \"abc\" | toJson", "{\"_0\":\"a\",\"_1\":\"b\",\"_2\":\"c\"}"},
	{"(split \"/\" \"a/b\")._1", "b"},
	{"splitList \",\" \"a,b,,c\" | toJson", "[\"a\",\"b\",\"\",\"c\"]"},
	{"splitList \",\" \"\" | toJson", "[\"\"]"},
	{"splitList \"\" \"a\303\251b\" | toJson", "[\"a\",\"\303\251\",\"b\"]"},
	{"splitList \"\" \"\" | toJson", "[]"},
	{"splitn \",\" 2 \"a,b,c\" | toJson", "{\"_0\":\"a\",\"_1\":\"b,c\"}"},
	{"splitn \",\" 0 \"a,b\" | toJson", "{}"},
	{"splitn \",\" -1 \"a,b\" | toJson", "{\"_0\":\"a\",\"_1\":\"b\"}"},
	{"splitn \"\" 2 \"abc\" | toJson", "{\"_0\":\"a\",\"_1\":\"bc\"}"},
	{"join \",\" (list 1 \"a\" nil 2.5)", "1,a,2.5"},
	{"join \"-\" (dict \"a\" 1)", "map[a:1]"},
	{"join \",\" nil", ""},
	{"join \",\" \"x\"", "x"},
	{"join \",\" (until 3)", "0,1,2"},
	{"join \",\" (splitList \".\" \"a.b\")", "a,b"},
	{"typeOf (splitList \",\" \"a\")", "[]string"},
	{"typeOf (split \",\" \"a\")", "map[string]string"},
	{"repeat 100000000000 \"ab\"",
		"!repeat: the text made by one function call is larger than 33554432 bytes"},
	{"indent 9223372036854775807 \"a\"",
		"!indent: the text made by one function call is larger than 33554432 bytes"},
	{"nindent 100000000 \"a\"",
		"!nindent: the text made by one function call is larger than 33554432 bytes"},
	{"repeat 9223372036854775807 \"\"", ""},
	{"replace \"\" (repeat 1000 \"b\") (repeat 100000 \"a\")",
		"!replace: the text made by one function call is larger than 33554432 bytes"},
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
