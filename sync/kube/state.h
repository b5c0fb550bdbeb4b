/*
 * One object as the server sent it, read for the cache: who it is, whose it is, and, when it is
 * ours, what is kept of it.
 */
#ifndef SYNC_KUBE_STATE_H
#define SYNC_KUBE_STATE_H

#include "sync/cluster.h"

/* Texts live in the arena, or in the object's text. */
struct state {
	str namespace, name, uid, resource_version;
	uint64_t number; /* of the resourceVersion; 0: it is no number */
	/* Only when it was read whole: */
	str app;  /* of the tracking id; empty: foreign, or made by a controller */
	str json; /* compact, without managedFields */
	str fields; /* our Apply entry's fieldsV1, compact, or empty */
	str legacy_fields; /* of client-side appliers (fields_legacy), compact, or empty */
	bool legacy, deleting;
};

/* Only names and versions; cheap. *tracked: the tracking annotation's name occurs. */
bool state_glance(struct arena *scratch, str object, struct state *out, bool *tracked,
		  struct error *err);
/* All of it. api_version and kind are put in where they are missing (items of lists). */
bool state_read(struct arena *scratch, str object, str api_version, str kind, struct state *out,
		struct error *err);
void state_of_value(struct arena *scratch, struct value object, str api_version, str kind,
		    struct state *out);

#endif
