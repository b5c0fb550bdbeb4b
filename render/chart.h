/*
 * A chart as it was loaded: metadata, default values, templates, other files, subcharts.
 * A loaded chart is immutable and may be shared between threads; processing dependencies
 * (render/depend.h) makes changed copies.
 */
#ifndef RENDER_CHART_H
#define RENDER_CHART_H

#include "base/value.h"
#include "render/files.h"

struct chart_file {
	str name; /* relative to the chart: "templates/a.yaml" */
	str data; /* without a byte order mark */
	str id;	  /* content identity or empty */
};

/* An entry of Chart.yaml's dependencies. */
struct want {
	str name, version, repository, condition, alias;
	const str *tags;
	size_t tags_n;
	struct list *imports; /* import-values */
	bool enabled;
};

struct chart {
	str name, version, type, api_version, kube_version;
	struct map *meta; /* Chart.yaml, scalars as text where the field is text */
	struct map *values;
	str schema; /* values.schema.json or empty */
	const struct chart_file *templates, *files;
	size_t templates_n, files_n;
	struct chart **subs;
	size_t subs_n;
	struct want *wants; /* NULL: no dependencies listed */
	size_t wants_n;
};

/* The files of a chart's directory that count: names and ids, no data yet. */
bool chart_walk(struct arena *keep, struct files *files, str dir, struct chart_file **out,
		size_t *n, struct error *err);
/* Fills in data. */
bool chart_read(struct arena *keep, struct files *files, str dir, struct chart_file *at, size_t n,
		struct error *err);
/* The chart made of these files; errors are Helm's words. `where` names it in them. */
bool chart_build(struct arena *keep, const struct chart_file *at, size_t n, struct chart **out,
		 struct error *err);
/* Chart.yaml's text into the metadata fields; also checks them. */
bool chart_metadata(struct arena *keep, str text, struct chart *c, struct error *err);
/* requirements.yaml of apiVersion v1. */
bool chart_requirements(struct arena *keep, str text, struct chart *c, struct error *err);
/* All dependencies of Chart.yaml are vendored? */
bool chart_check_wants(const struct chart *c, struct error *err);
/* .Chart as Helm 4 shows it: a map with Go's field names. */
struct value chart_value(struct arena *keep, const struct chart *c, bool root);

#endif
