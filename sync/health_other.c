/*
 * Kinds that run nothing themselves.
 */
#include "base/num.h"
#include "sync/health.h"

#define FIXED(status, text) ((struct health){(status), STR(text)})

static struct value condition(struct value object, const char *type)
{
	const struct list *l = value_list(value_path(object, "status", "conditions", NULL));

	for (uint32_t i = 0; i < list_n(l); i++)
		if (str_is(value_path_str(l->at[i], "type", NULL), type))
			return l->at[i];
	return VALUE_NONE;
}

static bool is_true(struct value condition)
{
	return str_is(value_path_str(condition, "status", NULL), "True");
}

struct health health_pvc(struct arena *keep, struct value object)
{
	str phase = value_path_str(object, "status", "phase", NULL);

	(void)keep;
	if (str_is(phase, "Bound"))
		return FIXED(HEALTH_HEALTHY, "");
	if (str_is(phase, "Lost"))
		return FIXED(HEALTH_DEGRADED, "");
	return str_is(phase, "Pending") ? FIXED(HEALTH_PROGRESSING, "") : FIXED(HEALTH_UNKNOWN, "");
}

static bool has_balancer(struct value object)
{
	return list_n(value_list(value_path(object, "status", "loadBalancer", "ingress", NULL))) > 0;
}

struct health health_service(struct arena *keep, struct value object)
{
	(void)keep;
	if (!str_is(value_path_str(object, "spec", "type", NULL), "LoadBalancer") || has_balancer(object))
		return FIXED(HEALTH_HEALTHY, "");
	return FIXED(HEALTH_PROGRESSING, "");
}

struct health health_ingress(struct arena *keep, struct value object)
{
	(void)keep;
	return has_balancer(object) ? FIXED(HEALTH_HEALTHY, "") : FIXED(HEALTH_PROGRESSING, "");
}

static bool hpa_broken(struct value object, str *message)
{
	static const char *const bad[][2] = {
		{"AbleToScale", "FailedGetScale"},
		{"AbleToScale", "FailedUpdateScale"},
		{"ScalingActive", "FailedGetResourceMetric"},
		{"ScalingActive", "FailedGetObjectMetric"},
		{"ScalingActive", "FailedGetPodsMetric"},
		{"ScalingActive", "FailedGetExternalMetric"},
		{"ScalingActive", "FailedComputeMetricsReplicas"},
		{"ScalingActive", "InvalidSelector"}};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct value c = condition(object, bad[i][0]);

		if (str_is(value_path_str(c, "reason", NULL), bad[i][1])) {
			*message = value_path_str(c, "message", NULL);
			return true;
		}
	}
	return false;
}

struct health health_hpa(struct arena *keep, struct value object)
{
	struct value able = condition(object, "AbleToScale"), limited = condition(object, "ScalingLimited");
	str message;

	(void)keep;
	if (hpa_broken(object, &message))
		return (struct health){HEALTH_DEGRADED, message};
	if (is_true(able))
		return (struct health){HEALTH_HEALTHY, value_path_str(able, "message", NULL)};
	if (is_true(limited))
		return (struct health){HEALTH_HEALTHY, value_path_str(limited, "message", NULL)};
	return FIXED(HEALTH_PROGRESSING, "Waiting to Autoscale");
}

struct health health_apiservice(struct arena *keep, struct value object)
{
	struct value c = condition(object, "Available");
	str message;

	if (c.type != VALUE_MAP)
		return FIXED(HEALTH_PROGRESSING, "Waiting to be processed");
	message = arena_printf(keep, "%.*s: %.*s", STR_ARG(value_path_str(c, "reason", NULL)),
			       STR_ARG(value_path_str(c, "message", NULL)));
	return (struct health){is_true(c) ? HEALTH_HEALTHY : HEALTH_PROGRESSING, message};
}

struct health health_crd(struct arena *keep, struct value object)
{
	struct value names = condition(object, "NamesAccepted"), schema = condition(object, "NonStructuralSchema");
	struct value established = condition(object, "Established");

	(void)keep;
	if (str_is(value_path_str(names, "status", NULL), "False"))
		return (struct health){HEALTH_DEGRADED, value_path_str(names, "message", NULL)};
	if (is_true(schema))
		return (struct health){HEALTH_DEGRADED, value_path_str(schema, "message", NULL)};
	if (is_true(established))
		return FIXED(HEALTH_HEALTHY, "CRD is healthy");
	return FIXED(HEALTH_PROGRESSING, "Status conditions not found");
}

struct health health_pdb(struct arena *keep, struct value object)
{
	struct value c = condition(object, "DisruptionAllowed");
	int64_t generation = 0, observed = 0;

	(void)keep;
	value_to_i64(value_path(object, "metadata", "generation", NULL), &generation);
	value_to_i64(value_path(object, "status", "observedGeneration", NULL), &observed);
	if (c.type != VALUE_MAP || observed < generation)
		return FIXED(HEALTH_PROGRESSING, "Waiting for status");
	if (str_is(value_path_str(c, "reason", NULL), "SyncFailed"))
		return (struct health){HEALTH_DEGRADED, value_path_str(c, "message", NULL)};
	return FIXED(HEALTH_HEALTHY, "PodDisruptionBudget has SufficientPods");
}

struct health health_application(struct arena *keep, struct value object)
{
	struct value h = value_path(object, "status", "health", NULL);

	(void)keep;
	if (h.type != VALUE_MAP)
		return FIXED(HEALTH_PROGRESSING, "");
	return (struct health){health_parse(value_path_str(h, "status", NULL)),
			       value_path_str(h, "message", NULL)};
}

struct health health_workflow(struct arena *keep, struct value object)
{
	str phase = value_path_str(object, "status", "phase", NULL);
	str message = value_path_str(object, "status", "message", NULL);

	(void)keep;
	if (!phase.n || str_is(phase, "Pending") || str_is(phase, "Running"))
		return (struct health){HEALTH_PROGRESSING, message};
	if (str_is(phase, "Succeeded"))
		return (struct health){HEALTH_HEALTHY, message};
	if (str_is(phase, "Failed") || str_is(phase, "Error"))
		return (struct health){HEALTH_DEGRADED, message};
	return (struct health){HEALTH_UNKNOWN, message};
}
