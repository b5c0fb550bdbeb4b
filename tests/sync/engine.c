/*
 * The engine over a cluster in memory: what it writes, in which order, and how it ends.
 */
#include "base/limits.h"
#include "tests/sync/fake.h"

#define HOOK(phase, policy)                                                                                            \
	"\"annotations\":{\"argocd.argoproj.io/hook\":\"" phase                                                        \
	"\",\"argocd.argoproj.io/hook-delete-policy\":\"" policy "\"}"
#define WAVE(n) "\"annotations\":{\"argocd.argoproj.io/sync-wave\":\"" n "\"}"
#define OPTIONS(text) "\"annotations\":{\"argocd.argoproj.io/sync-options\":\"" text "\"}"
#define UNREADY "\"spec\":{\"replicas\":1},\"status\":{}"

static void ends(struct fake *f, enum operation_phase phase, const char *message)
{
	if (!f->finished || sync_phase_of(f->sync) != phase || !fake_says(sync_message(f->sync), message))
		fail_msg("finished %d, %s: %.*s; want %s\n%s", f->finished, operation_phase_name(sync_phase_of(f->sync)),
			 STR_ARG(sync_message(f->sync)), message, buf_cstr(&f->log));
}

/* The live object gets another status, and the sync is told. */
static void status(struct fake *f, const char *version, const char *kind, const char *name, const char *text)
{
	struct object_key key = object_key(fake_object(f, version, kind, name, "\"namespace\":\"ns\"", ""));
	struct value *live = fake_find(f, &key);

	assert_non_null(live);
	map_set(&f->keep, value_map(*live), STR("status"), fake_read(f, text));
	sync_notify(f->sync, &key);
}

#define COMPLETE "{\"conditions\":[{\"type\":\"Complete\",\"status\":\"True\"}]}"
#define FAILED "{\"conditions\":[{\"type\":\"Failed\",\"status\":\"True\",\"message\":\"boom\"}]}"

/* --- pruning --- */

static void test_prune(void **state)
{
	struct fake *f = fake_new();
	struct sync_spec spec;

	(void)state;
	fake_want(f, "v1", "ConfigMap", "stays", WAVE("1"), "");
	fake_ours(f, "v1", "ConfigMap", "goes", "", "");
	spec = fake_spec(f);
	fake_start(f, &spec);
	fake_run(f, 20);
	ends(f, OPERATION_SUCCEEDED, "all tasks run");
	assert_int_equal(fake_count(f, "delete ConfigMap/goes"), 1);
	fake_free(f);
}

/* The proof of the plan is not that of the moment of the DELETE. */
static void test_prune_asks_again(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct fake *f = fake_new();
		struct sync_spec spec;
		struct value goes;

		fake_want(f, "v1", "ConfigMap", "first", "", "");
		goes = fake_ours(f, "v1", "ConfigMap", "goes", OPTIONS("PruneLast=true"), "");
		spec = fake_spec(f);
		fake_start(f, &spec);
		if (i == 1) /* another Application has taken it */
			object_annotate(&f->keep, goes, CLUSTER_TRACKING, STR("b:/ConfigMap:ns/goes"));
		if (i == 2)
			f->elsewhere = "goes";
		fake_run(f, 20);
		ends(f, OPERATION_SUCCEEDED, "all tasks run");
		assert_int_equal(fake_count(f, "delete"), i == 0);
		assert_int_equal(fake_result(f, "goes").status, i ? RESULT_PRUNE_SKIPPED : RESULT_PRUNED);
		if (i)
			assert_true(fake_says(fake_result(f, "goes").message,
					      i == 1 ? "not tracked to this application any more"
						     : "wanted by application other"));
		fake_free(f);
	}
}

static void test_deletion_asks_again(void **state)
{
	struct fake *f = fake_new();
	struct sync_spec spec;

	(void)state;
	fake_ours(f, "v1", "ConfigMap", "a", WAVE("1"), "");
	fake_ours(f, "v1", "ConfigMap", "b", "", "");
	spec = fake_spec(f);
	fake_start_delete(f, &spec);
	f->elsewhere = "b";
	fake_run(f, 20);
	ends(f, OPERATION_SUCCEEDED, "successfully deleted");
	assert_int_equal(fake_count(f, "delete ConfigMap/a"), 1);
	assert_int_equal(fake_count(f, "delete ConfigMap/b"), 0);
	fake_free(f);
}

static void test_prune_confirm(void **state)
{
	struct fake *f = fake_new();
	struct sync_spec spec;

	(void)state;
	fake_ours(f, "v1", "ConfigMap", "goes", OPTIONS("Prune=confirm"), "");
	spec = fake_spec(f);
	spec.started = 100;
	fake_start(f, &spec);
	fake_run(f, 20);
	assert_false(f->finished);
	assert_true(fake_says(sync_message(f->sync), "waiting for pruning confirmation of /ConfigMap/goes"));
	sync_approve(f->sync, 99);
	assert_int_equal(fake_count(f, "delete"), 0);
	sync_approve(f->sync, 100);
	fake_run(f, 20);
	ends(f, OPERATION_SUCCEEDED, "all tasks run");
	assert_int_equal(fake_count(f, "delete ConfigMap/goes"), 1);
	fake_free(f);
}

/* --- hooks --- */

static void test_hook_that_cannot_be_deleted(void **state)
{
	static const struct {
		enum error_kind kind;
		int code;
		unsigned refusals, deletes;
	} rows[] = {{ERROR_DENIED, 403, 1000, 1}, {ERROR_BUSY, 503, 1000, 5}, {ERROR_BUSY, 503, 2, 3}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct fake *f = fake_new();
		struct sync_spec spec;

		fake_want(f, "batch/v1", "Job", "hook", HOOK("PostSync", "HookSucceeded"), "");
		spec = fake_spec(f);
		fake_start(f, &spec);
		fake_run(f, 20);
		fake_refuse(f, FAKE_REMOVE, rows[i].refusals, rows[i].kind, rows[i].code, "jobs \"hook\" is no good");
		status(f, "batch/v1", "Job", "hook", COMPLETE);
		fake_run(f, 100);
		ends(f, OPERATION_SUCCEEDED, "all tasks run");
		assert_int_equal(fake_count(f, "delete Job/hook"), rows[i].deletes);
		assert_int_equal(fake_says(fake_result(f, "hook").message, "failed to delete resource: jobs \"hook\""),
				 rows[i].refusals > 5);
		fake_free(f);
	}
}

/* A restart must know that a hook has ended before its object goes. */
static void test_hook_goes_when_its_end_is_stored(void **state)
{
	struct fake *f = fake_new();
	struct sync_spec spec;

	(void)state;
	fake_want(f, "batch/v1", "Job", "hook", HOOK("PostSync", "HookSucceeded"), "");
	spec = fake_spec(f);
	spec.stores = true;
	fake_start(f, &spec);
	fake_run(f, 20);
	status(f, "batch/v1", "Job", "hook", COMPLETE);
	fake_run(f, 20);
	assert_int_equal(sync_hooks_ended(f->sync), 1);
	assert_int_equal(fake_count(f, "delete"), 0);
	spec.record = sync_record(f->sync, &f->keep);
	sync_stored(f->sync, 1);
	assert_int_equal(fake_count(f, "delete Job/hook"), 1);
	fake_run(f, 20);
	ends(f, OPERATION_SUCCEEDED, "all tasks run");
	/* killed after the DELETE: the record is enough */
	fake_start(f, &spec);
	fake_run(f, 20);
	ends(f, OPERATION_SUCCEEDED, "all tasks run");
	assert_int_equal(fake_count(f, "apply Job/hook"), 1);
	fake_free(f);
}

static void test_supersede(void **state)
{
	static const struct {
		const char *status;
		bool gives_way;
	} rows[] = {{"{\"active\":1,\"ready\":0}", true}, {"{}", true}, {"{\"active\":1,\"ready\":1}", false},
		    {"{\"ready\":0,\"succeeded\":1}", false},
		    {"{\"ready\":0,\"uncountedTerminatedPods\":{\"succeeded\":[\"x\"]}}", false}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct fake *f = fake_new();
		struct sync_spec spec;

		fake_want(f, "batch/v1", "Job", "hook", HOOK("PreSync", "HookSucceeded"), "");
		fake_want(f, "v1", "ConfigMap", "a", "", "");
		spec = fake_spec(f);
		fake_start(f, &spec);
		fake_run(f, 20);
		status(f, "batch/v1", "Job", "hook", rows[i].status);
		sync_supersede(f->sync);
		fake_run(f, 20);
		assert_int_equal(f->finished, rows[i].gives_way);
		if (rows[i].gives_way)
			ends(f, OPERATION_SUPERSEDED, "superseded");
		assert_int_equal(fake_count(f, "delete Job/hook"), rows[i].gives_way);
		if (!rows[i].gives_way) {
			status(f, "batch/v1", "Job", "hook", COMPLETE);
			fake_run(f, 20);
			ends(f, OPERATION_SUPERSEDED, "superseded");
		}
		assert_int_equal(fake_count(f, "apply ConfigMap/a"), 0);
		fake_free(f);
	}
}

static void test_failed_hook(void **state)
{
	struct fake *f = fake_new();
	struct sync_spec spec;

	(void)state;
	fake_want(f, "batch/v1", "Job", "hook", HOOK("PreSync", "HookFailed"), "");
	fake_want(f, "v1", "ConfigMap", "a", "", "");
	spec = fake_spec(f);
	fake_start(f, &spec);
	fake_run(f, 20);
	status(f, "batch/v1", "Job", "hook", FAILED);
	fake_run(f, 20);
	ends(f, OPERATION_FAILED, "reason: boom");
	assert_int_equal(fake_count(f, "delete Job/hook"), 1);
	fake_free(f);
}

/* --- waiting for health --- */

/* Argo CD: the last group is not awaited unless a hook is in it. */
static void test_last_group(void **state)
{
	static const struct {
		const char *wave, *hook; /* of the ConfigMap, of the Job */
		bool waits;
	} rows[] = {{"0", NULL, false}, {"-1", NULL, false}, {"1", NULL, true}, {"0", "PreSync", false},
		    {"0", "PostSync", true}, {"-1", "Sync", true}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct fake *f = fake_new();
		struct sync_spec spec;
		char meta[200], hook[200];

		snprintf(meta, sizeof meta, "\"annotations\":{\"argocd.argoproj.io/sync-wave\":\"%s\"}", rows[i].wave);
		fake_want(f, "v1", "ConfigMap", "a", meta, "");
		fake_want(f, "apps/v1", "Deployment", "d", "", UNREADY);
		if (rows[i].hook) {
			snprintf(hook, sizeof hook, "\"annotations\":{\"argocd.argoproj.io/hook\":\"%s\"}", rows[i].hook);
			fake_want(f, "batch/v1", "Job", "hook", hook, "");
		}
		spec = fake_spec(f);
		fake_start(f, &spec);
		fake_run(f, 20);
		if (rows[i].hook && !str_is(str_of(rows[i].hook), "PostSync"))
			status(f, "batch/v1", "Job", "hook", COMPLETE);
		fake_run(f, 20);
		if (f->finished == rows[i].waits)
			fail_msg("row %zu: finished %d", i, f->finished);
		assert_int_equal(fake_count(f, "apply Deployment/d"), 1);
		fake_free(f);
	}
}

static void test_dry_run_does_not_wait(void **state)
{
	struct fake *f = fake_new();
	struct sync_spec spec;

	(void)state;
	fake_want(f, "apps/v1", "Deployment", "d", "", "\"spec\":{\"replicas\":1}");
	fake_want(f, "v1", "ConfigMap", "later", WAVE("1"), "");
	fake_ours(f, "apps/v1", "Deployment", "d", "", UNREADY);
	spec = fake_spec(f);
	spec.dry_run = true;
	fake_start(f, &spec);
	fake_run(f, 20);
	ends(f, OPERATION_SUCCEEDED, "dry run");
	fake_free(f);
}

/* --- what is learnt --- */

/* The server's own way is that of its answer; what is edited later is drift. */
static void test_drift_is_not_learnt(void **state)
{
	struct fake *f = fake_new();
	struct object_key key = {STR(""), STR("ConfigMap"), STR("ns"), STR("a")};
	struct comparison c;
	struct sync_spec spec;

	(void)state;
	fake_want(f, "v1", "ConfigMap", "a", "", "\"data\":{\"k\":\"wanted\"}");
	fake_want(f, "apps/v1", "Deployment", "d", "", UNREADY);
	fake_want(f, "v1", "ConfigMap", "later", WAVE("1"), "");
	spec = fake_spec(f);
	fake_start(f, &spec);
	fake_run(f, 20);
	map_set(&f->keep, value_map(*fake_find(f, &key)), STR("data"), fake_read(f, "{\"k\":\"edited\"}"));
	status(f, "apps/v1", "Deployment", "d", "{\"updatedReplicas\":1,\"availableReplicas\":1,\"replicas\":1}");
	fake_run(f, 20);
	ends(f, OPERATION_SUCCEEDED, "all tasks run");
	compare(&f->keep, &f->base, &spec.app, &c);
	assert_int_equal(compare_find(&c, &key)->status, SYNC_OUT_OF_SYNC);
	fake_free(f);
}

static void test_the_servers_way_is_learnt(void **state)
{
	struct fake *f = fake_new();
	struct object_key key = {STR(""), STR("ConfigMap"), STR("ns"), STR("a")};
	struct comparison c;
	struct sync_spec spec;

	(void)state;
	fake_want(f, "v1", "ConfigMap", "a", "", "\"data\":{\"k\":\"1000m\"}");
	f->late_data = "{\"k\":\"1\"}";
	spec = fake_spec(f);
	fake_start(f, &spec);
	fake_run(f, 20);
	ends(f, OPERATION_SUCCEEDED, "all tasks run");
	compare(&f->keep, &f->base, &spec.app, &c);
	assert_int_equal(compare_find(&c, &key)->status, SYNC_SYNCED);
	fake_free(f);
}

/* --- the plan --- */

/* Calico's NetworkPolicy has the name of a kind that goes before CRDs. */
static void test_crd_goes_before_its_objects(void **state)
{
	struct fake *f = fake_new();
	struct sync_spec spec;

	(void)state;
	fake_want(f, "crd.projectcalico.org/v1", "NetworkPolicy", "np", "", "");
	fake_want(f, "apiextensions.k8s.io/v1", "CustomResourceDefinition", "crd", WAVE("2"),
		  "\"spec\":{\"group\":\"crd.projectcalico.org\",\"scope\":\"Namespaced\",\"names\":{\"kind\":\"NetworkPolicy\"}}");
	spec = fake_spec(f);
	fake_start(f, &spec);
	fake_run(f, 20);
	assert_string_equal(buf_cstr(&f->log), "apply CustomResourceDefinition/crd\napply NetworkPolicy/np\n");
	fake_free(f);
}

static void test_delete_hook_of_cluster_scope(void **state)
{
	struct fake *f = fake_new();
	struct sync_spec spec;

	(void)state;
	fake_want(f, "rbac.authorization.k8s.io/v1", "ClusterRole", "role", HOOK("PreDelete", "HookSucceeded"), "");
	fake_want(f, "v1", "ConfigMap", "map", HOOK("PostDelete", "HookSucceeded"), "");
	spec = fake_spec(f);
	fake_start_delete(f, &spec);
	assert_true(str_is(object_kind(f->calls->object), "ClusterRole"));
	assert_false(object_namespace(f->calls->object).n);
	fake_run(f, 1);
	assert_true(str_is(object_namespace(f->calls->object), "ns"));
	fake_run(f, 20);
	ends(f, OPERATION_SUCCEEDED, "successfully deleted");
	assert_int_equal(fake_count(f, "delete"), 2);
	fake_free(f);
}

/* Neither what is gone nor what is not wanted any more is remembered. */
static void test_memory_forgets(void **state)
{
	struct fake *f = fake_new();
	struct object_key gone = {STR(""), STR("ConfigMap"), STR("ns"), STR("gone")};
	struct object_key extra = {STR(""), STR("ConfigMap"), STR("ns"), STR("extra")};
	struct comparison c;
	struct sync_spec spec;
	uint64_t x;

	(void)state;
	fake_want(f, "v1", "ConfigMap", "gone", "", "");
	fake_ours(f, "v1", "ConfigMap", "extra", "", "");
	memory_set(&f->memory, &gone, 1, 1);
	memory_set(&f->memory, &extra, 1, 1);
	spec = fake_spec(f);
	compare(&f->keep, &f->base, &spec.app, &c);
	assert_false(memory_get(&f->memory, &gone, &x, &x) || memory_get(&f->memory, &extra, &x, &x));
	for (unsigned i = 0; i <= LIMIT_MEMORY; i++) {
		char name[20];

		snprintf(name, sizeof name, "n%u", i);
		gone.name = str_of(name);
		memory_set(&f->memory, &gone, 1, 1);
	}
	assert_int_equal(f->memory.entries.n, 1);
	fake_free(f);
}

/* Before the first apply what kubectl owns becomes ours. */
static void test_migration(void **state)
{
	static const char meta[] = "\"managedFields\":[{\"manager\":\"kubectl-client-side-apply\",\"operation\":\"Update\","
				   "\"apiVersion\":\"v1\",\"fieldsV1\":{\"f:data\":{\"f:old\":{}}}}]";

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct fake *f = fake_new();
		struct sync_spec spec;

		fake_want(f, "v1", "ConfigMap", "a", i == 1 ? OPTIONS("ClientSideApplyMigration=false") : "", "");
		fake_ours(f, "v1", "ConfigMap", "a", meta, "\"data\":{\"old\":\"1\"}");
		spec = fake_spec(f);
		spec.dry_run = i == 2;
		if (i == 3)
			fake_refuse(f, FAKE_PATCH, 1, ERROR_CONFLICT, 409, "the object has been modified");
		map_set(&f->keep, value_map(f->wanted[0]), STR("data"), fake_read(f, "{\"new\":\"1\"}"));
		fake_start(f, &spec);
		fake_run(f, 20);
		ends(f, OPERATION_SUCCEEDED, "");
		assert_int_equal(fake_count(f, "get ConfigMap/a"), i == 1 || i == 2 ? 0 : i == 3 ? 2 : 1);
		assert_int_equal(fake_count(f, "patch ConfigMap/a"), i == 1 || i == 2 ? 0 : i == 3 ? 2 : 1);
		assert_int_equal(fake_count(f, "apply ConfigMap/a"), 1);
		fake_free(f);
	}
}

/* --- Force=true, Replace=true --- */

static void test_force(void **state)
{
	static const struct {
		const char *options;
		bool all;	  /* the operation's force */
		unsigned creates; /* refusals of the dry run of the POST follow */
		int code;
		const char *log;
		bool good;
	} rows[] = {
		{"Force=true", false, 0, 0, "apply Job/j\ncreate Job/j\ndelete Job/j\napply Job/j\n", true},
		{"Prune=true", true, 0, 0, "apply Job/j\ncreate Job/j\ndelete Job/j\napply Job/j\n", true},
		{"Prune=true", false, 0, 0, "apply Job/j\n", false},
		{"Force=true", false, 1, 422, "apply Job/j\ncreate Job/j\n", false}, /* nor would it take a new one */
		{"Force=true", false, 1, 409, "apply Job/j\ncreate Job/j\ndelete Job/j\napply Job/j\n", true},
		{"Force=true,Replace=true", false, 0, 0, "delete Job/j\ncreate Job/j\n", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct fake *f = fake_new();
		struct sync_spec spec;
		char meta[200];

		snprintf(meta, sizeof meta, "\"annotations\":{\"argocd.argoproj.io/sync-options\":\"%s\"}", rows[i].options);
		fake_want(f, "batch/v1", "Job", "j", meta, "\"spec\":{\"a\":1}");
		fake_ours(f, "batch/v1", "Job", "j", "", "\"spec\":{\"a\":2}");
		spec = fake_spec(f);
		spec.force = rows[i].all;
		fake_start(f, &spec);
		if (!str_has(str_of(rows[i].options), STR("Replace"))) {
			fake_refuse(f, FAKE_APPLY, 1, ERROR_INVALID, 422, "field is immutable");
			fake_answer(f);
		}
		if (rows[i].creates)
			fake_refuse(f, FAKE_CREATE, 1, rows[i].code == 409 ? ERROR_CONFLICT : ERROR_INVALID, rows[i].code, "no");
		fake_run(f, 30);
		ends(f, rows[i].good ? OPERATION_SUCCEEDED : OPERATION_FAILED, rows[i].good ? "" : "field is immutable");
		assert_string_equal(buf_cstr(&f->log), rows[i].log);
		fake_free(f);
	}
}

static void test_replace(void **state)
{
	struct fake *f = fake_new();
	struct sync_spec spec;
	str version;

	(void)state;
	fake_want(f, "example.org/v1", "Lamp", "l", OPTIONS("Replace=true,Validate=false"), "\"spec\":{\"a\":1}");
	version = object_resource_version(fake_ours(f, "example.org/v1", "Lamp", "l", "", "\"spec\":{\"a\":2}"));
	spec = fake_spec(f);
	fake_start(f, &spec);
	assert_true(f->calls->verb == FAKE_REPLACE && f->calls->no_validate);
	assert_true(str_eq(object_resource_version(f->calls->object), version));
	fake_refuse(f, FAKE_REPLACE, 1, ERROR_CONFLICT, 409, "the object has been modified");
	fake_run(f, 20);
	ends(f, OPERATION_SUCCEEDED, "all tasks run");
	assert_int_equal(fake_count(f, "replace Lamp/l"), 2);
	assert_true(fake_says(fake_result(f, "l").message, "lamp.example.org/l replaced"));
	fake_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prune), cmocka_unit_test(test_prune_asks_again),
		cmocka_unit_test(test_deletion_asks_again), cmocka_unit_test(test_prune_confirm),
		cmocka_unit_test(test_hook_that_cannot_be_deleted),
		cmocka_unit_test(test_hook_goes_when_its_end_is_stored), cmocka_unit_test(test_supersede),
		cmocka_unit_test(test_failed_hook), cmocka_unit_test(test_last_group),
		cmocka_unit_test(test_dry_run_does_not_wait), cmocka_unit_test(test_drift_is_not_learnt),
		cmocka_unit_test(test_the_servers_way_is_learnt), cmocka_unit_test(test_force),
		cmocka_unit_test(test_replace), cmocka_unit_test(test_crd_goes_before_its_objects),
		cmocka_unit_test(test_delete_hook_of_cluster_scope), cmocka_unit_test(test_memory_forgets),
		cmocka_unit_test(test_migration)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
