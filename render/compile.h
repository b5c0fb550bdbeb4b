/*
 * Source text to programs.
 */
#ifndef RENDER_COMPILE_H
#define RENDER_COMPILE_H

#include "render/parse.h"
#include "render/program.h"

/* Never fails: what Go reports when a template runs becomes an ERROR instruction. `file` and
 * `source` must live as long as `keep`. */
struct program *compile(struct arena *keep, const struct parsed *tree, str file, str source);
/* template_compile with Go's own words: "template: NAME:LINE: ...". */
bool template_file_compile(struct arena *keep, str name, str source, struct template_file **out,
	struct error *err);

#endif
