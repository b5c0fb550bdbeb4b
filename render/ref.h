/*
 * Go values that are neither scalars, lists nor maps: structs with fields and methods that
 * templates reach (.Capabilities, .Files, a time, a semver version, a certificate).
 * A REF value points to a struct whose first member is `struct ref`.
 */
#ifndef RENDER_REF_H
#define RENDER_REF_H

#include "render/fn.h"

struct ref_class {
	const char *type; /* reflect's name: "*semver.Version", "engine.files" */
	const char *kind; /* "struct", "ptr", "map" ... */
	/* A field or map key by name; false when there is none. Takes precedence after methods. */
	bool (*field)(struct call *c, struct ref *r, str name, struct value *out);
	/* Methods: rows whose arg[0] is the receiver; params leaves the receiver out. NULL: none. */
	const struct fn *methods;
	/* What %v prints (the String method where Go has one). */
	void (*print)(struct buf *out, struct ref *r);
	/* As a plain value for toYaml, toJson, range, deepEqual; NULL: an empty map. */
	struct value (*plain)(struct arena *a, struct ref *r);
	bool map_like; /* absent keys are no error (Files) */
};

struct ref {
	const struct ref_class *class;
};

static inline struct value value_ref(struct ref *r)
{
	return (struct value){.type = VALUE_REF, .ref = r};
}

#endif
