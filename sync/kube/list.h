/*
 * One page of a LIST, cut into its items as the bytes arrive. Only one item is held at a time.
 */
#ifndef SYNC_KUBE_LIST_H
#define SYNC_KUBE_LIST_H

#include "base/buf.h"

/* The text of one item, complete JSON; lives during the call. False stops, with *err. */
typedef bool list_item_fn(void *arg, str item, struct error *err);

struct list_reader {
	list_item_fn *on_item;
	void *arg;
	int state;
	struct buf text;   /* of the key, value or item that is under way */
	struct buf head;   /* the list's metadata */
	unsigned depth;
	bool in_string, escaped;
	int member;	   /* which member the value belongs to */
	bool has_items;
	size_t items;
};

void list_reader_init(struct list_reader *r, list_item_fn *on_item, void *arg);
void list_reader_done(struct list_reader *r);
bool list_reader_feed(struct list_reader *r, str bytes, struct error *err);
/* All bytes are in. resource_version and next ("" on the last page) live until list_reader_done.
 * remaining: how many items follow, -1 when the server does not say. ERROR_NETWORK when the text
 * was cut off, ERROR_INVALID when it is no list. */
bool list_reader_end(struct list_reader *r, str *resource_version, str *next, int64_t *remaining,
		     struct error *err);

#endif
