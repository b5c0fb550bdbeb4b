/*
 * managedFields: who owns what, as fieldsV1 says it ("f:name", "k:{keys}", "v:value", "."), and
 * sets of such fields. Rules: Kubernetes, server-side apply; client-go's csaupgrade.
 */
#ifndef SYNC_FIELDS_H
#define SYNC_FIELDS_H

#include "base/object.h"
#include "base/value.h"

/* The fieldsV1 of a manager's entry for the object itself (no subresource), or NIL. */
struct value fields_of(struct value object, const char *manager, const char *operation);
/* Both; shares what it can with them. */
struct value fields_union(struct arena *keep, struct value a, struct value b);
/* Those of `fields` that `object` has; NIL when there are none. */
struct value fields_within(struct arena *keep, struct value fields, struct value object);

/* Has a client-side applier of these an entry? */
bool fields_are_legacy(struct value object);
/* What a client-side apply put there and an owner by fieldsV1 would therefore take away: the fields of
 * kubectl's and of Argo CD's former appliers as far as the last-applied annotation names them. kubectl's
 * only as long as we have applied nothing ourselves. NIL when there are none. */
struct value fields_legacy(struct arena *keep, struct value object);

/* client-go's csaupgrade: a JSON patch by which the fields of client-side appliers (Update entries of
 * `manager`, or of kubectl-client-side-apply when it is empty, and of Argo CD) become ours. It answers 409
 * when the object has changed since. False: there is nothing to do. */
bool fields_migration(struct arena *keep, struct value object, str manager, str *patch);

#endif
