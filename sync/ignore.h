/*
 * spec.ignoreDifferences: parts taken out of both sides before they are compared.
 */
#ifndef SYNC_IGNORE_H
#define SYNC_IGNORE_H

#include "sync/policy.h"

/* Replaces *wanted and *live by copies without the ignored parts, when a rule concerns them. */
void ignore_apply(struct arena *keep, const struct policy *policy, struct value *wanted,
		  struct value *live);
/* Copies into *body the ignored parts of live, so that an apply leaves them as they are
 * (RespectIgnoreDifferences). Items of lists meet by their name, else by their place. */
void ignore_respect(struct arena *keep, const struct policy *policy, struct value live,
		    struct value *body);

#endif
