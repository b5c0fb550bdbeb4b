/*
 * Go's text/template as Helm uses it (reference "helm template", section 1): source text is lexed,
 * parsed and compiled once into an immutable program; programs are gathered into a set, and a
 * set is executed with a dot. Programs and sets may be shared between threads; an exec may not.
 */
#ifndef RENDER_TEMPLATE_H
#define RENDER_TEMPLATE_H

#include <stdatomic.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/value.h"

/* One parsed file: its body and its defines. Lives in the arena it was compiled into; borrows
 * nothing from `source`. */
struct template_file;

/* `name` is the template's full name ("c/templates/a.yaml"); it stands in every error.
 * A parse error reads as Helm's: "parse error at (c/templates/a.yaml:3): ...". */
bool template_compile(struct arena *keep, str name, str source, struct template_file **out,
		      struct error *err);

/* Names to bodies. */
struct template_set;
struct template_set *template_set_new(struct arena *keep);
/* Adds a file's body under its name and its defines; later ones win unless they are empty
 * (reference 1.1). Add in Helm's parse order. Fails for a name defined twice in one file. */
bool template_set_add(struct template_set *set, const struct template_file *file, struct error *err);
bool template_set_has(const struct template_set *set, str name);

/* What a render's functions need from outside. All optional: zero is offline Helm. */
struct exec_env {
	/* lookup apiVersion kind namespace name; an empty map when absent. */
	bool (*lookup)(void *arg, struct arena *a, str api_version, str kind, str ns, str name,
		       struct value *out, struct error *err);
	void *lookup_arg;
	int64_t now_ns; /* wall time of `now`; 0: the clock */
	uint64_t seed;	/* of random functions; 0: the system's randomness */
	bool helm3;	/* error texts of Helm 3 (one line) instead of 4 */
	int go_minor;	/* Go 1.x semantics; 0: 25 (Helm 4.1) */
	const atomic_bool *stop; /* set by any thread: the render ends soon, with ERROR_LIMIT; or NULL */
};

/* One render: arena, budgets (steps, depth, output of base/limits.h). The arena should carry a
 * cap of LIMIT_RENDER_MEMORY. */
struct exec;
struct exec *exec_new(struct arena *arena, const struct template_set *set,
		      const struct exec_env *env);
/* Executes one template into out. "<no value>" is erased from what was added (reference 1.13).
 * Errors carry Helm's text without its "Error: " prefix. */
bool exec_template(struct exec *x, str name, struct value dot, struct buf *out, struct error *err);

#endif
