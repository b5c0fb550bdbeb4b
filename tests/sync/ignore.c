/*
 * ignoreDifferences: what is taken out of both sides, what an apply leaves alone, and expressions
 * that mean harm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/time.h"
#include "sync/ignore.h"
#include "sync/jq.h"

static struct value read(struct arena *a, const char *text)
{
	struct value v;
	struct error err = {.kind = ERROR_NONE};

	if (!json_read(a, str_of(text), 0, &v, &err))
		fail_msg("%s: %s", text, err.text);
	return v;
}

static struct policy policy_of(struct arena *a, const char *rules)
{
	struct policy p;
	struct error err = {.kind = ERROR_NONE};
	struct value spec = read(a, arena_cstr(a, arena_printf(a, "{\"ignoreDifferences\":[{\"kind\":\"*\",%s}]}", rules)));

	if (!policy_read(a, spec, &p, &err))
		fail_msg("%s", err.text);
	return p;
}

struct row {
	const char *rules, *wanted, *live;
	const char *wanted_left, *live_left; /* compared */
	const char *body;		     /* applied, with RespectIgnoreDifferences */
};

#define CONTAINERS(image) "{\"kind\":\"X\",\"c\":[{\"name\":\"a\",\"image\":\"1\"},{\"name\":\"b\",\"image\":\"" image "\"}]}"

static const struct row rows[] = {
	{"\"jsonPointers\":[\"/spec/n\"]", "{\"kind\":\"X\",\"spec\":{\"n\":1,\"m\":2}}", "{\"kind\":\"X\",\"spec\":{\"n\":3}}",
	 "{\"kind\":\"X\",\"spec\":{\"m\":2}}", "{\"kind\":\"X\",\"spec\":{}}", "{\"kind\":\"X\",\"spec\":{\"n\":3,\"m\":2}}"},
	{"\"jsonPointers\":[\"/data/a~1b\",\"/nowhere/at/all\"]", "{\"kind\":\"X\",\"data\":{\"a/b\":1}}", "{\"kind\":\"X\",\"data\":{\"a/b\":2}}",
	 "{\"kind\":\"X\",\"data\":{}}", "{\"kind\":\"X\",\"data\":{}}", "{\"kind\":\"X\",\"data\":{\"a/b\":2}}"},
	{"\"jqPathExpressions\":[\".spec.n\"]", "{\"kind\":\"X\",\"spec\":{\"n\":1}}", "{\"kind\":\"X\",\"spec\":{\"n\":3}}",
	 "{\"kind\":\"X\",\"spec\":{}}", "{\"kind\":\"X\",\"spec\":{}}", "{\"kind\":\"X\",\"spec\":{\"n\":3}}"},
	{"\"jqPathExpressions\":[\".c[] | select(.name == \\\"b\\\").image\"]", CONTAINERS("2"),
	 "{\"kind\":\"X\",\"c\":[{\"name\":\"b\",\"image\":\"9\"},{\"name\":\"a\",\"image\":\"1\"}]}",
	 "{\"kind\":\"X\",\"c\":[{\"name\":\"a\",\"image\":\"1\"},{\"name\":\"b\"}]}",
	 "{\"kind\":\"X\",\"c\":[{\"name\":\"b\"},{\"name\":\"a\",\"image\":\"1\"}]}", CONTAINERS("9")},
	{"\"jqPathExpressions\":[\".c[]\"]", "{\"kind\":\"X\",\"c\":[1,2,3]}", "{\"kind\":\"X\",\"c\":[4]}", "{\"kind\":\"X\",\"c\":[]}",
	 "{\"kind\":\"X\",\"c\":[]}", "{\"kind\":\"X\",\"c\":[1,2,3]}"},
	{"\"jqPathExpressions\":[\".spec.n |\",\"1 + 1\",\".spec.gone?\"]", "{\"kind\":\"X\",\"spec\":{\"n\":1}}",
	 "{\"kind\":\"X\",\"spec\":{\"n\":3}}", "{\"kind\":\"X\",\"spec\":{\"n\":1}}", "{\"kind\":\"X\",\"spec\":{\"n\":3}}",
	 "{\"kind\":\"X\",\"spec\":{\"n\":1}}"},
	{"\"jsonPointers\":[\"/spec/n\"]", "{\"kind\":\"X\",\"spec\":{\"n\":1}}", "{\"kind\":\"X\",\"spec\":{}}",
	 "{\"kind\":\"X\",\"spec\":{}}", "{\"kind\":\"X\",\"spec\":{}}", "{\"kind\":\"X\",\"spec\":{}}"},
};

static void same(struct arena *a, const struct row *r, const char *what, struct value v, const char *want)
{
	if (!value_equal(v, read(a, want)))
		fail_msg("%s, %s: %.*s, not %s", r->rules, what, STR_ARG(json_text(a, v, 0)), want);
}

static void rows_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct row *r = &rows[i];
		struct arena a;
		struct policy p;
		struct value wanted, live, body;

		arena_init(&a, 0);
		p = policy_of(&a, r->rules);
		wanted = body = read(&a, r->wanted);
		live = read(&a, r->live);
		ignore_respect(&a, &p, live, &body);
		ignore_apply(&a, &p, &wanted, &live);
		same(&a, r, "wanted", wanted, r->wanted_left);
		same(&a, r, "live", live, r->live_left);
		same(&a, r, "body", body, r->body);
		arena_done(&a);
	}
	jq_forget();
}

static void endless_expressions_are_stopped(void **state)
{
	static const char *const programs[] = {"repeat(.)", "[recurse(.;true)] | .[0]", "until(false; .)", "range(1e12)",
					       "[limit(1e12; repeat(1))] | .[0]",
					       "reduce range(1e12) as $i (.; .)", "def f: f; f"};
	struct rusage before, after;

	(void)state;
	getrusage(RUSAGE_SELF, &before);
	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
		int64_t start = time_monotonic();
		struct error err = {.kind = ERROR_NONE};
		struct list *paths;
		struct arena a;

		arena_init(&a, 0);
		if (jq_paths(&a, str_of(programs[i]), read(&a, CONTAINERS("[[[[[[1]]]]]]")), &paths, &err))
			fail_msg("%s ended", programs[i]);
		if (time_monotonic() - start > 10 * LIMIT_JQ_MS * TIME_MS)
			fail_msg("%s took %lld ms", programs[i], (long long)((time_monotonic() - start) / TIME_MS));
		assert_true(err.kind == ERROR_LIMIT || err.kind == ERROR_INVALID);
		/* the program and its thread are as before */
		assert_true(jq_paths(&a, STR(".kind"), read(&a, "{\"kind\":\"X\"}"), &paths, &err));
		assert_int_equal(paths->n, 1);
		arena_done(&a);
	}
	jq_forget();
	getrusage(RUSAGE_SELF, &after);
	if (after.ru_maxrss - before.ru_maxrss > 512 << 10)
		fail_msg("%ld MiB", (after.ru_maxrss - before.ru_maxrss) >> 10);
}

static void programs_are_kept_and_dropped(void **state)
{
	struct arena a;
	struct list *paths;

	(void)state;
	arena_init(&a, 0);
	for (int i = 0; i < LIMIT_JQ_CACHE + 5; i++) {
		str program = arena_printf(&a, ".a%d", i);

		for (int again = 0; again < 2; again++) {
			assert_true(jq_paths(&a, program, read(&a, "{\"a1\":1}"), &paths, NULL));
			assert_int_equal(paths->n, 1);
		}
	}
	arena_done(&a);
	jq_forget();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_hold),
		cmocka_unit_test(endless_expressions_are_stopped),
		cmocka_unit_test(programs_are_kept_and_dropped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
