/*
 * Reading identities out of objects.
 */
#include "base/object.h"

str object_api_version(struct value object)
{
	return value_path_str(object, "apiVersion", NULL);
}

str object_group(struct value object)
{
	str both = object_api_version(object);
	ptrdiff_t slash = str_find_char(both, '/');

	return str_sub(both, 0, slash < 0 ? 0 : (size_t)slash);
}

str object_version(struct value object)
{
	str both = object_api_version(object);

	return str_from(both, (size_t)(str_find_char(both, '/') + 1));
}

str object_kind(struct value object)
{
	return value_path_str(object, "kind", NULL);
}

str object_name(struct value object)
{
	return value_path_str(object, "metadata", "name", NULL);
}

str object_namespace(struct value object)
{
	return value_path_str(object, "metadata", "namespace", NULL);
}

str object_uid(struct value object)
{
	return value_path_str(object, "metadata", "uid", NULL);
}

str object_resource_version(struct value object)
{
	return value_path_str(object, "metadata", "resourceVersion", NULL);
}

str object_annotation(struct value object, const char *key)
{
	return value_path_str(object, "metadata", "annotations", key, NULL);
}

str object_label(struct value object, const char *key)
{
	return value_path_str(object, "metadata", "labels", key, NULL);
}

struct object_key object_key(struct value object)
{
	return (struct object_key){object_group(object), object_kind(object),
				   object_namespace(object), object_name(object)};
}

bool object_key_eq(const struct object_key *a, const struct object_key *b)
{
	return object_key_cmp(a, b) == 0;
}

int object_key_cmp(const struct object_key *a, const struct object_key *b)
{
	int order = str_cmp(a->group, b->group);

	if (!order)
		order = str_cmp(a->kind, b->kind);
	if (!order)
		order = str_cmp(a->namespace, b->namespace);
	return order ? order : str_cmp(a->name, b->name);
}

str object_key_text(struct arena *keep, const struct object_key *key)
{
	return arena_printf(keep, "%.*s/%.*s/%.*s/%.*s", STR_ARG(key->group), STR_ARG(key->kind),
			    STR_ARG(key->namespace), STR_ARG(key->name));
}

str object_key_show(struct arena *keep, const struct object_key *key)
{
	if (!key->namespace.n)
		return arena_printf(keep, "%.*s/%.*s", STR_ARG(key->kind), STR_ARG(key->name));
	return arena_printf(keep, "%.*s %.*s/%.*s", STR_ARG(key->kind), STR_ARG(key->namespace),
			    STR_ARG(key->name));
}

struct object_key object_key_copy(struct arena *keep, const struct object_key *key)
{
	return (struct object_key){arena_str(keep, key->group), arena_str(keep, key->kind),
				   arena_str(keep, key->namespace), arena_str(keep, key->name)};
}

static struct map *child_map(struct arena *keep, struct map *m, const char *key)
{
	struct value *v = map_find(m, str_of(key));
	struct map *child;

	if (v && v->type == VALUE_MAP && v->map)
		return v->map;
	child = map_new(keep, 0);
	map_set(keep, m, str_of(key), value_of_map(child));
	return child;
}

void object_annotate(struct arena *keep, struct value object, const char *key, str text)
{
	struct map *annotations;

	if (object.type != VALUE_MAP || !object.map)
		return;
	annotations = child_map(keep, child_map(keep, object.map, "metadata"), "annotations");
	map_set(keep, annotations, str_of(key), value_str(text));
}
