/*
 * .Files of a chart: what is neither template nor values nor subchart.
 */
#ifndef RENDER_CHART_FILES_H
#define RENDER_CHART_FILES_H

#include "render/chart.h"

struct value chart_files_value(struct arena *keep, const struct chart_file *at, size_t n);

#endif
