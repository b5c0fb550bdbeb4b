/* Arenas: growth, caps, leaps, injected failures. */
#include "tests/base/test.h"

#include "base/arena.h"
#include "base/mem.h"

static void test_grow_in_place(void **state)
{
	struct arena a;
	char *p, *q;

	(void)state;
	arena_init(&a, 0);
	p = arena_alloc(&a, 100);
	memset(p, 'x', 100);
	q = arena_grow(&a, p, 100, 200);
	assert_ptr_equal(p, q);
	arena_alloc(&a, 1);
	q = arena_grow(&a, p, 200, 400);
	assert_ptr_not_equal(p, q);
	assert_memory_equal(q, "xxxx", 4);
	arena_done(&a);
}

static void test_cap_leaps(void **state)
{
	struct arena a;
	jmp_buf env;

	(void)state;
	arena_init(&a, 1 << 20);
	if (setjmp(env) == 0) {
		arena_guard(&a, &env);
		for (;;)
			arena_alloc(&a, 1000);
	}
	assert_true(a.capped);
	assert_true(a.used <= 1 << 20);
	arena_done(&a);
}

static void test_no_memory_leaps(void **state)
{
	struct arena a;
	jmp_buf env;

	(void)state;
	arena_init(&a, 0);
	if (setjmp(env) == 0) {
		arena_guard(&a, &env);
		mem_fail_at(3);
		for (;;)
			arena_alloc(&a, 100000);
	}
	mem_fail_at(0);
	assert_false(a.capped);
	arena_done(&a);
}

static void test_clear_reuses(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 0);
	for (int i = 0; i < 100; i++)
		arena_alloc(&a, 10000);
	arena_clear(&a);
	assert_true(a.used <= 16 << 10);
	assert_str(arena_printf(&a, "%d", 42), "42");
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grow_in_place),
		cmocka_unit_test(test_cap_leaps),
		cmocka_unit_test(test_no_memory_leaps),
		cmocka_unit_test(test_clear_reuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
