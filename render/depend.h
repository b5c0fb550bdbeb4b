/*
 * Which subcharts take part: aliases, version ranges, tags, conditions; and import-values
 * (reference "helm template", 4.3).
 */
#ifndef RENDER_DEPEND_H
#define RENDER_DEPEND_H

#include "render/values.h"

/* *out is a changed copy where something changes; `chart` itself is never changed. */
bool depend_process(struct arena *keep, const struct chart *chart, const struct map *user,
		    enum helm_compat compat, struct chart **out, struct error *err);

#endif
