/* Spellings of URLs, rewrites, which credentials go where, and what is refused. */
#include "tests/base/test.h"

#include "agent/git/git.h"
#include "agent/git/url.h"

static struct arena a;

static int begin(void **state)
{
	(void)state;
	arena_init(&a, 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_done(&a);
	return 0;
}

/* Argo CD's own cases of NormalizeGitURL. */
static void normalises(void **state)
{
	(void)state;
	assert_str(git_url_normalise(&a, STR("git@GITHUB.com:argoproj/test.git")),
		   "git@github.com/argoproj/test");
	assert_str(git_url_normalise(&a, STR("git@GITHUB.com:argoproj/test")),
		   "git@github.com/argoproj/test");
	assert_str(git_url_normalise(&a, STR("https://github.com/ARGOPROJ/test.git")),
		   "https://github.com/argoproj/test");
	assert_str(git_url_normalise(&a, STR("ssh://git@github.com/argoproj/test.git")),
		   "git@github.com/argoproj/test");
	assert_str(git_url_normalise(&a, STR(" https://github.com/a/b \n")),
		   "https://github.com/a/b");
	assert_str(git_url_normalise(&a, STR("/srv/git/x.git")), "/srv/git/x");
}

static void same_places(void **state)
{
	static const char *const same[] = {
		"https://github.com/Alphagov/charts", "https://github.com/alphagov/charts.git/",
		"git@github.com:alphagov/charts.git", "ssh://git@ssh.github.com:443/alphagov/charts",
		"http://user:word@GitHub.com:8080/alphagov/charts"};

	(void)state;
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
		assert_true(git_url_same_place(str_of(same[0]), str_of(same[i])));
	assert_false(git_url_same_place(str_of(same[0]), STR("https://github.com/alphagov/chart")));
	assert_false(git_url_same_place(str_of(same[0]), STR("https://github.org/alphagov/charts")));
	assert_false(git_url_same_place(str_of(same[0]), STR("")));
}

static void shows_no_password(void **state)
{
	(void)state;
	assert_str(git_url_show(&a, STR("https://ann:word@h/x@y")), "https://ann:***@h/x@y");
	assert_str(git_url_show(&a, STR("https://token@h/x")), "https://***@h/x");
	assert_str(git_url_show(&a, STR("https://a:b@c@h/x")), "https://a:***@h/x");
	assert_str(git_url_show(&a, STR("ssh://git@h/x")), "ssh://git@h/x");
	assert_str(git_url_show(&a, STR("git@h:x")), "git@h:x");
}

static void rewrites(void **state)
{
	struct config_rewrite r[] = {{STR("https://h/"), STR("/mirror/")},
				     {STR("https://h/special/"), STR("ssh://git@other/")}};
	struct config c = {.rewrites = r, .rewrites_n = 2};

	(void)state;
	assert_str(git_url_rewrite(&a, &c, STR("https://h/x/y")), "/mirror/x/y");
	assert_str(git_url_rewrite(&a, &c, STR("https://h/special/y")), "ssh://git@other/y");
	assert_str(git_url_rewrite(&a, &c, STR("https://g/x")), "https://g/x");
}

static void parts(void **state)
{
	struct git_url u;

	(void)state;
	assert_true(git_url_parse(&a, STR("https://an%40n:w%3Ard@Host:8443/g/r.git/"), &u, NULL));
	assert_str(u.user, "an@n");
	assert_str(u.password, "w:rd");
	assert_str(u.text, "https://host:8443/g/r.git");
	assert_true(git_url_parse(&a, STR("https://h:443/r"), &u, NULL));
	assert_str(u.origin, "https://h");
	assert_true(git_url_parse(&a, STR("git@h:g/r.git"), &u, NULL));
	assert_int_equal(u.scheme, GIT_SSH);
	assert_str(u.path, "g/r.git");
	assert_str(u.user, "git");
	assert_true(git_url_parse(&a, STR("ssh://h:2222/~ann/r"), &u, NULL));
	assert_str(u.path, "~ann/r");
	assert_str(u.port, "2222");
	assert_true(git_url_parse(&a, STR("ssh://git@[::1]:22/r"), &u, NULL));
	assert_str(u.host, "[::1]");
	assert_true(git_url_parse(&a, STR("file:///srv/x/"), &u, NULL));
	assert_str(u.path, "/srv/x");
}

static void refuses(void **state)
{
	static const char *const bad[] = {
		"", "x", "a/b", "ext::sh -c id", "ftp://h/x", "https://h", "https:///x",
		"https://h/x?y", "https://h/x#y", "https://-h/x", "https://h:0/x", "https://h:99999/x",
		"https://h/x\ny", "ssh://h/", "ssh://h", "ssh://-h/x", "-h:x", "git@h:-x",
		"ssh://-u@h/x", "ssh://u:p@h/x", "/", "file://", "file://host/x", "https://h h/x",
		"https://%zz@h/x", "https://%0a@h/x"};
	struct git_url u;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (git_url_parse(&a, str_of(bad[i]), &u, &err))
			fail_msg("accepted: %s", bad[i]);
		assert_int_equal(err.kind, ERROR_INVALID);
	}
}

static const char *entry_for(const struct config *c, const char *url)
{
	struct git_url u;
	const struct config_repository *r;

	assert_true(git_url_parse(&a, str_of(url), &u, NULL));
	r = git_url_repository(&a, c, &u);
	return r ? arena_cstr(&a, r->username) : "none";
}

static void credentials_stay_with_their_host(void **state)
{
	struct config_repository r[] = {
		{.url = STR("https://h/"), .username = STR("all")},
		{.url = STR("https://h/group"), .username = STR("group")},
		{.url = STR("https://h/group/one.git"), .username = STR("one")},
		{.url = STR("https://bare"), .username = STR("bare")},
		{.url = STR("git@s:group/"), .username = STR("ssh")}};
	struct config c = {.repositories = r, .repositories_n = 5};

	(void)state;
	assert_string_equal(entry_for(&c, "https://h/x"), "all");
	assert_string_equal(entry_for(&c, "https://h/group/x"), "group");
	assert_string_equal(entry_for(&c, "https://h/groups/x"), "all");
	assert_string_equal(entry_for(&c, "https://h/group/one"), "one");
	assert_string_equal(entry_for(&c, "https://h:443/group/one"), "one");
	assert_string_equal(entry_for(&c, "https://bare/x/y"), "bare");
	assert_string_equal(entry_for(&c, "ssh://git@s/group/x"), "ssh");
	assert_string_equal(entry_for(&c, "http://h/x"), "none");
	assert_string_equal(entry_for(&c, "https://h:8443/x"), "none");
	assert_string_equal(entry_for(&c, "https://h.evil/x"), "none");
	assert_string_equal(entry_for(&c, "git@s:other/x"), "none");
}

static void ref_names(void **state)
{
	static const char *const bad[] = {"", "-x", "a..b", "a b", "a~1", "a^", "a:b", "a?", "a*",
					  "a[", "a\\", "@", "a@{1}", "a.lock", ".a", "a/.b", "a//b",
					  "/a", "a/", "a.", "a\n", "a.lock/b"};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(git_ref_valid(str_of(bad[i])));
	assert_true(git_ref_valid(STR("release/1.2-x")));
	assert_true(git_ref_valid(STR("refs/heads/m@in")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normalises),	     cmocka_unit_test(same_places),
		cmocka_unit_test(shows_no_password), cmocka_unit_test(rewrites),
		cmocka_unit_test(parts),	     cmocka_unit_test(refuses),
		cmocka_unit_test(credentials_stay_with_their_host),
		cmocka_unit_test(ref_names),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
