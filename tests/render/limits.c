/*
 * Hostile templates end with an error that names the limit, in bounded time and memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/limits.h"
#include "render/template.h"
#include "render/yaml.h"

static const char self_include[] =
	"{{ define \"a\" }}{{ include \"a\" . }}{{ end }}{{ include \"a\" . }}";
static const char self_template[] =
	"{{ define \"a\" }}{{ template \"a\" . }}{{ end }}{{ template \"a\" . }}";
static const char self_tpl[] = "{{ define \"a\" }}{{ tpl \"{{ include \\\"a\\\" . }}\" . }}{{ end }}"
			       "{{ include \"a\" . }}";
static const char forever[] = "{{ $l := until 100000 }}{{ range $l }}{{ range $l }}{{ end }}{{ end }}";
static const char twins[] = "{{ $d := dict }}{{ $e := dict }}{{ range until 40 }}"
			    "{{ $d = dict \"a\" $d \"b\" $d }}{{ $e = dict \"a\" $e \"b\" $e }}{{ end }}";

static void run(str source, enum error_kind kind, const char *part)
{
	struct error err = {.kind = ERROR_NONE};
	struct template_file *file;
	struct template_set *set;
	struct exec_env env = {.seed = 1};
	struct arena a;
	struct buf out;
	bool ok;

	arena_init(&a, LIMIT_RENDER_MEMORY);
	buf_init(&out, LIMIT_TEMPLATE_OUTPUT + (1u << 20));
	set = template_set_new(&a);
	ok = template_compile(&a, STR("t"), source, &file, &err) &&
	     template_set_add(set, file, &err) &&
	     exec_template(exec_new(&a, set, &env), STR("t"), value_of_map(map_new(&a, 0)), &out,
		     &err);
	assert_false(ok);
	if (err.kind != kind || !strstr(err.text, part))
		fail_msg("kind %d, wanted %d with \"%s\": %s", (int)err.kind, (int)kind, part,
			err.text);
	assert_true(out.n <= LIMIT_TEMPLATE_OUTPUT + (1u << 20));
	buf_done(&out);
	arena_done(&a);
}

static void steps(void **state)
{
	(void)state;
	run(str_of(forever), ERROR_LIMIT, "steps");
}

static void depth(void **state)
{
	(void)state;
	run(str_of(self_template), ERROR_LIMIT, "exceeded maximum template depth");
	run(str_of(self_include), ERROR_INVALID, "executing");
	run(str_of(self_tpl), ERROR_LIMIT, "executing");
}

static void output(void **state)
{
	(void)state;
	run(STR("{{ range until 80 }}{{ repeat 1000000 \"x\" }}{{ end }}"), ERROR_LIMIT, "output");
	run(STR("{{ $s := repeat 1000000 \"x\" }}{{ range until 80 }}{{ $s }}{{ end }}"),
		ERROR_LIMIT, "output");
}

static void with_twins(const char *rest)
{
	struct arena a;

	arena_init(&a, 0);
	run(arena_printf(&a, "%s%s", twins, rest), ERROR_LIMIT, "");
	arena_done(&a);
}

/* Two values with 2^40 parts, made of 80 maps. */
static void shared_parts(void **state)
{
	(void)state;
	with_twins("{{ $d | toYaml }}");
	with_twins("{{ $d | toYamlPretty }}");
	with_twins("{{ $d | toJson }}");
	with_twins("{{ $d | toToml }}");
	with_twins("{{ $d }}");
	with_twins("{{ print $d }}");
	with_twins("{{ printf \"%v\" $d }}");
	with_twins("{{ printf \"%#v\" $d }}");
	with_twins("{{ $d | toString }}");
	with_twins("{{ deepCopy $d }}");
	with_twins("{{ merge $d $e }}");
	with_twins("{{ mergeOverwrite $d $e }}");
}

static void memory(void **state)
{
	(void)state;
	run(STR("{{ $s := \"xxxxxxxx\" }}{{ range until 40 }}{{ $s = print $s $s }}{{ end }}"),
		ERROR_LIMIT, "");
	run(STR("{{ $l := list 1 }}{{ range until 40 }}{{ $l = concat $l $l }}{{ end }}"),
		ERROR_LIMIT, "");
	run(STR("{{ until 2000000000 }}"), ERROR_LIMIT, "");
	run(STR("{{ repeat 2000000000 \"abc\" }}"), ERROR_LIMIT, "");
	run(STR("{{ printf \"%999999s%999999s\" (repeat 99999999 \"x\") (repeat 99999999 \"x\") }}"),
		ERROR_LIMIT, "");
}

/* open n times, then close n times. */
static void nested(const char *open, const char *middle, const char *close)
{
	struct arena a;
	struct buf b;

	arena_init(&a, 0);
	buf_in(&b, &a, 0);
	for (unsigned i = 0; i < LIMIT_TEMPLATE_NESTING + 10; i++)
		buf_lit(&b, open);
	buf_lit(&b, middle);
	for (unsigned i = 0; i < LIMIT_TEMPLATE_NESTING + 10; i++)
		buf_lit(&b, close);
	run(buf_str(&b), ERROR_INVALID, "nested deeper");
	arena_done(&a);
}

static void nesting(void **state)
{
	struct arena a;
	struct buf b;

	(void)state;
	nested("{{ if true }}", "x", "{{ end }}");
	nested("{{ range list }}", "x", "{{ end }}");
	nested("{{ if true }}a{{ else }}", "x", "{{ end }}");
	arena_init(&a, 0);
	buf_in(&b, &a, 0);
	buf_lit(&b, "{{ ");
	buf_fill(&b, '(', LIMIT_TEMPLATE_NESTING + 10);
	buf_char(&b, '1');
	buf_fill(&b, ')', LIMIT_TEMPLATE_NESTING + 10);
	buf_lit(&b, " }}");
	run(buf_str(&b), ERROR_INVALID, "nested deeper");
	buf_clear(&b);
	buf_lit(&b, "{{ if false }}");
	for (unsigned i = 0; i < LIMIT_TEMPLATE_NESTING + 10; i++)
		buf_lit(&b, "{{ else if false }}");
	buf_lit(&b, "{{ end }}");
	run(buf_str(&b), ERROR_INVALID, "nested deeper");
	arena_done(&a);
}

static void size(void **state)
{
	struct arena a;
	struct buf b;

	(void)state;
	arena_init(&a, 0);
	buf_in(&b, &a, LIMIT_TEMPLATE_BYTES + 1);
	buf_fill(&b, 'x', LIMIT_TEMPLATE_BYTES + 1);
	run(buf_str(&b), ERROR_LIMIT, "larger than");
	arena_done(&a);
}

static void yaml_refuses(struct arena *a, str text)
{
	struct error err = {.kind = ERROR_NONE};
	struct value v;

	assert_false(yaml_read(a, text, YAML_FLOATS, &v, &err));
	if (err.kind != ERROR_LIMIT)
		fail_msg("%s", err.text);
}

static void yaml(void **state)
{
	struct arena a;
	struct buf b;

	(void)state;
	arena_init(&a, LIMIT_RENDER_MEMORY);
	buf_in(&b, &a, LIMIT_YAML_BYTES);
	buf_fill(&b, '[', LIMIT_YAML_DEPTH + 2);
	buf_fill(&b, ']', LIMIT_YAML_DEPTH + 2);
	yaml_refuses(&a, buf_str(&b));
	buf_clear(&b);
	buf_lit(&b, "a0: &a0 [x, x]\n");
	for (int i = 1; i < 40; i++)
		buf_printf(&b, "a%d: &a%d [*a%d, *a%d]\n", i, i, i - 1, i - 1);
	yaml_refuses(&a, buf_str(&b));
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps),
		cmocka_unit_test(depth),
		cmocka_unit_test(output),
		cmocka_unit_test(memory),
		cmocka_unit_test(shared_parts),
		cmocka_unit_test(nesting),
		cmocka_unit_test(size),
		cmocka_unit_test(yaml),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
