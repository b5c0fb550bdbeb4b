/*
 * The paths that a jq expression names in an object, by libjq. Programs are compiled once a thread
 * and kept. An expression that runs longer than LIMIT_JQ_MS is stopped: it comes from a repository.
 */
#ifndef SYNC_JQ_H
#define SYNC_JQ_H

#include "base/arena.h"
#include "base/error.h"
#include "base/value.h"

/* Each path is a list of texts (of maps) and numbers (of lists), in the object's order. ERROR_INVALID:
 * it does not compile, or names something that is no path; ERROR_LIMIT: it was stopped. */
bool jq_paths(struct arena *keep, str expression, struct value object, struct list **paths,
	      struct error *err);
void jq_forget(void); /* frees this thread's programs */

#endif
