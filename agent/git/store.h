/*
 * The objects of one repository: packs in a directory, read by id with libgit2. No references,
 * no loose objects, no history: what the store knows are the commits that it holds whole, each
 * with its tree and nothing before it. It is a cache and may be thrown away.
 *
 * The loop's thread owns it. git_store_take and git_store_compact may run in a worker, one at a
 * time; git_store_read and git_store_holds from any thread meanwhile.
 */
#ifndef AGENT_GIT_STORE_H
#define AGENT_GIT_STORE_H

#include <git2/types.h>
#include <git2/oid.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

struct git_store;

#define GIT_STORE_NAME 32 /* hex digits of a store's directory */

/* Made when not there. Leftovers of a crash are removed, damaged packs dropped. */
struct git_store *git_store_open(str dir, struct error *err);
void git_store_free(struct git_store *s); /* takes NULL */

/* Says that the store is in use; git_store_expire removes those of a directory that nobody used
 * for `seconds`. */
void git_store_touch(struct git_store *s);
void git_store_expire(const char *dir, int64_t seconds);

/* A file in the store that a pack is written to as it arrives. -1 with *err. */
int git_store_spool(struct git_store *s, char **path, struct error *err);

/* Indexes the pack at `path` (removed in any case), then walks each wanted commit's tree: those
 * that are whole are held from now on. `stop` is looked at while working. False when a commit
 * is not whole or the pack is wrong; others of it may be held nevertheless. */
bool git_store_take(struct git_store *s, const char *path, const str *commits, size_t n,
		    const volatile bool *stop, struct error *err);

bool git_store_holds(struct git_store *s, str commit);
/* The commits held, those told of last first; at most `max`. */
str *git_store_held(struct git_store *s, struct arena *keep, size_t max, size_t *n);
/* Notes a commit as used now, so that compaction keeps it. */
void git_store_use(struct git_store *s, str commit);

/* Are there more packs than that? */
bool git_store_crowded(struct git_store *s, unsigned most);
/* Makes one pack of the `keep` commits and the LIMIT_GIT_HELD last used others. */
bool git_store_compact(struct git_store *s, const str *keep, size_t n, struct error *err);

/* Was something found damaged, and long enough after the last time? */
bool git_store_damaged(struct git_store *s);
/* Throws all away. */
bool git_store_reset(struct git_store *s, struct error *err);

/* One object of a commit that is held. More bytes than cap are ERROR_LIMIT. Missing or damaged is
 * ERROR_CORRUPT, and the store counts as damaged; ERROR_BUSY when the commit is held no more. */
bool git_store_read(struct git_store *s, struct arena *keep, str commit, const git_oid *id,
		    git_object_t type, size_t cap, str *out, struct error *err);

#endif
