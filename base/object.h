/*
 * What every Kubernetes object has: its kind, its name, its annotations. Accessors of a value
 * that is an object's map; absent parts are empty strings, wrong types count as absent.
 */
#ifndef BASE_OBJECT_H
#define BASE_OBJECT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/value.h"

/* Identity across versions: two API versions of one object have one key. */
struct object_key {
	str group; /* "" for core */
	str kind;
	str namespace; /* "" for cluster-scoped */
	str name;
};

str object_api_version(struct value object);
str object_group(struct value object);	 /* "apps" of "apps/v1", "" of "v1" */
str object_version(struct value object); /* "v1" */
str object_kind(struct value object);
str object_name(struct value object);
str object_namespace(struct value object);
str object_uid(struct value object);
str object_resource_version(struct value object);
/* An annotation's or label's text, or STR_NONE (s == NULL) when absent. */
str object_annotation(struct value object, const char *key);
str object_label(struct value object, const char *key);
struct object_key object_key(struct value object);

bool object_key_eq(const struct object_key *a, const struct object_key *b);
/* group/kind/namespace/name, the order of Argo CD's lists. */
int object_key_cmp(const struct object_key *a, const struct object_key *b);
/* "group/Kind/namespace/name"; with empty parts kept. One text per key. */
str object_key_text(struct arena *keep, const struct object_key *key);
/* For people: "Deployment apps/web", "ClusterRole/admin". */
str object_key_show(struct arena *keep, const struct object_key *key);
struct object_key object_key_copy(struct arena *keep, const struct object_key *key);

/* Sets metadata.annotations[key] = text (borrowed), making the maps on the way. */
void object_annotate(struct arena *keep, struct value object, const char *key, str text);

#endif
