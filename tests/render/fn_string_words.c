/*
 * Words: case, wrapping, abbreviations.
 */
#include "tests/render/fn_rows.h"

static const struct fn_row rows[] = {
	{"title \"hello world-foo bar_baz o'neil\"", "Hello World-Foo Bar_baz O'Neil"},
	{"title \"\307\206 \303\237 \303\251t\303\251\"", "\307\205 \303\237 \303\211t\303\251"},
	{"untitle \"Hello World  \303\211T\303\211\"", "hello world  \303\251T\303\211"},
	{"swapcase \"This Is A.Test \307\205 \303\211\"", "tHIS iS a.tEST \307\206 \303\251"},
	{"swapcase \"aB cD\"", "Ab Cd"},
	{"camelcase \"http_server\"", "HttpServer"},
	{"camelcase \"FOO_BAR\"", "FooBar"},
	{"camelcase \"HTTPServer\"", "Httpserver"},
	{"camelcase \"fooBAR\"", "FooBAR"},
	{"camelcase \"aB\"", "AB"},
	{"camelcase \"_foo__bar_\"", "_Foo_Bar_"},
	{"camelcase \"foo.bar\"", "Foo.bar"},
	{"camelcase \"some words-here now\"", "SomeWordsHereNow"},
	{"camelcase \"\"", ""},
	{"camelcase \"_\"", "__"},
	{"camelcase \"a\"", "A"},
	{"snakecase \"FirstName\"", "first_name"},
	{"snakecase \"HTTPServer\"", "http_server"},
	{"snakecase \"NoHTTPS\"", "no_https"},
	{"snakecase \"GO_PATH\"", "go_path"},
	{"snakecase \"GO PATH\"", "go_path"},
	{"snakecase \"http2xx\"", "http_2xx"},
	{"snakecase \"HTTP20xOK\"", "http_20x_ok"},
	{"snakecase \"Duration2m3s\"", "duration_2m3s"},
	{"snakecase \"Bld4Floor3rd\"", "bld4_floor_3rd"},
	{"snakecase \"foo2Bar\"", "foo2_bar"},
	{"snakecase \"foo.bar\"", "foo.bar"},
	{"snakecase \"a_B__c\"", "a_b__c"},
	{"snakecase \"a1b2c3\"", "a_1b2c3"},
	{"snakecase \"1a2B\"", "1a2_b"},
	{"snakecase \"\303\234n\303\257code \303\211t\303\251\"",
		"\303\274n\303\257code_\303\251t\303\251"},
	{"snakecase \"--a--\"", "__a__"},
	{"snakecase \"A\"", "a"},
	{"snakecase \"ABC123def\"", "abc_123def"},
	{"snakecase \"x-1.2+3\"", "x_1.2_+3"},
	{"snakecase \"\346\227\245\346\234\254Go\350\252\236\"",
		"\346\227\245\346\234\254_go_\350\252\236"},
	{"kebabcase \"FirstName\"", "first-name"},
	{"kebabcase \"HTTPServer2Go\"", "http-server2-go"},
	{"kebabcase \"a b  c\"", "a-b--c"},
	{"kebabcase \"my_Var-Name\"", "my-var-name"},
	{"kebabcase \"$a$B\"", "$-a-$-b"},
	{"initials \"First Try second\"", "FTs"},
	{"initials \"\303\251 b\"", "\303\203b"},
	{"nospace \" a b\\tc\\n\"", "abc"},
	{"nospace \"\303\251 b\"", "\303\203\302\251b"},
	{"nospace \"\303\251\"", "\303\251"},
	{"wrap 5 \"hello big worldlylong\"", "hello\nbig\nworldlylong"},
	{"wrap 80 \"short\"", "short"},
	{"wrap 0 \"a b c\"", "a\nb\nc"},
	{"wrap 3 \"   abcdef gh\"", "abcdef\ngh"},
	{"wrapWith 5 \"|\" \"hello big worldlylong\"", "hello|big|world|lylon|g"},
	{"wrapWith 5 \"\" \"hello big worldlylong\"", "hello\nbig\nworld\nlylon\ng"},
	{"wrapWith 1 \"--\" \"abc\"", "a--b--c"},
	{"wrapWith 6 \"\\n\" \"a  b   c    d e f g\"", "a  b  \nc    d\ne f g"},
	{"abbrev 5 \"hello world\"", "he..."},
	{"abbrev 3 \"hello\"", "hello"},
	{"abbrev 4 \"hello\"", "h..."},
	{"abbrev 50 \"hello\"", "hello"},
	{"abbrevboth 5 10 \"1234 5678 9123\"", "...5678..."},
	{"abbrevboth 5 7 \"1234 5678 9123\"", "...5..."},
	{"abbrevboth 1 5 \"1234 5678 9123\"", "1234 5678 9123"},
	{"abbrevboth 12 8 \"1234 5678 9123\"", "... 9123"},
	{"abbrevboth -5 8 \"1234 5678 9123\"", "1234 ..."},
	{"abbrevboth 100 8 \"1234 5678 9123\"", "... 9123"},
	{"abbrevboth 5 8 \"1234 5678 9123 4567 8912 3\"", "...56..."},
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
