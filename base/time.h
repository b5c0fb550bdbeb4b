/*
 * Clocks and RFC 3339. Wall times are nanoseconds since 1970 in UTC; monotonic ones only differ.
 */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

#define TIME_SECOND INT64_C(1000000000)
#define TIME_MS INT64_C(1000000)

int64_t time_wall(void);
int64_t time_monotonic(void);
/* "2026-11-24T10:00:00Z"; whole seconds, as Kubernetes writes them. */
str time_rfc3339(struct arena *keep, int64_t wall_ns);
/* Accepts a fraction and any offset. */
bool time_parse_rfc3339(str text, int64_t *wall_ns);

#endif
