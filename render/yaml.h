/*
 * YAML as Helm means it: read like go-yaml v2 under sigs.k8s.io/yaml, written like its emitter.
 * The rules stand in the reference "helm template", sections 3.1 to 3.4, checked against
 * Helm 4.1.4 and 3.17.3. Reading is over libyaml's events, with an anchor map of our own, since
 * an anchor may be defined twice (the later wins).
 */
#ifndef RENDER_YAML_H
#define RENDER_YAML_H

#include "base/buf.h"
#include "base/value.h"

enum yaml_flags {
	YAML_FLOATS = 1, /* every number a float64: values files, fromYaml (through JSON) */
	YAML_TYPED = 2,	 /* numbers keep INT64, UINT64, FLOAT: manifests that become objects */
	YAML_GENERAL = 4, /* by libyaml, also where yaml_simple.c would do: for tests */
};

/* The first document of text; an empty one gives NIL. Errors carry go-yaml's words:
 * "yaml: line 3: did not find expected key", "error converting YAML to JSON: ..." is the
 * caller's prefix. Strings may point into `text` or `keep`: both must outlive the result. */
bool yaml_read(struct arena *keep, str text, unsigned flags, struct value *out, struct error *err);
/* All documents, as a list. */
bool yaml_read_all(struct arena *keep, str text, unsigned flags, struct list **out,
		   struct error *err);

/* toYaml: sigs.k8s.io/yaml.Marshal, its last newline kept (toYaml trims one). False for what
 * makes Helm's toYaml return "" (text that does not survive the JSON step). */
bool yaml_write(struct buf *out, struct value v);
/* toYamlPretty: go-yaml v3, indent 2. */
bool yaml_write_pretty(struct buf *out, struct value v);

/* The type a plain scalar resolves to (reference 3.2), for the reader and the emitter. */
struct value yaml_scalar(struct arena *keep, str text, unsigned flags);
/* True: by its first byte it is a string. */
bool yaml_is_text(str text);
/* Does go-yaml resolve the text as a timestamp? Then the emitter quotes it. */
bool yaml_is_timestamp(str text);

#endif
