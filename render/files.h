/*
 * Where a chart's bytes come from: a git tree, a directory, an archive, memory. A table of
 * functions, so that rendering touches neither disk nor network by itself.
 *
 * Paths are relative to the root of the table, cleaned by base/path.h. Symbolic links are resolved
 * inside the root by the implementation (at most LIMIT_LINK_HOPS); one that leaves it is an
 * error. Absent is ERROR_NOT_FOUND and nothing else is: damage is ERROR_CORRUPT.
 * Calls of one table come from one thread at a time.
 */
#ifndef RENDER_FILES_H
#define RENDER_FILES_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

enum file_type { FILE_REGULAR, FILE_DIRECTORY };

struct file_entry {
	str name; /* one path part */
	enum file_type type;
	str id; /* a file's content identity (git OID as 40 hex digits), empty when the source has none */
};

struct files {
	/* The entries of a directory, sorted bytewise by name; links already resolved. */
	bool (*list)(struct files *f, struct arena *keep, str dir, struct file_entry **out,
		     size_t *n, struct error *err);
	/* A regular file's bytes; at most `cap` of them, more is ERROR_LIMIT. */
	bool (*read)(struct files *f, struct arena *keep, str path, size_t cap, str *out,
		     struct error *err);
	/* Type and id of what lies at path ("" is the root). */
	bool (*stat)(struct files *f, struct arena *keep, str path, struct file_entry *out,
		     struct error *err);
};

/* A directory of the file system (the command line); links are followed, as Helm does, but not
 * out of `root`. */
struct files *files_directory(struct arena *keep, const char *root);
/* Files in memory: for tests and for unpacked archives. Adding copies nothing. */
struct files *files_memory(struct arena *keep);
void files_memory_add(struct files *f, str path, str bytes);
/* Another table seen from one of its directories. */
struct files *files_below(struct arena *keep, struct files *f, str dir);

#endif
