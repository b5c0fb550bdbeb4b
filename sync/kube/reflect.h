/*
 * One kind kept up to date: LIST in pages, then WATCH from there, for ever. A watch that ends is
 * resumed; 410 lists again; failures wait with growing, jittered pauses.
 * Rules: client-go's Reflector.
 */
#ifndef SYNC_KUBE_REFLECT_H
#define SYNC_KUBE_REFLECT_H

#include "sync/kube/cache.h"
#include "sync/kube/client.h"

struct reflector;

enum reflect_event {
	REFLECT_STATE,	/* reflector_state differs from before, or a list was committed */
	REFLECT_ABSENT, /* the server says that the path is not served */
	REFLECT_OBJECT, /* the watch brought an event */
};
/* From the loop. Freeing the reflector inside is allowed for STATE and ABSENT. */
typedef void reflect_fn(void *arg, enum reflect_event event);

/* path: of the resource, "/apis/apps/v1/deployments". Starts at once. NULL: out of memory. */
struct reflector *reflector_new(struct kube_client *client, struct cache_kind *cache, str path,
				reflect_fn *on_event, void *arg);
void reflector_free(struct reflector *r);

/* LOADING, READY, FORBIDDEN or FAILING; *why (may be NULL) for the last two. */
enum kind_state reflector_state(const struct reflector *r, struct error *why);
str reflector_path(const struct reflector *r);

#endif
