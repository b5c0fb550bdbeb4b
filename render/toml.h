/*
 * TOML as Helm's toToml and fromToml mean it (BurntSushi/toml): written with sorted keys, plain
 * values before tables, tables indented by two; read into maps of int64, float64, text, bool.
 */
#ifndef RENDER_TOML_H
#define RENDER_TOML_H

#include "base/buf.h"
#include "base/value.h"

/* False with the library's words: "toml: cannot encode array with mixed element types" ... */
bool toml_write(struct buf *out, struct value v, struct error *err);
bool toml_read(struct arena *keep, str text, struct value *out, struct error *err);

#endif
