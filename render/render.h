/*
 * The house's front door: a chart and values in, manifests out, as `helm template` (4.1.4 unless
 * another line is asked for).
 *
 * A render_cache keeps what does not change between renders: parsed charts, compiled templates and
 * parsed values files, keyed by content identity (files.h ids) or digest. It is thread-safe.
 */
#ifndef RENDER_RENDER_H
#define RENDER_RENDER_H

#include <stdatomic.h>

#include "base/buf.h"
#include "base/object.h"
#include "render/files.h"

enum helm_compat { HELM_4_1, HELM_3_17, HELM_4_3 };

/* A `-f` file: its name for messages, its text. */
struct values_text {
	str name;
	str text;
	str id; /* content identity or empty */
};

enum set_kind { SET_JSON, SET_VALUE, SET_STRING, SET_FILE, SET_LITERAL };
struct set_flag {
	enum set_kind kind;
	str text; /* "a.b=c" as on the command line; for SET_FILE the value is the file's text */
};

struct render_options {
	str release_name; /* "release-name" when empty */
	str namespace;	  /* "default" when empty */
	const struct values_text *values;
	size_t values_n;
	const struct set_flag *sets;
	size_t sets_n;
	str kube_version;	 /* "v1.35.0" when empty */
	const str *api_versions; /* added to the default set */
	size_t api_versions_n;
	enum helm_compat compat;
	bool include_crds, is_upgrade, skip_tests, no_hooks, skip_schema;
	int64_t now_ns; /* 0: the clock */
	uint64_t seed;	/* 0: the system */
	const atomic_bool *stop; /* see render/template.h */
};

/* One document of the output, in Helm's order: CRDs, manifests, hooks. */
struct manifest {
	str source; /* "c/templates/a.yaml", the "# Source:" line */
	str text;   /* the document's bytes, trimmed as Helm does */
	struct value object; /* parsed with YAML_TYPED; NIL for a comment-only document */
	bool is_crd, is_hook;
	uint32_t hook_events; /* render/manifest.h */
};

struct render_result {
	struct manifest *manifests;
	size_t n;
	str notes_skipped; /* unused: NOTES.txt are executed and dropped */
};

struct render_cache;
struct render_cache *render_cache_new(void);
void render_cache_free(struct render_cache *cache);

/* Renders the chart in `dir` of `files`. Everything of the result lives in `keep`.
 * cache may be NULL. The error's text is Helm's, without "Error: ". */
bool render_chart(struct render_cache *cache, struct arena *keep, struct files *files, str dir,
		  const struct render_options *options, struct render_result *out,
		  struct error *err);

/* Helm's standard output for a result. */
void render_print(struct buf *out, const struct render_result *result,
		  const struct render_options *options);

#endif
