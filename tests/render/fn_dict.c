/*
 * Dicts: lookups, merges, aliasing.
 */
#include "tests/render/fn_rows.h"

static const struct fn_row rows[] = {
	{"dict \"a\" 1 \"b\" | toJson", "{\"a\":1,\"b\":\"\"}"},
	{"dict 1 2 true 3 nil 4 1.5 5 | toJson",
		"{\"1\":2,\"1.5\":5,\"\\u003cnil\\u003e\":4,\"true\":3}"},
	{"dict | toJson", "{}"},
	{"dict \"a\" 1 \"a\" 2 | toJson", "{\"a\":2}"},
	{"get (dict \"a\" 1) \"a\"", "1"},
	{"get (dict) \"a\"", ""},
	{"get nil \"a\"", ""},
	{"set (dict \"a\" 1) \"a\" 2 | toJson", "{\"a\":2}"},
	{"set (dict) \"x\" nil | toJson", "{\"x\":null}"},
	{"unset (dict \"a\" 1 \"b\" 2) \"a\" | toJson", "{\"b\":2}"},
	{"unset (dict) \"a\" | toJson", "{}"},
	{"hasKey (dict \"a\" nil) \"a\"", "true"},
	{"hasKey (dict) \"a\"", "false"},
	{"pluck \"a\" (dict \"a\" 1) nil (dict \"b\" 2) (dict \"a\" nil) | toJson", "[1,null]"},
	{"keys (dict \"b\" 1 \"a\" 2) | sortAlpha | toJson", "[\"a\",\"b\"]"},
	{"keys | toJson", "[]"},
	{"values (dict \"a\" 1) | toJson", "[1]"},
	{"pick (dict \"a\" 1 \"b\" 2) \"a\" \"z\" | toJson", "{\"a\":1}"},
	{"omit (dict \"a\" 1 \"b\" 2) \"a\" \"z\" | toJson", "{\"b\":2}"},
	{"omit (dict \"a\" 1) | toJson", "{\"a\":1}"},
	{"omit nil \"a\" | toJson", "{}"},
	{"merge (dict \"a\" \"\" \"b\" false \"c\" 0 \"d\" nil \"l\" (list)) (dict \"a\" \"x\" \"b\" true \"c\" 5 \"d\" \"y\" \"l\" (list 1)) | toJson",
		"{\"a\":\"x\",\"b\":true,\"c\":5,\"d\":\"y\",\"l\":[1]}"},
	{"merge (dict \"a\" (dict \"x\" 1)) (dict \"a\" (dict \"x\" 2 \"y\" 3)) (dict \"a\" (dict \"z\" 4) \"q\" 5) | toJson",
		"{\"a\":{\"x\":1,\"y\":3,\"z\":4},\"q\":5}"},
	{"merge (dict \"a\" \"x\") (dict \"a\" (dict \"b\" 1)) | toJson", "{\"a\":\"x\"}"},
	{"merge (dict \"a\" (dict)) (dict \"a\" \"s\") | toJson", "{\"a\":\"s\"}"},
	{"merge (dict \"a\" (dict \"b\" nil)) (dict \"a\" (dict \"b\" 3 \"c\" nil)) | toJson",
		"{\"a\":{\"b\":3}}"},
	{"merge (dict \"a\" (list 1)) (dict \"a\" (list 2)) | toJson", "{\"a\":[1]}"},
	{"merge nil (dict \"a\" 1) | toJson", "{\"a\":1}"},
	{"merge (dict \"a\" 1) nil | toJson", "{\"a\":1}"},
	{"merge nil nil | toJson", "null"},
	{"merge (dict \"a\" (dict \"b\" 1)) (dict \"a\" 5) | toJson", "{\"a\":{\"b\":1}}"},
	{"mergeOverwrite (dict \"a\" \"x\" \"b\" true \"c\" 5 \"d\" \"y\" \"l\" (list 1)) (dict \"a\" \"\" \"b\" false \"c\" 0 \"d\" nil \"l\" (list)) | toJson",
		"{\"a\":\"\",\"b\":false,\"c\":0,\"d\":null,\"l\":[]}"},
	{"mergeOverwrite (dict \"n\" (dict \"a\" 1)) (dict \"n\" (dict)) | toJson",
		"{\"n\":{\"a\":1}}"},
	{"mergeOverwrite (dict \"n\" (dict \"a\" 1)) (dict \"n\" nil) | toJson", "{\"n\":null}"},
	{"mergeOverwrite (dict \"n\" (dict \"a\" 1)) (dict \"n\" \"s\") | toJson", "{\"n\":\"s\"}"},
	{"mergeOverwrite (dict \"a\" \"x\") (dict \"a\" (dict \"b\" 1)) | toJson",
		"{\"a\":{\"b\":1}}"},
	{"mergeOverwrite (dict \"a\" (list 1)) (dict \"a\" (dict \"b\" 1)) | toJson",
		"{\"a\":{\"b\":1}}"},
	{"mergeOverwrite (dict \"a\" (dict \"b\" 1)) (dict \"a\" (list)) | toJson", "{\"a\":[]}"},
	{"mergeOverwrite (dict \"a\" (dict \"b\" 1 \"c\" (dict \"d\" 2))) (dict \"a\" (dict \"c\" (dict \"d\" 3 \"e\" 4))) | toJson",
		"{\"a\":{\"b\":1,\"c\":{\"d\":3,\"e\":4}}}"},
	{"mustMerge (dict) (dict \"a\" 1) | toJson", "{\"a\":1}"},
	{"mustMergeOverwrite (dict \"a\" 1) (dict \"a\" 2) | toJson", "{\"a\":2}"},
	{"deepCopy (dict \"a\" (list 1 (dict \"b\" 2))) | toJson", "{\"a\":[1,{\"b\":2}]}"},
	{"deepCopy nil", "!deepCopy: reflect: call of reflect.Value.Type on zero Value"},
	{"mustDeepCopy nil", "!mustDeepCopy: reflect: call of reflect.Value.Type on zero Value"},
	{"deepCopy \"x\"", "x"},
	{"dig \"a\" \"b\" \"d\" (dict \"a\" (dict \"b\" 1))", "1"},
	{"dig \"a\" \"y\" \"d\" (dict \"a\" (dict))", "d"},
	{"dig \"a\" \"d\" (dict \"a\" nil) | toJson", "null"},
	{"dig \"b\" \"x\" \"d\" (dict \"b\" 1)",
		"!dig: interface conversion: interface {} is int, not map[string]interface {}"},
	{"dig \"a\" \"b\" 1 (dict \"a\" nil)",
		"!dig: interface conversion: interface {} is nil, not map[string]interface {}"},
	{"dig 1 \"b\" 1 (dict)", "!dig: interface conversion: interface {} is int, not string"},
	{"dig \"a\" 1 \"x\"",
		"!dig: interface conversion: interface {} is string, not map[string]interface {}"},
	{"dig \"a\" 1 nil",
		"!dig: interface conversion: interface {} is nil, not map[string]interface {}"},
	{"dig \"a\" (dict)", "!dig: dig needs at least three arguments"},
	{"{{ $s := dict \"n\" (dict) }}{{ $d := merge (dict \"n\" (dict)) $s }}{{ $_ := set $d.n \"q\" 1 }}{{ $s | toJson }}",
		"{\"n\":{\"q\":1}}"},
	{"{{ $s := dict \"n\" (dict \"a\" 1) }}{{ $d := merge (dict \"n\" (dict)) $s }}{{ $_ := set $d.n \"q\" 1 }}{{ $s | toJson }}",
		"{\"n\":{\"a\":1}}"},
	{"{{ $s := dict \"n\" (dict \"a\" 1) }}{{ $d := merge (dict) $s }}{{ $_ := set $d.n \"q\" 1 }}{{ $s | toJson }}",
		"{\"n\":{\"a\":1,\"q\":1}}"},
	{"{{ $d := dict \"a\" (dict) }}{{ $c := deepCopy $d }}{{ $_ := set $c.a \"x\" 1 }}{{ $d | toJson }}",
		"{\"a\":{}}"},
	{"{{ $d := dict \"a\" 1 }}{{ $_ := unset $d \"a\" }}{{ $_ := set $d \"b\" 2 }}{{ $d | toJson }}",
		"{\"b\":2}"},
	{"{{ $d := dict }}{{ $_ := set $d \"d\" $d }}{{ $e := dict }}{{ $_ := set $e \"d\" $e }}{{ $_ := merge $d $e }}",
		"!merge: maps are nested deeper than 200 levels"},
	{"dig \"a\" 1 .Values",
		"!dig: interface conversion: interface {} is common.Values, not map[string]interface {}"},
	{"typeOf (set .Values \"a\" 1)", "map[string]interface {}"},
	{"typeOf (merge .Values (dict \"a\" 1))", "map[string]interface {}"},
	{"get .Values \"number\"", "80"},
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
