/*
 * File name patterns. glob_match is Go's filepath.Match ('*' and '?' stop at '/'), glob_deep is
 * github.com/gobwas/glob with separator '/' as .Files.Glob uses it: also '**', '{a,b}', '[!a]'.
 */
#ifndef RENDER_GLOB_H
#define RENDER_GLOB_H

#include <stdbool.h>

#include "base/str.h"

/* False with *bad set when the pattern is malformed. */
bool glob_match(str pattern, str text, bool *bad);
/* An invalid pattern matches everything, as in Helm. */
bool glob_deep(str pattern, str text);

#endif
