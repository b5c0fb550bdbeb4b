/* Lists, maps, copies, comparisons. */
#include "tests/base/test.h"

#include "base/value.h"

static void test_map_grows(void **state)
{
	struct arena a;
	struct map *m;

	(void)state;
	arena_init(&a, 0);
	m = map_new(&a, 0);
	for (int i = 0; i < 1000; i++)
		map_set(&a, m, arena_printf(&a, "key%d", i), value_int(i));
	assert_int_equal(m->n, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(map_get(m, arena_printf(&a, "key%d", i)).i, i);
	map_set(&a, m, STR("key5"), value_int(-5));
	assert_int_equal(m->n, 1000);
	assert_int_equal(map_at(m, "key5").i, -5);
	assert_null(map_find(m, STR("nope")));
	arena_done(&a);
}

static void test_map_deletes(void **state)
{
	struct arena a;
	struct map *m;

	(void)state;
	arena_init(&a, 0);
	m = map_new(&a, 0);
	for (int i = 0; i < 100; i++)
		map_set(&a, m, arena_printf(&a, "%d", i), value_int(i));
	for (int i = 0; i < 100; i += 2)
		assert_true(map_del(m, arena_printf(&a, "%d", i)));
	assert_false(map_del(m, STR("0")));
	assert_int_equal(m->n, 50);
	for (int i = 1; i < 100; i += 2)
		assert_int_equal(map_get(m, arena_printf(&a, "%d", i)).i, i);
	arena_done(&a);
}

static void test_map_sorts(void **state)
{
	static const char *const keys[] = {"b", "a", "B", "a0", "", "_", "z", "y", "x", "w"};
	struct arena a;
	struct map *m;

	(void)state;
	arena_init(&a, 0);
	m = map_new(&a, 0);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		map_set(&a, m, str_of(keys[i]), value_int((int64_t)i));
	map_sort(m);
	for (uint32_t i = 1; i < m->n; i++)
		assert_true(str_cmp(map_key(&m->at[i - 1]), map_key(&m->at[i])) < 0);
	assert_int_equal(map_at(m, "a0").i, 3);
	arena_done(&a);
}

static void test_copy_is_deep(void **state)
{
	struct arena a;
	struct map *m, *inner;
	struct value copy;

	(void)state;
	arena_init(&a, 0);
	m = map_new(&a, 0);
	inner = map_new(&a, 0);
	map_set(&a, inner, STR("x"), value_int(1));
	map_set(&a, m, STR("inner"), value_of_map(inner));
	copy = value_copy(&a, value_of_map(m), true);
	assert_true(value_equal(copy, value_of_map(m)));
	map_set(&a, inner, STR("x"), value_int(2));
	assert_int_equal(value_path(copy, "inner", "x", NULL).i, 1);
	assert_false(value_equal(copy, value_of_map(m)));
	arena_done(&a);
}

static void test_numbers_equal_by_value(void **state)
{
	(void)state;
	assert_true(value_equal(value_int(5), value_float(5)));
	assert_true(value_equal(value_int64(5), value_uint64(5)));
	assert_false(value_equal(value_int(5), value_float(5.5)));
	assert_false(value_equal(value_int64(INT64_MAX), value_int64(INT64_MAX - 1)));
	assert_false(value_equal(value_int(1), value_lit("1")));
	assert_false(value_equal(value_int(0), VALUE_NONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map_grows),    cmocka_unit_test(test_map_deletes),
		cmocka_unit_test(test_map_sorts),    cmocka_unit_test(test_copy_is_deep),
		cmocka_unit_test(test_numbers_equal_by_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
