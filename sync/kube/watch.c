/*
 * Lines out of a stream, an event out of each line. A last line without its end is dropped: the
 * watch is resumed and the event comes again.
 */
#include "sync/kube/watch.h"

#include "base/limits.h"
#include "sync/kube/scan.h"

void watch_reader_init(struct watch_reader *r, watch_event_fn *on_event, void *arg)
{
	*r = (struct watch_reader){.on_event = on_event, .arg = arg};
	buf_init(&r->line, LIMIT_KUBE_OBJECT);
}

void watch_reader_done(struct watch_reader *r)
{
	buf_done(&r->line);
}

static enum watch_type watch_type(str name)
{
	static const char *const names[] = {"ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_is(name, names[i]))
			return (enum watch_type)i;
	return WATCH_OTHER;
}

static bool watch_line(struct watch_reader *r, str line, struct error *err)
{
	str type, object;
	line = str_trim(line);
	if (!line.n)
		return true;
	type = scan_string(line, "type");
	object = scan_member(line, "object");
	if (!type.n || !object.n || object.s[0] != '{')
		return error_set(err, ERROR_INVALID, "a watch sent a line that is no event");
	r->events++;
	return r->on_event(r->arg, watch_type(type), object, err);
}

bool watch_reader_feed(struct watch_reader *r, str bytes, struct error *err)
{
	ptrdiff_t end;
	bool fine;
	while ((end = str_find_char(bytes, '\n')) >= 0) {
		str part = str_sub(bytes, 0, (size_t)end);
		bytes = str_from(bytes, (size_t)end + 1);
		if (r->line.n == 0) {
			if (!watch_line(r, part, err))
				return false;
			continue;
		}
		buf_add(&r->line, part);
		fine = buf_check(&r->line, "an event of a watch", err) &&
		       watch_line(r, buf_str(&r->line), err);
		buf_clear(&r->line);
		if (!fine)
			return false;
	}
	buf_add(&r->line, bytes);
	return buf_check(&r->line, "an event of a watch", err);
}
