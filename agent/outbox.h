/*
 * Callbacks after a sync: HTTP POSTs that are stored before they are sent and forgotten when they
 * were answered with 2xx. At least once, with an idempotency id; in order for one application; a
 * failing one is tried again with growing pauses, without end.
 */
#ifndef AGENT_OUTBOX_H
#define AGENT_OUTBOX_H

#include "agent/config.h"
#include "agent/store.h"
#include "base/value.h"
#include "sync/http.h"

struct outbox;

/* Sends what the store still holds. config is borrowed; outbox_configure changes it. */
struct outbox *outbox_new(uv_loop_t *loop, struct http *http, struct store *store,
			  const struct config *config, struct error *err);
void outbox_free(struct outbox *o); /* takes NULL; its handles close in the loop's next turns */
void outbox_configure(struct outbox *o, const struct config *config);

/* Puts one row per callback of the configuration that concerns `app` into the store's batch of
 * this turn; each is sent when that batch is durable. facts is the dot of the body templates, and
 * the body itself where there is none. id names the event: equal events have equal ids. */
void outbox_add(struct outbox *o, str app, str id, struct value facts);

struct outbox_stats {
	uint64_t sent, failed;
	uint32_t waiting;
};
struct outbox_stats outbox_stats(const struct outbox *o);

#endif
