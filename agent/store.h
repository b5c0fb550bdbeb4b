/*
 * What must outlive the process: small JSON texts under (bucket, key), in SQLite. All puts of one
 * turn of the loop are one transaction; it is written and synced by a worker thread, one after the
 * other. If the file is lost, all is rebuilt but the history.
 *
 * Buckets: "operation" (an Application's last sync, and whether it is being deleted), "applied" (hash
 * last called back), "owed" (hash to be called back when it is healthy), "history", "children" and
 * "projects" (manifests that a parent brought), "kinds" (that were written), "outbox", "memory".
 */
#ifndef AGENT_STORE_H
#define AGENT_STORE_H

#include <uv.h>

#include "base/error.h"
#include "base/str.h"

struct store;

struct store *store_open(uv_loop_t *loop, const char *path, struct error *err);
/* Writes what is left, waiting for it. Its handles close in the loop's next turns. Takes NULL. */
void store_close(struct store *s);

/* Copies. A value with s == NULL deletes. */
void store_put(struct store *s, const char *bucket, str key, str value);
/* done runs from the loop when everything put before is durable. */
typedef void store_done_fn(void *arg);
void store_barrier(struct store *s, store_done_fn *done, void *arg);
/* Rows of a bucket by key, read at once (meant for the start). Puts not yet written are not
 * seen. Texts live during the call. */
typedef void store_row_fn(void *arg, str key, str value);
bool store_each(struct store *s, const char *bucket, store_row_fn *row, void *arg, struct error *err);

#endif
