/*
 * Requests to one API server: credentials (token files read again, plugins run again, one second
 * try after 401), a bounded number in flight with the rest queued in order, slower on 429.
 * Rules: client-go's transports; reliability facts of API Priority and Fairness.
 */
#ifndef SYNC_KUBE_CLIENT_H
#define SYNC_KUBE_CLIENT_H

#include "sync/http.h"
#include "sync/kube/config.h"

struct kube_client;
struct kube_call;

/* err NULL: the status is 2xx or 304. Else the reply may have a status (see err->code) or not.
 * Both live only during the call; the call itself is over. */
typedef void kube_done_fn(void *arg, const struct http_reply *reply, const struct error *err);

struct kube_options {
	const char *method;
	str path;	     /* with its query, from '/' on */
	const char *accept;  /* NULL: application/json */
	const char *content_type;
	str body;
	str etag;	     /* If-None-Match */
	int64_t timeout_ms;  /* as in http_options */
	int64_t idle_timeout_ms;
	size_t cap;
	bool watch;	     /* long: own connections, not counted among those in flight */
	http_head_fn *on_head; /* of a 2xx answer */
	http_data_fn *on_data;
	kube_done_fn *on_done;
	void *arg;
};

/* config must outlive the client. NULL only out of memory. */
struct kube_client *kube_client_new(uv_loop_t *loop, struct http *http,
				    const struct kube_config *config);
/* Cancels everything; no callback runs after it. Allowed inside a callback. */
void kube_client_free(struct kube_client *c);
uv_loop_t *kube_client_loop(const struct kube_client *c);
const struct kube_config *kube_client_config(const struct kube_client *c);

/* NULL only out of memory. on_done runs from the loop, once, unless cancelled. */
struct kube_call *kube_start(struct kube_client *c, const struct kube_options *options);
void kube_cancel(struct kube_call *call); /* takes NULL; also inside its own callbacks */

struct kube_client_stats {
	uint64_t calls, throttled, refreshed;
	uint32_t flying, queued, limit;
};
struct kube_client_stats kube_client_stats(const struct kube_client *c);

#endif
