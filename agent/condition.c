/*
 * A small growing list of typed messages.
 */
#include "agent/condition.h"

static const char *const names[] = {
	[CONDITION_COMPARISON_ERROR] = "ComparisonError",
	[CONDITION_INVALID_SPEC_ERROR] = "InvalidSpecError",
	[CONDITION_SYNC_ERROR] = "SyncError",
	[CONDITION_DELETION_ERROR] = "DeletionError",
	[CONDITION_REPEATED_RESOURCE_WARNING] = "RepeatedResourceWarning",
	[CONDITION_SHARED_RESOURCE_WARNING] = "SharedResourceWarning",
	[CONDITION_EXCLUDED_RESOURCE_WARNING] = "ExcludedResourceWarning",
	[CONDITION_UNSUPPORTED_WARNING] = "UnsupportedFieldWarning",
};

const char *condition_name(enum condition_type type)
{
	return names[type];
}

bool condition_is_error(enum condition_type type)
{
	return str_ends(str_of(names[type]), STR("Error"));
}

void conditions_add(struct arena *keep, struct conditions *list, enum condition_type type,
		    const char *format, ...)
{
	va_list args;
	str message;

	va_start(args, format);
	message = arena_vprintf(keep, format, args);
	va_end(args);
	for (size_t i = 0; i < list->n; i++)
		if (list->at[i].type == type && str_eq(list->at[i].message, message))
			return;
	if (list->n == list->room) {
		size_t room = list->room ? list->room * 2 : 4;

		list->at = arena_grow(keep, list->at, list->n * sizeof *list->at,
				      room * sizeof *list->at);
		list->room = room;
	}
	list->at[list->n++] = (struct condition){type, message};
}

bool conditions_block(const struct conditions *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (condition_is_error(list->at[i].type))
			return true;
	return false;
}
