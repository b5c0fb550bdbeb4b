/*
 * Any bytes as a template over fixed values; what follows a line "---" is a second file with its
 * defines. Compiling and executing end with output or an error, whatever the bytes are.
 */
#include <stdint.h>

#include "base/json.h"
#include "base/limits.h"
#include "render/template.h"

#define FUZZ_MEMORY (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char values_json[] =
	"{\"s\":\"hello\",\"i\":3,\"f\":1.5,\"t\":true,\"fa\":false,\"e\":\"\",\"n\":null,"
	"\"m\":{\"b\":1,\"a\":{\"x\":[1,{\"y\":null}]}},\"l\":[1,\"two\",[3],{\"k\":\"v\"},null],"
	"\"tpl\":\"{{ .Values.s }}{{ define \\\"q\\\" }}{{ . }}{{ end }}{{ include \\\"q\\\" 1 }}\"}";

static str split(str *text)
{
	ptrdiff_t at = str_find(*text, STR("\n---\n"));
	str first = at < 0 ? *text : str_sub(*text, 0, (size_t)at);

	*text = at < 0 ? STR_NONE : str_from(*text, (size_t)at + 5);
	return first;
}

static bool add(struct arena *a, struct template_set *set, str name, str source)
{
	struct template_file *file;
	struct error err = {.kind = ERROR_NONE};

	return template_compile(a, name, source, &file, &err) && template_set_add(set, file, &err);
}

static void run(struct arena *a, str text, struct buf *out)
{
	struct template_set *set = template_set_new(a);
	struct map *dot = map_new(a, 1);
	struct exec_env env = {.seed = 1, .now_ns = 1};
	struct error err = {.kind = ERROR_NONE};
	struct value values;
	str first = split(&text);

	if (!json_read(a, str_of(values_json), JSON_READ_FLOATS, &values, &err))
		return;
	values.elem = ELEM_VALUES;
	map_set(a, dot, STR("Values"), values);
	if (text.s && !add(a, set, STR("c/templates/_b.tpl"), text))
		return;
	if (add(a, set, STR("c/templates/a.yaml"), first))
		exec_template(exec_new(a, set, &env), STR("c/templates/a.yaml"), value_of_map(dot),
			out, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct buf out;
	jmp_buf env;

	arena_init(&a, FUZZ_MEMORY);
	buf_init(&out, LIMIT_TEMPLATE_OUTPUT);
	if (setjmp(env) == 0) {
		arena_guard(&a, &env);
		run(&a, str_make((const char *)data, size), &out);
	}
	buf_done(&out);
	arena_done(&a);
	return 0;
}
