/*
 * The real cluster: sync/cluster.h over one API server.
 */
#ifndef SYNC_KUBE_CLUSTER_H
#define SYNC_KUBE_CLUSTER_H

#include "sync/cluster.h"
#include "sync/http.h"
#include "sync/kube/config.h"

/* Begins discovery at once; on_changed and on_kind are to be set before the loop runs on. loop,
 * http and config must outlive it. */
struct cluster *kube_cluster_new(uv_loop_t *loop, struct http *http,
				 const struct kube_config *config, struct error *err);
/* Takes NULL. Cancels everything; no callback runs after it. Before http_free, and not inside a
 * callback of the cluster. Its handles close in the loop's next turns. */
void kube_cluster_free(struct cluster *cluster);

struct kube_cluster_stats {
	size_t whole, foreign, cache_bytes; /* objects kept whole, names only */
	uint64_t requests, throttled;
	uint32_t flying, queued, limit;
	size_t watches, ready;
};
struct kube_cluster_stats kube_cluster_stats(const struct cluster *cluster);

#endif
