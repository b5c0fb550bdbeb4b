/*
 * An application against the cluster: the status of every resource, its health, what differs, and
 * the application's own sync and health status. Reads the cache only; writes nothing, waits for
 * nothing. Rules: Argo CD 3.6 (controller/state.go, controller/health.go).
 */
#ifndef SYNC_COMPARE_H
#define SYNC_COMPARE_H

#include "sync/diff.h"
#include "sync/target.h"

enum sync_status { SYNC_UNKNOWN, SYNC_SYNCED, SYNC_OUT_OF_SYNC };
const char *sync_status_name(enum sync_status status); /* "Synced" ... */

struct resource {
	struct object_key key;
	str version;
	const struct target *target; /* NULL: lives, and is not wanted */
	struct live live;	     /* .exists false: missing */
	enum sync_status status;
	struct health health;	 /* of the live object; MISSING when it is not there */
	struct object_rules rules; /* of the target, else of the live object */
	struct diff diff;	 /* empty when missing, not wanted or not known */
	bool hook;		 /* a hook or Skip: neither status nor health count */
	bool requires_pruning;
	bool adopts;   /* lives without our tracking id */
	str shared;    /* another application's name in the live tracking id, or empty */
	str why;       /* for UNKNOWN: what is the matter */
	uint64_t intent; /* diff_hash of the intent */
};

struct comparison {
	struct resource *at; /* sorted by object_key_cmp; hooks included */
	size_t n;
	struct targets targets;
	enum sync_status status; /* SYNC_UNKNOWN while loading */
	struct health health;	 /* message: "Caused by group/Kind:ns/name, ..." */
	bool loading;		 /* kinds are still loading: compare again when told */
	size_t out_of_sync, to_prune;
	bool only_prunes, all_prunes; /* for policy_auto */
	/* Texts for SharedResourceWarning, ComparisonError conditions. */
	str *shared, *errors;
	size_t shared_n, errors_n;
};

void compare(struct arena *keep, struct cluster *cluster, const struct sync_app *app,
	     struct comparison *out);
/* Tells app->memory which resources are in sync as they are. */
void compare_remember(const struct comparison *c, struct memory *memory);
/* NULL when there is no such resource. */
const struct resource *compare_find(const struct comparison *c, const struct object_key *key);

#endif
