/*
 * What a render asked of its files, so that a later commit can be asked the same: when every answer
 * is the same, the rendering is too, and need not be made.
 *
 * Answers are kept as digests over names, types and content ids; where a source has no ids, over
 * the bytes. Absence is an answer; any other failure makes the record worthless (never replayed as
 * unchanged).
 */
#ifndef RENDER_FILES_RECORD_H
#define RENDER_FILES_RECORD_H

#include "render/files.h"

struct record;

/* Lives in keep. */
struct record *record_new(struct arena *keep);
/* A table that asks `f` and writes down the answers. */
struct files *files_record(struct arena *keep, struct files *f, struct record *record);
/* Would `f` give the same answers? Scratch memory comes from `scratch`. */
bool files_replay(const struct record *record, struct arena *scratch, struct files *f);

#endif
