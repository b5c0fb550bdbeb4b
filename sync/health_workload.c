/*
 * Kinds that run Pods.
 */
#include "sync/health.h"

#define SAY(status, ...) ((struct health){(status), arena_printf(keep, __VA_ARGS__)})
#define FIXED(status, text) ((struct health){(status), STR(text)})

/* A number at a path, `fallback` when absent. */
#define NUMBER(object, fallback, ...) number(value_path((object), __VA_ARGS__, NULL), (fallback))

static int64_t number(struct value v, int64_t fallback)
{
	int64_t n;

	return value_to_i64(v, &n) ? n : fallback;
}

/* A condition of status.conditions, NIL when absent. */
static struct value condition(struct value object, const char *type)
{
	const struct list *l = value_list(value_path(object, "status", "conditions", NULL));

	for (uint32_t i = 0; i < list_n(l); i++)
		if (str_is(value_path_str(l->at[i], "type", NULL), type))
			return l->at[i];
	return VALUE_NONE;
}

static bool stale(struct value object)
{
	return NUMBER(object, 0, "metadata", "generation") > NUMBER(object, 0, "status", "observedGeneration");
}

struct health health_deployment(struct arena *keep, struct value object)
{
	int64_t wanted = NUMBER(object, 1, "spec", "replicas");
	int64_t replicas = NUMBER(object, 0, "status", "replicas");
	int64_t updated = NUMBER(object, 0, "status", "updatedReplicas");
	int64_t available = NUMBER(object, 0, "status", "availableReplicas");

	if (value_truth_bool(value_path(object, "spec", "paused", NULL), false))
		return FIXED(HEALTH_SUSPENDED, "Deployment is paused");
	if (stale(object))
		return FIXED(HEALTH_PROGRESSING,
			     "Waiting for rollout to finish: observed deployment generation less than desired generation");
	if (str_is(value_path_str(condition(object, "Progressing"), "reason", NULL), "ProgressDeadlineExceeded"))
		return SAY(HEALTH_DEGRADED, "Deployment \"%.*s\" exceeded its progress deadline",
			   STR_ARG(object_name(object)));
	if (updated < wanted)
		return SAY(HEALTH_PROGRESSING,
			   "Waiting for rollout to finish: %lld out of %lld new replicas have been updated...",
			   (long long)updated, (long long)wanted);
	if (replicas > updated)
		return SAY(HEALTH_PROGRESSING,
			   "Waiting for rollout to finish: %lld old replicas are pending termination...",
			   (long long)(replicas - updated));
	if (available < updated)
		return SAY(HEALTH_PROGRESSING,
			   "Waiting for rollout to finish: %lld of %lld updated replicas are available...",
			   (long long)available, (long long)updated);
	return FIXED(HEALTH_HEALTHY, "");
}

struct health health_statefulset(struct arena *keep, struct value object)
{
	int64_t wanted = NUMBER(object, 1, "spec", "replicas");
	int64_t ready = NUMBER(object, 0, "status", "readyReplicas");
	int64_t updated = NUMBER(object, 0, "status", "updatedReplicas");
	struct value rolling = value_path(object, "spec", "updateStrategy", "rollingUpdate", NULL);
	str type = value_path_str(object, "spec", "updateStrategy", "type", NULL);
	int64_t partition;

	if (!NUMBER(object, 0, "status", "observedGeneration") || stale(object))
		return FIXED(HEALTH_PROGRESSING, "Waiting for statefulset spec update to be observed...");
	if (ready < wanted)
		return SAY(HEALTH_PROGRESSING, "Waiting for %lld pods to be ready...",
			   (long long)(wanted - ready));
	if (str_is(type, "RollingUpdate") && rolling.type == VALUE_MAP) {
		partition = NUMBER(object, 0, "spec", "updateStrategy", "rollingUpdate", "partition");
		if (updated < wanted - partition)
			return SAY(HEALTH_PROGRESSING,
				   "Waiting for partitioned roll out to finish: %lld out of %lld new pods have been updated...",
				   (long long)updated, (long long)(wanted - partition));
		return SAY(HEALTH_HEALTHY, "partitioned roll out complete: %lld new pods have been updated...",
			   (long long)updated);
	}
	if (str_is(type, "OnDelete"))
		return SAY(HEALTH_HEALTHY, "statefulset has %lld ready pods", (long long)ready);
	if (!str_eq(value_path_str(object, "status", "updateRevision", NULL),
		    value_path_str(object, "status", "currentRevision", NULL)))
		return SAY(HEALTH_PROGRESSING,
			   "waiting for statefulset rolling update to complete %lld pods at revision %.*s...",
			   (long long)updated,
			   STR_ARG(value_path_str(object, "status", "updateRevision", NULL)));
	return FIXED(HEALTH_HEALTHY, "");
}

struct health health_daemonset(struct arena *keep, struct value object)
{
	int64_t wanted = NUMBER(object, 0, "status", "desiredNumberScheduled");
	int64_t updated = NUMBER(object, 0, "status", "updatedNumberScheduled");
	int64_t available = NUMBER(object, 0, "status", "numberAvailable");

	if (stale(object))
		return FIXED(HEALTH_PROGRESSING,
			     "Waiting for rollout to finish: observed daemon set generation less than desired generation");
	if (str_is(value_path_str(object, "spec", "updateStrategy", "type", NULL), "OnDelete"))
		return SAY(HEALTH_HEALTHY, "daemon set %lld out of %lld new pods have been updated",
			   (long long)updated, (long long)wanted);
	if (updated < wanted)
		return SAY(HEALTH_PROGRESSING,
			   "Waiting for daemon set \"%.*s\" rollout to finish: %lld out of %lld new pods have been updated...",
			   STR_ARG(object_name(object)), (long long)updated, (long long)wanted);
	if (available < wanted)
		return SAY(HEALTH_PROGRESSING,
			   "Waiting for daemon set \"%.*s\" rollout to finish: %lld of %lld updated pods are available...",
			   STR_ARG(object_name(object)), (long long)available, (long long)wanted);
	return FIXED(HEALTH_HEALTHY, "");
}

struct health health_replicaset(struct arena *keep, struct value object)
{
	struct value failure = condition(object, "ReplicaFailure");
	int64_t wanted = NUMBER(object, 1, "spec", "replicas");
	int64_t available = NUMBER(object, 0, "status", "availableReplicas");

	if (stale(object))
		return FIXED(HEALTH_PROGRESSING,
			     "Waiting for rollout to finish: observed replica set generation less than desired generation");
	if (str_is(value_path_str(failure, "status", NULL), "True"))
		return (struct health){HEALTH_DEGRADED, value_path_str(failure, "message", NULL)};
	if (available < wanted)
		return SAY(HEALTH_PROGRESSING,
			   "Waiting for rollout to finish: %lld out of %lld new replicas are available...",
			   (long long)available, (long long)wanted);
	return FIXED(HEALTH_HEALTHY, "");
}

struct health health_job(struct arena *keep, struct value object)
{
	struct value failed = condition(object, "Failed"), done = condition(object, "Complete");
	struct value suspended = condition(object, "Suspended");

	(void)keep;
	if (failed.type == VALUE_MAP)
		return (struct health){HEALTH_DEGRADED, value_path_str(failed, "message", NULL)};
	if (str_is(value_path_str(suspended, "status", NULL), "True"))
		return (struct health){HEALTH_SUSPENDED, value_path_str(suspended, "message", NULL)};
	if (done.type == VALUE_MAP)
		return (struct health){HEALTH_HEALTHY, value_path_str(done, "message", NULL)};
	return FIXED(HEALTH_PROGRESSING, "");
}

/* Argo CD 3.6's bundled rule. Times in RFC 3339 and UTC compare as texts. */
struct health health_cronjob(struct arena *keep, struct value object)
{
	struct value status = value_path(object, "status", NULL);
	str scheduled = value_path_str(status, "lastScheduleTime", NULL);
	str succeeded = value_path_str(status, "lastSuccessfulTime", NULL);

	(void)keep;
	if (value_truth_bool(value_path(object, "spec", "suspend", NULL), false))
		return FIXED(HEALTH_HEALTHY, "CronJob is Suspended");
	if (!scheduled.n)
		return FIXED(HEALTH_HEALTHY, "CronJob has not been scheduled yet");
	if (!succeeded.n)
		return FIXED(HEALTH_HEALTHY, "The CronJob has never completed successfully");
	if (list_n(value_list(value_path(status, "active", NULL))))
		return FIXED(HEALTH_HEALTHY, "The CronJob's Job is running");
	if (str_cmp(succeeded, scheduled) < 0)
		return FIXED(HEALTH_DEGRADED, "CronJob has not completed its last execution successfully");
	return FIXED(HEALTH_HEALTHY, "CronJob has completed its last execution successfully");
}

/* --- Pod --- */

static bool is_error_reason(str reason)
{
	return str_starts(reason, STR("Err")) || str_ends(reason, STR("Error")) ||
	       str_ends(reason, STR("BackOff"));
}

static const struct list *containers(struct value object, const char *which)
{
	return value_list(value_path(object, "status", which, NULL));
}

static bool waiting_error(struct value object, str *message)
{
	static const char *const lists[] = {"initContainerStatuses", "containerStatuses"};

	for (int k = 0; k < 2; k++)
		for (uint32_t i = 0; i < list_n(containers(object, lists[k])); i++) {
			struct value w = value_path(containers(object, lists[k])->at[i], "state", "waiting", NULL);

			if (is_error_reason(value_path_str(w, "reason", NULL))) {
				*message = value_path_str(w, "message", NULL);
				return true;
			}
		}
	return false;
}

static bool terminated_badly(struct arena *keep, struct value status, str *message)
{
	struct value t = value_path(status, "state", "terminated", NULL);
	int64_t code = number(value_path(t, "exitCode", NULL), 0);

	if (t.type != VALUE_MAP)
		return false;
	*message = value_path_str(t, "message", NULL);
	if (message->n)
		return true;
	if (str_is(value_path_str(t, "reason", NULL), "OOMKilled")) {
		*message = STR("OOMKilled");
		return true;
	}
	*message = arena_printf(keep, "container \"%.*s\" failed with exit code %lld",
				STR_ARG(value_path_str(status, "name", NULL)), (long long)code);
	return code != 0;
}

static struct health pod_failed(struct arena *keep, struct value object)
{
	static const char *const lists[] = {"initContainerStatuses", "containerStatuses"};
	str message = value_path_str(object, "status", "message", NULL);

	for (int k = 0; k < 2 && !message.n; k++)
		for (uint32_t i = 0; i < list_n(containers(object, lists[k])); i++)
			if (terminated_badly(keep, containers(object, lists[k])->at[i], &message))
				return (struct health){HEALTH_DEGRADED, message};
	return (struct health){HEALTH_DEGRADED, message};
}

static struct health pod_running(struct value object)
{
	const struct list *l = containers(object, "containerStatuses");
	struct value ready = condition(object, "Ready");

	if (str_is(value_path_str(ready, "status", NULL), "True"))
		return (struct health){HEALTH_HEALTHY, value_path_str(object, "status", "message", NULL)};
	for (uint32_t i = 0; i < list_n(l); i++)
		if (value_path(l->at[i], "lastState", "terminated", NULL).type == VALUE_MAP)
			return (struct health){HEALTH_DEGRADED,
					       value_path_str(object, "status", "message", NULL)};
	return (struct health){HEALTH_PROGRESSING, value_path_str(object, "status", "message", NULL)};
}

struct health health_pod(struct arena *keep, struct value object)
{
	str phase = value_path_str(object, "status", "phase", NULL);
	str restart = value_path_str(object, "spec", "restartPolicy", NULL), message;
	bool always = !restart.n || str_is(restart, "Always");

	if (always && waiting_error(object, &message))
		return (struct health){HEALTH_DEGRADED, message};
	if (str_is(phase, "Pending"))
		return (struct health){HEALTH_PROGRESSING, value_path_str(object, "status", "message", NULL)};
	if (str_is(phase, "Succeeded"))
		return (struct health){HEALTH_HEALTHY, value_path_str(object, "status", "message", NULL)};
	if (str_is(phase, "Failed"))
		return pod_failed(keep, object);
	if (str_is(phase, "Running"))
		return always ? pod_running(object)
			      : (struct health){HEALTH_PROGRESSING,
						value_path_str(object, "status", "message", NULL)};
	return (struct health){HEALTH_UNKNOWN, value_path_str(object, "status", "message", NULL)};
}
