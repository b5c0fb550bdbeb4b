/*
 * Any bytes as requests to the API server in memory: METHOD TARGET\n CONTENT-TYPE\n BODY, parts divided by
 * a NUL. Whatever comes, an answer goes out, and a watch can be read and closed.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "kube/kube.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const str GROUPS[] = {STR_INIT("system:masters")};
static const struct kube_user ADMIN = {STR_INIT("admin"), GROUPS, 1};

static void one(struct kube *k, str text)
{
	struct kube_request r = {.user = &ADMIN, .user_agent = STR("fuzz/1")};
	struct kube_reply reply;
	struct arena a;
	char out[4096];

	arena_init(&a, (size_t)256 << 20);
	r.method = str_cut(text, ' ', &text);
	r.target = str_cut(text, '\n', &text);
	r.content_type = str_cut(text, '\n', &text);
	r.body = text;
	kube_answer(k, &a, &r, &reply);
	if (reply.status < 200 || reply.status > 599)
		abort();
	if (reply.watch) {
		while (kube_watch_read(reply.watch, out, sizeof out) > 0)
			;
		kube_watch_close(reply.watch);
	}
	kube_advance(k, kube_now(k) + 1000000000);
	arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kube_options o = {.seed = 1, .now = INT64_C(1764000000000000000), .no_controllers = true, .history = 16};
	str text = str_make((const char *)data, size), part;
	struct kube *k = kube_new(&o, NULL);

	if (!k)
		abort();
	while (text.n) {
		part = str_cut(text, '\0', &text);
		one(k, part);
	}
	kube_free(k);
	return 0;
}
