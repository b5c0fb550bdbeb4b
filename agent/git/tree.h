/*
 * Reading commit and tree objects from their bytes. Pure; hostile bytes give ERROR_CORRUPT.
 */
#ifndef AGENT_GIT_TREE_H
#define AGENT_GIT_TREE_H

#include <git2/oid.h>

#include "agent/git/git.h"

enum git_mode { GIT_MODE_FILE, GIT_MODE_DIRECTORY, GIT_MODE_LINK, GIT_MODE_SUBMODULE };

struct tree_entry {
	str name;
	enum git_mode mode;
	git_oid id;
};

/* Takes the next entry off `tree`; *end is set when there is none. Names that are no path part
 * ("", ".", "..", ".git", with a slash or a NUL) are refused. */
bool tree_next(str *tree, struct tree_entry *out, bool *end, struct error *err);
/* The tree that a commit holds. */
bool commit_tree(str commit, git_oid *tree, struct error *err);
/* All that is told of a commit; borrows from its bytes. Does not set `commit`. */
bool commit_parse(struct arena *keep, str commit, struct git_commit_info *out,
		      struct error *err);

#endif
