/*
 * Go templates' eq and lt: which kinds compare, and what they say when they do not.
 */
#ifndef RENDER_COMPARE_H
#define RENDER_COMPARE_H

#include "render/fn.h"

/* False with the call's error set when the two cannot be compared. */
bool compare_equal(struct call *c, struct value x, struct value y, bool *equal);
bool compare_less(struct call *c, struct value x, struct value y, bool *less);

#endif
