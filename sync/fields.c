/*
 * One recursion a set operation; a set is a map of maps.
 */
#include "sync/fields.h"

#include "base/json.h"
#include "base/limits.h"
#include "sync/cluster.h"

#define KUBECTL "kubectl-client-side-apply"
#define LAST_APPLIED "kubectl.kubernetes.io/last-applied-configuration"

static bool is_entry(struct value entry, str manager, const char *operation)
{
	return str_eq(value_path_str(entry, "manager", NULL), manager) &&
	       str_is(value_path_str(entry, "operation", NULL), operation) &&
	       !value_path_str(entry, "subresource", NULL).n;
}

static struct list *entries_of(struct value object)
{
	return value_list(value_path(object, "metadata", "managedFields", NULL));
}

struct value fields_of(struct value object, const char *manager, const char *operation)
{
	const struct list *l = entries_of(object);

	for (uint32_t i = 0; i < list_n(l); i++)
		if (is_entry(l->at[i], str_of(manager), operation))
			return value_path(l->at[i], "fieldsV1", NULL);
	return VALUE_NONE;
}

/* --- sets --- */

static struct value join(struct arena *keep, struct value a, struct value b, int depth)
{
	struct map *m;

	if (a.type != VALUE_MAP || depth > LIMIT_VALUE_DEPTH)
		return b;
	if (b.type != VALUE_MAP)
		return a;
	m = map_new(keep, map_n(a.map) + map_n(b.map));
	for (uint32_t i = 0; i < map_n(a.map); i++)
		map_set(keep, m, map_key(&a.map->at[i]), a.map->at[i].value);
	for (uint32_t i = 0; i < map_n(b.map); i++) {
		str key = map_key(&b.map->at[i]);

		map_set(keep, m, key, join(keep, map_get(m, key), b.map->at[i].value, depth + 1));
	}
	return value_of_map(m);
}

struct value fields_union(struct arena *keep, struct value a, struct value b)
{
	return join(keep, a, b, 0);
}

/* Has an item these keys? What it leaves out is a default and fits anything. */
static bool has_keys(struct value item, struct value keys)
{
	for (uint32_t i = 0; i < map_n(value_map(keys)); i++) {
		struct value v = map_get(value_map(item), map_key(&keys.map->at[i]));

		if (!value_is_nil(v) && !value_equal(v, keys.map->at[i].value))
			return false;
	}
	return item.type == VALUE_MAP;
}

/* What an entry of a set names in a value; false: nothing. */
static bool named(struct arena *keep, str entry, struct value in, struct value *out)
{
	const struct list *l = value_list(in);
	struct value want, *at;

	if (str_starts(entry, STR("f:"))) {
		at = map_find(value_map(in), str_from(entry, 2));
		*out = at ? *at : VALUE_NONE;
		return at != NULL;
	}
	if ((!str_starts(entry, STR("k:")) && !str_starts(entry, STR("v:"))) ||
	    !json_read(keep, str_from(entry, 2), 0, &want, NULL))
		return false;
	for (uint32_t i = 0; i < list_n(l); i++)
		if (entry.s[0] == 'k' ? has_keys(l->at[i], want) : value_equal(l->at[i], want)) {
			*out = l->at[i];
			return true;
		}
	return false;
}

static struct value within(struct arena *keep, struct value fields, struct value object, int depth)
{
	struct map *m = map_new(keep, map_n(value_map(fields)));

	for (uint32_t i = 0; i < map_n(value_map(fields)) && depth < LIMIT_VALUE_DEPTH; i++) {
		const struct map_entry *e = &fields.map->at[i];
		bool dot = str_is(map_key(e), ".");
		struct value part = VALUE_NONE;

		if (dot || named(keep, map_key(e), object, &part))
			map_set(keep, m, map_key(e), dot ? e->value : within(keep, e->value, part, depth + 1));
	}
	return value_of_map(m);
}

struct value fields_within(struct arena *keep, struct value fields, struct value object)
{
	struct value v = within(keep, fields, object, 0);

	return map_n(v.map) ? v : VALUE_NONE;
}

/* --- client-side apply --- */

bool fields_are_legacy(struct value object)
{
	return !value_is_nil(fields_of(object, CLUSTER_MANAGER, "Update")) ||
	       !value_is_nil(fields_of(object, KUBECTL, "Update"));
}

struct value fields_legacy(struct arena *keep, struct value object)
{
	struct value applied, fields = fields_of(object, CLUSTER_MANAGER, "Update");

	if (value_is_nil(fields_of(object, CLUSTER_MANAGER, "Apply")))
		fields = fields_union(keep, fields, fields_of(object, KUBECTL, "Update"));
	if (value_is_nil(fields) ||
	    !json_read(keep, object_annotation(object, LAST_APPLIED), 0, &applied, NULL))
		return VALUE_NONE;
	return fields_within(keep, fields, applied);
}

static bool is_legacy(struct value entry, str manager)
{
	return is_entry(entry, manager.n ? manager : STR(KUBECTL), "Update") ||
	       is_entry(entry, STR(CLUSTER_MANAGER), "Update");
}

/* Our Apply entry, else the newest that becomes it. */
static struct value *entry_to_be(const struct list *l, str manager)
{
	struct value *best = NULL;

	for (uint32_t i = 0; i < list_n(l); i++) {
		if (is_entry(l->at[i], STR(CLUSTER_MANAGER), "Apply"))
			return &l->at[i];
		if (is_legacy(l->at[i], manager) &&
		    (!best || str_cmp(value_path_str(*best, "time", NULL), value_path_str(l->at[i], "time", NULL)) < 0))
			best = &l->at[i];
	}
	return best;
}

/* Sets of different versions of a kind cannot be joined: such fields become nobody's. */
static struct value gathered(struct arena *keep, const struct list *l, const struct value *mine, str manager)
{
	struct value all = value_path(*mine, "fieldsV1", NULL);
	str version = value_path_str(*mine, "apiVersion", NULL);

	for (uint32_t i = 0; i < list_n(l); i++)
		if (&l->at[i] != mine && is_legacy(l->at[i], manager) &&
		    str_eq(value_path_str(l->at[i], "apiVersion", NULL), version))
			all = fields_union(keep, all, value_path(l->at[i], "fieldsV1", NULL));
	return all;
}

static struct value operation(struct arena *keep, const char *path, struct value v)
{
	struct map *m = map_new(keep, 3);

	map_set(keep, m, STR("op"), value_lit("replace"));
	map_set(keep, m, STR("path"), value_str(str_of(path)));
	map_set(keep, m, STR("value"), v);
	return value_of_map(m);
}

bool fields_migration(struct arena *keep, struct value object, str manager, str *patch)
{
	const struct list *l = entries_of(object);
	struct list *entries = list_new(keep, list_n(l)), *patches = list_new(keep, 2);
	struct value *mine = entry_to_be(l, manager), entry;
	bool any = false;

	for (uint32_t i = 0; i < list_n(l); i++)
		any |= is_legacy(l->at[i], manager);
	if (!any)
		return false;
	entry = value_copy(keep, *mine, false);
	map_set(keep, entry.map, STR("manager"), value_lit(CLUSTER_MANAGER));
	map_set(keep, entry.map, STR("operation"), value_lit("Apply"));
	map_set(keep, entry.map, STR("fieldsV1"), gathered(keep, l, mine, manager));
	for (uint32_t i = 0; i < list_n(l); i++)
		if (&l->at[i] == mine)
			list_add(keep, entries, entry);
		else if (!is_legacy(l->at[i], manager))
			list_add(keep, entries, l->at[i]);
	list_add(keep, patches, operation(keep, "/metadata/managedFields", value_of_list(entries)));
	/* replaced by itself: the server compares it with the object's, and says 409 */
	list_add(keep, patches, operation(keep, "/metadata/resourceVersion",
					  value_str(object_resource_version(object))));
	*patch = json_text(keep, value_of_list(patches), 0);
	return true;
}
