/* Small server-side applies a second, in the process, and the memory they take. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/time.h"
#include "kube/kube.h"

int main(int argc, char **argv)
{
	static const str groups[] = {STR_INIT("system:masters")};
	static const struct kube_user admin = {STR_INIT("admin"), groups, 1};
	struct kube_options o = {.now = time_wall(), .no_controllers = true};
	int objects = argc > 1 ? atoi(argv[1]) : 1000, rounds = argc > 2 ? atoi(argv[2]) : 20;
	struct error err = {0};
	int64_t begun = time_monotonic(), ready;
	struct kube *k = kube_new(&o, &err);
	struct rusage use;
	struct arena a;
	double took;

	if (!k)
		return fprintf(stderr, "%s\n", err.text), 1;
	ready = time_monotonic();
	arena_init(&a, 0);
	for (int i = 0; i < objects * rounds; i++) {
		struct kube_reply reply;
		struct kube_request r = {.method = STR("PATCH"), .content_type = STR("application/apply-patch+yaml"), .user = &admin};

		r.target = arena_printf(&a, "/api/v1/namespaces/default/configmaps/map-%d?fieldManager=bench&force=true&"
					"fieldValidation=Strict", i % objects);
		r.body = arena_printf(&a, "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"map-%d\",\"namespace\":"
				      "\"default\",\"labels\":{\"app.kubernetes.io/name\":\"bench\",\"n\":\"x\"}},\"data\":{\"round\":"
				      "\"%d\",\"host\":\"example.org\",\"port\":\"8080\",\"level\":\"info\"}}", i % objects, i / objects);
		kube_answer(k, &a, &r, &reply);
		if (reply.status >= 300)
			return fprintf(stderr, "%d %.*s\n", reply.status, STR_ARG(reply.body)), 1;
		arena_clear(&a);
	}
	took = (double)(time_monotonic() - ready) / 1e9;
	getrusage(RUSAGE_SELF, &use);
	printf("ready after %.2f ms; %d applies of %d objects in %.2f s: %.0f a second; %ld MB\n",
	       (double)(ready - begun) / 1e6, objects * rounds, objects, took, objects * rounds / took, use.ru_maxrss / 1024);
	arena_done(&a);
	kube_free(k);
	return 0;
}
