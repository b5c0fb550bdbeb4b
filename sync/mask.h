/*
 * What must be in no text that people see.
 */
#ifndef SYNC_MASK_H
#define SYNC_MASK_H

#include "base/arena.h"
#include "base/str.h"

/* The text with the user and password of every URL in it ("https://ann:word@host") as ***. The text
 * itself when there is none. */
str mask_urls(struct arena *keep, str text);

#endif
