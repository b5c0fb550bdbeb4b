/*
 * Options, hooks, waves, and the decision to sync by itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/time.h"
#include "sync/policy.h"

static struct value read(struct arena *a, const char *text)
{
	struct value v;

	assert_true(json_read(a, str_of(text), 0, &v, NULL));
	return v;
}

static struct object_rules rules_of(struct arena *a, const char *annotations)
{
	return policy_object(NULL, read(a, arena_printf(a, "{\"metadata\":{\"annotations\":{%s}}}", annotations).s));
}

static void test_hooks(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 0);
	assert_int_equal(rules_of(&a, "\"argocd.argoproj.io/hook\":\"PreSync, PostSync\"").hooks,
			 HOOK_PRE_SYNC | HOOK_POST_SYNC);
	assert_int_equal(rules_of(&a, "\"helm.sh/hook\":\"pre-install,pre-upgrade\"").hooks, HOOK_PRE_SYNC);
	assert_int_equal(rules_of(&a, "\"helm.sh/hook\":\"post-install\",\"argocd.argoproj.io/hook\":\"Sync\"").hooks, HOOK_SYNC);
	assert_true(rules_of(&a, "\"helm.sh/hook\":\"test\"").ignored);
	assert_false(rules_of(&a, "\"helm.sh/hook\":\"crd-install\"").ignored);
	assert_int_equal(rules_of(&a, "\"argocd.argoproj.io/hook\":\"Skip,PreSync\"").hooks, HOOK_PRE_SYNC);
	assert_int_equal(rules_of(&a, "\"argocd.argoproj.io/hook\":\"Sync\"").hook_delete, HOOK_DELETE_BEFORE_CREATION);
	assert_int_equal(rules_of(&a, "\"argocd.argoproj.io/hook\":\"Sync\",\"helm.sh/hook-delete-policy\":\"hook-failed\","
				      "\"argocd.argoproj.io/hook-delete-policy\":\"HookSucceeded\"").hook_delete,
			 HOOK_DELETE_FAILED | HOOK_DELETE_SUCCEEDED);
	assert_int_equal(rules_of(&a, "\"argocd.argoproj.io/sync-wave\":\"-5\"").wave, -5);
	assert_int_equal(rules_of(&a, "\"argocd.argoproj.io/sync-wave\":\"x\",\"helm.sh/hook-weight\":\"3\"").wave, 3);
	assert_int_equal(rules_of(&a, "\"argocd.argoproj.io/sync-options\":\"Prune=false, Replace=true\"").options.prune, CONFIRM_NO);
	arena_done(&a);
}

static void test_spec(void **state)
{
	struct error err = {.kind = ERROR_NONE};
	struct policy p;
	struct arena a;

	(void)state;
	arena_init(&a, 0);
	assert_true(policy_read(&a, read(&a, "{\"syncPolicy\":{\"automated\":{\"prune\":true},\"syncOptions\":"
					     "[\"CreateNamespace=true\",\"Nonsense=true\"],\"retry\":{\"limit\":2,\"backoff\":"
					     "{\"duration\":\"1s\",\"factor\":3,\"maxDuration\":\"1m\"}}}}"), &p, &err));
	assert_true(p.automated && p.prune && !p.self_heal && p.options.create_namespace);
	assert_int_equal(p.notes_n, 1);
	assert_int_equal(p.retry.limit, 2);
	assert_int_equal(p.retry.first_ns, TIME_SECOND);
	assert_true(policy_read(&a, read(&a, "{}"), &p, &err));
	assert_false(p.automated);
	assert_false(policy_read(&a, read(&a, "{\"syncPolicy\":[]}"), &p, &err));
	assert_true(policy_read(&a, read(&a, "{\"ignoreDifferences\":[{\"managedFieldsManagers\":[\"m\"]}]}"), &p, &err));
	assert_true(p.notes_n == 1 && str_has(p.notes[0], STR("managedFieldsManagers has no effect")));
	policy_annotations(read(&a, "{\"metadata\":{\"annotations\":{\"argocd.argoproj.io/client-side-apply-migration-manager\":"
				    "\"helm\"}}}"), &p);
	assert_true(str_is(p.migration_manager, "helm"));
	assert_true(policy_approved(read(&a, "{\"metadata\":{\"annotations\":{\"argocd.argoproj.io/deletion-approved\":"
					     "\"1970-01-01T00:00:02Z\"}}}")) == 2 * TIME_SECOND);
	assert_true(policy_approved(read(&a, "{}")) == 0);
	arena_done(&a);
}

static enum auto_verdict verdict(struct auto_facts f, bool prune, bool heal)
{
	struct policy p = {.automated = true, .prune = prune, .self_heal = heal};
	enum auto_verdict v;
	struct arena a;
	int64_t when;
	str why;

	arena_init(&a, 0);
	v = policy_auto(&a, &p, &f, &when, &why);
	arena_done(&a);
	return v;
}

static void test_auto(void **state)
{
	struct auto_facts f = {.out_of_sync = true, .now = 1000 * TIME_SECOND, .last_ended = 900 * TIME_SECOND};

	(void)state;
	assert_int_equal(verdict(f, false, false), AUTO_SYNC);
	f.same_target = true;
	f.last = LAST_SUCCEEDED;
	assert_int_equal(verdict(f, false, false), AUTO_NO);
	assert_int_equal(verdict(f, false, true), AUTO_HEAL);
	f.heals = 5;
	f.last_ended = f.now - TIME_SECOND;
	assert_int_equal(verdict(f, false, true), AUTO_LATER);
	f.last = LAST_FAILED;
	assert_int_equal(verdict(f, false, true), AUTO_ERROR);
	f.last_transient = true;
	assert_int_equal(verdict(f, false, true), AUTO_LATER);
	f = (struct auto_facts){.out_of_sync = true, .only_prunes = true};
	assert_int_equal(verdict(f, false, false), AUTO_NO);
	assert_int_equal(verdict(f, true, false), AUTO_SYNC);
	f.all_prunes = true;
	assert_int_equal(verdict(f, true, false), AUTO_ERROR);
	f = (struct auto_facts){.out_of_sync = true, .blocked = true};
	assert_int_equal(verdict(f, true, true), AUTO_NO);
}

static void test_retry(void **state)
{
	struct retry_policy r = {.limit = 2, .first_ns = 5 * TIME_SECOND, .max_ns = 8 * TIME_SECOND, .factor = 2};
	int64_t delay;

	(void)state;
	assert_true(policy_retry(&r, 0, &delay));
	assert_int_equal(delay, 5 * TIME_SECOND);
	assert_true(policy_retry(&r, 1, &delay));
	assert_int_equal(delay, 8 * TIME_SECOND);
	assert_false(policy_retry(&r, 2, &delay));
	r.limit = -1;
	assert_true(policy_retry(&r, 1000000, &delay));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_hooks), cmocka_unit_test(test_spec),
					   cmocka_unit_test(test_auto), cmocka_unit_test(test_retry)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
