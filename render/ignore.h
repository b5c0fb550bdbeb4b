/*
 * .helmignore: which files of a chart's directory are not part of the chart.
 */
#ifndef RENDER_IGNORE_H
#define RENDER_IGNORE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

struct ignore;

/* text is empty when there is no file; the rule that every chart has ("templates/.?*") is there
 * always. Rules borrow text. */
bool ignore_read(struct arena *keep, str text, struct ignore **out, struct error *err);
/* path is relative to the chart. A directory that matches is left out wholly. */
bool ignore_match(const struct ignore *ignore, str path, bool is_directory);

#endif
