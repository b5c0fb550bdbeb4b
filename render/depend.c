/*
 * Follows Helm's processDependencyEnabled and processImportValues step by step, since their order
 * shows in the values.
 */
#include "render/depend.h"

#include "base/limits.h"
#include "render/fn.h"
#include "render/semver.h"

struct process {
	struct arena *keep;
	enum helm_compat compat;
	struct error *err;
};

static bool in_range(str constraint, str version)
{
	struct semver v;
	bool ok;

	return semver_parse(version, &v, NULL) && semver_check(constraint, &v, &ok, NULL) && ok;
}

static struct chart *copy_chart(struct process *p, const struct chart *c)
{
	struct chart *out = arena_new(p->keep, struct chart);

	*out = *c;
	if (c->wants) {
		out->wants = arena_news(p->keep, c->wants_n, struct want);
		memcpy(out->wants, c->wants, c->wants_n * sizeof *c->wants);
	}
	return out;
}

/* Subcharts nobody mentions, then each mention. */
static void resolve_wants(struct process *p, struct chart *c)
{
	struct chart **subs = arena_news(p->keep, c->subs_n + c->wants_n + 1, struct chart *);
	size_t n = 0;

	for (size_t i = 0; i < c->subs_n; i++) {
		bool mentioned = false;

		for (size_t j = 0; j < c->wants_n && !mentioned; j++)
			mentioned = str_eq(c->subs[i]->name, c->wants[j].name) &&
				    in_range(c->wants[j].version, c->subs[i]->version);
		if (!mentioned)
			subs[n++] = copy_chart(p, c->subs[i]);
	}
	for (size_t j = 0; j < c->wants_n; j++) {
		struct want *w = &c->wants[j];

		for (size_t i = 0; i < c->subs_n; i++)
			if (str_eq(c->subs[i]->name, w->name) && in_range(w->version, c->subs[i]->version)) {
				subs[n] = copy_chart(p, c->subs[i]);
				if (w->alias.n)
					subs[n]->name = w->alias;
				n++;
				break;
			}
		if (w->alias.n)
			w->name = w->alias;
		w->enabled = true;
	}
	c->subs = subs;
	c->subs_n = n;
}

static void apply_tags(struct want *w, struct map *values)
{
	struct value *tags = values_path(values, STR("tags"));
	bool on = false, off = false;

	for (size_t i = 0; tags && i < w->tags_n; i++) {
		struct value v = map_get(value_map(*tags), w->tags[i]);

		on |= v.type == VALUE_BOOL && v.b;
		off |= v.type == VALUE_BOOL && !v.b;
	}
	if (tags && value_map(*tags))
		w->enabled = on || !off;
}

static void apply_condition(struct process *p, struct want *w, struct map *values, str prefix)
{
	str rest = str_trim(w->condition);

	while (rest.s && w->condition.n) {
		str path = str_cut(rest, ',', &rest);
		struct value *v;

		if (!path.n)
			continue;
		v = values_path(values, arena_concat(p->keep, prefix, path));
		if (v && v->type == VALUE_BOOL) {
			w->enabled = v->b;
			return;
		}
	}
}

static void drop_disabled(struct chart *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->subs_n; i++) {
		bool off = false;

		for (size_t j = 0; j < c->wants_n; j++)
			off |= !c->wants[j].enabled && str_eq(c->wants[j].name, c->subs[i]->name);
		if (!off)
			c->subs[n++] = c->subs[i];
	}
	c->subs_n = n;
	n = 0;
	for (size_t j = 0; j < c->wants_n; j++)
		if (c->wants[j].enabled)
			c->wants[n++] = c->wants[j];
	c->wants_n = n;
	if (!n)
		c->wants = NULL;
}

static bool enable(struct process *p, struct chart *c, const struct map *user, str prefix, int depth)
{
	struct map *values;

	if (!c->wants)
		return true;
	if (depth > LIMIT_CHART_DEPTH)
		return error_set(p->err, ERROR_LIMIT, "subcharts are nested deeper than %d",
				 LIMIT_CHART_DEPTH);
	resolve_wants(p, c);
	if (!values_coalesce(p->keep, c, user, p->compat, false, &values, p->err))
		return false;
	for (size_t i = 0; i < c->wants_n; i++) {
		apply_tags(&c->wants[i], values);
		apply_condition(p, &c->wants[i], values, prefix);
	}
	drop_disabled(c);
	for (size_t i = 0; i < c->subs_n; i++) {
		str below = arena_printf(p->keep, "%.*s%.*s.", STR_ARG(prefix), STR_ARG(c->subs[i]->name));

		if (!enable(p, c->subs[i], values, below, depth + 1))
			return false;
	}
	return true;
}

/* --- import-values --- */

/* {a: {b: m}} of "a.b"; "." is m itself. */
static struct map *path_to_map(struct process *p, str path, struct map *m)
{
	ptrdiff_t at;

	if (str_is(path, "."))
		return m;
	while ((at = str_rfind_char(path, '.')) >= 0 || path.n) {
		struct map *outer = map_new(p->keep, 1);

		map_set(p->keep, outer, str_from(path, (size_t)(at + 1)), value_of_map(m));
		m = outer;
		path = str_sub(path, 0, at < 0 ? 0 : (size_t)at);
	}
	return m;
}

static struct map *table_at(struct process *p, struct map *values, str name, str child)
{
	struct value *v = values_path(values,
		arena_printf(p->keep, "%.*s.%.*s", STR_ARG(name), STR_ARG(child)));

	return v ? value_map(*v) : NULL;
}

static struct value import_pair(struct process *p, str child, str parent)
{
	struct map *m = map_new(p->keep, 2);
	struct value v = value_of_map(m);

	map_set(p->keep, m, STR("child"), value_str(child));
	map_set(p->keep, m, STR("parent"), value_str(parent));
	v.elem = ELEM_STRING;
	return v;
}

static void import_want(struct process *p, struct want *w, struct map *values, struct map *into)
{
	struct list *rewritten = list_n(w->imports) ? list_new(p->keep, w->imports->n) : NULL;

	for (uint32_t i = 0; i < list_n(w->imports); i++) {
		struct value v = w->imports->at[i];
		str child, parent = STR(".");
		struct map *from;

		if (v.type == VALUE_MAP) {
			child = value_strval(p->keep, map_at(v.map, "child"));
			parent = value_strval(p->keep, map_at(v.map, "parent"));
		} else if (v.type == VALUE_STR) {
			child = arena_concat(p->keep, STR("exports."), value_text(v));
		} else {
			continue;
		}
		list_add(p->keep, rewritten, import_pair(p, child, parent));
		from = table_at(p, values, w->name, child);
		if (from)
			values_merge_tables(p->keep, p->compat, into, path_to_map(p, parent, from));
	}
	w->imports = rewritten;
}

static bool import(struct process *p, struct chart *c, int depth)
{
	struct map *values, *imported;

	if (depth > LIMIT_CHART_DEPTH)
		return error_set(p->err, ERROR_LIMIT, "subcharts are nested deeper than %d",
				 LIMIT_CHART_DEPTH);
	for (size_t i = 0; i < c->subs_n; i++)
		if (!import(p, c->subs[i], depth + 1))
			return false;
	if (!c->wants)
		return true;
	if (!values_coalesce(p->keep, c, NULL, p->compat, true, &values, p->err))
		return false;
	imported = map_new(p->keep, 4);
	for (size_t i = 0; i < c->wants_n; i++)
		import_want(p, &c->wants[i], values, imported);
	values_merge_tables(p->keep, p->compat, values, imported);
	c->values = values;
	return true;
}

bool depend_process(struct arena *keep, const struct chart *chart, const struct map *user,
		    enum helm_compat compat, struct chart **out, struct error *err)
{
	struct process p = {.keep = keep, .compat = compat, .err = err};

	*out = copy_chart(&p, chart);
	return enable(&p, *out, user, STR(""), 0) && import(&p, *out, 0);
}
