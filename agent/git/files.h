/*
 * A commit's tree as the table of render/files.h. Links are resolved inside the tree;
 * submodules and LFS pointers are errors, never taken for what they stand for.
 */
#ifndef AGENT_GIT_FILES_H
#define AGENT_GIT_FILES_H

#include "agent/git/store.h"
#include "render/files.h"

/* The store must outlive the table. ERROR_BUSY when the commit is not held. */
struct files *git_files_open(struct arena *keep, struct git_store *store, str commit,
			     struct error *err);

#endif
