/*
 * A chart's directory becomes a flat list of files, and a flat list becomes a chart: so directories
 * and archives are read by one piece of code, subcharts by the same again.
 */
#include "render/chart.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/path.h"
#include "render/ignore.h"
#include "render/tgz.h"
#include "render/values.h"
#include "render/yaml.h"

struct walk {
	struct arena *keep;
	struct files *files;
	str dir;
	struct ignore *ignore;
	struct chart_file *at;
	size_t n, room;
	struct error *err;
};

static void *grown(struct arena *keep, void *at, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return at;
	at = arena_grow(keep, at ? at : arena_alloc(keep, 16), *room * size, (*room ? *room * 2 : 16) * size);
	*room = *room ? *room * 2 : 16;
	return at;
}

static bool walk_dir(struct walk *w, str path, int depth)
{
	struct file_entry *entries;
	size_t n;

	if (depth > LIMIT_GIT_TREE_DEPTH)
		return error_set(w->err, ERROR_LIMIT, "the chart's directories are nested deeper than %d",
				 LIMIT_GIT_TREE_DEPTH);
	if (!w->files->list(w->files, w->keep, path_below(w->keep, w->dir, path), &entries, &n, w->err))
		return false;
	for (size_t i = 0; i < n; i++) {
		str name = path_below(w->keep, path, entries[i].name);
		bool dir = entries[i].type == FILE_DIRECTORY;

		if (ignore_match(w->ignore, name, dir))
			continue;
		if (dir) {
			if (!walk_dir(w, name, depth + 1))
				return false;
			continue;
		}
		if (w->n == LIMIT_CHART_FILES)
			return error_set(w->err, ERROR_LIMIT, "the chart holds more than %d files",
					 LIMIT_CHART_FILES);
		w->at = grown(w->keep, w->at, w->n, &w->room, sizeof *w->at);
		w->at[w->n++] = (struct chart_file){.name = name, .id = entries[i].id};
	}
	return true;
}

bool chart_walk(struct arena *keep, struct files *files, str dir, struct chart_file **out,
		size_t *n, struct error *err)
{
	struct walk w = {.keep = keep, .files = files, .dir = dir, .err = err};
	struct error absent = {.kind = ERROR_NONE};
	str rules = STR_NONE;

	if (!files->read(files, keep, path_below(keep, dir, STR(".helmignore")), LIMIT_CHART_FILE, &rules,
			 &absent) &&
	    absent.kind != ERROR_NOT_FOUND) {
		*err = absent;
		return false;
	}
	if (!ignore_read(keep, rules, &w.ignore, err) || !walk_dir(&w, STR(""), 0))
		return false;
	*out = w.at;
	*n = w.n;
	return true;
}

static str without_bom(str s)
{
	return str_starts(s, STR("\xEF\xBB\xBF")) ? str_from(s, 3) : s;
}

bool chart_read(struct arena *keep, struct files *files, str dir, struct chart_file *at, size_t n,
		struct error *err)
{
	size_t total = 0;

	for (size_t i = 0; i < n; i++) {
		if (!files->read(files, keep, path_below(keep, dir, at[i].name), LIMIT_CHART_FILE,
				 &at[i].data, err))
			return false;
		at[i].data = without_bom(at[i].data);
		total += at[i].data.n;
		if (total > LIMIT_CHART_BYTES)
			return error_set(err, ERROR_LIMIT, "the chart is larger than %u bytes",
					 LIMIT_CHART_BYTES);
	}
	return true;
}

/* --- building --- */

struct build {
	struct arena *keep;
	struct chart *chart;
	struct chart_file *templates, *files, *subs; /* subs: names below charts/ */
	size_t templates_room, files_room, subs_n, subs_room, charts_room;
	bool has_meta;
	struct error *err;
};

static bool build(struct arena *keep, const struct chart_file *at, size_t n, struct chart **out,
		  int depth, struct error *err);

static void keep_file(struct build *b, const struct chart_file *f)
{
	b->files = grown(b->keep, b->files, b->chart->files_n, &b->files_room, sizeof *b->files);
	b->files[b->chart->files_n++] = *f;
}

static bool sort_file(struct build *b, const struct chart_file *f)
{
	struct chart *c = b->chart;

	if (str_is(f->name, "Chart.yaml") || str_is(f->name, "Chart.lock"))
		return true;
	if (str_is(f->name, "values.yaml")) {
		if (!values_read(b->keep, f->data, &c->values, b->err))
			return error_wrap(b->err, "cannot load values.yaml");
	} else if (str_is(f->name, "values.schema.json")) {
		c->schema = f->data;
	} else if (str_is(f->name, "requirements.yaml") || str_is(f->name, "requirements.lock")) {
		if (str_is(c->api_version, "v1"))
			keep_file(b, f);
		if (str_is(c->api_version, "v1") && str_is(f->name, "requirements.yaml"))
			return chart_requirements(b->keep, f->data, c, b->err);
	} else if (str_starts(f->name, STR("templates/"))) {
		b->templates = grown(b->keep, b->templates, c->templates_n, &b->templates_room,
				     sizeof *b->templates);
		b->templates[c->templates_n++] = *f;
	} else if (str_starts(f->name, STR("charts/"))) {
		if (str_ends(f->name, STR(".prov"))) {
			keep_file(b, f);
			return true;
		}
		b->subs = grown(b->keep, b->subs, b->subs_n, &b->subs_room, sizeof *b->subs);
		b->subs[b->subs_n] = *f;
		b->subs[b->subs_n++].name = str_from(f->name, 7);
	} else {
		keep_file(b, f);
	}
	return true;
}

static void add_sub(struct build *b, struct chart *sub)
{
	struct chart *c = b->chart;

	c->subs = grown(b->keep, c->subs, c->subs_n, &b->charts_room, sizeof *c->subs);
	c->subs[c->subs_n++] = sub;
}

/* Files of charts/NAME/... lie together, since lists are sorted; archives may mix them, hence all
 * are looked at. */
static bool build_sub_dir(struct build *b, str name, int depth)
{
	struct chart_file *mine = arena_news(b->keep, b->subs_n, struct chart_file);
	struct chart *sub;
	size_t n = 0;

	for (size_t i = 0; i < b->subs_n; i++) {
		str rest, first = str_cut(b->subs[i].name, '/', &rest);

		if (!b->subs[i].name.s || !str_eq(first, name))
			continue;
		if (rest.s) {
			mine[n] = b->subs[i];
			mine[n++].name = rest;
		}
		b->subs[i].name = STR_NONE; /* done */
	}
	if (!build(b->keep, mine, n, &sub, depth, b->err))
		return error_wrap(b->err, "error unpacking subchart %.*s in %.*s", STR_ARG(name),
				  STR_ARG(b->chart->name));
	add_sub(b, sub);
	return true;
}

static bool build_sub_archive(struct build *b, const struct chart_file *f, int depth)
{
	struct chart_file *at;
	struct chart *sub;
	size_t n;

	if (!tgz_read(b->keep, f->data, &at, &n, b->err))
		return error_wrap(b->err, "error unpacking subchart tar in %.*s",
				  STR_ARG(b->chart->name));
	for (size_t i = 0; i < n; i++)
		at[i].data = without_bom(at[i].data);
	if (!build(b->keep, at, n, &sub, depth, b->err))
		return error_wrap(b->err, "error unpacking subchart tar in %.*s",
				  STR_ARG(b->chart->name));
	add_sub(b, sub);
	return true;
}

static bool build_subs(struct build *b, int depth)
{
	if (depth > LIMIT_CHART_DEPTH)
		return error_set(b->err, ERROR_LIMIT, "subcharts are nested deeper than %d",
				 LIMIT_CHART_DEPTH);
	for (size_t i = 0; i < b->subs_n; i++) {
		struct chart_file f = b->subs[i];
		str rest, first;

		if (!f.name.s)
			continue;
		first = str_cut(f.name, '/', &rest);
		if (!first.n || first.s[0] == '_' || first.s[0] == '.') {
			continue;
		} else if (!rest.s && str_ends(first, STR(".tgz"))) {
			if (!build_sub_archive(b, &f, depth + 1))
				return false;
		} else if (!build_sub_dir(b, first, depth + 1)) {
			return false;
		}
	}
	return true;
}

static bool build(struct arena *keep, const struct chart_file *at, size_t n, struct chart **out,
		  int depth, struct error *err)
{
	struct build b = {.keep = keep, .chart = arena_new(keep, struct chart), .err = err};
	struct chart *c = b.chart;

	for (size_t i = 0; i < n && !b.has_meta; i++)
		if (str_is(at[i].name, "Chart.yaml")) {
			b.has_meta = true;
			if (!chart_metadata(keep, at[i].data, c, err))
				return false;
		}
	if (!b.has_meta)
		return error_set(err, ERROR_INVALID, "Chart.yaml file is missing");
	for (size_t i = 0; i < n; i++)
		if (!sort_file(&b, &at[i]))
			return false;
	if (!c->values)
		c->values = map_new(keep, 0);
	c->templates = b.templates;
	c->files = b.files;
	*out = c;
	return build_subs(&b, depth);
}

bool chart_build(struct arena *keep, const struct chart_file *at, size_t n, struct chart **out,
		 struct error *err)
{
	return build(keep, at, n, out, 0, err);
}

bool chart_check_wants(const struct chart *c, struct error *err)
{
	struct arena scratch;
	struct buf missing;

	arena_init(&scratch, 0);
	buf_in(&missing, &scratch, LIMIT_ERROR_TEXT);
	for (size_t i = 0; i < c->wants_n; i++) {
		bool found = false;

		for (size_t j = 0; j < c->subs_n && !found; j++)
			found = str_eq(c->subs[j]->name, c->wants[i].name);
		if (found)
			continue;
		if (missing.n)
			buf_lit(&missing, ", ");
		buf_add(&missing, c->wants[i].name);
	}
	if (missing.n)
		error_set(err, ERROR_INVALID,
			  "An error occurred while checking for chart dependencies. You may need to run "
			  "`helm dependency build` to fetch missing dependencies: found in Chart.yaml, "
			  "but missing in charts/ directory: %.*s",
			  STR_ARG(buf_str(&missing)));
	arena_done(&scratch);
	return !missing.n;
}
