/*
 * Lists, copies, comparisons and walks of values. Maps stand in map.c.
 */
#include "base/value.h"

#include <math.h>
#include <stdarg.h>

#include "base/limits.h"

bool value_to_i64(struct value v, int64_t *out)
{
	switch (v.type) {
	case VALUE_INT:
	case VALUE_INT64:
	case VALUE_BYTE:
		*out = v.i;
		return true;
	case VALUE_UINT64:
		if (v.u > INT64_MAX)
			return false;
		*out = (int64_t)v.u;
		return true;
	case VALUE_FLOAT:
		if (!(v.f >= -9223372036854775808.0 && v.f < 9223372036854775808.0) ||
		    floor(v.f) != v.f)
			return false;
		*out = (int64_t)v.f;
		return true;
	default:
		return false;
	}
}

bool value_truth_bool(struct value v, bool fallback)
{
	return v.type == VALUE_BOOL ? v.b : fallback;
}

struct list *list_new(struct arena *a, uint32_t room)
{
	struct list *l = arena_new(a, struct list);

	if (room)
		l->at = arena_news(a, room, struct value);
	l->room = room;
	return l;
}

void list_add(struct arena *a, struct list *l, struct value v)
{
	if (l->n == l->room) {
		uint32_t room = l->room ? l->room * 2 : 4;

		if (room > LIMIT_LIST_ITEMS)
			arena_array(a, SIZE_MAX, 2); /* leaps: over the limit */
		l->at = arena_grow(a, l->at, l->n * sizeof *l->at, room * sizeof *l->at);
		l->room = room;
	}
	l->at[l->n++] = v;
}

static struct value copy_text(struct arena *a, struct value v, bool strings)
{
	if (strings)
		v.s = arena_str(a, value_text(v)).s;
	return v;
}

static struct value copy_deep(struct arena *a, struct value v, bool strings, int depth);

static struct value copy_list(struct arena *a, struct value v, bool strings, int depth)
{
	struct list *l = list_new(a, v.list->n);

	l->n = v.list->n;
	for (uint32_t i = 0; i < l->n; i++)
		l->at[i] = copy_deep(a, v.list->at[i], strings, depth + 1);
	v.list = l;
	return v;
}

static struct value copy_map(struct arena *a, struct value v, bool strings, int depth)
{
	const struct map *from = v.map;
	struct map *m = map_new(a, 0);

	m->at = arena_news(a, from->n, struct map_entry);
	m->n = m->room = from->n;
	m->sorted = from->sorted;
	for (uint32_t i = 0; i < m->n; i++) {
		m->at[i] = from->at[i];
		if (strings)
			m->at[i].key = arena_str(a, map_key(&from->at[i])).s;
		m->at[i].value = copy_deep(a, from->at[i].value, strings, depth + 1);
	}
	if (from->index) {
		m->index = arena_news(a, from->index_room, uint32_t);
		m->index_room = from->index_room;
		memcpy(m->index, from->index, from->index_room * sizeof *m->index);
	}
	v.map = m;
	return v;
}

static struct value copy_deep(struct arena *a, struct value v, bool strings, int depth)
{
	switch (v.type) {
	case VALUE_STR:
	case VALUE_BYTES:
		return copy_text(a, v, strings);
	case VALUE_LIST:
		return v.list && depth < LIMIT_VALUE_DEPTH ? copy_list(a, v, strings, depth) : v;
	case VALUE_MAP:
		return v.map && depth < LIMIT_VALUE_DEPTH ? copy_map(a, v, strings, depth) : v;
	default:
		return v;
	}
}

struct value value_copy(struct arena *a, struct value v, bool strings)
{
	return copy_deep(a, v, strings, 0);
}

static bool is_number(struct value v)
{
	return v.type >= VALUE_INT && v.type <= VALUE_FLOAT;
}

static double as_double(struct value v)
{
	if (v.type == VALUE_FLOAT)
		return v.f;
	return v.type == VALUE_UINT64 ? (double)v.u : (double)v.i;
}

static bool number_equal(struct value x, struct value y)
{
	int64_t i, j;

	if (value_to_i64(x, &i) && value_to_i64(y, &j))
		return i == j;
	if (x.type == VALUE_UINT64 && y.type == VALUE_UINT64)
		return x.u == y.u;
	return !(as_double(x) < as_double(y)) && !(as_double(x) > as_double(y));
}

static bool equal_deep(struct value x, struct value y, int depth);

static bool list_equal(const struct list *x, const struct list *y, int depth)
{
	if (list_n(x) != list_n(y))
		return false;
	for (uint32_t i = 0; i < list_n(x); i++)
		if (!equal_deep(x->at[i], y->at[i], depth + 1))
			return false;
	return true;
}

static bool map_equal(const struct map *x, const struct map *y, int depth)
{
	if (map_n(x) != map_n(y))
		return false;
	for (uint32_t i = 0; i < map_n(x); i++) {
		const struct map_entry *e = &x->at[i];
		const struct value *v = map_find_hashed(y, map_key(e), e->hash);

		if (!v || !equal_deep(e->value, *v, depth + 1))
			return false;
	}
	return true;
}

static bool equal_deep(struct value x, struct value y, int depth)
{
	if (depth > LIMIT_VALUE_DEPTH)
		return false;
	if (is_number(x) && is_number(y))
		return number_equal(x, y);
	if (x.type != y.type)
		return false;
	switch (x.type) {
	case VALUE_BOOL:
		return x.b == y.b;
	case VALUE_STR:
	case VALUE_BYTES:
		return str_eq(value_text(x), value_text(y));
	case VALUE_LIST:
		return x.list == y.list || list_equal(x.list, y.list, depth);
	case VALUE_MAP:
		return x.map == y.map || map_equal(x.map, y.map, depth);
	case VALUE_REF:
		return x.ref == y.ref;
	default:
		return true;
	}
}

bool value_equal(struct value x, struct value y)
{
	return equal_deep(x, y, 0);
}

static struct value path_get(struct value v, va_list keys)
{
	const char *key;

	while ((key = va_arg(keys, const char *)))
		v = map_get(value_map(v), str_of(key));
	return v;
}

struct value value_path(struct value v, ...)
{
	va_list keys;

	va_start(keys, v);
	v = path_get(v, keys);
	va_end(keys);
	return v;
}

str value_path_str(struct value v, ...)
{
	va_list keys;

	va_start(keys, v);
	v = path_get(v, keys);
	va_end(keys);
	return v.type == VALUE_STR ? value_text(v) : STR_NONE;
}
