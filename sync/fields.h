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

#endif
