/*
 * One render, in Helm's order: the chart, the user's values, its dependencies, the final values,
 * every template, the documents. All that is made on the way lives in one scratch arena.
 */
#include "render/render.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/path.h"
#include "render/capabilities.h"
#include "render/chart_files.h"
#include "render/depend.h"
#include "render/manifest.h"
#include "render/render_cache.h"
#include "render/schema.h"
#include "render/semver.h"
#include "render/template.h"
#include "render/values.h"

struct unit { /* one template file with the dot it is executed with */
	str name;
	const struct chart_file *file;
	struct map *dot;
	str base_path;
	unsigned slashes;
};

struct render {
	struct arena *keep, *scratch;
	struct generation *generation;
	const struct render_options *options;
	struct value release, capabilities;
	struct unit *units;
	size_t units_n, units_room;
	struct manifest_list list;
	struct error *err;
};

/* ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and at most 53 bytes. */
static bool valid_name(str name)
{
	bool edge = true; /* a letter or digit is due */

	for (size_t i = 0; i < name.n; i++) {
		char c = name.s[i];
		bool solid = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

		if (!solid && c != '-' && c != '.')
			return false;
		if ((edge || (c == '.' && name.s[i - 1] == '-')) && !solid)
			return false;
		edge = c == '.';
	}
	return name.n && name.n <= 53 && !edge && name.s[name.n - 1] != '-';
}

static struct value make_release(struct render *r)
{
	struct map *m = map_new(r->scratch, 6);
	str name = r->options->release_name, ns = r->options->namespace;

	map_set(r->scratch, m, STR("Name"), value_str(name.n ? name : STR("release-name")));
	map_set(r->scratch, m, STR("Namespace"), value_str(ns.n ? ns : STR("default")));
	map_set(r->scratch, m, STR("IsUpgrade"), value_bool(r->options->is_upgrade));
	map_set(r->scratch, m, STR("IsInstall"), value_bool(!r->options->is_upgrade));
	map_set(r->scratch, m, STR("Revision"), value_int(1));
	map_set(r->scratch, m, STR("Service"), value_lit("Helm"));
	return value_of_map(m);
}

/* --- gathering --- */

static void add_unit(struct render *r, struct unit u)
{
	if (r->units_n == r->units_room) {
		size_t room = r->units_room ? r->units_room * 2 : 32;

		r->units = arena_grow(r->scratch, r->units ? r->units : arena_alloc(r->scratch, 16),
				      r->units_room * sizeof u, room * sizeof u);
		r->units_room = room;
	}
	r->units[r->units_n++] = u;
}

static void add_templates(struct render *r, const struct chart *c, str path, struct map *dot)
{
	bool library = str_is(c->type, "library");
	str base = path_below(r->scratch, path, STR("templates"));

	for (size_t i = 0; i < c->templates_n; i++) {
		struct unit u = {.file = &c->templates[i], .dot = dot, .base_path = base};

		if (library && !str_starts(path_base(c->templates[i].name), STR("_")))
			continue;
		u.name = path_below(r->scratch, path, u.file->name);
		for (size_t j = 0; j < u.name.n; j++)
			u.slashes += u.name.s[j] == '/';
		add_unit(r, u);
	}
}

/* The dot of a chart and, below it, those of its subcharts. */
static struct value gather(struct render *r, const struct chart *c, str path, struct value values,
			   bool root)
{
	struct map *dot = map_new(r->scratch, 8), *subs = map_new(r->scratch, (uint32_t)c->subs_n);
	struct value out = value_of_map(dot);

	if (values.type != VALUE_MAP)
		values = value_of_map(map_new(r->scratch, 0));
	values.elem = ELEM_VALUES;
	map_set(r->scratch, dot, STR("Values"), values);
	map_set(r->scratch, dot, STR("Chart"), chart_value(r->scratch, c, root));
	map_set(r->scratch, dot, STR("Files"), chart_files_value(r->scratch, c->files, c->files_n));
	map_set(r->scratch, dot, STR("Release"), r->release);
	map_set(r->scratch, dot, STR("Capabilities"), r->capabilities);
	for (size_t i = 0; i < c->subs_n; i++) {
		const struct chart *sub = c->subs[i];
		str below = arena_printf(r->scratch, "%.*s/charts/%.*s", STR_ARG(path), STR_ARG(sub->name));

		map_set(r->scratch, subs, sub->name,
			gather(r, sub, below, map_get(values.map, sub->name), false));
	}
	map_set(r->scratch, dot, STR("Subcharts"), value_of_map(subs));
	add_templates(r, c, path, dot);
	out.elem = ELEM_VALUES;
	return out;
}

/* Deep files first, then by name backwards (reference 1.1). */
static int parse_order(const void *x, const void *y)
{
	const struct unit *a = x, *b = y;

	if (a->slashes != b->slashes)
		return a->slashes > b->slashes ? -1 : 1;
	return str_cmp(b->name, a->name);
}

/* --- executing --- */

struct output {
	str name;
	size_t from, to;
};

static int by_name(const void *x, const void *y)
{
	return str_cmp(((const struct output *)x)->name, ((const struct output *)y)->name);
}

static bool execute(struct render *r, struct exec *x, const struct unit *u, struct buf *out)
{
	struct map *m = map_new(r->scratch, 2);
	struct value t = value_of_map(m), dot = value_of_map(u->dot);

	map_set(r->scratch, m, STR("Name"), value_str(u->name));
	map_set(r->scratch, m, STR("BasePath"), value_str(u->base_path));
	t.elem = ELEM_VALUES;
	map_set(r->scratch, u->dot, STR("Template"), t);
	dot.elem = ELEM_VALUES;
	return exec_template(x, u->name, dot, out, r->err);
}

static bool compile_all(struct render *r, struct template_set *set)
{
	for (size_t i = 0; i < r->units_n; i++) {
		const struct template_file *file;

		if (!render_cache_template(r->generation, r->scratch, r->units[i].name,
					   r->units[i].file, &file, r->err) ||
		    !template_set_add(set, file, r->err))
			return false;
	}
	return true;
}

static bool execute_all(struct render *r, struct template_set *set, struct buf *text,
			struct output *outputs, size_t *n)
{
	struct exec_env env = {.now_ns = r->options->now_ns, .seed = r->options->seed, .stop = r->options->stop,
			       .helm3 = r->options->compat == HELM_3_17,
			       .go_minor = r->options->compat == HELM_3_17 ? 23 : 25};
	struct exec *x = exec_new(r->scratch, set, &env);

	for (size_t i = 0; i < r->units_n; i++) {
		const struct unit *u = &r->units[i];
		size_t from = text->n;

		if (str_starts(path_base(u->name), STR("_")))
			continue;
		if (!execute(r, x, u, text))
			return false;
		if (str_ends(u->name, STR("NOTES.txt")))
			buf_truncate(text, from);
		else
			outputs[(*n)++] = (struct output){u->name, from, text->n};
	}
	return true;
}

static bool run_templates(struct render *r)
{
	struct template_set *set = template_set_new(r->scratch);
	struct output *outputs = arena_news(r->scratch, r->units_n + 1, struct output);
	struct buf text;
	size_t n = 0;
	str all;
	bool ok;

	if (r->units_n)
		qsort(r->units, r->units_n, sizeof *r->units, parse_order);
	if (!compile_all(r, set))
		return false;
	/* not in the arena: it grows while everything else does */
	buf_init(&text, LIMIT_TEMPLATE_OUTPUT);
	ok = execute_all(r, set, &text, outputs, &n) && buf_check(&text, "the chart's output", r->err);
	all = ok ? arena_str(r->keep, buf_str(&text)) : STR_NONE;
	buf_done(&text);
	if (!ok)
		return false;
	qsort(outputs, n, sizeof *outputs, by_name);
	for (size_t i = 0; i < n; i++)
		if (!manifest_add_file(r->keep, &r->list, arena_str(r->keep, outputs[i].name),
				       str_sub(all, outputs[i].from, outputs[i].to), r->err))
			return false;
	return true;
}

/* --- CRDs --- */

static bool is_crd_file(str name)
{
	return str_starts(name, STR("crds/")) &&
	       (str_ends(name, STR(".yaml")) || str_ends(name, STR(".yml")) || str_ends(name, STR(".json")));
}

static bool add_crds(struct render *r, const struct chart *c, str path)
{
	for (size_t i = 0; i < c->files_n; i++) {
		const struct chart_file *f = &c->files[i];

		if (!is_crd_file(f->name))
			continue;
		if (!manifest_add_crds(r->keep, &r->list,
				       arena_printf(r->keep, "%.*s/%.*s", STR_ARG(path), STR_ARG(f->name)),
				       arena_str(r->keep, f->data), r->err))
			return false;
	}
	for (size_t i = 0; i < c->subs_n; i++)
		if (!add_crds(r, c->subs[i],
			      arena_printf(r->scratch, "%.*s/charts/%.*s", STR_ARG(path),
					   STR_ARG(c->subs[i]->name))))
			return false;
	return true;
}

/* --- the way through --- */

static bool check_kube_version(struct render *r, const struct chart *c)
{
	str have = capabilities_kube_version(r->capabilities);
	struct semver v;
	bool ok;

	if (!c->kube_version.n)
		return true;
	if (semver_parse(have, &v, NULL) && semver_check(c->kube_version, &v, &ok, NULL) && ok)
		return true;
	return error_set(r->err, ERROR_INVALID,
			 "chart requires kubeVersion: %.*s which is incompatible with Kubernetes %.*s",
			 STR_ARG(c->kube_version), STR_ARG(have));
}

static bool check_chart(struct render *r, const struct chart *c)
{
	str name = r->options->release_name;

	if (str_is(c->type, "library"))
		return error_set(r->err, ERROR_INVALID, "library charts are not installable");
	if (!chart_check_wants(c, r->err))
		return false;
	if (name.n && !valid_name(name))
		return error_set(r->err, ERROR_INVALID,
				 "release name \"%.*s\": invalid release name, must match regex "
				 "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the "
				 "length must not be longer than 53", STR_ARG(name));
	return true;
}

static bool render(struct render *r, struct files *files, str dir)
{
	const struct render_options *o = r->options;
	struct map *user, *values;
	struct chart *chart;

	if (!values_user(r->scratch, o, &user, r->err) ||
	    !render_cache_chart(r->generation, r->scratch, files, dir, &chart, r->err) ||
	    !check_chart(r, chart) ||
	    !depend_process(r->scratch, chart, user, o->compat, &chart, r->err) ||
	    !capabilities_make(r->scratch, o, &r->capabilities, r->err) ||
	    !values_coalesce(r->scratch, chart, user, o->compat, false, &values, r->err) ||
	    (!o->skip_schema && !schema_check(r->scratch, chart, values, r->err)) ||
	    !check_kube_version(r, chart))
		return false;
	r->release = make_release(r);
	gather(r, chart, chart->name, value_of_map(values), true);
	if (o->include_crds && !add_crds(r, chart, chart->name))
		return false;
	return run_templates(r);
}

static bool render_guarded(struct render *r, struct files *files, str dir)
{
	jmp_buf env, *outer = arena_guard(r->scratch, &env), *kept = arena_guard(r->keep, &env);
	bool ok;

	if (setjmp(env)) {
		arena_guard(r->scratch, outer);
		arena_guard(r->keep, kept);
		return error_set(r->err, ERROR_LIMIT, "the render takes more than %u bytes of memory",
				 LIMIT_RENDER_MEMORY);
	}
	ok = render(r, files, dir);
	arena_guard(r->scratch, outer);
	arena_guard(r->keep, kept);
	return ok;
}

bool render_chart(struct render_cache *cache, struct arena *keep, struct files *files, str dir,
		  const struct render_options *options, struct render_result *out, struct error *err)
{
	struct render_cache *own = cache ? NULL : render_cache_new();
	struct arena scratch;
	struct render r = {.keep = keep, .scratch = &scratch, .options = options, .err = err};
	bool ok;

	if (!cache && !own)
		return error_set(err, ERROR_MEMORY, "no memory to render a chart");
	arena_init(&scratch, LIMIT_RENDER_MEMORY);
	r.generation = render_cache_begin(cache ? cache : own);
	ok = render_guarded(&r, files, dir);
	render_cache_end(cache ? cache : own, r.generation);
	arena_done(&scratch);
	render_cache_free(own);
	if (!ok)
		return false;
	manifest_sort(&r.list, options->compat);
	*out = (struct render_result){.manifests = r.list.at, .n = r.list.n};
	return true;
}
