/*
 * The lines of a WATCH: {"type":"ADDED","object":{...}}, one event a line, cut as bytes arrive.
 */
#ifndef SYNC_KUBE_WATCH_H
#define SYNC_KUBE_WATCH_H

#include "base/buf.h"

enum watch_type {
	WATCH_ADDED,
	WATCH_MODIFIED,
	WATCH_DELETED,
	WATCH_BOOKMARK,
	WATCH_ERROR, /* the object is a Status */
	WATCH_OTHER, /* a type that we do not know: ignored */
};

/* object: its JSON text; lives during the call. False stops, with *err. */
typedef bool watch_event_fn(void *arg, enum watch_type type, str object, struct error *err);

struct watch_reader {
	watch_event_fn *on_event;
	void *arg;
	struct buf line;
	uint64_t events;
};

void watch_reader_init(struct watch_reader *r, watch_event_fn *on_event, void *arg);
void watch_reader_done(struct watch_reader *r);
/* ERROR_LIMIT for a line over LIMIT_KUBE_OBJECT, ERROR_INVALID for one that is no event. */
bool watch_reader_feed(struct watch_reader *r, str bytes, struct error *err);

#endif
