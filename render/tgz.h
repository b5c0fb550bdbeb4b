/*
 * A packed chart (.tgz) unpacked in memory, under the caps of base/limits.h.
 */
#ifndef RENDER_TGZ_H
#define RENDER_TGZ_H

#include "render/chart.h"

/* The regular files, their first path part cut off. Absolute names, "..", links are refused as by
 * Helm. */
bool tgz_read(struct arena *keep, str bytes, struct chart_file **out, size_t *n, struct error *err);

#endif
