/*
 * Writes and single reads: from an object to a request, from the answer to a result. The answer
 * goes to the cache before the caller hears of it, so the next comparison sees it.
 */
#ifndef SYNC_KUBE_APPLY_H
#define SYNC_KUBE_APPLY_H

#include "sync/cluster.h"
#include "sync/kube/client.h"
#include "sync/kube/discovery.h"

/* Told of each answer before `done`. status: of HTTP. */
struct apply_hooks {
	void *arg;
	/* The resourceVersion that the cache has (borrowed), or empty. */
	str (*known)(void *arg, const struct object_key *key);
	/* Not for dry runs. */
	void (*answered)(void *arg, const struct object_key *key, struct value object);
	/* A delete was told that it is gone. */
	void (*gone)(void *arg, const struct object_key *key, str uid);
	/* The server does not know the resource's path any more. */
	void (*unserved)(void *arg);
};

struct apply {
	struct kube_client *client;
	struct discovery *discovery;
	struct apply_hooks hooks;
	struct cluster_call *calls; /* under way */
};

struct cluster_call *apply_object(struct apply *a, struct value object,
				  const struct apply_options *options, call_done_fn *done,
				  void *arg, struct error *err);
struct cluster_call *apply_create(struct apply *a, struct value object,
				   const struct apply_options *options, call_done_fn *done,
				   void *arg, struct error *err);
struct cluster_call *apply_replace(struct apply *a, struct value object,
				   const struct apply_options *options, call_done_fn *done,
				   void *arg, struct error *err);
struct cluster_call *apply_patch(struct apply *a, const struct object_key *key,
				 const char *content_type, str body, str subresource,
				 call_done_fn *done, void *arg, struct error *err);
struct cluster_call *apply_remove(struct apply *a, const struct object_key *key, str uid,
				  enum propagation how, bool dry_run, call_done_fn *done,
				  void *arg, struct error *err);
struct cluster_call *apply_get(struct apply *a, const struct object_key *key, call_done_fn *done,
			       void *arg, struct error *err);
void apply_cancel(struct cluster_call *call);
/* Cancels all. */
void apply_done(struct apply *a);

#endif
