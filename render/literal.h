/*
 * Go's literals: numbers of every base and kind, quoted and raw strings, characters.
 */
#ifndef RENDER_LITERAL_H
#define RENDER_LITERAL_H

#include "base/error.h"
#include "render/tree.h"

/* Fills the number fields of a node: every kind the text fits, as Go's newNumber. */
bool literal_number(struct node *n, str text, bool is_char, struct error *err);
/* strconv.Unquote of "..." or `...`. */
bool literal_string(struct arena *keep, str text, str *out, struct error *err);

#endif
