/*
 * The world of a sync, as a table of functions: what kinds are served, what lives, and how to
 * write. sync/kube/cluster.c is the real one; tests bring one of their own in memory.
 *
 * Everything runs on one loop and one thread. Reads answer at once from the cache; writes answer
 * by callback, never inside the call that started them.
 *
 * The cache watches only kinds that somebody asked for. Of an object it keeps the whole (without
 * managedFields and without what only the server needs) only when it is ours: it carries a
 * tracking annotation (argocd.argoproj.io/tracking-id), or somebody pinned it. Of foreign objects
 * only the key's hash is kept, so that "is it there?" is answered. Pods, ReplicaSets and Jobs owned by ours
 * are not tracked.
 */
#ifndef SYNC_CLUSTER_H
#define SYNC_CLUSTER_H

#include "base/error.h"
#include "base/object.h"
#include "base/value.h"

struct cluster;
struct cluster_call;

/* What the API server serves. */
struct kind {
	str group, kind;
	str version; /* preferred */
	str plural;
	bool namespaced;
	bool can_watch; /* list and watch both served */
};

enum kind_state {
	KIND_UNKNOWN,	/* discovery failed or is partial here: may exist; never prune on it */
	KIND_ABSENT,	/* a complete discovery does not have it */
	KIND_SERVED,	/* known, not watched */
	KIND_LOADING,	/* watched, first list not complete */
	KIND_READY,	/* watched, complete */
	KIND_FORBIDDEN, /* list or watch answered 403 */
	KIND_FAILING,	/* list or watch fails otherwise; the cache is stale */
};

/* A live object. Texts and values live in the arena that was given. */
struct live {
	bool exists;	 /* in the cache of a READY kind, or known from our own write */
	bool whole;	 /* object is filled: it is ours or pinned */
	struct value object; /* without managedFields */
	struct value fields; /* our manager's fieldsV1 of the Apply entry (a map), or NIL */
	bool legacy_manager; /* an Update entry of kubectl-client-side-apply or argocd-controller */
	struct value legacy_fields; /* of those, what their last apply put there (fields.h), or NIL */
	str uid, resource_version;
	bool deleting;	 /* has a deletionTimestamp */
};

enum propagation { PROPAGATE_FOREGROUND, PROPAGATE_BACKGROUND, PROPAGATE_ORPHAN };

/* How a write ended. err NULL: done; object is what the server returned (may be NIL). */
struct call_result {
	struct value object;
	str warning; /* the server's Warning headers */
	bool changed; /* resourceVersion differs from the one cached when the call began, or it was created */
	bool created;
};
typedef void call_done_fn(void *arg, const struct call_result *result, const struct error *err);

struct apply_options {
	str manager; /* empty: "argocd-controller" */
	bool force; /* of an apply */
	bool dry_run;
	bool no_validate; /* fieldValidation=Ignore; Strict otherwise */
};

/* Told after the cache has changed. key's texts live only during the call. app is the tracking
 * annotation's application or empty. */
typedef void cluster_changed_fn(void *arg, const struct object_key *key, str app);
/* A kind's state changed (loaded, failing, came into being). */
typedef void cluster_kind_fn(void *arg, str group, str kind, enum kind_state state);

struct cluster_ops {
	/* out may be NULL. *why (may be NULL) is filled for UNKNOWN, FORBIDDEN and FAILING. */
	enum kind_state (*kind)(struct cluster *c, str group, str kind, struct kind *out,
				struct error *why);
	/* Starts watching a kind (idempotent). */
	void (*watch)(struct cluster *c, str group, str kind);
	/* Reads one object from the cache. False: the kind is not READY. */
	bool (*live)(struct cluster *c, struct arena *keep, const struct object_key *key,
		     struct live *out);
	/* Keeps the whole of an object though it is not tracked (hooks, adopted objects). */
	void (*pin)(struct cluster *c, const struct object_key *key, bool on);
	/* The keys of all cached objects tracked to an application (copied into keep). */
	void (*tracked)(struct cluster *c, struct arena *keep, str app, struct object_key **out,
			size_t *n);
	/* Writes. The object is serialised before the call returns. NULL with *err when it cannot
	 * even start (kind not served ...); then no callback runs. */
	struct cluster_call *(*apply)(struct cluster *c, struct value object,
				      const struct apply_options *options, call_done_fn *done,
				      void *arg, struct error *err);
	struct cluster_call *(*create)(struct cluster *c, struct value object,
				       const struct apply_options *options, call_done_fn *done,
				       void *arg, struct error *err);
	/* PUT: without a resourceVersion it overwrites, where the server allows that. */
	struct cluster_call *(*replace)(struct cluster *c, struct value object,
					const struct apply_options *options, call_done_fn *done,
					void *arg, struct error *err);
	/* content_type: application/merge-patch+json or application/json-patch+json. subresource:
	 * "" or "status". */
	struct cluster_call *(*patch)(struct cluster *c, const struct object_key *key,
				      const char *content_type, str body, str subresource,
				      call_done_fn *done, void *arg, struct error *err);
	/* uid is required: the delete carries it as a precondition. Gone already is success. */
	struct cluster_call *(*remove)(struct cluster *c, const struct object_key *key, str uid,
				       enum propagation how, bool dry_run, call_done_fn *done,
				       void *arg, struct error *err);
	/* A GET past the cache. ERROR_NOT_FOUND when absent. */
	struct cluster_call *(*get)(struct cluster *c, const struct object_key *key,
				    call_done_fn *done, void *arg, struct error *err);
	void (*cancel)(struct cluster *c, struct cluster_call *call); /* no callback after it */
	/* Server version and "group/version[/Kind]" list for rendering. False until known. */
	bool (*capabilities)(struct cluster *c, struct arena *keep, str *version, str **apis,
			     size_t *n);
};

struct cluster {
	const struct cluster_ops *ops;
	/* Set by the owner before use; called from the loop. */
	cluster_changed_fn *on_changed;
	cluster_kind_fn *on_kind;
	void *on_arg;
};

#define CLUSTER_MANAGER "argocd-controller"
#define CLUSTER_TRACKING "argocd.argoproj.io/tracking-id"

#endif
