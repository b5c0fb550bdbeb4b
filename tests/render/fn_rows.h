/*
 * Rows of an action and what it renders, for the tests of render/fn. The wanted texts are those of
 * Helm 4.1.4.
 */
#ifndef TESTS_RENDER_FN_ROWS_H
#define TESTS_RENDER_FN_ROWS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "render/template.h"

struct fn_row {
	const char *action; /* between {{ and }}; a whole template when it holds "{{" itself */
	const char *want;   /* "!name: text": fails with "error calling name: text" */
};

#define fn_rows_bad(rows) fn_rows_check((rows), sizeof(rows) / sizeof *(rows))

static char fn_rendered[1 << 16];

static inline bool fn_rows_render(
	struct arena *a, str source, uint64_t seed, struct buf *out, struct error *err)
{
	struct exec_env env = {.seed = seed};
	struct template_set *set = template_set_new(a);
	struct map *values = map_new(a, 4), *dot = map_new(a, 1);
	struct template_file *file;

	map_set(a, values, STR("number"), value_float(80));
	map_set(a, values, STR("nothing"), VALUE_NONE);
	map_set(a, dot, STR("Values"), value_of_map(values));
	map_find(dot, STR("Values"))->elem = ELEM_VALUES;
	if (!template_compile(a, STR("t"), source, &file, err) || !template_set_add(set, file, err))
		return false;
	return exec_template(exec_new(a, set, &env), STR("t"), value_of_map(dot), out, err);
}

/* Renders one template by a seed; the text lives until the next call. "!text" is an error. */
static inline const char *fn_render(const char *source, unsigned long long seed)
{
	struct error err = {.kind = ERROR_NONE};
	struct arena a;
	struct buf out;
	jmp_buf env;

	arena_init(&a, LIMIT_RENDER_MEMORY);
	if (setjmp(env) == 0) {
		arena_guard(&a, &env);
		buf_in(&out, &a, 0);
		if (fn_rows_render(&a, str_of(source), seed, &out, &err))
			snprintf(fn_rendered, sizeof fn_rendered, "%.*s", STR_ARG(buf_str(&out)));
		else
			snprintf(fn_rendered, sizeof fn_rendered, "!%s", err.text);
	} else {
		snprintf(fn_rendered, sizeof fn_rendered, "!memory");
	}
	arena_done(&a);
	return fn_rendered;
}

static inline bool fn_rows_wanted(const char *got, const char *want)
{
	char call[4096];

	if (want[0] != '!')
		return strcmp(got, want) == 0;
	snprintf(call, sizeof call, "error calling %s", want + 1);
	return got[0] == '!' && strlen(got) >= strlen(call) &&
	       strcmp(got + strlen(got) - strlen(call), call) == 0;
}

/* Renders every row, prints those that differ and returns how many do. */
static inline size_t fn_rows_check(const struct fn_row *rows, size_t n)
{
	size_t bad = 0;

	for (size_t i = 0; i < n; i++) {
		char source[4096];
		const char *got;
		bool whole = strstr(rows[i].action, "{{") != NULL;

		snprintf(source, sizeof source, "%s%s%s", whole ? "" : "{{ ", rows[i].action,
			whole ? "" : " }}");
		got = fn_render(source, 7);
		if (fn_rows_wanted(got, rows[i].want))
			continue;
		bad++;
		printf("%s\n  want %s\n  got  %s\n", rows[i].action, rows[i].want, got);
	}
	return bad;
}

#endif
