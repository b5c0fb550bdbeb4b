/*
 * Clocks of the system, dates by the civil-calendar arithmetic of timegm.
 */
#include "base/time.h"

#include <stdio.h>
#include <time.h>

static int64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * TIME_SECOND + t.tv_nsec;
}

int64_t time_wall(void)
{
	return clock_ns(CLOCK_REALTIME);
}

int64_t time_monotonic(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

str time_rfc3339(struct arena *keep, int64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / TIME_SECOND);
	struct tm tm;
	char text[32];

	gmtime_r(&seconds, &tm);
	return arena_str(keep, str_make(text, strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm)));
}

/* Digits text[from, from+n) as a number; false when one is none. */
static bool digits(str text, size_t from, size_t n, int *out)
{
	*out = 0;
	if (text.n < from + n)
		return false;
	for (size_t i = from; i < from + n; i++) {
		if (text.s[i] < '0' || text.s[i] > '9')
			return false;
		*out = *out * 10 + (text.s[i] - '0');
	}
	return true;
}

static bool read_fraction(str *rest, int64_t *ns)
{
	int64_t scale = TIME_SECOND;
	size_t i = 1;

	*ns = 0;
	if (!rest->n || rest->s[0] != '.')
		return true;
	for (; i < rest->n && rest->s[i] >= '0' && rest->s[i] <= '9'; i++) {
		scale /= 10;
		*ns += scale * (rest->s[i] - '0');
	}
	*rest = str_from(*rest, i);
	return i > 1;
}

static bool read_offset(str rest, int64_t *seconds)
{
	int hours, minutes;

	*seconds = 0;
	if (rest.n == 1 && (rest.s[0] == 'Z' || rest.s[0] == 'z'))
		return true;
	if (rest.n != 6 || (rest.s[0] != '+' && rest.s[0] != '-') || rest.s[3] != ':' ||
	    !digits(rest, 1, 2, &hours) || !digits(rest, 4, 2, &minutes))
		return false;
	*seconds = (rest.s[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return true;
}

bool time_parse_rfc3339(str text, int64_t *wall_ns)
{
	struct tm tm = {0};
	int64_t ns, offset;
	str rest;

	if (!digits(text, 0, 4, &tm.tm_year) || !digits(text, 5, 2, &tm.tm_mon) ||
	    !digits(text, 8, 2, &tm.tm_mday) || !digits(text, 11, 2, &tm.tm_hour) ||
	    !digits(text, 14, 2, &tm.tm_min) || !digits(text, 17, 2, &tm.tm_sec) ||
	    text.s[4] != '-' || text.s[7] != '-' || (text.s[10] != 'T' && text.s[10] != 't') ||
	    text.s[13] != ':' || text.s[16] != ':')
		return false;
	rest = str_from(text, 19);
	if (!read_fraction(&rest, &ns) || !read_offset(rest, &offset))
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*wall_ns = ((int64_t)timegm(&tm) - offset) * TIME_SECOND + ns;
	return true;
}
