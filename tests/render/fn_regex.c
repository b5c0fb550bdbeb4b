/*
 * Regular expressions.
 */
#include "tests/render/fn_rows.h"

static const struct fn_row rows[] = {
	{"regexMatch \"^[A-Za-z0-9._%+-]+@x.com$\" \"test@x.com\"", "true"},
	{"regexMatch \"(?=a)\" \"a\"", "false"},
	{"regexMatch \"a\" \"b\"", "false"},
	{"mustRegexMatch \"[\" \"a\"",
		"!mustRegexMatch: error parsing regexp: missing closing ]: `[`"},
	{"mustRegexMatch \"a\" \"cat\"", "true"},
	{"regexFind \"[a-z][1-9]\" \"abcd1234\"", "d1"},
	{"regexFind \"x\" \"abc\"", ""},
	{"regexFind \"(\" \"a\"",
		"!regexFind: regexp: Compile(`(`): error parsing regexp: missing closing ): `(`"},
	{"regexFind \")\" \"a\"",
		"!regexFind: regexp: Compile(`)`): error parsing regexp: unexpected ): `)`"},
	{"regexFind \"a**\" \"a\"",
		"!regexFind: regexp: Compile(`a**`): error parsing regexp: invalid nested repetition operator: `**`"},
	{"regexFind \"a{1001}\" \"a\"",
		"!regexFind: regexp: Compile(`a{1001}`): error parsing regexp: invalid repeat count: `{1001}`"},
	{"regexFind \"\\\\\" \"a\"",
		"!regexFind: regexp: Compile(`\\`): error parsing regexp: trailing backslash at end of expression: ``"},
	{"regexFind \"*\" \"a\"",
		"!regexFind: regexp: Compile(`*`): error parsing regexp: missing argument to repetition operator: `*`"},
	{"regexFind \"[b-a]\" \"a\"",
		"!regexFind: regexp: Compile(`[b-a]`): error parsing regexp: invalid character class range: `b-a`"},
	{"regexFind \"\\\\y\" \"a\"",
		"!regexFind: regexp: Compile(`\\y`): error parsing regexp: invalid escape sequence: `\\y`"},
	{"regexFind \"(?<n\" \"a\"",
		"!regexFind: regexp: Compile(`(?<n`): error parsing regexp: invalid named capture: `(?<n`"},
	{"regexFind \"[[:foo:]]\" \"a\"",
		"!regexFind: regexp: Compile(`[[:foo:]]`): error parsing regexp: invalid character class range: `[:foo:]`"},
	{"mustRegexFind \"(\" \"a\"",
		"!mustRegexFind: error parsing regexp: missing closing ): `(`"},
	{"regexFindAll \"[2,4,6,8]\" \"123456789\" -1 | toJson", "[\"2\",\"4\",\"6\",\"8\"]"},
	{"regexFindAll \"a\" \"aaa\" 2 | toJson", "[\"a\",\"a\"]"},
	{"regexFindAll \"a\" \"aaa\" 0 | toJson", "null"},
	{"regexFindAll \"a*\" \"baaau\" -1 | toJson", "[\"\",\"aaa\",\"\"]"},
	{"regexFindAll \"x\" \"baaau\" -1 | toJson", "null"},
	{"regexFindAll \"\" \"\303\251a\" -1 | toJson", "[\"\",\"\",\"\"]"},
	{"regexFindAll \"\\\\bfoo\\\\b\" \"foo foobar foo\" -1 | toJson", "[\"foo\",\"foo\"]"},
	{"regexFindAll \"^a\" \"aaa\" -1 | toJson", "[\"a\"]"},
	{"mustRegexFindAll \"a\" \"banana\" -1 | toJson", "[\"a\",\"a\",\"a\"]"},
	{"regexReplaceAll \"a(x*)b\" \"-ab-axxb-\" \"${1}W\"", "-W-xxW-"},
	{"regexReplaceAll \"a(x*)b\" \"-ab-axxb-\" \"$1W\"", "---"},
	{"regexReplaceAll \"a(x*)b\" \"-ab-axxb-\" \"$1 $0 $$ $ $9\"", "- ab $ $ -xx axxb $ $ -"},
	{"regexReplaceAll \"a(?P<x>x*)b\" \"-ab-axxb-\" \"[$x|${x}|$y]\"", "-[||]-[xx|xx|]-"},
	{"regexReplaceAll \"a(?<x>x*)b\" \"-ab-axxb-\" \"[$x]\"", "-[]-[xx]-"},
	{"regexReplaceAll \"a*\" \"baaau\" \"-\"", "-b-u-"},
	{"regexReplaceAll \"\" \"\303\251a\" \"-\"", "-\303\251-a-"},
	{"regexReplaceAll \"$\" \"abc\" \"!\"", "abc!"},
	{"regexReplaceAll \"(?i)FOO\" \"foo Foo\" \"bar\"", "bar bar"},
	{"regexReplaceAll \"[^-A-Za-z0-9_.]\" \"a b/c\" \"-\"", "a-b-c"},
	{"regexReplaceAllLiteral \"a(x*)b\" \"-ab-axxb-\" \"${1}\"", "-${1}-${1}-"},
	{"mustRegexReplaceAll \"a\" \"banana\" \"$0$0\"", "baanaanaa"},
	{"mustRegexReplaceAllLiteral \"a\" \"banana\" \"$0\"", "b$0n$0n$0"},
	{"regexSplit \"z+\" \"pizza\" -1 | toJson", "[\"pi\",\"a\"]"},
	{"regexSplit \"a*\" \"baaau\" -1 | toJson", "[\"b\",\"u\"]"},
	{"regexSplit \"a\" \"banana\" 2 | toJson", "[\"b\",\"nana\"]"},
	{"regexSplit \"a\" \"banana\" 0 | toJson", "null"},
	{"regexSplit \"a\" \"\" -1 | toJson", "[\"\"]"},
	{"regexSplit \"\" \"abc\" -1 | toJson", "[\"a\",\"b\",\"c\"]"},
	{"regexSplit \"a\" \"banana\" 1 | toJson", "[\"banana\"]"},
	{"mustRegexSplit \",\" \"a,b\" -1 | toJson", "[\"a\",\"b\"]"},
	{"regexQuoteMeta \"1.2.3[a]$^{}|()*+?\\\\-\"",
		"1\\.2\\.3\\[a\\]\\$\\^\\{\\}\\|\\(\\)\\*\\+\\?\\\\-"},
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
