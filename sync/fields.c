/*
 * One recursion a set operation; a set is a map of maps.
 */
#include "sync/fields.h"

static bool is_entry(struct value entry, const char *manager, const char *operation)
{
	return str_is(value_path_str(entry, "manager", NULL), manager) &&
	       str_is(value_path_str(entry, "operation", NULL), operation) &&
	       !value_path_str(entry, "subresource", NULL).n;
}

struct value fields_of(struct value object, const char *manager, const char *operation)
{
	const struct list *l = value_list(value_path(object, "metadata", "managedFields", NULL));

	for (uint32_t i = 0; i < list_n(l); i++)
		if (is_entry(l->at[i], manager, operation))
			return value_path(l->at[i], "fieldsV1", NULL);
	return VALUE_NONE;
}
