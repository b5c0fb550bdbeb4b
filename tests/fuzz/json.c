/*
 * Any bytes as JSON: reads or refuses. Read as floats, the text that is written reads back to the
 * same text. Read as Go's int64 and float64, types may move once (a float beyond 2^53 without a
 * fraction comes back as an integer, -0.0 as 0), so there the second text must be a fixed point.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static str again(struct arena *a, str text, unsigned read, unsigned write)
{
	struct error err;
	struct value v;

	if (!json_read(a, text, read, &v, &err))
		abort();
	return json_text(a, v, write);
}

static void check(struct arena *a, str source, unsigned write)
{
	struct error err;
	struct value v;
	str text;

	if (!json_read(a, source, JSON_READ_FLOATS, &v, &err))
		return;
	text = json_text(a, v, write);
	if (!str_eq(text, again(a, text, JSON_READ_FLOATS, write)))
		abort();
	if (!json_read(a, source, 0, &v, &err))
		abort();
	text = again(a, json_text(a, v, write), 0, write);
	if (!str_eq(text, again(a, text, 0, write)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	str source = str_make((const char *)data, size);

	arena_init(&a, 0);
	check(&a, source, 0);
	check(&a, source, JSON_HTML | JSON_PRETTY);
	check(&a, source, JSON_APPLY);
	arena_done(&a);
	return 0;
}
