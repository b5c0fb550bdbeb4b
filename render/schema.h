/*
 * values.schema.json: a chart's values, and each subchart's, checked against its JSON Schema
 * (reference "helm template", 4.7; texts of santhosh-tekuri/jsonschema v6). Local references only;
 * formats are not asserted; $dynamicRef and unevaluated* are not looked at.
 */
#ifndef RENDER_SCHEMA_H
#define RENDER_SCHEMA_H

#include "render/chart.h"

/* The error lists every complaint of every chart in Helm's frame. */
bool schema_check(struct arena *scratch, const struct chart *chart, struct map *values,
		  struct error *err);

#endif
