/*
 * Any bytes as YAML: reads or refuses. What was read as floats and written again reads back equal.
 * The pretty writer, which like go-yaml v3 writes literals that begin with a tab and that the
 * reader refuses, need only end.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "render/fn.h"
#include "render/yaml.h"

#define FUZZ_MEMORY (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(struct arena *a, struct value v)
{
	struct error err = {.kind = ERROR_NONE};
	struct value back;
	struct buf text;

	buf_in(&text, a, LIMIT_YAML_BYTES);
	/* What JSON cannot carry is refused, and reading has caps of its own. */
	if (!yaml_write(&text, v))
		return;
	/* Helm writes these line breaks as they are; a reader folds them. */
	if (str_has(buf_str(&text), STR("\xC2\x85")) || str_has(buf_str(&text), STR("\xE2\x80\xA8")) ||
	    str_has(buf_str(&text), STR("\xE2\x80\xA9")))
		return;
	if (!yaml_read(a, buf_str(&text), YAML_FLOATS, &back, &err)) {
		if (err.kind == ERROR_LIMIT)
			return;
		fprintf(stderr, "%s\n%s\n", err.text, buf_cstr(&text));
		abort();
	}
	if (!value_deep_equal(v, back)) {
		fprintf(stderr, "not equal:\n%s\n", buf_cstr(&text));
		abort();
	}
}

static void run(struct arena *a, str text)
{
	struct error err = {.kind = ERROR_NONE};
	struct list *all;
	struct buf pretty;
	struct value v;

	yaml_read_all(a, text, YAML_TYPED, &all, &err);
	if (!yaml_read(a, text, YAML_FLOATS, &v, &err))
		return;
	again(a, v);
	buf_in(&pretty, a, LIMIT_YAML_BYTES);
	yaml_write_pretty(&pretty, v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	jmp_buf env;

	arena_init(&a, FUZZ_MEMORY);
	if (setjmp(env) == 0) {
		arena_guard(&a, &env);
		run(&a, str_make((const char *)data, size));
	}
	arena_done(&a);
	return 0;
}
