/*
 * A reader of the YAML that charts mostly write, beside libyaml.
 */
#ifndef RENDER_YAML_SIMPLE_H
#define RENDER_YAML_SIMPLE_H

#include "base/value.h"

/* False: the text is not simple, and says nothing about whether it is right. True: *out is what
 * libyaml's events give. Strings are copied into keep, whose guard may be leapt to. */
bool yaml_simple(struct arena *keep, str text, unsigned flags, struct value *out);
/* How many nodes a value is made of. */
uint32_t yaml_nodes(struct value v);
/* What a merge key does; false when v is no map and no list of maps. */
bool yaml_merge(struct arena *keep, struct map *into, struct value v);

#endif
