/*
 * Slash paths inside one root (a git tree, a chart, an archive). Pure text: nothing is opened.
 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

/* `path` seen from the directory `dir` (both relative to the root; a leading '/' in path means
 * the root), cleaned: no "", ".", "..", no leading or trailing '/'; the root itself is "".
 * Fails when it would leave the root, or holds a NUL or a backslash. */
bool path_join(struct arena *keep, str dir, str path, str *out, struct error *err);
str path_base(str path); /* after the last '/' */
str path_dir(str path);	 /* before the last '/', or "" */

/* "dir/name"; one of the two when the other is empty. */
str path_below(struct arena *keep, str dir, str name);

#endif
