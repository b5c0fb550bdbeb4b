/*
 * Rows that the real Helm answered: expressions, scalars, strings and the public YAML test suite,
 * each put through a whole render. They lie outside the repository, in $TIPHYS_SHARED/oracle or
 * ../shared/oracle beside the checkout; without them the test says so and is skipped.
 * With an argument: only the rows whose source contains it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/limits.h"
#include "render/render.h"

#define ORACLE_BYTES (8u << 20)

static const char *only;

struct probe {
	str values, template, want;
	const struct map *files;
	enum helm_compat compat;
};

static bool load(struct arena *a, const char *name, struct list **rows)
{
	static const char here[] = "tests/render/oracle.c";
	const char *shared = getenv("TIPHYS_SHARED");
	char path[4096];
	struct error err;
	struct value v;
	struct buf b;
	size_t n;
	FILE *f;

	if (shared)
		snprintf(path, sizeof path, "%s/oracle/%s", shared, name);
	else
		snprintf(path, sizeof path, "%.*s../shared/oracle/%s",
			(int)(strlen(__FILE__) - (sizeof here - 1)), __FILE__, name);
	f = fopen(path, "rb");
	if (!f) {
		print_message("SKIPPED: no %s; set TIPHYS_SHARED to the probes' folder\n", path);
		return false;
	}
	buf_in(&b, a, ORACLE_BYTES);
	while (buf_reserve(&b, 4096) && (n = fread(b.s + b.n, 1, 4096, f)) > 0)
		b.n += n;
	fclose(f);
	if (!json_read(a, buf_str(&b), 0, &v, &err))
		fail_msg("%s: %s", path, err.text);
	*rows = value_list(v);
	return true;
}

static str field(const struct value *row, const char *name)
{
	const struct value *v = map_find(value_map(*row), str_of(name));

	return v ? value_text(*v) : STR_NONE;
}

/* The probe's chart: what the template prints stands in a manifest, in hexadecimal digits. */
static struct files *chart(struct arena *a, const struct probe *p)
{
	struct files *files = files_memory(a);

	files_memory_add(files, STR("Chart.yaml"),
		STR("apiVersion: v2\nname: c\nversion: 0.1.0\nappVersion: \"1.2\"\n"));
	files_memory_add(files, STR("values.yaml"), p->values);
	files_memory_add(files, STR("templates/a.yaml"),
		arena_printf(a, "x: {{ (include \"t\" .) | printf \"=%%x\" }}\n{{ define \"t\" }}%.*s{{ end }}",
			STR_ARG(p->template)));
	for (uint32_t i = 0; i < map_n(p->files); i++)
		files_memory_add(files, map_key(&p->files->at[i]),
			value_text(p->files->at[i].value));
	return files;
}

/* White space folded, as the probes' errors are. */
static str folded(struct arena *a, str s)
{
	char *out = arena_news(a, s.n + 1, char);
	size_t n = 0;

	s = str_trim(s);
	for (size_t i = 0; i < s.n; i++) {
		bool blank = strchr(" \t\r\n", s.s[i]) && s.s[i];

		if (!blank)
			out[n++] = s.s[i];
		else if (n && out[n - 1] != ' ')
			out[n++] = ' ';
	}
	return str_make(out, n);
}

static unsigned digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static str from_hex(struct arena *a, str s)
{
	char *out = arena_news(a, s.n, char);
	size_t n = 0;

	for (size_t i = 1; i + 1 < s.n; i += 2)
		out[n++] = (char)(digit(s.s[i]) * 16 + digit(s.s[i + 1]));
	return str_make(out, n);
}

static str answer(struct arena *a, const struct probe *p)
{
	struct render_options options = {.release_name = STR("rel"), .compat = p->compat, .seed = 1};
	struct render_result result;
	struct error err = {.kind = ERROR_NONE};
	const struct value *x;

	if (!render_chart(NULL, a, chart(a, p), STR(""), &options, &result, &err))
		return arena_printf(a, "ERR Error: %.*s",
			STR_ARG(folded(a, str_of(err.text))));
	x = result.n ? map_find(value_map(result.manifests[0].object), STR("x")) : NULL;
	return x ? from_hex(a, value_text(*x)) : STR_NONE;
}

/* Helm adds a hint to what its server would say; long texts are cut by struct error. */
static bool same(str got, str want)
{
	static const char hint[] = " Use --debug flag to render out invalid YAML";

	if (!str_starts(want, STR("ERR ")))
		return str_eq(got, want);
	if (str_ends(want, str_of(hint)))
		want = str_sub(want, 0, want.n - (sizeof hint - 1));
	return str_eq(got, want) || (got.n >= LIMIT_ERROR_TEXT - 200 && str_starts(want, got));
}

/* Differences we know of, by a part of their template. */
static const char *const known[] = {
	/* No complex numbers here. */
	"{{ 1i }}",
	"{{ typeOf 1i }}",
	/* Go prints the struct, not its String(), when it was passed by value. */
	"toString .Capabilities.KubeVersion",
	/* Helm 3's names and messages. */
	"dig \"s\" \"d\" .Values",
	"semverCompare \">=1.2\" \"abc\"",
	"mustToYaml (list 1)",
	/* The words of Go's JSON and TOML parsers. */
	"mustFromJson \"[1\"",
	"fromToml \"a = \"",
	/* The probes' transport wrote \x as \u00 and folded line breaks. */
	"quote \"a\\u0000b\"",
	"quote \"\\u007f\"",
	"\\u0085x",
	"\\u2028x",
	"\\ufeffx",
	/* YAML: libyaml's scanner is newer than go-yaml's: \/, ':' in flow, "? a" in flow, "!" */
	" 2SXE-0 ", " 3UYS-0 ", " 4ABK-0 ", " 9MMA-0 ", " B63P-0 ", " FRK4-0 ", " HRE5-0 ",
	" JR7V-0 ", " M2N8-1 ", " S4JQ-0 ", " SF5V-0 ", " SU74-0 ", " U99R-0 ", " WZ62-0 ",
	" ZYU8-3 ",
};

static bool is_known(str template)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (str_has(template, str_of(known[i])))
			return true;
	return false;
}

static unsigned check(const struct probe *p)
{
	struct arena a;
	unsigned wrong = 0;
	str got;

	if (only && !str_has(p->template, str_of(only)) && !str_has(p->values, str_of(only)))
		return 0;
	arena_init(&a, 0);
	got = answer(&a, p);
	if (!same(got, p->want) && (only || !is_known(p->template))) {
		wrong = 1;
		print_error("template %.*s\n  want [%.*s]\n  got  [%.*s]\n", STR_ARG(p->template),
			STR_ARG(p->want), STR_ARG(got));
		if (p->values.n && p->values.n < 60)
			print_error("  values %.*s\n", STR_ARG(p->values));
	}
	arena_done(&a);
	return wrong;
}

static void run(const char *file, unsigned (*row)(struct arena *a, const struct value *v))
{
	struct arena a;
	struct list *rows;
	unsigned wrong = 0;

	arena_init(&a, 0);
	if (!load(&a, file, &rows)) {
		arena_done(&a);
		skip();
		return;
	}
	for (uint32_t i = 0; i < list_n(rows); i++)
		wrong += row(&a, &rows->at[i]);
	print_message("%s: %u rows, %u answers wrong\n", file, list_n(rows), wrong);
	arena_done(&a);
	assert_int_equal(wrong, 0);
}

static unsigned expression(struct arena *a, const struct value *row)
{
	const struct value *files = map_find(value_map(*row), STR("files"));
	struct probe p = {field(row, "values"), field(row, "template"), field(row, "helm4.1.4"),
		value_map(*files), HELM_4_1};
	unsigned wrong = check(&p);

	(void)a;
	p.want = field(row, "helm3.17.3");
	p.compat = HELM_3_17;
	return wrong + check(&p);
}

static const struct column {
	const char *name, *expression;
} columns[] = {
	{"print", " ."},
	{"toYaml", "toYaml ."},
	{"toYamlPretty", "toYamlPretty ."},
	{"toJson", "toJson ."},
	{"quote", "quote ."},
	{"squote", "squote ."},
	{"int", "int ."},
	{"float64", "float64 ."},
	{"kindOf", "kindOf ."},
	{"printf_d", "printf \"%d\" ."},
	{"printf_s", "printf \"%s\" ."},
	{"printf_f", "printf \"%f\" ."},
	{"toString", "toString ."},
};

static unsigned check_columns(struct arena *a, const struct value *row, str values, str of)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
		const char *e = columns[i].expression;
		struct probe p = {.values = values, .want = field(row, columns[i].name)};

		if (!map_find(value_map(*row), str_of(columns[i].name)))
			continue;
		p.template = arena_printf(a, "{{ %.*s %.*s }}", (int)(strlen(e) - 2), e,
			STR_ARG(of));
		if (!p.want.n && e[0] == ' ') /* Helm erased this from its output */
			p.want = STR("<no value>");
		wrong += check(&p);
	}
	return wrong;
}

static unsigned scalar(struct arena *a, const struct value *row)
{
	str values = arena_printf(a, "v: %.*s\n", STR_ARG(field(row, "yaml_scalar")));

	return check_columns(a, row, values, STR(".Values.v"));
}

static unsigned literal(struct arena *a, const struct value *row)
{
	str text = field(row, "go_string_literal");
	struct buf of;

	buf_in(&of, a, 0);
	buf_char(&of, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.s[i] == '"' && (!i || text.s[i - 1] != '\\'))
			buf_char(&of, '\\');
		buf_char(&of, text.s[i]);
	}
	buf_char(&of, '"');

	return check_columns(a, row, STR("{}"), buf_str(&of));
}

static unsigned suite_one(struct arena *a, const struct value *row, const char *function,
			  const char *column)
{
	struct map *files = map_new(a, 1);
	struct probe p = {.values = STR("{}"), .files = files};
	const struct value *want = map_find(value_map(*row), str_of(column));

	map_set(a, files, STR("y"), value_str(field(row, "yaml")));
	p.template = arena_printf(a, "{{ .Files.Get \"y\" | %s | toJson }}{{/* %.*s */}}", function,
		STR_ARG(field(row, "id")));
	p.want = json_text(a, *want, JSON_HTML);
	return check(&p);
}

static unsigned suite(struct arena *a, const struct value *row)
{
	return suite_one(a, row, "fromYaml", "helm_fromYaml") +
	       suite_one(a, row, "fromYamlArray", "helm_fromYamlArray");
}

static void expressions(void **state)
{
	(void)state;
	run("oracle_expr.json", expression);
}

static void scalars(void **state)
{
	(void)state;
	run("oracle_scalars.json", scalar);
}

static void strings(void **state)
{
	(void)state;
	run("oracle_strings.json", literal);
}

static void yaml_suite(void **state)
{
	(void)state;
	run("yts_oracle.json", suite);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expressions),
		cmocka_unit_test(scalars),
		cmocka_unit_test(strings),
		cmocka_unit_test(yaml_suite),
	};

	only = argc > 1 ? argv[1] : NULL;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
