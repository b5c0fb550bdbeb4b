/*
 * One sync operation, as an explicit, level-triggered state machine: events only record facts and
 * call sync_run, the one place that moves it on by looking at the facts. It waits by watching; it
 * never sleeps, polls or blocks. Semantics of phases, waves, kinds, hooks and texts: Argo CD 3.6
 * (gitops-engine/pkg/sync), except:
 *   - always server-side apply; what is in sync is not written again ("unchanged");
 *   - a passing error (429, 5xx, conflict, network, a terminating namespace, a kind that is not
 *     served yet) is tried again inside its task, with growing pauses up to 30 s, for
 *     `patience_ns`; a permanent one fails the task at once in the server's words;
 *   - a wave waits for the health of the generation that was applied;
 *   - hooks carry the operation's id (annotation tiphys/operation) and no finalizer: a restart
 *     finds the running one again, and one that vanished before it ended is a clear error;
 *   - a newer target takes over at the next safe point (sync_supersede).
 *
 * Life: sync_new, sync_start, then until `finished`: sync_notify for every change of an object or
 * kind of this application, and sync_tick when its deadline has come. sync_free at any time: no
 * callback runs after it. `changed` and `finished` are called from inside sync_start, sync_notify,
 * sync_tick, sync_cancel, sync_supersede and cluster callbacks; sync_free is allowed inside
 * `finished`.
 *
 * Restarts: store what sync_record returns (a JSON value) when `changed` says so, and at least the
 * spec and id before sync_start. A record that is older than the truth does no harm: applies are
 * idempotent, hooks are found by the operation's id. The one thing that must not be forgotten is
 * that a hook has ended whose object is deleted then: it would run again. With spec.stores such an
 * object is deleted only after sync_stored has told that the record with its end is durable.
 */
#ifndef SYNC_SYNC_H
#define SYNC_SYNC_H

#include "sync/compare.h"

struct sync;

enum sync_phase { PHASE_PRE_SYNC, PHASE_SYNC, PHASE_POST_SYNC, PHASE_SYNC_FAIL };
const char *sync_phase_name(enum sync_phase phase); /* "PreSync" ... */

/* Argo CD's operation phases; SUPERSEDED is ours: shown as Failed, not retried. */
enum operation_phase {
	OPERATION_RUNNING,
	OPERATION_TERMINATING,
	OPERATION_SUCCEEDED,
	OPERATION_FAILED,
	OPERATION_ERROR,
	OPERATION_SUPERSEDED,
};
const char *operation_phase_name(enum operation_phase phase);

enum result_status { RESULT_NONE, RESULT_SYNCED, RESULT_SYNC_FAILED, RESULT_PRUNED,
		     RESULT_PRUNE_SKIPPED };
const char *result_status_name(enum result_status status);

/* One row of operationState.syncResult.resources. */
struct task_result {
	struct object_key key;
	str version;
	enum sync_phase phase;
	int wave;
	enum result_status status;	/* NONE: not begun */
	enum operation_phase state;	/* Argo CD's hookPhase */
	str hook;			/* "PreSync" ..., empty for ordinary objects */
	str message;			/* kubectl's words, or the server's */
	bool created, changed;		/* was there a write that changed something? */
};

/* One of spec.operation.sync.resources: exact; an empty namespace matches any. */
struct sync_pick {
	str group, kind, namespace, name;
};

struct sync_spec {
	struct sync_app app; /* everything in it must live until sync_free */
	str id;		     /* the operation's id: unique, [-A-Za-z0-9.]{1,63}, kept over restarts */
	str revision;	     /* for the names of hooks with generateName */
	int64_t started;     /* wall nanoseconds, kept over restarts */
	bool prune, dry_run, force;
	bool no_hooks;	     /* strategy `apply` */
	bool heal;	     /* self-heal: only what is out of sync, no hooks */
	const struct sync_pick *picks; /* selective sync: no hooks */
	size_t picks_n;
	/* Wall time of the annotation deletion-approved, 0 when absent (Prune=confirm). */
	int64_t approved;
	int64_t patience_ns; /* 0: 2 minutes */
	bool stores;	     /* the host calls sync_stored */
	struct value record; /* of an earlier life of the same operation, or NIL */
};

struct sync_callbacks {
	void *arg;
	/* Something in the record or the message changed. */
	void (*changed)(void *arg, struct sync *s);
	/* Once. Results stay readable until sync_free. */
	void (*finished)(void *arg, struct sync *s);
	/* The deadline changed: call sync_tick at this monotonic time; INT64_MAX: never. */
	void (*wake)(void *arg, struct sync *s, int64_t at);
};

/* NULL when memory is out. Nothing runs before sync_start. */
struct sync *sync_new(struct cluster *cluster, const struct sync_spec *spec,
		      const struct sync_callbacks *callbacks);
void sync_start(struct sync *s);
void sync_free(struct sync *s); /* takes NULL; cancels what is under way */

/* An object or a kind changed (key->name empty: a kind). Cheap when it does not concern us. */
void sync_notify(struct sync *s, const struct object_key *key);
void sync_tick(struct sync *s);

/* Terminate, as Argo CD: running hooks are deleted, "Operation terminated". why may be empty. */
void sync_cancel(struct sync *s, str why);
/* A newer target is there: end at the next safe point, that is, as soon as no write is under way
 * and no hook runs (a hook Job that has no ready Pod does not count: it is deleted). */
void sync_supersede(struct sync *s);
/* How many hooks have ended, as sync_record says it. When it has grown, store the record. */
size_t sync_hooks_ended(const struct sync *s);
/* A record is durable that was made when so many hooks had ended. */
void sync_stored(struct sync *s, size_t hooks_ended);
/* Prune=confirm: the approval came (policy_approved). Nothing happens when it is known already. */
void sync_approve(struct sync *s, int64_t approved);

enum operation_phase sync_phase_of(const struct sync *s);
str sync_message(const struct sync *s); /* lives until the next change */
bool sync_failed_transient(const struct sync *s); /* the failure may pass: for policy_auto */
size_t sync_results_n(const struct sync *s);
struct task_result sync_result(const struct sync *s, size_t i);
size_t sync_writes(const struct sync *s); /* that changed something in the cluster */
/* {"phase","message","resources":[...syncResult.resources...]}: what the store keeps, what
 * spec.record takes back, what operationState shows. */
struct value sync_record(const struct sync *s, struct arena *keep);

/* --- deleting an application --- */

/* Deletes what is tracked to an application, highest wave first, waiting for each wave to be
 * gone; PreDelete hooks before, PostDelete hooks after (of app.objects, which may be empty).
 * Left alone: CRDs, Delete=false, helm.sh/resource-policy: keep, what another application wants.
 * The same functions drive it (notify, tick, cancel, record, free). */
struct sync *sync_new_delete(struct cluster *cluster, const struct sync_spec *spec,
			     enum propagation how, const struct sync_callbacks *callbacks);

#endif
