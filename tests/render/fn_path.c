/*
 * Paths and URLs.
 */
#include "tests/render/fn_rows.h"

static const struct fn_row rows[] = {
	{"base \"a/b/c\"", "c"},
	{"base \"\"", "."},
	{"base \"/\"", "/"},
	{"base \"a//\"", "a"},
	{"dir \"a/b/c\"", "a/b"},
	{"dir \"a\"", "."},
	{"dir \"/a\"", "/"},
	{"dir \"a/../b/c\"", "b"},
	{"clean \"a//b/../c/.\"", "a/c"},
	{"clean \"../../a\"", "../../a"},
	{"clean \"/../a\"", "/a"},
	{"clean \"\"", "."},
	{"clean \"a/..\"", "."},
	{"clean \"a/../../b\"", "../b"},
	{"clean \"./a\"", "a"},
	{"ext \"a/b.tar.gz\"", ".gz"},
	{"ext \"a.b/c\"", ""},
	{"ext \".x\"", ".x"},
	{"isAbs \"/a\"", "true"},
	{"isAbs \"a\"", "false"},
	{"osBase \"a/b\"", "b"},
	{"osDir \"a/b\"", "a"},
	{"osClean \"a/./b\"", "a/b"},
	{"osExt \"a.b\"", ".b"},
	{"osIsAbs \"/\"", "true"},
	{"getHostByName \"localhost\"", ""},
	{"urlParse \"http://u:p@h.com:80/p?q=1#f\" | toJson",
		"{\"fragment\":\"f\",\"host\":\"h.com:80\",\"hostname\":\"h.com\",\"opaque\":\"\",\"path\":\"/p\",\"query\":\"q=1\",\"scheme\":\"http\",\"userinfo\":\"u:p\"}"},
	{"urlParse \"HTTP://h/%20a%2Fb\" | toJson",
		"{\"fragment\":\"\",\"host\":\"h\",\"hostname\":\"h\",\"opaque\":\"\",\"path\":\"/ a/b\",\"query\":\"\",\"scheme\":\"http\",\"userinfo\":\"\"}"},
	{"urlParse \"mailto:a@b.c\" | toJson",
		"{\"fragment\":\"\",\"host\":\"\",\"hostname\":\"\",\"opaque\":\"a@b.c\",\"path\":\"\",\"query\":\"\",\"scheme\":\"mailto\",\"userinfo\":\"\"}"},
	{"urlParse \"//host/path\" | toJson",
		"{\"fragment\":\"\",\"host\":\"host\",\"hostname\":\"host\",\"opaque\":\"\",\"path\":\"/path\",\"query\":\"\",\"scheme\":\"\",\"userinfo\":\"\"}"},
	{"urlParse \"/a/b?x\" | toJson",
		"{\"fragment\":\"\",\"host\":\"\",\"hostname\":\"\",\"opaque\":\"\",\"path\":\"/a/b\",\"query\":\"x\",\"scheme\":\"\",\"userinfo\":\"\"}"},
	{"urlParse \"http://[::1]:80/\" | toJson",
		"{\"fragment\":\"\",\"host\":\"[::1]:80\",\"hostname\":\"::1\",\"opaque\":\"\",\"path\":\"/\",\"query\":\"\",\"scheme\":\"http\",\"userinfo\":\"\"}"},
	{"urlParse \"http://[fe80::1%25en0]/\" | toJson",
		"{\"fragment\":\"\",\"host\":\"[fe80::1%en0]\",\"hostname\":\"fe80::1%en0\",\"opaque\":\"\",\"path\":\"/\",\"query\":\"\",\"scheme\":\"http\",\"userinfo\":\"\"}"},
	{"urlParse \"http://us%40er:p%3Aw@h/\" | toJson",
		"{\"fragment\":\"\",\"host\":\"h\",\"hostname\":\"h\",\"opaque\":\"\",\"path\":\"/\",\"query\":\"\",\"scheme\":\"http\",\"userinfo\":\"us%40er:p%3Aw\"}"},
	{"urlParse \"http://h?\" | toJson",
		"{\"fragment\":\"\",\"host\":\"h\",\"hostname\":\"h\",\"opaque\":\"\",\"path\":\"\",\"query\":\"\",\"scheme\":\"http\",\"userinfo\":\"\"}"},
	{"urlParse \"\" | toJson",
		"{\"fragment\":\"\",\"host\":\"\",\"hostname\":\"\",\"opaque\":\"\",\"path\":\"\",\"query\":\"\",\"scheme\":\"\",\"userinfo\":\"\"}"},
	{"urlParse \"*\" | toJson",
		"{\"fragment\":\"\",\"host\":\"\",\"hostname\":\"\",\"opaque\":\"\",\"path\":\"*\",\"query\":\"\",\"scheme\":\"\",\"userinfo\":\"\"}"},
	{"urlParse \"a:b\" | toJson",
		"{\"fragment\":\"\",\"host\":\"\",\"hostname\":\"\",\"opaque\":\"b\",\"path\":\"\",\"query\":\"\",\"scheme\":\"a\",\"userinfo\":\"\"}"},
	{"urlParse \"http://a b/\"",
		"!urlParse: unable to parse url: parse \"http://a b/\": invalid character \" \" in host name"},
	{"urlParse \":foo\"",
		"!urlParse: unable to parse url: parse \":foo\": missing protocol scheme"},
	{"urlParse \"http://[::1\"",
		"!urlParse: unable to parse url: parse \"http://[::1\": missing ']' in host"},
	{"urlParse \"%zz\"",
		"!urlParse: unable to parse url: parse \"%zz\": invalid URL escape \"%zz\""},
	{"urlParse \"http://a:b/\"",
		"!urlParse: unable to parse url: parse \"http://a:b/\": invalid port \":b\" after host"},
	{"urlParse \"1a:b\"",
		"!urlParse: unable to parse url: parse \"1a:b\": first path segment in URL cannot contain colon"},
	{"urlParse \"http://h/\\n\"",
		"!urlParse: unable to parse url: parse \"http://h/\\n\": net/url: invalid control character in URL"},
	{"urlParse \"http://h#%z\"",
		"!urlParse: unable to parse url: parse \"http://h#%z\": invalid URL escape \"%z\""},
	{"urlParse \"http://u^@h/\"",
		"!urlParse: unable to parse url: parse \"http://u^@h/\": net/url: invalid userinfo"},
	{"urlParse \"http://h%41/\"",
		"!urlParse: unable to parse url: parse \"http://h%41/\": invalid URL escape \"%41\""},
	{"urlParse \"///a//b\" | toJson",
		"{\"fragment\":\"\",\"host\":\"\",\"hostname\":\"\",\"opaque\":\"\",\"path\":\"///a//b\",\"query\":\"\",\"scheme\":\"\",\"userinfo\":\"\"}"},
	{"urlJoin (dict \"scheme\" \"http\" \"host\" \"h:80\" \"path\" \"/a b\" \"query\" \"q=1\" \"fragment\" \"f g\" \"userinfo\" \"u:p@w\")",
		"http://u:p%40w@h:80/a%20b?q=1#f%20g"},
	{"urlJoin (dict \"host\" \"h\" \"path\" \"a\")", "//h/a"},
	{"urlJoin (dict \"path\" \"a:b\")", "./a:b"},
	{"urlJoin (dict \"scheme\" \"mailto\" \"opaque\" \"x@y\")", "mailto:x@y"},
	{"urlJoin (dict \"scheme\" \"http\" \"host\" 1)",
		"!urlJoin: unable to parse host key, must be of type string, but int found"},
	{"urlJoin (dict \"scheme\" nil)",
		"!urlJoin: runtime error: invalid memory address or nil pointer dereference"},
	{"urlJoin (dict)", ""},
	{"urlJoin (dict \"scheme\" \"file\" \"path\" \"/etc\")", "file:///etc"},
	{"urlJoin (dict \"scheme\" \"http\" \"host\" \"h\" \"userinfo\" \"a b\")",
		"!urlJoin: unable to parse userinfo in dict: parse \"proto://a b@host\": net/url: invalid userinfo"},
	{"urlJoin (dict \"scheme\" \"http\" \"host\" \"h\" \"userinfo\" \"a:\")", "http://a:@h"},
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
