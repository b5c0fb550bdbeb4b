/*
 * Truth, emptiness, type and kind names, deep equality: what reflect says of a value.
 */
#include <math.h>

#include "base/limits.h"
#include "render/fn.h"
#include "render/ref.h"

bool value_truth(struct value v)
{
	switch (v.type) {
	case VALUE_NIL:
		return false;
	case VALUE_BOOL:
		return v.b;
	case VALUE_INT:
	case VALUE_INT64:
	case VALUE_BYTE:
		return v.i != 0;
	case VALUE_UINT64:
		return v.u != 0;
	case VALUE_FLOAT:
		return v.f < 0 || v.f > 0 || isnan(v.f);
	case VALUE_STR:
	case VALUE_BYTES:
		return v.n > 0;
	case VALUE_LIST:
		return list_n(v.list) > 0;
	case VALUE_MAP:
		return map_n(v.map) > 0;
	default:
		if (v.ref && v.ref->class->map_like && v.ref->class->plain) {
			struct arena scratch;
			bool some;

			arena_init(&scratch, 0);
			some = value_truth(v.ref->class->plain(&scratch, v.ref));
			arena_done(&scratch);
			return some;
		}
		return v.ref != NULL;
	}
}

bool value_empty(struct value v)
{
	return !value_truth(v);
}

str value_kind_name(struct value v)
{
	static const char *const names[] = {
		[VALUE_NIL] = "invalid", [VALUE_BOOL] = "bool",	    [VALUE_INT] = "int",
		[VALUE_INT64] = "int64", [VALUE_UINT64] = "uint64", [VALUE_BYTE] = "uint8",
		[VALUE_FLOAT] = "float64", [VALUE_STR] = "string",  [VALUE_BYTES] = "slice",
		[VALUE_LIST] = "slice",	 [VALUE_MAP] = "map",	    [VALUE_REF] = "struct",
	};

	if (v.type == VALUE_REF && v.ref)
		return str_of(v.ref->class->kind);
	return str_of(names[v.type]);
}

static str map_type(struct value v)
{
	switch (v.elem) {
	case ELEM_VALUES:
		return STR("common.Values");
	case ELEM_STRING:
		return STR("map[string]string");
	default:
		return STR("map[string]interface {}");
	}
}

static str list_type(struct value v)
{
	switch (v.elem) {
	case ELEM_STRING:
		return STR("[]string");
	case ELEM_INT:
		return STR("[]int");
	case ELEM_LIST:
		return STR("[][]interface {}");
	default:
		return STR("[]interface {}");
	}
}

str value_type_name(struct value v)
{
	switch (v.type) {
	case VALUE_NIL:
		return STR("<nil>");
	case VALUE_BYTES:
		return STR("[]uint8");
	case VALUE_LIST:
		return list_type(v);
	case VALUE_MAP:
		return map_type(v);
	case VALUE_REF:
		return str_of(v.ref ? v.ref->class->type : "<nil>");
	default:
		return value_kind_name(v);
	}
}

static bool deep_equal(struct value x, struct value y, int depth, uint64_t *left);

static bool lists_equal(const struct list *x, const struct list *y, int depth,
	uint64_t *left)
{
	if ((x == NULL) != (y == NULL) || list_n(x) != list_n(y))
		return false;
	for (uint32_t i = 0; i < list_n(x); i++)
		if (!deep_equal(x->at[i], y->at[i], depth + 1, left))
			return false;
	return true;
}

static bool maps_equal(const struct map *x, const struct map *y, int depth,
	uint64_t *left)
{
	if ((x == NULL) != (y == NULL) || map_n(x) != map_n(y))
		return false;
	for (uint32_t i = 0; i < map_n(x); i++) {
		const struct value *v = map_find_hashed(y, map_key(&x->at[i]), x->at[i].hash);

		if (!v || !deep_equal(x->at[i].value, *v, depth + 1, left))
			return false;
	}
	return true;
}

static bool deep_equal(struct value x, struct value y, int depth, uint64_t *left)
{
	if (x.type != y.type || depth > LIMIT_VALUE_DEPTH || !*left)
		return false;
	--*left;
	switch (x.type) {
	case VALUE_NIL:
		return true;
	case VALUE_BOOL:
		return x.b == y.b;
	case VALUE_UINT64:
		return x.u == y.u;
	case VALUE_FLOAT:
		return !(x.f < y.f) && !(x.f > y.f) && !isnan(x.f) && !isnan(y.f);
	case VALUE_STR:
	case VALUE_BYTES:
		return str_eq(value_text(x), value_text(y));
	case VALUE_LIST:
		return x.elem == y.elem && (x.list == y.list || lists_equal(x.list, y.list, depth, left));
	case VALUE_MAP:
		return x.elem == y.elem && (x.map == y.map || maps_equal(x.map, y.map, depth, left));
	case VALUE_REF:
		return x.ref == y.ref;
	default:
		return x.i == y.i;
	}
}

bool value_deep_equal(struct value x, struct value y)
{
	uint64_t left = LIMIT_EQUAL_NODES;

	return deep_equal(x, y, 0, &left);
}
