/*
 * Values: files, --set flags, and how a chart's defaults and its subcharts' come together
 * (reference "helm template", 4.2 and 4.4).
 */
#ifndef RENDER_VALUES_H
#define RENDER_VALUES_H

#include "render/chart.h"
#include "render/render.h"

/* A values file: all documents merged, later ones win. */
bool values_read(struct arena *keep, str text, struct map **out, struct error *err);
/* -f files and --set flags, in Helm's fixed order. */
bool values_user(struct arena *keep, const struct render_options *options, struct map **out,
		 struct error *err);
/* One flag's text into `into`. Errors are Helm's. */
bool values_set(struct arena *keep, struct map *into, const struct set_flag *flag,
		struct error *err);
/* `over` wins; maps merge, all else is replaced, null stays null. Changes and returns dst. */
struct map *values_overlay(struct arena *keep, struct map *dst, const struct map *over);

/* Chart defaults under `user`, subcharts and globals included. user is not changed; the result is
 * new. `merge`: nulls stay (MergeValues), else they delete (CoalesceValues). */
bool values_coalesce(struct arena *keep, const struct chart *chart, const struct map *user,
		     enum helm_compat compat, bool merge, struct map **out, struct error *err);
/* dst wins over src (MergeTables); dst is changed, src is not. */
void values_merge_tables(struct arena *keep, enum helm_compat compat, struct map *dst,
			 struct map *src);

/* The value at "a.b.c", NULL when absent (PathValue, Table). */
struct value *values_path(struct map *m, str path);

#endif
