/*
 * Any bytes as a server's replies: advertisement, refs, pack (the first byte chooses). What is
 * accepted keeps its promises.
 */
#include <stdint.h>
#include <stdlib.h>

#include "agent/git/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct git_reader reader;
static size_t packed;

static bool count(void *arg, str bytes, struct error *err)
{
	(void)arg;
	(void)err;
	packed += bytes.n;
	return true;
}

static void check(const struct git_refs *refs)
{
	for (size_t i = 0; i < refs->n; i++) {
		const struct git_ref *r = &refs->at[i];

		if (!git_hex_valid(r->oid) || !r->name.n || (r->peeled.n && !git_hex_valid(r->peeled)))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct git_advert advert = {.version = size && (data[0] & 4) ? 2 : 0};
	struct git_refs refs = {0};
	struct error err;
	struct arena a;

	if (size < 1)
		return 0;
	arena_init(&a, 0);
	packed = 0;
	if ((data[0] & 3) == 0)
		git_reader_advert(&reader, &a, &advert);
	else if ((data[0] & 3) == 1)
		git_reader_refs(&reader, &a, &refs);
	else
		git_reader_pack(&reader, &advert, count, NULL);
	if (git_reader_feed(&reader, str_make((const char *)data + 1, size - 1), &err)) {
		check(&refs);
		check(&advert.refs);
	} else if (err.kind == ERROR_NONE || !err.text[0]) {
		abort();
	}
	if (packed > size)
		abort();
	arena_done(&a);
	return 0;
}
