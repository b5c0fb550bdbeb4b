/*
 * yaml_simple against libyaml: every short text of a few telling alphabets, and what charts write.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "render/yaml.h"
#include "render/yaml_simple.h"
#include "tests/render/yaml_same.h"

static bool taken(struct arena *a, str text, unsigned flags)
{
	struct error err = {.kind = ERROR_NONE};
	struct value simple, general;

	if (!yaml_simple(a, text, flags, &simple))
		return false;
	if (!yaml_read(a, text, flags | YAML_GENERAL, &general, &err))
		fail_msg("libyaml: %s in:\n%.*s", err.text, STR_ARG(text));
	if (!same(simple, general))
		fail_msg("not the same:\n%.*s", STR_ARG(text));
	return true;
}

/* All texts of `before`, up to n letters and a newline. */
static void every_text(const char *before, const char *letters, size_t n)
{
	size_t from = strlen(before), base = strlen(letters), some = 0;
	char text[64];
	struct arena a;

	memcpy(text, before, from);
	arena_init(&a, 0);
	for (size_t len = 1, total = base; len <= n; len++, total *= base)
		for (size_t i = 0; i < total; i++) {
			for (size_t k = 0, rest = i; k < len; k++, rest /= base)
				text[from + k] = letters[rest % base];
			text[from + len] = '\n';
			arena_clear(&a);
			some += taken(&a, str_make(text, from + len + 1), YAML_TYPED);
		}
	arena_done(&a);
	assert_true(some > 0);
}

static void short_texts(void **state)
{
	(void)state;
	every_text("", "a: \n-", 6);
	every_text("", "a: \n-#", 5);
	every_text("a: '", "a: \n'", 5);
	every_text("a: \"", "a \n\"\\", 5);
	every_text("a: a", "a \n#:-", 5);
	every_text("a: |", "a \n+-2", 5);
	every_text("a: >", "a \n", 8);
	every_text("a:\n - >-\n  ", "a \n", 7);
	every_text("a: [", "a,] \"", 5);
	every_text("a: &x\n b: 1\n", "c: *x&\n", 5);
	every_text("a: &x\n b: 1\nc:\n ", "<: *x\n", 6);
}

static void charts(void **state)
{
	static const char *const texts[] = {
		"a: 1\nb: -1.5\nc: 0x10\nd: yes\ne: ~\nf:\n", "a:\n- b\n- c: d\n  e: f\n-\n- - g\n  - h\n",
		"# a\na:  # b\n  b: c # d\n\n  e: {}\nf: []\n", "a: |\n  b\n\n   c\nd: |-\n  e\n\nf: |+\n  g\n\n", "a: |2\n   b\n",
		"a: >-\n  b\n  c\n\n  d\n   e\n", "a: b\n  c\n  d\n", "a: 'b''c'\nd: \"e\\n\\\"\"\n\"f\": 'g\n  h'\n",
		"a: [b, \"c\", 'd', 1]\n", "a: &b\n  c: d\ne:\n  <<: *b\n  !!merge <<: [*b]\nf: *b\n", "a: :80\nb: -c\nd: e#f:g\n",
		"a: \xC3\xA9\xF0\x9F\x98\x80\n", "a: 1\na: 2\n",
		"1: a\n", /* the last is declined: a key that is no text */
	};
	size_t n = sizeof texts / sizeof *texts;
	struct arena a;

	(void)state;
	arena_init(&a, 0);
	for (size_t i = 0; i < n; i++)
		if (taken(&a, str_of(texts[i]), i % 2 ? YAML_TYPED : YAML_FLOATS) != (i + 1 < n))
			fail_msg("%s:\n%s", i + 1 < n ? "declined" : "taken", texts[i]);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(short_texts), cmocka_unit_test(charts)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
