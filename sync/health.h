/*
 * Is an object doing what it is there for? Pure functions of the object alone, by the rules of
 * Argo CD 3.6 (gitops-engine/pkg/health and the bundled Lua rules for CronJob,
 * CustomResourceDefinition, PodDisruptionBudget and Application). A status that speaks of an
 * older generation never counts as healthy.
 */
#ifndef SYNC_HEALTH_H
#define SYNC_HEALTH_H

#include "base/object.h"
#include "base/value.h"

/* From best to worst; the worst of several is their common health. */
enum health_status {
	HEALTH_NONE, /* no rule for this kind: no opinion */
	HEALTH_HEALTHY,
	HEALTH_SUSPENDED,
	HEALTH_PROGRESSING,
	HEALTH_MISSING,
	HEALTH_DEGRADED,
	HEALTH_UNKNOWN,
};

struct health {
	enum health_status status;
	str message;
};

/* Messages live in keep or borrow from object. */
struct health health_of(struct arena *keep, struct value object);
const char *health_name(enum health_status status); /* "Healthy"; "" for NONE */
/* "Healthy" -> HEALTH_HEALTHY; an unknown text is HEALTH_UNKNOWN, an empty one HEALTH_NONE. */
enum health_status health_parse(str text);

/* For the single rules, in health_workload.c and health_other.c. Each takes the object of its
 * kind; health_of has looked at group, kind and deletionTimestamp. */
typedef struct health health_rule(struct arena *keep, struct value object);
health_rule health_deployment, health_statefulset, health_daemonset, health_replicaset, health_job,
	health_pod, health_cronjob;
health_rule health_pvc, health_service, health_ingress, health_hpa, health_apiservice, health_crd,
	health_pdb, health_application, health_workflow;

#endif
