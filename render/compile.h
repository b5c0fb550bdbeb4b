/*
 * Trees to programs.
 */
#ifndef RENDER_COMPILE_H
#define RENDER_COMPILE_H

#include "render/parse.h"
#include "render/program.h"

/* Never fails: what Go reports when a template runs becomes an ERROR instruction. */
struct program *compile(struct arena *keep, const struct parsed *tree, str file, str source);

#endif
