/*
 * Lines are made whole before they are written, so that they never mix.
 */
#include "agent/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/time.h"

static bool as_json, with_debug;
static const char *const levels[] = {"debug", "info", "warn", "error"};

void log_setup(bool json, bool debug)
{
	as_json = json;
	with_debug = debug;
}

static bool is_plain(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.s[i] <= ' ' || s.s[i] == '"' || s.s[i] == '=' || (unsigned char)s.s[i] >= 0x7F)
			return false;
	return s.n > 0;
}

static void put_pair(struct buf *b, const char *name, str value)
{
	if (as_json) {
		buf_printf(b, ",\"%s\":", name);
		json_write_string(b, value, 0);
		return;
	}
	buf_printf(b, " %s=", name);
	if (is_plain(value))
		buf_add(b, value);
	else
		json_write_string(b, value, 0);
}

void log_event(enum log_level level, const char *event, ...)
{
	struct arena scratch;
	const char *name;
	struct buf b;
	va_list args;
	int64_t wall;
	str now;

	if (level == LOG_DEBUG && !with_debug)
		return;
	arena_init(&scratch, 0);
	buf_in(&b, &scratch, 1 << 16);
	wall = time_wall();
	now = time_rfc3339(&scratch, wall);
	now = arena_printf(&scratch, "%.*s.%03dZ", (int)now.n - 1, now.s, (int)(wall / TIME_MS % 1000));
	if (as_json)
		buf_printf(&b, "{\"time\":\"%.*s\",\"level\":\"%s\",\"event\":\"%s\"", STR_ARG(now),
			   levels[level], event);
	else
		buf_printf(&b, "%.*s %-5s %s", STR_ARG(now), levels[level], event);
	va_start(args, event);
	while ((name = va_arg(args, const char *)))
		put_pair(&b, name, va_arg(args, str));
	va_end(args);
	buf_lit(&b, as_json ? "}\n" : "\n");
	fwrite(b.s, 1, b.n, stderr);
	arena_done(&scratch);
}
