/*
 * Which kinds the API server serves: aggregated discovery (v2, v2beta1), or one request for each
 * group version where the server does not have it. What could not be read is UNKNOWN, never ABSENT.
 */
#ifndef SYNC_KUBE_DISCOVERY_H
#define SYNC_KUBE_DISCOVERY_H

#include "sync/cluster.h"
#include "sync/kube/client.h"

/* One version of a kind. */
struct served_version {
	str version, plural;
	bool namespaced, can_watch;
	bool can_patch;
};

struct served {
	struct kind kind; /* of the preferred version */
	struct served_version *versions;
	uint32_t n;
};

struct discovery;
/* changed: the kinds may differ from before, or they could not be read. From the loop. */
struct discovery *discovery_new(struct kube_client *client, void (*changed)(void *arg), void *arg);
void discovery_free(struct discovery *d);

/* Reads again after delay_ms, or earlier when that is already planned. */
void discovery_refresh(struct discovery *d, int64_t delay_ms);
/* A kind that is wanted was absent: looks again, seldom and ever more seldom. */
void discovery_missed(struct discovery *d);

/* KIND_UNKNOWN (with *why), KIND_ABSENT or KIND_SERVED; *out until the next change. */
enum kind_state discovery_find(const struct discovery *d, str group, str kind,
			       const struct served **out, struct error *why);
const struct served_version *served_version(const struct served *s, str version);
/* As cluster_ops.capabilities. */
bool discovery_capabilities(const struct discovery *d, struct arena *keep, str *version,
			    str **apis, size_t *n);

/* --- reading, pure (discovery_read.c) --- */

struct group_version {
	str group, version;
	struct resource_row *rows;
	uint32_t n;
	bool stale; /* could not be read, or the server says that it is old */
	str api_version;
};
struct resource_row {
	str kind, plural;
	bool namespaced, can_watch, can_patch, subresource;
};
struct group_list {
	struct group_version *at;
	uint32_t n;
	bool aggregated; /* rows are filled; otherwise each group version must be asked */
};
/* An answer of /api or /apis, aggregated or plain. Texts in keep. */
bool discovery_read(struct arena *keep, str body, struct group_list *out, struct error *err);
/* An APIResourceList. */
bool discovery_read_resources(struct arena *keep, str body, struct group_version *out,
			      struct error *err);

#endif
