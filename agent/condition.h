/*
 * What is wrong or worth knowing about an Application: Argo CD's status.conditions. A condition is
 * visible in `tiphys get`, in the JSON and in the log; none is ever silent.
 */
#ifndef AGENT_CONDITION_H
#define AGENT_CONDITION_H

#include "base/arena.h"
#include "base/str.h"

/* The suffix is the severity: Error stops syncing, Warning and Info do not. */
enum condition_type {
	CONDITION_COMPARISON_ERROR,
	CONDITION_INVALID_SPEC_ERROR,
	CONDITION_SYNC_ERROR,
	CONDITION_DELETION_ERROR,
	CONDITION_REPEATED_RESOURCE_WARNING,
	CONDITION_SHARED_RESOURCE_WARNING,
	CONDITION_EXCLUDED_RESOURCE_WARNING,
	CONDITION_UNSUPPORTED_WARNING, /* a field of the manifest that tiphys does not act on */
};

struct condition {
	enum condition_type type;
	str message;
};

struct conditions {
	struct condition *at;
	size_t n, room;
};

const char *condition_name(enum condition_type type); /* "ComparisonError" */
bool condition_is_error(enum condition_type type);
/* Adds once: a repeated (type, message) is dropped. */
void conditions_add(struct arena *keep, struct conditions *list, enum condition_type type,
		    const char *format, ...) __attribute__((format(printf, 4, 5)));
bool conditions_block(const struct conditions *list); /* any *Error among them */

#endif
