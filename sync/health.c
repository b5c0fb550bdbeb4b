/*
 * Which rule for which kind.
 */
#include "sync/health.h"

static const struct {
	const char *group, *kind;
	health_rule *rule;
} rules[] = {
	{"apps", "Deployment", health_deployment},
	{"apps", "StatefulSet", health_statefulset},
	{"apps", "DaemonSet", health_daemonset},
	{"apps", "ReplicaSet", health_replicaset},
	{"batch", "Job", health_job},
	{"batch", "CronJob", health_cronjob},
	{"", "Pod", health_pod},
	{"", "PersistentVolumeClaim", health_pvc},
	{"", "Service", health_service},
	{"networking.k8s.io", "Ingress", health_ingress},
	{"extensions", "Ingress", health_ingress},
	{"autoscaling", "HorizontalPodAutoscaler", health_hpa},
	{"apiregistration.k8s.io", "APIService", health_apiservice},
	{"apiextensions.k8s.io", "CustomResourceDefinition", health_crd},
	{"policy", "PodDisruptionBudget", health_pdb},
	{"argoproj.io", "Application", health_application},
	{"argoproj.io", "Workflow", health_workflow},
};

struct health health_of(struct arena *keep, struct value object)
{
	str group = object_group(object), kind = object_kind(object);

	if (value_path_str(object, "metadata", "deletionTimestamp", NULL).s)
		return (struct health){HEALTH_PROGRESSING, STR("Pending deletion")};
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
		if (str_is(kind, rules[i].kind) && str_is(group, rules[i].group))
			return rules[i].rule(keep, object);
	return (struct health){HEALTH_NONE, STR("")};
}

static const char *const names[] = {
	[HEALTH_NONE] = "",		    [HEALTH_HEALTHY] = "Healthy",
	[HEALTH_SUSPENDED] = "Suspended",   [HEALTH_PROGRESSING] = "Progressing",
	[HEALTH_MISSING] = "Missing",	    [HEALTH_DEGRADED] = "Degraded",
	[HEALTH_UNKNOWN] = "Unknown"};

const char *health_name(enum health_status status)
{
	return names[status];
}

enum health_status health_parse(str text)
{
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (str_is(text, names[i]))
			return (enum health_status)i;
	return HEALTH_UNKNOWN;
}
