/*
 * The members of a JSON object's text, without building values: finds where each begins and ends.
 * It frames, it does not validate; what is used afterwards goes through json_read.
 */
#ifndef SYNC_KUBE_SCAN_H
#define SYNC_KUBE_SCAN_H

#include <stdbool.h>

#include "base/str.h"

struct scan {
	str text;
	size_t at;
	bool bad; /* the framing is broken */
};

/* False: text is no object. */
bool scan_start(struct scan *s, str text);
/* The next member; the key without quotes and as it stands (escapes not read). False: the end. */
bool scan_next(struct scan *s, str *key, str *value);
/* The value of a member, or STR_NONE. */
str scan_member(str text, const char *key);
/* The text in quotes of a member; STR_NONE when it is absent, no text or holds an escape. */
str scan_string(str text, const char *key);
/* Where the value that begins at `at` ends; 0: broken. */
size_t scan_value_end(str text, size_t at);

#endif
