/*
 * Most objects of a cluster are not ours: they are only glanced at, which costs a walk over their
 * text and no memory.
 */
#include "sync/kube/state.h"

#include "base/json.h"
#include "base/num.h"
#include "sync/fields.h"
#include "sync/kube/scan.h"

static void state_number(struct state *s)
{
	if (!num_parse_u64(s->resource_version, &s->number))
		s->number = 0;
}

bool state_glance(struct arena *scratch, str object, struct state *out, bool *tracked,
		  struct error *err)
{
	str metadata = scan_member(object, "metadata");
	*out = (struct state){.namespace = scan_string(metadata, "namespace"),
			      .name = scan_string(metadata, "name"),
			      .uid = scan_string(metadata, "uid"),
			      .resource_version = scan_string(metadata, "resourceVersion")};
	(void)scratch;
	*tracked = str_has(metadata, STR(CLUSTER_TRACKING));
	state_number(out);
	if (!out->name.n)
		return error_set(err, ERROR_INVALID, "the API server sent an object without a name");
	return true;
}

/* --- managedFields --- */

static str fields_text(struct arena *scratch, struct value fields)
{
	return value_map(fields) ? json_text(scratch, fields, 0) : STR("");
}

static void state_managers(struct arena *scratch, struct value object, struct state *s)
{
	s->fields = fields_text(scratch, fields_of(object, CLUSTER_MANAGER, "Apply"));
	s->legacy = fields_are_legacy(object);
	if (s->legacy)
		s->legacy_fields = fields_text(scratch, fields_legacy(scratch, object));
}

/* What a controller made carries copies of its owner's annotations: it is not ours. */
static bool state_controlled(struct value object)
{
	struct list *owners = value_list(value_path(object, "metadata", "ownerReferences", NULL));
	for (uint32_t i = 0; i < list_n(owners); i++)
		if (value_truth_bool(value_path(owners->at[i], "controller", NULL), false))
			return true;
	return false;
}

void state_of_value(struct arena *scratch, struct value object, str api_version, str kind,
		    struct state *out)
{
	struct map *top = value_map(object), *metadata = value_map(map_at(top, "metadata"));
	str id = object_annotation(object, CLUSTER_TRACKING);
	*out = (struct state){.namespace = object_namespace(object), .name = object_name(object),
			      .uid = object_uid(object),
			      .resource_version = object_resource_version(object)};
	state_number(out);
	out->deleting = value_path_str(object, "metadata", "deletionTimestamp", NULL).n > 0;
	state_managers(scratch, object, out);
	if (id.n && !state_controlled(object))
		out->app = str_cut(id, ':', &(str){0});
	/* Shallow copies: the value given stays as it is. */
	struct map *kept = map_new(scratch, map_n(top) + 2), *meta = map_new(scratch, map_n(metadata));
	for (uint32_t i = 0; i < map_n(metadata); i++)
		if (!str_is(map_key(&metadata->at[i]), "managedFields"))
			map_set(scratch, meta, map_key(&metadata->at[i]), metadata->at[i].value);
	for (uint32_t i = 0; i < map_n(top); i++)
		map_set(scratch, kept, map_key(&top->at[i]), top->at[i].value);
	map_set(scratch, kept, STR("metadata"), value_of_map(meta));
	if (!object_kind(object).n)
		map_set(scratch, kept, STR("kind"), value_str(kind));
	if (!object_api_version(object).n)
		map_set(scratch, kept, STR("apiVersion"), value_str(api_version));
	out->json = json_text(scratch, value_of_map(kept), 0);
}

bool state_read(struct arena *scratch, str object, str api_version, str kind, struct state *out,
		struct error *err)
{
	struct value v;
	if (!json_read(scratch, object, 0, &v, err))
		return error_wrap(err, "an object of the API server");
	state_of_value(scratch, v, api_version, kind, out);
	if (!out->name.n)
		return error_set(err, ERROR_INVALID, "the API server sent an object without a name");
	return true;
}
