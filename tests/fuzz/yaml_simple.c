/*
 * What yaml_simple reads, libyaml reads too, and as the same values: types, order of keys, bytes.
 * The input is taken as a text, and as a row of pieces that YAML texts are made of.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "render/yaml.h"
#include "render/yaml_simple.h"
#include "tests/render/yaml_same.h"

#define FUZZ_MEMORY (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(struct arena *a, str text, unsigned flags)
{
	struct error err = {.kind = ERROR_NONE};
	struct value simple, general;

	if (!yaml_simple(a, text, flags, &simple))
		return;
	if (!yaml_read(a, text, flags | YAML_GENERAL, &general, &err)) {
		fprintf(stderr, "libyaml: %s\n%.*s\n", err.text, STR_ARG(text));
		abort();
	}
	if (!same(simple, general)) {
		fprintf(stderr, "not the same:\n%.*s\n", STR_ARG(text));
		abort();
	}
}

/* The bytes in a block of their own, so that ASan sees what is read past them. */
static void compare_exact(struct arena *a, str text, unsigned flags)
{
	char *own = malloc(text.n + 1);

	if (!own)
		return;
	memcpy(own + 1, text.s, text.n);
	own[0] = '\n';
	compare(a, str_make(own + 1, text.n), flags);
	free(own);
}

static str pieces(struct arena *a, const uint8_t *data, size_t size)
{
	static const char *const known[] = {
		"\n", "\n", "\n", "\n  ", "\n  ", "\n    ", "\n      ", "\n\n", " ", "  ", "- ", "- ", "-", ":", ": ", ": ",
		"a: ", "b: ", "a:", "b:\n", "c:\n  ", "d: e", "a", "b", "foo bar", "x: |\n", "y: >-\n", "|", "|-", "|+", ">",
		"|2", "2", "-", "+", "#", " # c", "\n# c\n", "'", "''", "\"", "\\", "\\n", "\\\"", "\\ ", "'a b'", "\"a b\"",
		"[]", "{}", "[", "]", ",", "{", "}", "[a, \"b\"]", "&a ", "*a", "&b\n", "*b", "<<: *a", "<<", "!!merge <<: *a",
		"!!str ", "?", "? ", "~", "null", "true", "no", "1", "-1", "0x1f", "1.5", "1e3", ".inf", "2001-01-01", "---",
		"...", "%", "@", "`", "\t", "\r", "\xC3\xA9", "\xE2\x80\xA8", "\xF0\x9F\x98\x80", "\xC2\x85", "=", "1_000",
		"a b: c", "'k': v", "\"k\": v", "-a", ":a", "?a", "a#b", "a:b", "- - ", "- a: ", "- &a ", "x: &a ", "x: *a",
	};
	struct buf b;

	buf_in(&b, a, 0);
	for (size_t i = 0; i < size; i++)
		buf_lit(&b, known[data[i] % (sizeof known / sizeof *known)]);
	buf_char(&b, '\n');
	return buf_str(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned flags = size && data[0] & 1 ? YAML_FLOATS : YAML_TYPED;
	struct arena a;
	jmp_buf env;

	arena_init(&a, FUZZ_MEMORY);
	if (setjmp(env) == 0) {
		arena_guard(&a, &env);
		compare_exact(&a, str_make((const char *)data, size), flags);
		compare_exact(&a, pieces(&a, data, size), flags);
	}
	arena_done(&a);
	return 0;
}
