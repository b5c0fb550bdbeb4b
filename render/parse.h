/*
 * Tokens to trees: one file gives its own body and one tree for every define and block in it.
 */
#ifndef RENDER_PARSE_H
#define RENDER_PARSE_H

#include "base/error.h"
#include "render/tree.h"

struct parsed {
	str name;
	struct node_list body;
	struct parsed *next; /* further defines, in the order in which they ended */
};

/* Names of variables known from outside: only "$". Errors read as Go's, without the leading
 * "template: ": "c/templates/a.yaml:3: unexpected ...". */
bool parse_template(struct arena *keep, str name, str text, struct parsed **out, struct error *err);

#endif
