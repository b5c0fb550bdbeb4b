/*
 * libarchive does the unpacking; names and sizes are checked here.
 */
#include "render/tgz.h"

#include <archive.h>
#include <archive_entry.h>

#include "base/buf.h"
#include "base/limits.h"

static bool bad_name(str name)
{
	while (name.s) {
		str part = str_cut(name, '/', &name);

		if (str_is(part, ".."))
			return true;
	}
	return false;
}

/* The name below the archive's one directory, or empty for what is to be skipped. */
static bool entry_name(struct arena *keep, const char *given, str *out, struct error *err)
{
	char *name = arena_cstr(keep, str_of(given));
	str rest;

	for (char *p = name; *p; p++)
		if (*p == '\\')
			*p = '/';
	str_cut(str_of(name), '/', &rest);
	if (!rest.s)
		return error_set(err, ERROR_INVALID, "chart illegally contains content outside the base directory");
	while (str_starts(rest, STR("./")))
		rest = str_from(rest, 2);
	if (str_starts(rest, STR("/")))
		return error_set(err, ERROR_INVALID, "chart illegally contains absolute paths");
	if (bad_name(rest))
		return error_set(err, ERROR_INVALID, "chart illegally references parent directory");
	if (rest.n > 1 && rest.s[1] == ':')
		return error_set(err, ERROR_INVALID, "chart contains illegally named files");
	*out = rest;
	return true;
}

static bool read_entry(struct archive *a, struct arena *keep, str name, size_t *total, str *out,
		       struct error *err)
{
	struct buf b;
	ssize_t got;

	buf_in(&b, keep, LIMIT_CHART_FILE + 16384);
	for (;;) {
		if (!buf_reserve(&b, 16384))
			break;
		got = archive_read_data(a, b.s + b.n, 16384);
		if (got < 0)
			return error_set(err, ERROR_INVALID, "%.*s: %s", STR_ARG(name),
					 archive_error_string(a));
		if (!got)
			break;
		b.n += (size_t)got;
		*total += (size_t)got;
		if (*total > LIMIT_CHART_BYTES)
			return error_set(err, ERROR_LIMIT,
					 "decompressed chart is larger than the maximum size %u",
					 LIMIT_CHART_BYTES);
	}
	if (buf_failed(&b) || b.n > LIMIT_CHART_FILE)
		return error_set(err, ERROR_LIMIT,
				 "decompressed chart file \"%.*s\" is larger than the maximum file size %u",
				 STR_ARG(name), LIMIT_CHART_FILE);
	*out = buf_str(&b);
	return true;
}

static bool read_entries(struct archive *a, struct arena *keep, struct chart_file **out, size_t *n,
			 struct error *err)
{
	struct archive_entry *entry;
	size_t room = 0, total = 0;
	int got;

	while ((got = archive_read_next_header(a, &entry)) == ARCHIVE_OK || got == ARCHIVE_WARN) {
		const char *given = archive_entry_pathname(entry);
		str name;

		if (archive_entry_filetype(entry) == AE_IFDIR || !given)
			continue;
		if (archive_entry_filetype(entry) != AE_IFREG)
			continue;
		if (!entry_name(keep, given, &name, err))
			return false;
		if (*n == LIMIT_CHART_FILES)
			return error_set(err, ERROR_LIMIT, "the chart holds more than %d files",
					 LIMIT_CHART_FILES);
		if (*n == room) {
			size_t want = room ? room * 2 : 32;

			*out = arena_grow(keep, *out, room * sizeof **out, want * sizeof **out);
			room = want;
		}
		(*out)[*n] = (struct chart_file){.name = name};
		if (!read_entry(a, keep, name, &total, &(*out)[*n].data, err))
			return false;
		++*n;
	}
	if (got != ARCHIVE_EOF)
		return error_set(err, ERROR_INVALID, "%s", archive_error_string(a));
	return *n || error_set(err, ERROR_INVALID, "no files in chart archive");
}

bool tgz_read(struct arena *keep, str bytes, struct chart_file **out, size_t *n, struct error *err)
{
	struct archive *a = archive_read_new();
	bool ok;

	*n = 0;
	*out = arena_alloc(keep, 16);
	if (!a)
		return error_set(err, ERROR_MEMORY, "no memory to unpack a chart");
	archive_read_support_filter_gzip(a);
	archive_read_support_format_tar(a);
	ok = archive_read_open_memory(a, bytes.s, bytes.n) == ARCHIVE_OK ||
	     error_set(err, ERROR_INVALID, "%s", archive_error_string(a));
	ok = ok && read_entries(a, keep, out, n, err);
	archive_read_free(a);
	return ok;
}
