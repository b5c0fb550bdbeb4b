/* store.c: order, events, what is forgotten, lives of entries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/json.h"
#include "kube/store.h"

static const struct resource CONFIG = {.plural = STR_INIT("configmaps"), .namespaced = true, .id = 3};

static struct entry *made(const char *namespace, const char *name)
{
	struct arena a;
	struct value v;
	struct error err = {0};

	arena_init(&a, 0);
	assert_true(json_read(&a, arena_printf(&a, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":"
					       "{\"name\":\"%s\",\"namespace\":\"%s\",\"uid\":\"u\"}}", name, namespace),
			      0, &v, &err));
	return entry_new(&a, v);
}

static void keeps_order(void **state)
{
	static const char *const keys[][2] = {{"b", "z"}, {"a", "m"}, {"b", "a"}, {"a", "a"}, {"a-", "x"}};
	struct store *s = store_new(0);
	struct store_walk all = {.resource = &CONFIG}, one = {.resource = &CONFIG, .namespace = STR("a")};
	struct buf b;

	(void)state;
	buf_init(&b, 0);
	for (size_t i = 0; i < 5; i++)
		store_put(s, &CONFIG, made(keys[i][0], keys[i][1]));
	for (struct entry *e; (e = store_next(s, &all));)
		buf_printf(&b, "%.*s/%.*s ", STR_ARG(e->namespace), STR_ARG(e->name));
	buf_char(&b, '|');
	for (struct entry *e; (e = store_next(s, &one));)
		buf_printf(&b, " %.*s", STR_ARG(e->name));
	assert_string_equal(buf_cstr(&b), "a/a a/m a-/x b/a b/z | a m");
	buf_clear(&b);
	store_after(s, &all, STR("a"), STR("b"));
	for (struct entry *e; (e = store_next(s, &all));)
		buf_printf(&b, "%.*s ", STR_ARG(e->name));
	assert_string_equal(buf_cstr(&b), "m x a z ");
	assert_int_equal(store_count(s, &CONFIG), 5);
	buf_done(&b);
	store_free(s);
}

static void count(void *arg, const struct event *e)
{
	unsigned *n = arg;

	n[e->type]++;
}

static void tells_and_forgets(void **state)
{
	struct store *s = store_new(4);
	unsigned told[3] = {0}, past[3] = {0};
	uint64_t first = store_revision(s);

	(void)state;
	store_listen(s, count, told);
	store_put(s, &CONFIG, made("a", "a"));
	store_put(s, &CONFIG, made("a", "a"));
	store_put(s, &CONFIG, made("a", "b"));
	store_del(s, &CONFIG, STR("a"), STR("a"));
	store_del(s, &CONFIG, STR("a"), STR("a"));
	assert_int_equal(told[EVENT_ADDED], 2);
	assert_int_equal(told[EVENT_MODIFIED], 1);
	assert_int_equal(told[EVENT_DELETED], 1);
	assert_int_equal(store_revision(s), first + 4);
	assert_true(store_events(s, &CONFIG, first, count, past));
	assert_int_equal(past[EVENT_ADDED] + past[EVENT_MODIFIED] + past[EVENT_DELETED], 4);
	store_put(s, &CONFIG, made("a", "c"));
	assert_false(store_events(s, &CONFIG, first, count, past));
	assert_true(store_events(s, &CONFIG, first + 1, count, past));
	store_compact(s, store_revision(s));
	assert_false(store_events(s, &CONFIG, store_revision(s) - 1, count, past));
	assert_true(store_events(s, &CONFIG, store_revision(s), count, past));
	store_free(s);
}

static void deletion_has_a_revision(void **state)
{
	struct store *s = store_new(0);
	struct entry *e = entry_ref(made("a", "a"));

	(void)state;
	store_put(s, &CONFIG, e);
	store_del(s, &CONFIG, STR("a"), STR("a"));
	store_compact(s, store_revision(s));
	assert_null(store_get(s, &CONFIG, STR("a"), STR("a")));
	assert_string_equal(object_resource_version(e->object).s, "2");
	assert_true(str_is(entry_body(e), "{\"metadata\":{\"name\":\"a\",\"namespace\":\"a\","
					  "\"resourceVersion\":\"2\",\"uid\":\"u\"}}"));
	entry_unref(e);
	store_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_order),
		cmocka_unit_test(tells_and_forgets),
		cmocka_unit_test(deletion_has_a_revision),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
