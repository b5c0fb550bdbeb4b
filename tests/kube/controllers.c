/* Controllers, in the process: what follows from a write, with a clock that the test moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/object.h"
#include "tests/kube/ask.h"

#define JSON "application/json"
#define MERGE "application/merge-patch+json"
#define APPS "/apis/apps/v1/namespaces/default/"
#define BATCH "/apis/batch/v1/namespaces/default/"
#define CORE "/api/v1/namespaces/default/"

struct cluster {
	struct kube *k;
	struct arena a;
	int64_t now;
};

static int start_with(void **state, unsigned nodes)
{
	static struct cluster c;
	struct kube_options o = {.seed = 7, .now = ASK_START, .nodes = nodes};
	struct error err = {0};

	c = (struct cluster){.k = kube_new(&o, &err), .now = ASK_START};
	assert_non_null(c.k);
	arena_init(&c.a, 0);
	kube_advance(c.k, c.now);
	*state = &c;
	return 0;
}

static int start(void **state)
{
	return start_with(state, 3);
}

static int stop(void **state)
{
	struct cluster *c = *state;

	kube_free(c->k);
	arena_done(&c->a);
	return 0;
}

/* Lives through all that is planned in the time. */
static void pass(struct cluster *c, int64_t ns)
{
	int64_t end = c->now + ns, next;

	kube_advance(c->k, c->now);
	while ((next = kube_next(c->k)) <= end) {
		c->now = next > c->now ? next : c->now;
		kube_advance(c->k, c->now);
	}
	c->now = end;
	kube_advance(c->k, end);
}

static struct value get(struct cluster *c, const char *path)
{
	return ask(c->k, &c->a, "GET", path, "", "", 200);
}

static void make(struct cluster *c, const char *path, const char *body)
{
	ask(c->k, &c->a, "POST", path, JSON, body, 201);
}

static struct value change(struct cluster *c, const char *path, const char *patch)
{
	return ask(c->k, &c->a, "PATCH", path, MERGE, patch, 200);
}

static uint32_t count(struct cluster *c, const char *path)
{
	return list_n(value_list(value_path(get(c, path), "items", NULL)));
}

static bool gone(struct cluster *c, const char *path)
{
	struct kube_reply reply;

	ask_text(c->k, &c->a, "GET", path, "", "", &reply);
	return reply.status == 404;
}

static int64_t number(struct value v, const char *part, const char *name)
{
	int64_t n = 0;

	value_to_i64(value_path(v, part, name, NULL), &n);
	return n;
}

static const char *condition(struct cluster *c, struct value v, const char *type, const char *what)
{
	struct list *l = value_list(value_path(v, "status", "conditions", NULL));

	for (uint32_t i = 0; i < list_n(l); i++)
		if (str_is(value_path_str(l->at[i], "type", NULL), type))
			return arena_cstr(&c->a, value_path_str(l->at[i], what, NULL));
	return "";
}

static const char *deployment(struct cluster *c, const char *name, int replicas, const char *image, const char *annotations,
			      const char *more)
{
	return arena_printf(&c->a,
			    "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"replicas\":%d,\"selector\":{\"matchLabels\":{\"a\":\"%s\"}},"
			    "\"template\":{\"metadata\":{\"labels\":{\"a\":\"%s\"},\"annotations\":{%s}},\"spec\":{\"containers\":[{"
			    "\"name\":\"c\",\"image\":\"%s\"}]}}%s}}",
			    name, replicas, name, name, annotations, image, more).s;
}

static const char *image_patch(struct cluster *c, const char *image)
{
	return arena_printf(&c->a, "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"%s\"}]}}}}",
			    image).s;
}

static void a_deployment_settles_and_then_is_silent(void **state)
{
	struct cluster *c = *state;
	struct value d;
	uint64_t then;

	make(c, APPS "deployments", deployment(c, "web", 3, "x:1", "", ""));
	pass(c, TIME_SECOND);
	d = get(c, APPS "deployments/web");
	assert_int_equal(number(d, "status", "readyReplicas"), 3);
	assert_string_equal(condition(c, d, "Progressing", "reason"), "NewReplicaSetAvailable");
	assert_string_equal(condition(c, d, "Available", "status"), "True");
	assert_int_equal(count(c, CORE "pods"), 3);
	assert_true(value_equal(value_path(d, "metadata", "generation", NULL),
				value_path(d, "status", "observedGeneration", NULL)));
	then = kube_revision(c->k);
	pass(c, 3600 * TIME_SECOND);
	assert_int_equal(kube_revision(c->k), then);
}

/* Never fewer ready and never more in all than asked. */
static void watch_rollout(struct cluster *c, uint32_t most, int64_t least, int64_t ns)
{
	int64_t end = c->now + ns;

	while (c->now < end) {
		pass(c, 100 * TIME_MS);
		assert_true(count(c, CORE "pods?labelSelector=a%3Dweb") <= most);
		assert_true(number(get(c, APPS "deployments/web"), "status", "availableReplicas") >= least);
	}
}

static void a_rollout_keeps_its_limits_and_goes_back(void **state)
{
	struct cluster *c = *state;
	const char *slow = "\"sim.tiphys.dev/ready-delay\":\"2s\"";
	struct value d;

	make(c, APPS "deployments", deployment(c, "web", 4, "x:1", slow,
					       ",\"strategy\":{\"rollingUpdate\":{\"maxSurge\":1,\"maxUnavailable\":1}}"));
	pass(c, 5 * TIME_SECOND);
	change(c, APPS "deployments/web", image_patch(c, "x:2"));
	watch_rollout(c, 5, 3, 20 * TIME_SECOND);
	d = get(c, APPS "deployments/web");
	assert_int_equal(number(d, "status", "updatedReplicas"), 4);
	assert_int_equal(number(d, "status", "replicas"), 4);
	assert_string_equal(arena_cstr(&c->a, value_path_str(d, "metadata", "annotations", "deployment.kubernetes.io/revision", NULL)),
			    "2");
	assert_int_equal(count(c, APPS "replicasets"), 2);
	change(c, APPS "deployments/web", image_patch(c, "x:1"));
	watch_rollout(c, 5, 3, 20 * TIME_SECOND);
	d = get(c, APPS "deployments/web");
	assert_string_equal(arena_cstr(&c->a, value_path_str(d, "metadata", "annotations", "deployment.kubernetes.io/revision", NULL)),
			    "3");
	assert_int_equal(count(c, APPS "replicasets"), 2);
	assert_string_equal(condition(c, d, "Progressing", "reason"), "NewReplicaSetAvailable");
}

static void what_never_gets_ready_times_out(void **state)
{
	struct cluster *c = *state;
	struct value d;

	make(c, APPS "deployments", deployment(c, "web", 1, "x:1", "\"sim.tiphys.dev/ready-delay\":\"never\"",
					       ",\"progressDeadlineSeconds\":30"));
	pass(c, 20 * TIME_SECOND);
	d = get(c, APPS "deployments/web");
	assert_string_equal(condition(c, d, "Progressing", "reason"), "ReplicaSetUpdated");
	pass(c, 20 * TIME_SECOND);
	d = get(c, APPS "deployments/web");
	assert_string_equal(condition(c, d, "Progressing", "reason"), "ProgressDeadlineExceeded");
	assert_string_equal(condition(c, d, "Progressing", "status"), "False");
}

static void recreate_ends_the_old_before_the_new(void **state)
{
	struct cluster *c = *state;

	make(c, APPS "deployments", deployment(c, "web", 2, "x:1", "\"sim.tiphys.dev/stop-delay\":\"3s\"",
					       ",\"strategy\":{\"type\":\"Recreate\"}"));
	pass(c, TIME_SECOND);
	change(c, APPS "deployments/web", image_patch(c, "x:2"));
	pass(c, 2 * TIME_SECOND);
	assert_int_equal(number(get(c, APPS "deployments/web"), "status", "updatedReplicas"), 0);
	assert_int_equal(count(c, CORE "pods"), 2);
	pass(c, 2 * TIME_SECOND);
	assert_int_equal(number(get(c, APPS "deployments/web"), "status", "readyReplicas"), 2);
	assert_int_equal(count(c, CORE "pods"), 2);
}

static void pausing_holds_and_history_is_short(void **state)
{
	struct cluster *c = *state;

	make(c, APPS "deployments", deployment(c, "web", 1, "x:0", "", ",\"revisionHistoryLimit\":1"));
	for (int i = 1; i < 5; i++) {
		pass(c, TIME_SECOND);
		change(c, APPS "deployments/web", image_patch(c, arena_printf(&c->a, "x:%d", i).s));
	}
	pass(c, TIME_SECOND);
	assert_int_equal(count(c, APPS "replicasets"), 2);
	change(c, APPS "deployments/web", "{\"spec\":{\"paused\":true}}");
	change(c, APPS "deployments/web", image_patch(c, "x:9"));
	pass(c, TIME_SECOND);
	assert_int_equal(number(get(c, APPS "deployments/web"), "status", "updatedReplicas"), 0);
	assert_string_equal(condition(c, get(c, APPS "deployments/web"), "Progressing", "reason"), "DeploymentPaused");
	change(c, APPS "deployments/web", "{\"spec\":{\"paused\":false}}");
	pass(c, TIME_SECOND);
	assert_int_equal(number(get(c, APPS "deployments/web"), "status", "updatedReplicas"), 1);
}

static void a_pod_that_is_deleted_comes_again(void **state)
{
	struct cluster *c = *state;
	struct value pods;

	make(c, APPS "deployments", deployment(c, "web", 2, "x:1", "", ""));
	pass(c, TIME_SECOND);
	pods = value_path(get(c, CORE "pods"), "items", NULL);
	ask(c->k, &c->a, "DELETE", arena_printf(&c->a, CORE "pods/%.*s", STR_ARG(object_name(value_list(pods)->at[0]))).s, "", "",
	    200);
	pass(c, TIME_SECOND);
	assert_int_equal(count(c, CORE "pods"), 2);
	assert_int_equal(number(get(c, APPS "deployments/web"), "status", "readyReplicas"), 2);
}

static const char set_text[] =
	"{\"metadata\":{\"name\":\"db\"},\"spec\":{\"replicas\":3,\"serviceName\":\"db\",\"selector\":{\"matchLabels\":{\"a\":\"db\"}},"
	"\"template\":{\"metadata\":{\"labels\":{\"a\":\"db\"},\"annotations\":{\"sim.tiphys.dev/ready-delay\":\"2s\"}},\"spec\":{"
	"\"containers\":[{\"name\":\"c\",\"image\":\"x:1\",\"volumeMounts\":[{\"name\":\"d\",\"mountPath\":\"/d\"}]}]}},"
	"\"volumeClaimTemplates\":[{\"metadata\":{\"name\":\"d\"},\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],\"resources\":{"
	"\"requests\":{\"storage\":\"1Gi\"}}}}]}}";

static void a_statefulset_goes_in_order(void **state)
{
	struct cluster *c = *state;
	struct value s;

	make(c, APPS "statefulsets", set_text);
	pass(c, TIME_SECOND);
	assert_int_equal(count(c, CORE "pods"), 1);
	pass(c, 2 * TIME_SECOND);
	assert_int_equal(count(c, CORE "pods"), 2);
	pass(c, 5 * TIME_SECOND);
	s = get(c, APPS "statefulsets/db");
	assert_int_equal(number(s, "status", "readyReplicas"), 3);
	assert_true(str_is(value_path_str(get(c, CORE "persistentvolumeclaims/d-db-2"), "status", "phase", NULL), "Bound"));
	change(c, APPS "statefulsets/db",
	       "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"n\":\"2\"}}},\"updateStrategy\":{\"rollingUpdate\":{"
	       "\"partition\":2}}}}");
	pass(c, 10 * TIME_SECOND);
	s = get(c, APPS "statefulsets/db");
	assert_int_equal(number(s, "status", "updatedReplicas"), 1);
	assert_int_equal(number(s, "status", "currentReplicas"), 2);
	assert_false(value_equal(value_path(s, "status", "currentRevision", NULL), value_path(s, "status", "updateRevision", NULL)));
	change(c, APPS "statefulsets/db", "{\"spec\":{\"updateStrategy\":{\"rollingUpdate\":{\"partition\":0}}}}");
	pass(c, 20 * TIME_SECOND);
	s = get(c, APPS "statefulsets/db");
	assert_int_equal(number(s, "status", "updatedReplicas"), 3);
	assert_int_equal(number(s, "status", "readyReplicas"), 3);
	assert_true(value_equal(value_path(s, "status", "currentRevision", NULL), value_path(s, "status", "updateRevision", NULL)));
	change(c, APPS "statefulsets/db", "{\"spec\":{\"replicas\":1}}");
	pass(c, 5 * TIME_SECOND);
	assert_int_equal(count(c, CORE "pods"), 1);
	assert_int_equal(count(c, CORE "persistentvolumeclaims"), 3);
}

static void a_daemonset_has_a_pod_a_node(void **state)
{
	struct cluster *c = *state;
	struct value d;

	make(c, APPS "daemonsets",
	     "{\"metadata\":{\"name\":\"n\"},\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"n\"}},\"template\":{\"metadata\":{\"labels\":{"
	     "\"a\":\"n\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"x:1\"}]}}}}");
	pass(c, TIME_SECOND);
	d = get(c, APPS "daemonsets/n");
	assert_int_equal(number(d, "status", "numberReady"), 3);
	change(c, APPS "daemonsets/n", image_patch(c, "x:2"));
	pass(c, TIME_SECOND);
	d = get(c, APPS "daemonsets/n");
	assert_int_equal(number(d, "status", "updatedNumberScheduled"), 3);
	assert_int_equal(number(d, "status", "numberReady"), 3);
	change(c, APPS "daemonsets/n", "{\"spec\":{\"template\":{\"spec\":{\"nodeSelector\":{\"kubernetes.io/arch\":\"arm64\"}}}}}");
	pass(c, TIME_SECOND);
	assert_int_equal(number(get(c, APPS "daemonsets/n"), "status", "desiredNumberScheduled"), 1);
	assert_int_equal(count(c, CORE "pods"), 1);
}

static const char *job(struct cluster *c, const char *name, const char *annotations, const char *more)
{
	return arena_printf(&c->a,
			    "{\"metadata\":{\"name\":\"%s\"},\"spec\":{%s\"template\":{\"metadata\":{\"annotations\":{%s}},\"spec\":{"
			    "\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"c\",\"image\":\"x:1\"}]}}}}", name, more, annotations).s;
}

static void jobs_complete_fail_and_expire(void **state)
{
	struct cluster *c = *state;
	struct value j;

	make(c, BATCH "jobs", job(c, "ok", "", "\"completions\":5,\"parallelism\":2,\"ttlSecondsAfterFinished\":60,"));
	make(c, BATCH "jobs", job(c, "bad", "\"sim.tiphys.dev/exit-code\":\"3\"", "\"backoffLimit\":2,"));
	make(c, BATCH "jobs", job(c, "late", "\"sim.tiphys.dev/run-for\":\"1h\"", "\"activeDeadlineSeconds\":5,"));
	pass(c, 2 * TIME_SECOND);
	j = get(c, BATCH "jobs/ok");
	assert_int_equal(number(j, "status", "succeeded"), 5);
	assert_string_equal(condition(c, j, "Complete", "status"), "True");
	assert_int_equal(number(get(c, BATCH "jobs/bad"), "status", "failed"), 1); /* the next waits ten seconds */
	pass(c, 60 * TIME_SECOND);
	j = get(c, BATCH "jobs/bad");
	assert_int_equal(number(j, "status", "failed"), 3);
	assert_string_equal(condition(c, j, "Failed", "reason"), "BackoffLimitExceeded");
	assert_string_equal(condition(c, get(c, BATCH "jobs/late"), "Failed", "reason"), "DeadlineExceeded");
	assert_true(gone(c, BATCH "jobs/ok"));
	assert_int_equal(count(c, CORE "pods?labelSelector=job-name%3Dok"), 0);
}

static void a_suspended_job_waits(void **state)
{
	struct cluster *c = *state;

	make(c, BATCH "jobs", job(c, "s", "", "\"suspend\":true,"));
	pass(c, TIME_SECOND);
	assert_int_equal(count(c, CORE "pods"), 0);
	change(c, BATCH "jobs/s", "{\"spec\":{\"suspend\":false}}");
	pass(c, TIME_SECOND);
	assert_string_equal(condition(c, get(c, BATCH "jobs/s"), "Complete", "status"), "True");
	assert_string_equal(condition(c, get(c, BATCH "jobs/s"), "Suspended", "status"), "False");
}

static void cronjobs_start_jobs_by_the_clock(void **state)
{
	struct cluster *c = *state;

	make(c, BATCH "cronjobs",
	     "{\"metadata\":{\"name\":\"t\"},\"spec\":{\"schedule\":\"*/10 * * * *\",\"successfulJobsHistoryLimit\":2,\"jobTemplate\":{"
	     "\"spec\":{\"template\":{\"spec\":{\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"c\",\"image\":\"x\"}]}}}}}}");
	pass(c, 9 * 60 * TIME_SECOND);
	assert_int_equal(count(c, BATCH "jobs"), 0);
	pass(c, 2 * 60 * TIME_SECOND);
	assert_int_equal(count(c, BATCH "jobs"), 1);
	pass(c, 3600 * TIME_SECOND);
	assert_int_equal(count(c, BATCH "jobs"), 2);
	assert_true(value_path_str(get(c, BATCH "cronjobs/t"), "status", "lastSuccessfulTime", NULL).n > 0);
	change(c, BATCH "cronjobs/t", "{\"spec\":{\"suspend\":true}}");
	pass(c, 3600 * TIME_SECOND);
	assert_int_equal(count(c, BATCH "jobs"), 2);
}

static void owners_take_what_they_own_along(void **state)
{
	struct cluster *c = *state;

	make(c, APPS "deployments", deployment(c, "web", 2, "x:1", "\"sim.tiphys.dev/stop-delay\":\"2s\"", ""));
	pass(c, TIME_SECOND);
	ask(c->k, &c->a, "DELETE", APPS "deployments/web?propagationPolicy=Foreground", "", "", 200);
	pass(c, TIME_SECOND);
	assert_false(gone(c, APPS "deployments/web")); /* waits for its pods */
	pass(c, 2 * TIME_SECOND);
	assert_true(gone(c, APPS "deployments/web"));
	assert_int_equal(count(c, CORE "pods"), 0);

	make(c, APPS "deployments", deployment(c, "web", 2, "x:1", "", ""));
	pass(c, TIME_SECOND);
	ask(c->k, &c->a, "DELETE", APPS "deployments/web?propagationPolicy=Orphan", "", "", 200);
	pass(c, TIME_SECOND);
	assert_true(gone(c, APPS "deployments/web"));
	assert_int_equal(count(c, CORE "pods"), 2);
	assert_int_equal(count(c, APPS "replicasets"), 1);
	make(c, APPS "deployments", deployment(c, "web", 2, "x:1", "", ""));
	pass(c, TIME_SECOND);
	assert_int_equal(count(c, APPS "replicasets"), 1); /* adopted */
	ask(c->k, &c->a, "DELETE", APPS "deployments/web", "", "", 200);
	pass(c, TIME_SECOND);
	assert_int_equal(count(c, CORE "pods"), 0);
	assert_int_equal(count(c, APPS "replicasets"), 0);
}

static void dangling_owners_end_an_object(void **state)
{
	struct cluster *c = *state;

	make(c, CORE "configmaps",
	     "{\"metadata\":{\"name\":\"lost\",\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"name\":\"no\",\"uid\":"
	     "\"00000000-0000-4000-8000-000000000000\"}]}}");
	make(c, CORE "configmaps",
	     "{\"metadata\":{\"name\":\"unknown\",\"ownerReferences\":[{\"apiVersion\":\"no.where/v1\",\"kind\":\"Thing\",\"name\":\"no\","
	     "\"uid\":\"00000000-0000-4000-8000-000000000001\"}]}}");
	pass(c, TIME_SECOND);
	assert_true(gone(c, CORE "configmaps/lost"));
	assert_false(gone(c, CORE "configmaps/unknown"));
}

static void a_namespace_ends_when_its_content_has(void **state)
{
	struct cluster *c = *state;

	make(c, "/api/v1/namespaces", "{\"metadata\":{\"name\":\"n\"}}");
	pass(c, TIME_SECOND);
	assert_false(gone(c, "/api/v1/namespaces/n/serviceaccounts/default"));
	make(c, "/api/v1/namespaces/n/configmaps", "{\"metadata\":{\"name\":\"kept\",\"finalizers\":[\"example.org/x\"]}}");
	make(c, "/api/v1/namespaces/n/pods",
	     "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"x\"}]}}");
	pass(c, TIME_SECOND);
	ask(c->k, &c->a, "DELETE", "/api/v1/namespaces/n", "", "", 200);
	pass(c, TIME_SECOND);
	assert_true(gone(c, "/api/v1/namespaces/n/pods/p"));
	assert_string_equal(condition(c, get(c, "/api/v1/namespaces/n"), "NamespaceFinalizersRemaining", "message"),
			    "Some content in the namespace has finalizers remaining: example.org/x in 1 resource instances");
	change(c, "/api/v1/namespaces/n/configmaps/kept", "{\"metadata\":{\"finalizers\":null}}");
	pass(c, TIME_SECOND);
	assert_true(gone(c, "/api/v1/namespaces/n"));
}

static void claims_wait_for_their_consumer(void **state)
{
	struct cluster *c = *state;

	make(c, "/apis/storage.k8s.io/v1/storageclasses",
	     "{\"metadata\":{\"name\":\"lazy\"},\"provisioner\":\"p\",\"volumeBindingMode\":\"WaitForFirstConsumer\"}");
	make(c, CORE "persistentvolumeclaims",
	     "{\"metadata\":{\"name\":\"v\"},\"spec\":{\"storageClassName\":\"lazy\",\"accessModes\":[\"ReadWriteOnce\"],\"resources\":{"
	     "\"requests\":{\"storage\":\"1Gi\"}}}}");
	pass(c, TIME_SECOND);
	assert_true(str_is(value_path_str(get(c, CORE "persistentvolumeclaims/v"), "status", "phase", NULL), "Pending"));
	make(c, CORE "pods",
	     "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"x\"}],\"volumes\":[{\"name\":\"v\","
	     "\"persistentVolumeClaim\":{\"claimName\":\"v\"}}]}}");
	pass(c, TIME_SECOND);
	assert_true(str_is(value_path_str(get(c, CORE "persistentvolumeclaims/v"), "status", "phase", NULL), "Bound"));
	assert_true(str_is(value_path_str(get(c, CORE "pods/p"), "status", "phase", NULL), "Running"));
	ask(c->k, &c->a, "DELETE", CORE "persistentvolumeclaims/v", "", "", 200);
	pass(c, TIME_SECOND);
	assert_false(gone(c, CORE "persistentvolumeclaims/v")); /* in use */
	ask(c->k, &c->a, "DELETE", CORE "pods/p", "", "", 200);
	pass(c, TIME_SECOND);
	assert_true(gone(c, CORE "persistentvolumeclaims/v"));
	assert_int_equal(count(c, "/api/v1/persistentvolumes"), 0);
}

static void pods_live_as_their_annotations_say(void **state)
{
	struct cluster *c = *state;
	struct kube_reply reply;
	struct value pod;

	make(c, CORE "pods",
	     "{\"metadata\":{\"name\":\"p\",\"annotations\":{\"sim.tiphys.dev/start-delay\":\"2s\",\"sim.tiphys.dev/ready-delay\":\"1s\","
	     "\"sim.tiphys.dev/run-for\":\"5s\",\"sim.tiphys.dev/exit-code\":\"1\",\"sim.tiphys.dev/log-lines\":\"2\"}},\"spec\":{"
	     "\"containers\":[{\"name\":\"c\",\"image\":\"x\"}]}}");
	pass(c, TIME_SECOND);
	assert_true(str_is(value_path_str(get(c, CORE "pods/p"), "status", "phase", NULL), "Pending"));
	pass(c, 1500 * TIME_MS);
	pod = get(c, CORE "pods/p");
	assert_true(str_is(value_path_str(pod, "status", "phase", NULL), "Running"));
	assert_string_equal(condition(c, pod, "Ready", "status"), "False");
	pass(c, TIME_SECOND);
	assert_string_equal(condition(c, get(c, CORE "pods/p"), "Ready", "status"), "True");
	assert_string_equal(ask_text(c->k, &c->a, "GET", CORE "pods/p/log", "", "", &reply), "line 1 of 2\nline 2 of 2\n");
	pass(c, 4 * TIME_SECOND);
	pod = value_list(value_path(get(c, CORE "pods/p"), "status", "containerStatuses", NULL))->at[0];
	assert_true(str_is(value_path_str(pod, "state", "waiting", "reason", NULL), "CrashLoopBackOff"));
	pass(c, 1200 * TIME_MS);
	assert_string_equal(ask_text(c->k, &c->a, "GET", CORE "pods/p/log?previous=true", "", "", &reply),
			    "line 1 of 2\nline 2 of 2\nexited with status 1\n");
}

static void the_same_seed_makes_the_same_cluster(void **state)
{
	str texts[2];
	struct cluster *c;

	for (int i = 0; i < 2; i++) {
		struct kube_reply reply;

		start(state);
		c = *state;
		make(c, APPS "deployments", deployment(c, "web", 5, "x:1", "", ""));
		make(c, BATCH "jobs", job(c, "j", "", "\"completions\":3,"));
		pass(c, 10 * TIME_SECOND);
		texts[i] = str_of(strdup(ask_text(c->k, &c->a, "GET", "/api/v1/pods", "", "", &reply)));
		stop(state);
	}
	assert_true(texts[0].n > 1000 && str_eq(texts[0], texts[1]));
	free((void *)(uintptr_t)texts[0].s);
	free((void *)(uintptr_t)texts[1].s);
}

static void without_nodes_pods_wait(void **state)
{
	struct cluster *c;

	stop(state);
	start_with(state, 0);
	c = *state;
	make(c, APPS "deployments", deployment(c, "web", 1, "x:1", "", ""));
	pass(c, TIME_SECOND);
	assert_int_equal(count(c, CORE "pods"), 1);
	assert_int_equal(number(get(c, APPS "deployments/web"), "status", "readyReplicas"), 0);
}

static void autoscalers_follow_usage(void **state)
{
	struct cluster *c = *state;
	const char *hpa = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";

	make(c, APPS "deployments",
	     "{\"metadata\":{\"name\":\"web\"},\"spec\":{\"selector\":{\"matchLabels\":{\"a\":\"web\"}},\"template\":{\"metadata\":{\"labels\":{"
	     "\"a\":\"web\"},\"annotations\":{\"sim.tiphys.dev/cpu\":\"200m\"}},\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"x\","
	     "\"resources\":{\"requests\":{\"cpu\":\"100m\"}}}]}}}}");
	make(c, hpa,
	     "{\"metadata\":{\"name\":\"web\"},\"spec\":{\"minReplicas\":1,\"maxReplicas\":4,\"scaleTargetRef\":{\"apiVersion\":\"apps/v1\","
	     "\"kind\":\"Deployment\",\"name\":\"web\"}}}");
	pass(c, 60 * TIME_SECOND);
	assert_int_equal(number(get(c, APPS "deployments/web"), "spec", "replicas"), 4);
	assert_string_equal(condition(c, get(c, arena_printf(&c->a, "%s/web", hpa).s), "ScalingLimited", "reason"), "TooManyReplicas");
	change(c, APPS "deployments/web", "{\"spec\":{\"template\":{\"metadata\":{\"annotations\":{\"sim.tiphys.dev/cpu\":\"10m\"}}}}}");
	pass(c, 60 * TIME_SECOND);
	assert_int_equal(number(get(c, APPS "deployments/web"), "spec", "replicas"), 4);
	pass(c, 600 * TIME_SECOND);
	assert_int_equal(number(get(c, APPS "deployments/web"), "spec", "replicas"), 1);
}

static void three_hundred_pods_settle_fast(void **state)
{
	struct cluster *c = *state;

	for (int i = 0; i < 100; i++)
		make(c, APPS "deployments", deployment(c, arena_printf(&c->a, "d%d", i).s, 3, "x:1", "", ""));
	pass(c, TIME_SECOND);
	assert_int_equal(count(c, CORE "pods"), 300);
	assert_int_equal(number(get(c, APPS "deployments/d99"), "status", "readyReplicas"), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_deployment_settles_and_then_is_silent, start, stop),
		cmocka_unit_test_setup_teardown(a_rollout_keeps_its_limits_and_goes_back, start, stop),
		cmocka_unit_test_setup_teardown(what_never_gets_ready_times_out, start, stop),
		cmocka_unit_test_setup_teardown(recreate_ends_the_old_before_the_new, start, stop),
		cmocka_unit_test_setup_teardown(pausing_holds_and_history_is_short, start, stop),
		cmocka_unit_test_setup_teardown(a_pod_that_is_deleted_comes_again, start, stop),
		cmocka_unit_test_setup_teardown(a_statefulset_goes_in_order, start, stop),
		cmocka_unit_test_setup_teardown(a_daemonset_has_a_pod_a_node, start, stop),
		cmocka_unit_test_setup_teardown(jobs_complete_fail_and_expire, start, stop),
		cmocka_unit_test_setup_teardown(a_suspended_job_waits, start, stop),
		cmocka_unit_test_setup_teardown(cronjobs_start_jobs_by_the_clock, start, stop),
		cmocka_unit_test_setup_teardown(owners_take_what_they_own_along, start, stop),
		cmocka_unit_test_setup_teardown(dangling_owners_end_an_object, start, stop),
		cmocka_unit_test_setup_teardown(a_namespace_ends_when_its_content_has, start, stop),
		cmocka_unit_test_setup_teardown(claims_wait_for_their_consumer, start, stop),
		cmocka_unit_test_setup_teardown(pods_live_as_their_annotations_say, start, stop),
		cmocka_unit_test(the_same_seed_makes_the_same_cluster),
		cmocka_unit_test_setup_teardown(without_nodes_pods_wait, start, stop),
		cmocka_unit_test_setup_teardown(autoscalers_follow_usage, start, stop),
		cmocka_unit_test_setup_teardown(three_hundred_pods_settle_fast, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
