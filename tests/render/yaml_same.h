/*
 * Are two values the same in every way that a template or an object could show?
 */
#ifndef TESTS_RENDER_YAML_SAME_H
#define TESTS_RENDER_YAML_SAME_H

#include "base/value.h"

static bool same(struct value x, struct value y)
{
	if (x.type != y.type || x.elem != y.elem)
		return false;
	switch (x.type) {
	case VALUE_STR:
		return str_eq(value_text(x), value_text(y)) && !x.s[x.n];
	case VALUE_LIST:
		if (list_n(x.list) != list_n(y.list))
			return false;
		for (uint32_t i = 0; i < list_n(x.list); i++)
			if (!same(x.list->at[i], y.list->at[i]))
				return false;
		return true;
	case VALUE_MAP:
		if (map_n(x.map) != map_n(y.map) || x.map->sorted != y.map->sorted)
			return false;
		for (uint32_t i = 0; i < map_n(x.map); i++) {
			const struct map_entry *e = &x.map->at[i], *f = &y.map->at[i];

			if (!str_eq(map_key(e), map_key(f)) || !same(e->value, f->value) ||
			    map_find(x.map, map_key(e)) != &e->value)
				return false;
		}
		return true;
	case VALUE_NIL:
		return true;
	default:
		return x.type == VALUE_BOOL ? x.b == y.b : x.u == y.u;
	}
}

#endif
