/*
 * What differs between what is wanted and what lives. No schema: the guide is the set of fields
 * that our manager owns (fieldsV1), which tells lists that merge by keys or as sets from atomic
 * ones, and which fields we put there and no longer want.
 *
 * In sync means: every leaf of the wanted object is there with the same meaning, and no field of
 * ours is there that is no longer wanted. What others added is theirs. Same meaning: numbers by
 * value; quantities by value where a quantity stands; an empty value ("" 0 false {} []) that is
 * wanted equals an absent one, but for texts in labels, annotations, selectors and the data of
 * ConfigMaps and Secrets; null wants nothing; Secret data by its bytes.
 */
#ifndef SYNC_DIFF_H
#define SYNC_DIFF_H

#include "base/object.h"
#include "base/value.h"
#include "sync/policy.h"

enum diff_kind {
	DIFF_CHANGED, /* live has another value */
	DIFF_MISSING, /* live lacks it */
	DIFF_REMOVED, /* ours, and no longer wanted */
	DIFF_DOUBT,   /* inside an atomic value of ours live has more: a default of the server, or
		       * something no longer wanted; only memory.h can tell */
};

struct difference {
	enum diff_kind kind;
	str path;	  /* "spec.template.spec.containers[name=app].image" */
	str wanted, live; /* compact JSON, shortened; Secret values masked; empty when absent */
};

struct diff {
	struct difference *at;
	size_t n;
	bool certain;  /* at least one that is no DIFF_DOUBT */
	uint64_t mark; /* a hash of all of it (not masked), 0 when n is 0; stable over restarts */
};

/* wanted must be an intent (target.h). fields: live.fields, NIL when we never applied it: then
 * wanted is compared as a subset. ignores: the rules of ignoreDifferences of the application. */
void diff_objects(struct arena *keep, struct value wanted, struct value live, struct value fields,
		  const struct policy *policy, struct diff *out);

/* A hash of a value's JSON meaning; equal over restarts and map orders. */
uint64_t diff_hash(struct value v);

/* "1000m" and 1, "1Gi" and "1024Mi": same value? False when one of them is no quantity. */
bool quantity_equal(struct value x, struct value y);

#endif
