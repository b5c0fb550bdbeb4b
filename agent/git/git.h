/*
 * Repositories followed over the network: which commit a revision names now, and what is in it.
 *
 * A poll asks the server for the few refs that somebody watches (protocol v2 `ls-refs`); only
 * when one of them names a commit that is not held, that one commit is fetched, without history.
 * http(s) goes through sync/http.h; ssh and local repositories through a child `ssh` or
 * `git upload-pack` that carries the same bytes. Fetched objects lie in packs under the store's
 * directory, which is a cache: it may be lost, and stays bounded however many commits pass by.
 *
 * Everything but git_files' table runs on the loop's thread. Callbacks run from the loop, never
 * inside a call of this header; after git_unwatch returns none of that watch runs.
 * No function logs; URLs in errors have no password in them.
 */
#ifndef AGENT_GIT_GIT_H
#define AGENT_GIT_GIT_H

#include <uv.h>

#include "agent/config.h"
#include "base/error.h"
#include "base/str.h"
#include "render/files.h"
#include "sync/http.h"

struct git;
struct git_watch;

/* `directory` is made when it is not there; one process uses it at a time (ERROR_BUSY).
 * `config` gives credentials (repositories) and rewrites; it is borrowed, and so are loop and
 * http: they must outlive the git. Credentials are looked up by the URL as it is after rewriting,
 * and go to that scheme, host and port only; their files are read again for each conversation.
 * ssh needs the repository's knownHostsFile. SIGPIPE is ignored from here on. */
struct git *git_new(uv_loop_t *loop, struct http *http, str directory, const struct config *config,
		    struct error *err);
/* Ends everything; no callback runs. Its handles close in the loop's next turns. Tables of
 * git_files must not be used any more. Takes NULL. */
void git_free(struct git *g);
/* Another configuration, from the next poll on. */
void git_configure(struct git *g, const struct config *config);

/*
 * Called with the commit (40 hex digits) when it is known and wholly held, and again whenever the
 * revision names another one. err is NULL then. Called with err, and the last commit it gave or
 * "", when polling begins to fail or fails otherwise than before; when it works again, the commit
 * is told again, changed or not. A revision that does not exist (deleted branch, empty
 * repository) is ERROR_NOT_FOUND: it says nothing about what the last commit holds.
 */
typedef void git_update_fn(void *arg, str commit, const struct error *err);

/*
 * revision: "" or "HEAD" (the default branch, followed when it is renamed), a branch, a tag
 * (peeled; a branch of that name comes first, as in Argo CD), a range of versions (">=1.2", "1.x":
 * the highest tag in it, when no branch or tag is called so), a full ref name, or a full commit id
 * (asked for once, never polled). An abbreviated id is ERROR_INVALID, told by on_update. The first poll
 * begins at once; later ones come after interval_ns, jittered by a fifth, later while the server
 * fails. Watches of one repository share its polls, the shortest interval counts.
 * NULL with *err only for a URL or revision that cannot be right, or out of memory.
 */
struct git_watch *git_watch(struct git *g, str url, str revision, int64_t interval_ns,
			    git_update_fn *on_update, void *arg, struct error *err);
void git_unwatch(struct git_watch *w); /* takes NULL */

/* Polls now: the watched repositories that `url` names in any of its spellings (scheme, user,
 * port and .git do not count), or all when it is empty. How many there were. Any number of pokes
 * during a poll lead to one more. */
unsigned git_poke(struct git *g, str url);

/* The tree of a commit. ERROR_BUSY when the commit is not held: watch it. The table may be used
 * by any one thread at a time, as long as the git lives; entries carry the object ids. The
 * commits that watches name now stay held, and the last LIMIT_GIT_HELD others; reading from one
 * that was dropped is ERROR_BUSY. Damage is ERROR_CORRUPT, and the commit is fetched anew. */
struct files *git_files(struct arena *keep, struct git *g, str url, str commit,
			struct error *err);

struct git_commit_info {
	str commit, tree;	      /* 40 hex digits */
	str author, email, committer; /* names as the commit has them */
	str message;
	int64_t author_time, commit_time; /* wall clock, nanoseconds */
};

bool git_commit_info(struct arena *keep, struct git *g, str url, str commit,
		     struct git_commit_info *out, struct error *err);

struct git_stats {
	uint64_t polls, fetches, failures; /* conversations that asked for refs, for a pack */
	uint64_t bytes_received;
	uint64_t compactions;
	uint32_t repositories, watches;
};
struct git_stats git_stats(const struct git *g);

/* One spelling for equal URLs: Argo CD's NormalizeGitURL (lower case, no .git, no ssh://). */
str git_url_normalise(struct arena *keep, str url);
/* By the longest `from` that the URL starts with, as git's insteadOf; else the URL itself. */
str git_url_rewrite(struct arena *keep, const struct config *config, str url);
/* Do both name one place, whatever the scheme, user, port and .git? For webhooks. */
bool git_url_same_place(str a, str b);
/* Without the password, for people. */
str git_url_show(struct arena *keep, str url);

#endif
