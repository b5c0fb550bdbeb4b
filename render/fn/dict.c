/*
 * Dicts. They are references: set, unset, merge and mergeOverwrite change the map they are given,
 * and a map taken over by merge is the same map afterwards, as in Go. keys and values, whose order
 * is random there, come sorted.
 */
#include "render/exec.h"
#include "render/fn/body.h"

static bool dict_dict(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct map *m = map_new(c->arena, n / 2 + (n & 1));

	for (uint32_t i = 0; i < n; i += 2)
		map_set(c->arena, m, value_strval(c->arena, arg[i]),
			i + 1 < n ? arg[i + 1] : value_lit(""));
	return give_map(out, m);
}

static bool dict_get(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	const struct value *v = map_find(value_map(arg[0]), value_text(arg[1]));

	(void)c, (void)n;
	*out = v ? *v : value_lit("");
	return true;
}

static bool dict_set(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct map *m = value_map(arg[0]);

	(void)n;
	if (!m)
		return call_fail(c, "assignment to entry in nil map");
	map_set(c->arena, m, value_text(arg[1]), arg[2]);
	return give_map(out, m);
}

static bool dict_unset(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct map *m = value_map(arg[0]);

	(void)c, (void)n;
	if (m)
		map_del(m, value_text(arg[1]));
	return give_map(out, m);
}

static bool dict_has_key(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	return give_bool(out, map_find(value_map(arg[0]), value_text(arg[1])) != NULL);
}

static bool dict_pluck(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct list *l = list_new(c->arena, n - 1);

	for (uint32_t i = 1; i < n; i++) {
		const struct value *v = map_find(value_map(arg[i]), value_text(arg[0]));

		if (v)
			list_add(c->arena, l, *v);
	}
	return give_list(out, l, ELEM_ANY);
}

static bool dict_keys(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct list *l = list_new(c->arena, n ? map_n(value_map(arg[0])) : 0);

	for (uint32_t i = 0; i < n; i++) {
		struct map *m = value_map(arg[i]);

		map_sort(m);
		for (uint32_t k = 0; k < map_n(m); k++)
			list_add(c->arena, l, value_str(map_key(&m->at[k])));
	}
	return give_list(out, l, ELEM_STRING);
}

static bool dict_values(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct map *m = value_map(arg[0]);
	struct list *l = list_new(c->arena, map_n(m));

	(void)n;
	map_sort(m);
	for (uint32_t i = 0; i < map_n(m); i++)
		list_add(c->arena, l, m->at[i].value);
	return give_list(out, l, ELEM_ANY);
}

static bool dict_pick(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct map *m = map_new(c->arena, n - 1);

	for (uint32_t i = 1; i < n; i++) {
		const struct value *v = map_find(value_map(arg[0]), value_text(arg[i]));

		if (v)
			map_set(c->arena, m, value_text(arg[i]), *v);
	}
	return give_map(out, m);
}

static bool is_among(const struct value *arg, uint32_t n, str key)
{
	for (uint32_t i = 0; i < n; i++)
		if (str_eq(value_text(arg[i]), key))
			return true;
	return false;
}

static bool dict_omit(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	const struct map *from = value_map(arg[0]);
	struct map *m = map_new(c->arena, map_n(from));

	for (uint32_t i = 0; i < map_n(from); i++)
		if (!is_among(arg + 1, n - 1, map_key(&from->at[i])))
			map_set(c->arena, m, map_key(&from->at[i]), from->at[i].value);
	return give_map(out, m);
}

/* --- merge: mergo 1.0 as sprig calls it --- */

static bool merge_into(
	struct call *c, struct map *to, const struct map *from, bool overwrite, int depth);

/* Both hold a map under the key: the inner one is merged; true when that settles the key. */
static bool merge_maps(struct call *c, struct value *to, struct value from, bool overwrite,
	int depth, bool *settled)
{
	*settled = false;
	if (to->type != VALUE_MAP || from.type != VALUE_MAP || !to->map)
		return true;
	if (to->map != from.map && !merge_into(c, to->map, from.map, overwrite, depth + 1))
		return false;
	*settled = to->map->n > 0;
	return true;
}

static bool merge_key(
	struct call *c, struct map *to, const struct map_entry *e, bool overwrite, int depth)
{
	struct value *at = map_find_hashed(to, map_key(e), e->hash);
	bool settled;

	if (!exec_charge(c->exec, 1))
		return error_set(c->err, ERROR_LIMIT, "the maps are too large to merge");
	if (e->value.type == VALUE_NIL) {
		if (overwrite)
			map_set(c->arena, to, map_key(e), e->value);
		return true;
	}
	if (!at) {
		map_set(c->arena, to, map_key(e), e->value);
		return true;
	}
	if (!merge_maps(c, at, e->value, overwrite, depth, &settled))
		return false;
	/* When the inner merge reached this very map again, its entries may have moved. */
	at = map_find_hashed(to, map_key(e), e->hash);
	if (at && !settled && (overwrite || value_empty(*at)))
		*at = e->value;
	return true;
}

static bool merge_into(
	struct call *c, struct map *to, const struct map *from, bool overwrite, int depth)
{
	if (depth > LIMIT_VALUE_DEPTH)
		return error_set(c->err, ERROR_LIMIT, "maps are nested deeper than %d levels",
			LIMIT_VALUE_DEPTH);
	for (uint32_t i = 0; i < map_n(from); i++)
		if (!merge_key(c, to, &from->at[i], overwrite, depth))
			return false;
	return true;
}

static bool give_merged(
	struct call *c, const struct value *arg, uint32_t n, bool overwrite, struct value *out)
{
	struct map *to = value_map(arg[0]);

	for (uint32_t i = 1; i < n; i++) {
		const struct map *from = value_map(arg[i]);

		if (!to && from)
			to = map_new(c->arena, 0);
		if (from && from != to && !merge_into(c, to, from, overwrite, 0))
			return false;
	}
	return give_map(out, to);
}

static bool dict_merge(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	return give_merged(c, arg, n, false, out);
}

static bool dict_merge_overwrite(
	struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	return give_merged(c, arg, n, true, out);
}

/* --- */

static bool dict_deep_copy(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	if (arg[0].type == VALUE_NIL)
		return call_fail(c, "reflect: call of reflect.Value.Type on zero Value");
	*out = value_copy(c->arena, arg[0], false);
	return true;
}

static bool fail_conversion(struct call *c, struct value v, const char *want)
{
	str type = value_type_name(v);

	if (v.type == VALUE_NIL)
		type = STR("nil");
	return call_fail(
		c, "interface conversion: interface {} is %.*s, not %s", STR_ARG(type), want);
}

static bool is_plain_map(struct value v)
{
	return v.type == VALUE_MAP && v.elem == ELEM_ANY;
}

/* dig "a" "b" default map: key after key, each step a map[string]interface {}. */
static bool dict_dig(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct value at;

	if (n < 3)
		return call_fail(c, "dig needs at least three arguments");
	at = arg[n - 1];
	if (!is_plain_map(at))
		return fail_conversion(c, at, "map[string]interface {}");
	for (uint32_t i = 0; i < n - 2; i++)
		if (arg[i].type != VALUE_STR)
			return fail_conversion(c, arg[i], "string");
	for (uint32_t i = 0; i < n - 2; i++) {
		const struct value *v;

		if (!is_plain_map(at))
			return fail_conversion(c, at, "map[string]interface {}");
		v = map_find(at.map, value_text(arg[i]));
		if (!v) {
			*out = arg[n - 2];
			return true;
		}
		at = *v;
	}
	*out = at;
	return true;
}

const struct fn fn_dict[] = {
	{"deepCopy", "a", dict_deep_copy},
	{"dict", "a*", dict_dict},
	{"dig", "a*", dict_dig},
	{"get", "ms", dict_get},
	{"hasKey", "ms", dict_has_key},
	{"keys", "m*", dict_keys},
	{"merge", "mm*", dict_merge},
	{"mergeOverwrite", "mm*", dict_merge_overwrite},
	{"mustDeepCopy", "a", dict_deep_copy},
	{"mustMerge", "mm*", dict_merge},
	{"mustMergeOverwrite", "mm*", dict_merge_overwrite},
	{"omit", "ms*", dict_omit},
	{"pick", "ms*", dict_pick},
	{"pluck", "sm*", dict_pluck},
	{"set", "msa", dict_set},
	{"unset", "ms", dict_unset},
	{"values", "m", dict_values},
	{NULL, NULL, NULL},
};
