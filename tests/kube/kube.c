/* The server without a network: writes, pages, watches, the clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "tests/kube/ask.h"

#define JSON "application/json"
#define MERGE "application/merge-patch+json"
#define MAPS "/api/v1/namespaces/default/configmaps"

static void make(struct kube *k, struct arena *a, const char *name)
{
	ask(k, a, "POST", MAPS, JSON, arena_printf(a, "{\"metadata\":{\"name\":\"%s\",\"labels\":{\"l\":\"%c\"}}}", name,
						    name[0]).s, 201);
}

static str read_all(struct kube_watch *w, char *room, size_t n)
{
	size_t at = 0;
	long got;

	while (at < n && (got = kube_watch_read(w, room + at, n - at)) > 0)
		at += (size_t)got;
	return str_make(room, at);
}

static struct kube_watch *watch(struct kube *k, struct arena *a, const char *query)
{
	struct kube_reply reply;

	ask_text(k, a, "GET", arena_printf(a, MAPS "?watch=1%s", query).s, "", "", &reply);
	assert_int_equal(reply.status, 200);
	assert_non_null(reply.watch);
	return reply.watch;
}

static void writes_move_the_revision_only_when_they_change(void **state)
{
	struct kube *k = ask_new();
	struct arena a;
	uint64_t before;

	(void)state;
	arena_init(&a, 0);
	make(k, &a, "x");
	before = kube_revision(k);
	ask(k, &a, "PATCH", MAPS "/x?fieldManager=m", MERGE, "{\"metadata\":{\"labels\":{\"l\":\"x\"}}}", 200);
	assert_int_equal(kube_revision(k), before);
	ask(k, &a, "PATCH", MAPS "/x?fieldManager=m&dryRun=All", MERGE, "{\"data\":{\"a\":\"b\"}}", 200);
	assert_int_equal(kube_revision(k), before);
	ask(k, &a, "PATCH", MAPS "/x?fieldManager=m", MERGE, "{\"data\":{\"a\":\"b\"}}", 200);
	assert_int_equal(kube_revision(k), before + 1);
	arena_done(&a);
	kube_free(k);
}

static void pages_show_one_moment(void **state)
{
	struct kube *k = ask_new();
	struct arena a;
	struct value page;
	str token;

	(void)state;
	arena_init(&a, 0);
	for (char c[2] = "a"; c[0] < 'f'; c[0]++)
		make(k, &a, c);
	page = ask(k, &a, "GET", MAPS "?limit=2", "", "", 200);
	assert_int_equal(list_n(value_list(value_path(page, "items", NULL))), 2);
	token = value_path_str(page, "metadata", "continue", NULL);
	ask(k, &a, "DELETE", MAPS "/d", "", "", 200);
	make(k, &a, "bb");
	page = ask(k, &a, "GET", arena_printf(&a, MAPS "?continue=%.*s", STR_ARG(token)).s, "", "", 200);
	/* c d e and kube-root-ca.crt; not bb */
	assert_int_equal(list_n(value_list(value_path(page, "items", NULL))), 4);
	for (int i = 0; i < 100; i++)
		ask(k, &a, "PATCH", MAPS "/a?fieldManager=m", MERGE,
		    arena_printf(&a, "{\"data\":{\"n\":\"%d\"}}", i).s, 200);
	page = ask(k, &a, "GET", arena_printf(&a, MAPS "?continue=%.*s", STR_ARG(token)).s, "", "", 410);
	token = value_path_str(page, "metadata", "continue", NULL);
	assert_true(token.n > 0);
	page = ask(k, &a, "GET", arena_printf(&a, MAPS "?continue=%.*s", STR_ARG(token)).s, "", "", 200);
	assert_int_equal(list_n(value_list(value_path(page, "items", NULL))), 4); /* bb c e ... */
	arena_done(&a);
	kube_free(k);
}

static void watches_tell_by_selector(void **state)
{
	struct kube *k = ask_new();
	struct kube_watch *w;
	char room[65536];
	struct arena a;
	str text;

	(void)state;
	arena_init(&a, 0);
	make(k, &a, "a");
	w = watch(k, &a, "&labelSelector=l%3Da");
	text = read_all(w, room, sizeof room);
	assert_true(str_has(text, STR("\"type\":\"ADDED\"")));
	ask(k, &a, "PATCH", MAPS "/a?fieldManager=m", MERGE, "{\"metadata\":{\"labels\":{\"l\":\"z\"}}}", 200);
	assert_true(str_has(read_all(w, room, sizeof room), STR("\"type\":\"DELETED\"")));
	ask(k, &a, "PATCH", MAPS "/a?fieldManager=m", MERGE, "{\"metadata\":{\"labels\":{\"l\":\"a\"}}}", 200);
	assert_true(str_has(read_all(w, room, sizeof room), STR("\"type\":\"ADDED\"")));
	ask(k, &a, "DELETE", MAPS "/a", "", "", 200);
	assert_true(str_has(read_all(w, room, sizeof room), STR("\"type\":\"DELETED\"")));
	kube_watch_close(w);
	arena_done(&a);
	kube_free(k);
}

static void bookmarks_and_ends_by_the_clock(void **state)
{
	struct kube *k = ask_new();
	struct kube_watch *w;
	char room[65536];
	struct arena a;

	(void)state;
	arena_init(&a, 0);
	w = watch(k, &a, "&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&timeoutSeconds=90");
	assert_true(str_has(read_all(w, room, sizeof room), STR("k8s.io/initial-events-end")));
	assert_int_equal(kube_watch_read(w, room, sizeof room), 0);
	assert_int_equal(kube_next(k), ASK_START + 60 * TIME_SECOND);
	kube_advance(k, ASK_START + 60 * TIME_SECOND);
	assert_true(str_has(read_all(w, room, sizeof room), STR("BOOKMARK")));
	kube_advance(k, ASK_START + 91 * TIME_SECOND);
	assert_true(str_has(read_all(w, room, sizeof room), STR("BOOKMARK")));
	assert_int_equal(kube_watch_read(w, room, sizeof room), -1);
	kube_watch_close(w);
	arena_done(&a);
	kube_free(k);
}

static void compacted_watches_say_410(void **state)
{
	struct kube *k = ask_new();
	struct kube_watch *w;
	char room[4096];
	struct arena a;
	uint64_t then;

	(void)state;
	arena_init(&a, 0);
	make(k, &a, "a");
	then = kube_revision(k);
	for (int i = 0; i < 100; i++)
		ask(k, &a, "PATCH", MAPS "/a?fieldManager=m", MERGE,
		    arena_printf(&a, "{\"data\":{\"n\":\"%d\"}}", i).s, 200);
	w = watch(k, &a, arena_printf(&a, "&resourceVersion=%llu", (unsigned long long)then).s);
	assert_true(str_has(read_all(w, room, sizeof room), STR("\"code\":410")));
	assert_int_equal(kube_watch_read(w, room, sizeof room), -1);
	kube_watch_close(w);
	arena_done(&a);
	kube_free(k);
}

static void crds_serve_at_once_and_take_their_objects_along(void **state)
{
	static const char crd[] =
		"{\"metadata\":{\"name\":\"ws.e.org\"},\"spec\":{\"group\":\"e.org\",\"scope\":\"Namespaced\",\"names\":"
		"{\"plural\":\"ws\",\"kind\":\"W\"},\"versions\":[{\"name\":\"v1\",\"served\":true,\"storage\":true,\"schema\":"
		"{\"openAPIV3Schema\":{\"type\":\"object\",\"x-kubernetes-preserve-unknown-fields\":true}}}]}}";
	static const char crds[] = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
	static const char path[] = "/apis/e.org/v1/namespaces/default/ws";
	struct kube *k = ask_new();
	struct kube_reply reply;
	struct arena a;

	(void)state;
	arena_init(&a, 0);
	ask(k, &a, "POST", crds, JSON, crd, 201);
	ask(k, &a, "POST", path, JSON, "{\"apiVersion\":\"e.org/v1\",\"kind\":\"W\",\"metadata\":{\"name\":\"w\","
				       "\"finalizers\":[\"e.org/f\"]}}", 201);
	ask(k, &a, "DELETE", arena_printf(&a, "%s/ws.e.org", crds).s, "", "", 200);
	kube_advance(k, kube_now(k));
	ask(k, &a, "GET", arena_printf(&a, "%s/w", path).s, "", "", 200);
	ask(k, &a, "PATCH", arena_printf(&a, "%s/w?fieldManager=m", path).s, MERGE, "{\"metadata\":{\"finalizers\":null}}", 200);
	kube_advance(k, kube_now(k));
	ask_text(k, &a, "GET", path, "", "", &reply);
	assert_int_equal(reply.status, 404);
	ask(k, &a, "POST", crds, JSON, crd, 201);
	ask(k, &a, "GET", path, "", "", 200);
	arena_done(&a);
	kube_free(k);
}

static void rights_are_asked(void **state)
{
	static const str groups[] = {STR_INIT("system:authenticated")};
	static const struct kube_user nobody = {STR_INIT("nobody"), groups, 1};
	struct kube *k = ask_new();
	struct kube_request r = {.method = STR("GET"), .target = STR("/api/v1/namespaces/default/pods"), .user = &nobody};
	struct kube_reply reply;
	struct arena a;

	(void)state;
	arena_init(&a, 0);
	kube_answer(k, &a, &r, &reply);
	assert_int_equal(reply.status, 403);
	assert_true(str_has(reply.body, STR("pods is forbidden: User \\\"nobody\\\" cannot list resource \\\"pods\\\" in API group "
					    "\\\"\\\" in the namespace \\\"default\\\"")));
	ask(k, &a, "POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings", JSON,
	    "{\"metadata\":{\"name\":\"v\"},\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\","
	    "\"name\":\"view\"},\"subjects\":[{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"User\",\"name\":\"nobody\"}]}",
	    201);
	kube_answer(k, &a, &r, &reply);
	assert_int_equal(reply.status, 200);
	r.target = STR("/api/v1/namespaces/kube-system/pods");
	kube_answer(k, &a, &r, &reply);
	assert_int_equal(reply.status, 403);
	arena_done(&a);
	kube_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_move_the_revision_only_when_they_change),
		cmocka_unit_test(pages_show_one_moment),
		cmocka_unit_test(watches_tell_by_selector),
		cmocka_unit_test(bookmarks_and_ends_by_the_clock),
		cmocka_unit_test(compacted_watches_say_410),
		cmocka_unit_test(crds_serve_at_once_and_take_their_objects_along),
		cmocka_unit_test(rights_are_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
