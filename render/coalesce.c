/*
 * Chart defaults under given values. The variants B, D and E of the reference (4.4) differ in how
 * nulls are treated; they are Helm 3.17, 4.1 and 4.3 here.
 */
#include "render/values.h"

#include "base/limits.h"
#include "render/fn.h"

struct coalescer {
	struct arena *keep;
	enum helm_compat compat;
	struct error *err;
};

static bool is_null(const struct value *v)
{
	return v && v->type == VALUE_NIL;
}

/* A value with its maps copied: what is merged into must not be the chart's own. Lists are copied
 * too, since templates may change maps in them. */
static struct value copied(struct coalescer *c, struct value v)
{
	return v.type == VALUE_MAP || v.type == VALUE_LIST ? value_copy(c->keep, v, false) : v;
}

/* dst wins. src stays as it is; what is taken from it is copied. */
static void table(struct coalescer *c, struct map *dst, const struct map *src, bool merge, int depth)
{
	if (depth > LIMIT_VALUE_DEPTH)
		return;
	for (uint32_t i = 0; i < map_n(src); i++) {
		const struct map_entry *e = &src->at[i];
		struct value *at = map_find_hashed(dst, map_key(e), e->hash);

		if (!at) {
			map_set(c->keep, dst, map_key(e), copied(c, e->value));
		} else if (is_null(at) && !merge) {
			if (c->compat == HELM_3_17 || e->value.type != VALUE_NIL)
				map_del(dst, map_key(e));
		} else if (e->value.type == VALUE_MAP && at->type == VALUE_MAP) {
			table(c, at->map, e->value.map, merge, depth + 1);
		}
	}
}

static void strip_nulls(struct map *m, int depth)
{
	for (uint32_t i = map_n(m); i > 0 && depth < LIMIT_VALUE_DEPTH; i--) {
		struct value v = m->at[i - 1].value;

		if (v.type == VALUE_NIL)
			map_del(m, map_key(&m->at[i - 1]));
		else
			strip_nulls(value_map(v), depth + 1);
	}
}

static bool is_sub(const struct chart *chart, str name)
{
	for (size_t i = 0; i < chart->subs_n; i++)
		if (str_eq(chart->subs[i]->name, name))
			return true;
	return false;
}

static void add_default(struct coalescer *c, struct map *dest, const struct map_entry *e, bool merge)
{
	struct value v = copied(c, e->value);

	if (c->compat == HELM_4_3 && !merge) {
		if (v.type == VALUE_NIL)
			return;
		strip_nulls(value_map(v), 0);
	}
	map_set(c->keep, dest, map_key(e), v);
}

static void defaults(struct coalescer *c, const struct chart *chart, struct map *dest, bool merge)
{
	for (uint32_t i = 0; i < map_n(chart->values); i++) {
		const struct map_entry *e = &chart->values->at[i];
		struct value *at = map_find_hashed(dest, map_key(e), e->hash);

		if (!at) {
			add_default(c, dest, e, merge);
		} else if (is_null(at) && !merge) {
			map_del(dest, map_key(e));
		} else if (at->type == VALUE_MAP && e->value.type == VALUE_MAP) {
			bool m = merge || is_sub(chart, map_key(e));
			struct value v = e->value;

			if (c->compat == HELM_4_3 && !m) {
				v = copied(c, v);
				strip_nulls(v.map, 0);
			}
			table(c, at->map, v.map, m, 0);
		}
	}
}

/* First-level maps of global are copied, what lies deeper is shared. */
static struct map *shallow(struct coalescer *c, const struct map *m)
{
	struct map *out = map_new(c->keep, map_n(m));

	for (uint32_t i = 0; i < map_n(m); i++)
		map_set(c->keep, out, map_key(&m->at[i]), m->at[i].value);
	return out;
}

static void globals(struct coalescer *c, struct map *sub, const struct map *parent)
{
	struct value *from = map_find(parent, STR("global")), *to = map_find(sub, STR("global"));
	struct map *into;

	if ((from && from->type != VALUE_MAP) || (to && to->type != VALUE_MAP))
		return;
	into = to ? to->map : map_new(c->keep, 4);
	for (uint32_t i = 0; from && i < map_n(from->map); i++) {
		const struct map_entry *e = &from->map->at[i];
		struct value *at = map_find_hashed(into, map_key(e), e->hash);

		if (e->value.type == VALUE_MAP) {
			struct map *v = shallow(c, e->value.map);

			if (at && at->type != VALUE_MAP)
				continue;
			if (at)
				table(c, v, at->map, true, 0);
			map_set(c->keep, into, map_key(e), value_of_map(v));
		} else if (!at || at->type != VALUE_MAP) {
			map_set(c->keep, into, map_key(e), e->value);
		}
	}
	map_set(c->keep, sub, STR("global"), value_of_map(into));
}

static bool mismatch(struct coalescer *c, str name, struct value v)
{
	str text = v.type == VALUE_NIL ? STR("<nil>")
		: arena_printf(c->keep, "%.*s=%.*s", STR_ARG(value_type_name(v)),
			       STR_ARG(value_strval(c->keep, v)));

	return error_set(c->err, ERROR_INVALID, "type mismatch on %.*s: %%!t(%.*s)", STR_ARG(name),
			 STR_ARG(text));
}

static bool coalesce(struct coalescer *c, const struct chart *chart, struct map *dest, bool merge,
		     int depth)
{
	if (depth > LIMIT_CHART_DEPTH)
		return error_set(c->err, ERROR_LIMIT, "subcharts are nested deeper than %d",
				 LIMIT_CHART_DEPTH);
	defaults(c, chart, dest, merge);
	for (size_t i = 0; i < chart->subs_n; i++) {
		const struct chart *sub = chart->subs[i];
		struct value *at = map_find(dest, sub->name);

		if (!at) {
			map_set(c->keep, dest, sub->name, value_of_map(map_new(c->keep, 4)));
			at = map_find(dest, sub->name);
		}
		if (at->type != VALUE_MAP)
			return mismatch(c, sub->name, *at);
		globals(c, at->map, dest);
		if (!coalesce(c, sub, at->map, merge, depth + 1))
			return false;
	}
	return true;
}

bool values_coalesce(struct arena *keep, const struct chart *chart, const struct map *user,
		     enum helm_compat compat, bool merge, struct map **out, struct error *err)
{
	struct coalescer c = {.keep = keep, .compat = compat, .err = err};
	struct map none = {0};
	struct value v = {.type = VALUE_MAP};

	/* value_copy does not change what it copies */
	v.map = user ? map_new(keep, map_n(user)) : map_new(keep, 8);
	if (!user)
		user = &none;
	for (uint32_t i = 0; i < user->n; i++)
		map_set(keep, v.map, map_key(&user->at[i]), copied(&c, user->at[i].value));
	*out = v.map;
	return coalesce(&c, chart, v.map, merge, 0);
}

void values_merge_tables(struct arena *keep, enum helm_compat compat, struct map *dst,
			 struct map *src)
{
	struct coalescer c = {.keep = keep, .compat = compat};

	table(&c, dst, src, true, 0);
}
