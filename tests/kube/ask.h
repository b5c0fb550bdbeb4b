/* Asking a server of one's own, inside the test. */
#ifndef TESTS_KUBE_ASK_H
#define TESTS_KUBE_ASK_H

#include "base/json.h"
#include "base/time.h"
#include "kube/kube.h"

#define ASK_START (INT64_C(1764000000) * TIME_SECOND)

static const str ask_groups[] = {STR_INIT("system:masters")};
static const struct kube_user ask_admin = {STR_INIT("admin"), ask_groups, 1};

static inline struct kube *ask_new(void)
{
	struct kube_options o = {.seed = 1, .now = ASK_START, .no_controllers = true, .history = 64};
	struct error err = {0};
	struct kube *k = kube_new(&o, &err);

	assert_non_null(k);
	return k;
}

/* The body as text, NUL-terminated; *status may be NULL. */
static inline const char *ask_text(struct kube *k, struct arena *a, const char *method, const char *target,
				   const char *type, const char *body, struct kube_reply *reply)
{
	struct kube_request r = {.method = str_of(method), .target = str_of(target), .content_type = str_of(type),
				 .user = &ask_admin, .user_agent = STR("test/1"), .body = str_of(body)};

	kube_answer(k, a, &r, reply);
	return arena_cstr(a, reply->body);
}

static inline struct value ask(struct kube *k, struct arena *a, const char *method, const char *target,
			       const char *type, const char *body, int status)
{
	struct kube_reply reply;
	const char *text = ask_text(k, a, method, target, type, body, &reply);
	struct error err = {0};
	struct value v;

	if (reply.status != status)
		print_error("%s %s: %d, not %d: %s\n", method, target, reply.status, status, text);
	assert_int_equal(reply.status, status);
	assert_true(json_read(a, str_of(text), 0, &v, &err));
	return v;
}

#endif
