/*
 * Instants as Go's time.Time shows them: layouts ("2006-01-02T15:04:05Z07:00") in both directions
 * and zones of the system's tz database. Wall times are nanoseconds since 1970.
 */
#ifndef RENDER_GOTIME_H
#define RENDER_GOTIME_H

#include "base/buf.h"

struct gotime {
	int64_t sec; /* since 1970; year 1 is possible */
	int32_t nsec;
	int32_t offset; /* seconds east of UTC */
	char zone[16];	/* "UTC", "BST" */
};

/* The instant as seen in a zone: "", "UTC", "Local" or a name of the tz database. False when the
 * zone is unknown; t is then in UTC. */
bool gotime_in(struct gotime *t, str zone);
void gotime_format(struct buf *out, const struct gotime *t, str layout);
/* UTC unless the text names an offset. False when the text does not match. */
bool gotime_parse(str layout, str text, struct gotime *out);
/* Go's time.Duration as text: "1h30m0s", "1.5s", "0s". */
void gotime_duration(struct buf *out, int64_t ns);

#endif
