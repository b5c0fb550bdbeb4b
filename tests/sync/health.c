/*
 * A row for each rule of each kind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "sync/health.h"

static const struct {
	const char *object, *want;
} rows[] = {
	{"{'apiVersion':'v1','kind':'ConfigMap'}", ""},
	{"{'apiVersion':'v1','kind':'ConfigMap','metadata':{'deletionTimestamp':'x'}}", "Progressing"},
	{"{'apiVersion':'apps/v1','kind':'Deployment','spec':{'paused':true}}", "Suspended"},
	{"{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'generation':2},'status':{'observedGeneration':1,"
	 "'updatedReplicas':1,'availableReplicas':1,'replicas':1}}", "Progressing"},
	{"{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'generation':1},'status':{'observedGeneration':1,"
	 "'updatedReplicas':1,'availableReplicas':1,'replicas':1}}", "Healthy"},
	{"{'apiVersion':'apps/v1','kind':'Deployment','spec':{'replicas':2},'status':{'updatedReplicas':1}}", "Progressing"},
	{"{'apiVersion':'apps/v1','kind':'Deployment','status':{'conditions':[{'type':'Progressing','reason':"
	 "'ProgressDeadlineExceeded'}]}}", "Degraded"},
	{"{'apiVersion':'apps/v1','kind':'StatefulSet','metadata':{'generation':1},'status':{'observedGeneration':1,"
	 "'readyReplicas':1,'updateRevision':'a','currentRevision':'a'}}", "Healthy"},
	{"{'apiVersion':'apps/v1','kind':'StatefulSet','status':{}}", "Progressing"},
	{"{'apiVersion':'apps/v1','kind':'DaemonSet','status':{'desiredNumberScheduled':2,'updatedNumberScheduled':2,"
	 "'numberAvailable':1}}", "Progressing"},
	{"{'apiVersion':'apps/v1','kind':'ReplicaSet','status':{'conditions':[{'type':'ReplicaFailure','status':'True'}]}}",
	 "Degraded"},
	{"{'apiVersion':'batch/v1','kind':'Job','status':{}}", "Progressing"},
	{"{'apiVersion':'batch/v1','kind':'Job','status':{'conditions':[{'type':'Complete','status':'True'}]}}", "Healthy"},
	{"{'apiVersion':'batch/v1','kind':'Job','status':{'conditions':[{'type':'Failed','status':'True'}]}}", "Degraded"},
	{"{'apiVersion':'batch/v1','kind':'CronJob','spec':{'suspend':true}}", "Healthy"},
	{"{'apiVersion':'batch/v1','kind':'CronJob','status':{}}", "Healthy"},
	{"{'apiVersion':'batch/v1','kind':'CronJob','status':{'lastScheduleTime':'2026-01-02T00:00:00Z'}}", "Healthy"},
	{"{'apiVersion':'batch/v1','kind':'CronJob','status':{'lastScheduleTime':'2026-01-02T00:00:00Z',"
	 "'lastSuccessfulTime':'2026-01-01T00:00:09Z'}}", "Degraded"},
	{"{'apiVersion':'batch/v1','kind':'CronJob','status':{'lastScheduleTime':'2026-01-02T00:00:00Z',"
	 "'lastSuccessfulTime':'2026-01-01T00:00:09Z','active':[{}]}}", "Healthy"},
	{"{'apiVersion':'batch/v1','kind':'CronJob','status':{'lastScheduleTime':'2026-01-02T00:00:00Z',"
	 "'lastSuccessfulTime':'2026-01-02T00:00:09Z'}}", "Healthy"},
	{"{'apiVersion':'v1','kind':'Pod','status':{'phase':'Running','conditions':[{'type':'Ready','status':'True'}]}}",
	 "Healthy"},
	{"{'apiVersion':'v1','kind':'Pod','status':{'phase':'Pending','containerStatuses':[{'state':{'waiting':{'reason':"
	 "'ImagePullBackOff'}}}]}}", "Degraded"},
	{"{'apiVersion':'v1','kind':'Pod','spec':{'restartPolicy':'Never'},'status':{'phase':'Failed'}}", "Degraded"},
	{"{'apiVersion':'v1','kind':'PersistentVolumeClaim','status':{'phase':'Bound'}}", "Healthy"},
	{"{'apiVersion':'v1','kind':'PersistentVolumeClaim','status':{'phase':'Lost'}}", "Degraded"},
	{"{'apiVersion':'v1','kind':'Service','spec':{'type':'ClusterIP'}}", "Healthy"},
	{"{'apiVersion':'v1','kind':'Service','spec':{'type':'LoadBalancer'}}", "Progressing"},
	{"{'apiVersion':'networking.k8s.io/v1','kind':'Ingress','status':{'loadBalancer':{'ingress':[{'ip':'1.2.3.4'}]}}}",
	 "Healthy"},
	{"{'apiVersion':'autoscaling/v2','kind':'HorizontalPodAutoscaler','status':{'conditions':[{'type':'AbleToScale',"
	 "'status':'True'}]}}", "Healthy"},
	{"{'apiVersion':'autoscaling/v2','kind':'HorizontalPodAutoscaler','status':{'conditions':[{'type':'AbleToScale',"
	 "'status':'True'},{'type':'ScalingActive','reason':'FailedGetResourceMetric'}]}}", "Degraded"},
	{"{'apiVersion':'apiextensions.k8s.io/v1','kind':'CustomResourceDefinition','status':{'conditions':[{'type':"
	 "'Established','status':'True'}]}}", "Healthy"},
	{"{'apiVersion':'apiextensions.k8s.io/v1','kind':'CustomResourceDefinition'}", "Progressing"},
	{"{'apiVersion':'argoproj.io/v1alpha1','kind':'Application','status':{'health':{'status':'Degraded'}}}", "Degraded"},
	{"{'apiVersion':'example.org/v1','kind':'Deployment','status':{}}", ""},
	{"{'apiVersion':'apps/v1','kind':'Deployment','spec':'x','status':[]}", "Progressing"},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct value v;
		struct arena a;
		char *text;

		arena_init(&a, 0);
		text = arena_cstr(&a, str_of(rows[i].object));
		for (char *p = text; *p; p++)
			if (*p == '\'')
				*p = '"';
		assert_true(json_read(&a, str_of(text), 0, &v, NULL));
		if (strcmp(health_name(health_of(&a, v).status), rows[i].want) != 0)
			fail_msg("%s: want %s got %s", rows[i].object, rows[i].want, health_name(health_of(&a, v).status));
		arena_done(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
