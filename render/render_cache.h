/*
 * The inside of struct render_cache: generations of parsed charts and compiled templates. A render
 * holds the generation it began with; when a generation has grown past its cap a new one starts
 * and the old one goes with its last render. So nothing is freed under a reader, and memory stays
 * bounded.
 */
#ifndef RENDER_RENDER_CACHE_H
#define RENDER_RENDER_CACHE_H

#include "render/chart.h"
#include "render/render.h"
#include "render/template.h"

struct generation;

struct generation *render_cache_begin(struct render_cache *cache);
void render_cache_end(struct render_cache *cache, struct generation *g);

/* The chart in dir. Keyed by the ids of all its files; without ids it is read into the generation
 * each time. */
bool render_cache_chart(struct generation *g, struct arena *scratch, struct files *files, str dir,
			struct chart **out, struct error *err);
/* A compiled template, keyed by its full name and its text's identity. */
bool render_cache_template(struct generation *g, struct arena *scratch, str name,
			   const struct chart_file *file, const struct template_file **out,
			   struct error *err);

#endif
