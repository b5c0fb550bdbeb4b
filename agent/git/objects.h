/*
 * What libgit2 is needed for: a fixed set of packs read by object id, a received pack indexed,
 * and one pack made of many. All may run in any thread; a set is never changed once open.
 */
#ifndef AGENT_GIT_OBJECTS_H
#define AGENT_GIT_OBJECTS_H

#include <git2/odb.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "base/table.h"

/* All packs of a directory, or with `only` the one called pack-<only>. *n: how many. A pack that
 * cannot be opened is removed: it is a cache. */
git_odb *objects_open(const char *packs, const char *only, unsigned *n, struct error *err);

/* ERROR_NOT_FOUND when no pack has it, ERROR_CORRUPT when what it has is damaged or of another
 * type, ERROR_LIMIT over cap. No lock or object is held while the arena is asked for memory. */
bool objects_take(git_odb *odb, struct arena *keep, const git_oid *id, git_object_t type, size_t cap,
		  str *out, struct error *err);

/* Is the commit there with its tree and all below? `known` are ids of trees that are whole; it
 * grows. The commit's parents are not looked at. */
bool objects_whole(git_odb *odb, const git_oid *commit, struct table *known,
		   const volatile bool *stop, struct error *err);

/* Indexes the pack in the file `path` into `packs`; bases of deltas come from odb. */
bool objects_index(git_odb *odb, const char *packs, const char *path, const volatile bool *stop,
		   struct error *err);

/* Writes one pack of the commits with their trees; name gets its 40 digits. It opens the packs for
 * itself: while a repository wraps a git_odb, its readers in other threads use the repository's
 * cache and crash when that goes (libgit2 1.5.1). */
bool objects_join(const char *packs, const git_oid *commits, size_t n, char name[41],
		  struct error *err);

/* The words of libgit2's last error in this thread. */
bool objects_error(struct error *err, int code, const char *what);

#endif
