/*
 * Every case of fixtures/templates/ (tools/golden says what a case is and asks the real Helm).
 * With an argument: only the cases whose file or name contains it.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/limits.h"
#include "render/template.h"
#include "render/yaml.h"

struct golden {
	str name, values, template, want;
	bool fails;
};

static const char *only;
static unsigned ran, wrong;

/* The checkout, seen from this file. */
static const char *fixtures(void)
{
	static char path[4096];
	static const char here[] = "tests/render/golden.c";
	size_t n = strlen(__FILE__) - (sizeof here - 1);

	snprintf(path, sizeof path, "%.*sfixtures/templates", (int)n, __FILE__);
	return path;
}

static str file_text(struct arena *a, const char *path)
{
	FILE *f = fopen(path, "rb");
	struct buf b;
	size_t n;

	assert_non_null(f);
	buf_in(&b, a, 1 << 22);
	while (buf_reserve(&b, 4096) && (n = fread(b.s + b.n, 1, 4096, f)) > 0)
		b.n += n;
	fclose(f);
	if (b.n && b.s[b.n - 1] == '\n')
		b.n--;
	return buf_str(&b);
}

/* One line, with its newline cut off. */
static str next_line(str *text)
{
	return str_cut(*text, '\n', text);
}

static bool is_mark(str line)
{
	return str_starts(line, STR("=== ")) || str_starts(line, STR("--- "));
}

/* The lines up to the next mark, without the last newline. */
static str next_section(str *text)
{
	const char *start = text->s, *end = start;

	while (text->s) {
		str rest = *text, line = next_line(&rest);

		if (is_mark(line))
			break;
		end = line.s + line.n;
		*text = rest;
	}
	return str_make(start, (size_t)(end - start));
}

static void dot_of(struct arena *a, struct value values, struct value *out)
{
	struct map *dot = map_new(a, 2), *release = map_new(a, 6);

	if (!value_map(values))
		values = value_of_map(map_new(a, 0));
	values.elem = ELEM_VALUES;
	map_set(a, release, STR("Name"), value_lit("rel"));
	map_set(a, release, STR("Namespace"), value_lit("default"));
	map_set(a, release, STR("Service"), value_lit("Helm"));
	map_set(a, release, STR("Revision"), value_int(1));
	map_set(a, release, STR("IsInstall"), value_bool(true));
	map_set(a, release, STR("IsUpgrade"), value_bool(false));
	map_set(a, dot, STR("Values"), values);
	map_set(a, dot, STR("Release"), value_of_map(release));
	*out = value_of_map(dot);
	out->elem = ELEM_VALUES;
}

static bool render(struct arena *a, const struct golden *g, struct buf *out, struct error *err)
{
	struct template_set *set = template_set_new(a);
	struct exec_env env = {.seed = 1};
	struct template_file *file;
	struct value values, dot;

	if (!yaml_read(a, g->values, YAML_FLOATS, &values, err))
		return false;
	dot_of(a, values, &dot);
	return template_compile(a, STR("c/templates/t.yaml"), g->template, &file, err) &&
	       template_set_add(set, file, err) &&
	       exec_template(exec_new(a, set, &env), STR("c/templates/t.yaml"), dot, out, err);
}

/* Helm's long errors end where ours are cut. */
static bool same(const struct golden *g, bool ok, str got)
{
	if (g->fails && !ok && got.n >= LIMIT_ERROR_TEXT - 1)
		return str_starts(g->want, got);
	return ok == !g->fails && str_eq(got, g->want);
}

static void check(const char *file, const struct golden *g)
{
	struct error err = {.kind = ERROR_NONE};
	struct arena a;
	struct buf out;
	bool ok;
	str got;

	arena_init(&a, LIMIT_RENDER_MEMORY);
	buf_init(&out, 0);
	ok = render(&a, g, &out, &err);
	got = ok ? buf_str(&out) : str_of(err.text);
	ran++;
	if (!same(g, ok, got)) {
		wrong++;
		print_error("%s: %.*s\n  template %.*s\n  want %s[%.*s]\n  got  %s[%.*s]\n", file,
			STR_ARG(g->name), STR_ARG(g->template), g->fails ? "error " : "",
			STR_ARG(g->want), ok ? "" : "error ", STR_ARG(got));
	}
	buf_done(&out);
	arena_done(&a);
}

static bool wanted(const char *file, str name)
{
	return !only || strstr(file, only) || str_has(name, str_of(only));
}

static void check_file(const char *dir, const char *file)
{
	char path[8192];
	struct arena a;
	struct golden g = {.name = STR_NONE};
	str text, shared = STR_NONE;

	arena_init(&a, 0);
	snprintf(path, sizeof path, "%s/%s", dir, file);
	text = file_text(&a, path);
	while (text.s) {
		str mark = next_line(&text), what = str_from(mark, 4);
		bool output = str_is(what, "output");

		assert_true(is_mark(mark));
		if (mark.s[0] == '=') {
			g = (struct golden){.name = what, .values = shared};
		} else if (str_is(what, "values")) {
			g.values = next_section(&text);
			if (!g.name.s)
				shared = g.values;
		} else if (str_is(what, "template")) {
			g.template = next_section(&text);
		} else {
			g.want = next_section(&text);
			g.fails = !output;
			if (wanted(file, g.name))
				check(file, &g);
		}
	}
	arena_done(&a);
}

static void golden(void **state)
{
	const char *dir = fixtures();
	struct dirent **entries;
	int n = scandir(dir, &entries, NULL, alphasort);

	(void)state;
	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		if (str_ends(str_of(entries[i]->d_name), STR(".txt")))
			check_file(dir, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	print_message("%u cases, %u wrong\n", ran, wrong);
	assert_true(ran > 0);
	assert_int_equal(wrong, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(golden)};

	only = argc > 1 ? argv[1] : NULL;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
