/*
 * Paths of the API: /api/v1/..., /apis/GROUP/VERSION/....
 */
#ifndef SYNC_KUBE_PATH_H
#define SYNC_KUBE_PATH_H

#include "base/arena.h"

/* Everything but letters, digits, '-', '.', '_', '~' as %XX. */
str path_escape(struct arena *keep, str s);
/* Of all objects of a resource: "/apis/apps/v1/deployments". */
str path_resource(struct arena *keep, str group, str version, str plural);
/* In a namespace (empty: cluster-scoped), of an object (empty: of all of them). */
str path_object(struct arena *keep, str group, str version, str plural, str namespace, str name);

#endif
