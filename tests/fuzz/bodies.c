/*
 * Any bytes as the body of a webhook and of a sync request: read, or refused with words. URLs that a
 * webhook names are compared as the poller would.
 */
#include <stdint.h>
#include <stdlib.h>

#include "agent/agent.h"
#include "agent/git/url.h"

#define FUZZ_MEMORY (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(struct arena *a, str body)
{
	struct error err = {.kind = ERROR_NONE};
	struct sync_request q = {0};
	str *urls;
	size_t n;

	if (webhook_urls(a, body, &urls, &n, &err))
		for (size_t i = 0; i < n; i++)
			git_url_normalise(a, urls[i]);
	else if (!err.text[0])
		abort();
	error_clear(&err);
	if (!sync_request_read(a, body, &q, &err) && !err.text[0])
		abort();
	for (size_t i = 0; i < q.picks_n && !err.kind; i++)
		if (!q.picks[i].kind.n || !q.picks[i].name.n)
			abort();
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
