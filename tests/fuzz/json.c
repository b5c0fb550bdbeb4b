/*
 * Any bytes as JSON: reads or refuses; what was read, written and read again is written the same,
 * in the plain form and in the form for server-side apply. (Texts, not values: a float beyond
 * 2^53 without a fraction comes back as an integer; or equal values: -0.0 comes back as 0.)
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct arena *a, struct value v, unsigned flags)
{
	struct error err;
	struct value again;
	str text = json_text(a, v, flags);

	if (!json_read(a, text, 0, &again, &err))
		abort();
	if (!str_eq(text, json_text(a, again, flags)) && !value_equal(v, again))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct error err;
	struct value v;

	arena_init(&a, 0);
	if (json_read(&a, str_make((const char *)data, size), 0, &v, &err)) {
		check(&a, v, 0);
		check(&a, v, JSON_HTML | JSON_PRETTY);
		check(&a, v, JSON_APPLY);
	}
	arena_done(&a);
	return 0;
}
