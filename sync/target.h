/*
 * From rendered objects to intents: what we would send to the API server, and what stands in the
 * way. Lists are flattened, namespaces filled in or taken off, doubles dropped (the last wins),
 * Secret stringData folded, status and server-made metadata left out, the tracking annotation set.
 * Rules: Argo CD 3.6, controller/state.go CompareAppState and util/argo/resource_tracking.go.
 */
#ifndef SYNC_TARGET_H
#define SYNC_TARGET_H

#include "base/error.h"
#include "base/object.h"
#include "sync/cluster.h"
#include "sync/health.h"
#include "sync/memory.h"
#include "sync/policy.h"

/* What the agent knows and the engine must ask. Any function may be NULL. */
struct host {
	void *arg;
	/* May the project of this application touch it? *why in Argo CD's words. NULL: yes. */
	bool (*permits)(void *arg, const struct object_key *key, bool namespaced,
			struct error *why);
	/* Is it in the desired set of another application? *app (may be NULL) names it. Asked
	 * before pruning. Until the agent has read all its applications it must answer true. */
	bool (*wanted_elsewhere)(void *arg, const struct object_key *key, str *app);
	/* Health that the agent knows better than the object: Applications that it runs in
	 * process. object: the live one, or the wanted one when its kind is not installed.
	 * False: no opinion. */
	bool (*health)(void *arg, struct arena *keep, struct value object, struct health *out);
	/* For targets that are in_process: does the host already run exactly this manifest? When
	 * not (or NULL), compare calls it OutOfSync, and the sync hands it to adopt. */
	bool (*adopted)(void *arg, struct value object);
	/* An Application or AppProject was applied or its turn came (its CRD may be missing). */
	void (*adopt)(void *arg, struct value object);
	/* Monotonic nanoseconds; NULL: time_monotonic. */
	int64_t (*now)(void *arg);
};

/* An application as the engine sees it. Everything is borrowed. */
struct sync_app {
	str name;	 /* the instance name, as it stands in tracking ids */
	str namespace;	 /* destination */
	const struct policy *policy;
	struct value *objects; /* rendered, in order, hooks included */
	size_t n;
	bool complete;	 /* the rendering was read in full, at one revision, without error */
	const struct host *host;
	struct memory *memory; /* may be NULL */
};

enum target_problem {
	TARGET_FINE,
	TARGET_INVALID,	 /* no kind, no name ... */
	TARGET_DENIED,	 /* the project says no */
	TARGET_ABSENT,	 /* its kind is not served, and no CRD among the objects brings it */
	TARGET_UNKNOWN,	 /* discovery cannot tell now */
};

struct target {
	struct object_key key;
	str version;	      /* of apiVersion */
	struct value intent;  /* what is applied; shares most of the rendered object */
	struct object_rules rules;
	bool namespaced;
	bool brought;	 /* its kind comes with a CRD of the same application */
	bool in_process; /* an Application or AppProject whose CRD is not installed */
	bool pending;	 /* its kind is not READY yet: live is not known */
	enum target_problem problem;
	str why;
};

struct targets {
	struct target *at;
	size_t n;
	bool loading; /* a kind is still loading: ask again when it is not */
	str *repeated, *excluded; /* texts for conditions */
	size_t repeated_n, excluded_n;
};

/* Starts watching the kinds it meets (cluster->ops->watch). */
void targets_build(struct arena *keep, struct cluster *cluster, const struct sync_app *app,
		   struct targets *out);

/* "app:group/Kind:namespace/name" */
str tracking_id(struct arena *keep, str app, const struct object_key *key, str namespace);
/* The application that a tracking id names, when it speaks of this very object; else empty. */
str tracking_owner(str id, const struct object_key *key, bool namespaced);
/* The application named by an id whatever it speaks of. */
str tracking_app(str id);

/* What to send for a target over a live object: fields of ignoreDifferences that another manager
 * has taken over are left out (RespectIgnoreDifferences: take the live value). */
struct value target_body(struct arena *keep, const struct target *t, const struct live *live,
			 const struct policy *policy);

#endif
