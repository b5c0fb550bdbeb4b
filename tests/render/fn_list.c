/*
 * Lists.
 */
#include "tests/render/fn_rows.h"

static const struct fn_row rows[] = {
	{"list | toJson", "[]"},
	{"list 1 \"a\" nil 2.5 true | toJson", "[1,\"a\",null,2.5,true]"},
	{"tuple 1 2 | toJson", "[1,2]"},
	{"append (list 1) 2 | toJson", "[1,2]"},
	{"append (list) nil | toJson", "[null]"},
	{"push (list 1) (list 2) | toJson", "[1,[2]]"},
	{"append (until 2) \"x\" | toJson", "[0,1,\"x\"]"},
	{"append nil 1",
		"!append: runtime error: invalid memory address or nil pointer dereference"},
	{"append \"x\" 1", "!append: Cannot push on type string"},
	{"mustAppend \"x\" 1", "!mustAppend: Cannot push on type string"},
	{"prepend (list 1) 0 | toJson", "[0,1]"},
	{"prepend (dict) 0", "!prepend: Cannot prepend on type map"},
	{"mustPrepend nil 0",
		"!mustPrepend: runtime error: invalid memory address or nil pointer dereference"},
	{"first (list 1 2)", "1"},
	{"first (list)", ""},
	{"first nil", "!first: runtime error: invalid memory address or nil pointer dereference"},
	{"first \"x\"", "!first: Cannot find first on type string"},
	{"last (list 1 2)", "2"},
	{"last (list)", ""},
	{"last 3", "!last: Cannot find last on type int"},
	{"rest (list 1 2 3) | toJson", "[2,3]"},
	{"rest (list) | toJson", "null"},
	{"rest (list 1) | toJson", "[]"},
	{"rest true", "!rest: Cannot find rest on type bool"},
	{"initial (list 1 2 3) | toJson", "[1,2]"},
	{"initial (list) | toJson", "null"},
	{"initial \"\"", "!initial: Cannot find initial on type string"},
	{"reverse (list 1 2 3) | toJson", "[3,2,1]"},
	{"reverse 1.5", "!reverse: Cannot find reverse on type float64"},
	{"compact (list 0 1 \"\" nil \"a\" (list) (dict) false) | toJson", "[1,\"a\"]"},
	{"compact (until 3) | toJson", "[1,2]"},
	{"compact nil",
		"!compact: runtime error: invalid memory address or nil pointer dereference"},
	{"uniq (list 1 1 \"1\" 1.0 nil nil (list 1) (list 1)) | toJson", "[1,\"1\",1,null,[1]]"},
	{"uniq \"x\"", "!uniq: Cannot find uniq on type string"},
	{"without (list 1 2 3 \"a\") 2 \"a\" | toJson", "[1,3]"},
	{"without (list 1) | toJson", "[1]"},
	{"without (dict) 1", "!without: Cannot find without on type map"},
	{"has 3 (list 1 2 3)", "true"},
	{"has \"3\" (list 1 2 3)", "false"},
	{"has nil (list nil)", "true"},
	{"has 1 nil", "false"},
	{"has (list 1) (list (list 1))", "true"},
	{"has 1 \"abc\"", "!has: Cannot find has on type string"},
	{"slice (list 1 2 3 4) | toJson", "[1,2,3,4]"},
	{"slice (list 1 2 3 4) 1 | toJson", "[2,3,4]"},
	{"slice (list 1 2 3 4) 1 3 | toJson", "[2,3]"},
	{"slice (list 1 2 3 4) \"1\" 2.9 | toJson", "[2]"},
	{"slice (list) 0 1 | toJson", "null"},
	{"slice (list 1 2 3) 2 1", "!slice: reflect.Value.Slice: slice index out of bounds"},
	{"slice (list 1 2 3) 1 9", "!slice: reflect.Value.Slice: slice index out of bounds"},
	{"slice (list 1 2 3) -1", "!slice: reflect.Value.Slice: slice index out of bounds"},
	{"slice \"abc\" 1", "!slice: list should be type of slice or array but string"},
	{"slice (until 3) 1 | typeOf", "[]int"},
	{"concat (list 1) (until 2) (splitList \",\" \"a,b\") | toJson", "[1,0,1,\"a\",\"b\"]"},
	{"concat | toJson", "null"},
	{"concat | typeOf", "[]interface {}"},
	{"concat (list) | toJson", "null"},
	{"concat (list 1) nil",
		"!concat: runtime error: invalid memory address or nil pointer dereference"},
	{"concat (list 1) \"a\"", "!concat: Cannot concat type string as list"},
	{"chunk 2 (list 1 2 3) | toJson", "[[1,2],[3]]"},
	{"chunk 5 (list 1 2 3) | toJson", "[[1,2,3]]"},
	{"chunk 3 (list 1 2 3) | toJson", "[[1,2,3]]"},
	{"chunk 2 (list) | toJson", "[]"},
	{"chunk 0 (list 1)", "!chunk: runtime error: makeslice: len out of range"},
	{"chunk -1 (list 1 2) | toJson", "[]"},
	{"chunk -1 (list 1 2 3)", "!chunk: runtime error: makeslice: len out of range"},
	{"chunk 2 (list 1) | typeOf", "[][]interface {}"},
	{"chunk 2 \"x\"", "!chunk: Cannot chunk type string"},
	{"toStrings (list 1 \"a\" nil 2.5) | toJson", "[\"1\",\"a\",\"2.5\"]"},
	{"toStrings 5 | toJson", "[\"5\"]"},
	{"toStrings nil | toJson", "[]"},
	{"sortAlpha (list \"b\" \"a\" 3 10 nil) | toJson", "[\"10\",\"3\",\"a\",\"b\"]"},
	{"sortAlpha nil", "[<nil>]"},
	{"sortAlpha \"b\" | toJson", "[\"b\"]"},
	{"sortAlpha (list) | toJson", "[]"},
	{"uniq (until 100000)", "!uniq: a list is too long for uniq"},
	{"{{ $l := splitList \",\" \"b,a\" }}{{ $_ := sortAlpha $l }}{{ $l | toJson }}",
		"[\"a\",\"b\"]"},
	{"{{ $l := list 1 2 }}{{ $m := append $l 3 }}{{ $n := append $l 4 }}{{ list $l $m $n | toJson }}",
		"[[1,2],[1,2,3],[1,2,4]]"},
	{"has 80 (list .Values.number)", "false"},
	{"has 80.0 (list .Values.number)", "true"},
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
