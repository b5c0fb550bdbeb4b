/*
 * Commits are lines of "key value", an empty line and a message; trees are entries of
 * "mode name NUL id".
 */
#include "agent/git/tree.h"

#include "agent/git/protocol.h"
#include "base/num.h"
#include "base/time.h"

static bool mode_of(str text, enum git_mode *out)
{
	if (str_is(text, "40000") || str_is(text, "040000"))
		*out = GIT_MODE_DIRECTORY;
	else if (str_is(text, "120000"))
		*out = GIT_MODE_LINK;
	else if (str_is(text, "160000"))
		*out = GIT_MODE_SUBMODULE;
	else if (str_starts(text, STR("100")) && text.n == 6)
		*out = GIT_MODE_FILE;
	else
		return false;
	return true;
}

bool tree_next(str *tree, struct tree_entry *out, bool *end, struct error *err)
{
	ptrdiff_t blank = str_find_char(*tree, ' '), nul = str_find_char(*tree, '\0');
	str name;

	*end = tree->n == 0;
	if (*end)
		return true;
	if (blank <= 0 || nul < blank || tree->n - (size_t)nul - 1 < GIT_OID_RAWSZ ||
	    !mode_of(str_sub(*tree, 0, (size_t)blank), &out->mode))
		return error_set(err, ERROR_CORRUPT, "a tree object is malformed");
	name = str_sub(*tree, (size_t)blank + 1, (size_t)nul);
	if (!name.n || str_is(name, ".") || str_is(name, "..") || str_eq_nocase(name, STR(".git")) ||
	    str_find_char(name, '/') >= 0)
		return error_set(err, ERROR_CORRUPT, "a tree object has an entry of a forbidden name");
	out->name = name;
	git_oid_fromraw(&out->id, (const unsigned char *)tree->s + nul + 1);
	*tree = str_from(*tree, (size_t)nul + 1 + GIT_OID_RAWSZ);
	return true;
}

bool commit_tree(str commit, git_oid *tree, struct error *err)
{
	str rest, line = str_cut(commit, '\n', &rest);

	if (!str_starts(line, STR("tree ")) || !git_hex_valid(str_from(line, 5)))
		return error_set(err, ERROR_CORRUPT, "a commit object is malformed");
	git_oid_fromstrn(tree, line.s + 5, GIT_HEX);
	return true;
}

/* "Name <email> 1700000000 +0100" */
static void person(str text, str *name, str *email, int64_t *at)
{
	ptrdiff_t open = str_find_char(text, '<'), close = str_rfind_char(text, '>');
	int64_t seconds;
	str rest;

	if (open < 0 || close < open)
		return;
	*name = str_trim(str_sub(text, 0, (size_t)open));
	if (email)
		*email = str_sub(text, (size_t)open + 1, (size_t)close);
	rest = str_trim(str_from(text, (size_t)close + 1));
	if (num_parse_i64(str_cut(rest, ' ', &(str){0}), &seconds) &&
	    seconds > -INT64_C(9000000000) && seconds < INT64_C(9000000000))
		*at = seconds * TIME_SECOND;
}

bool commit_parse(struct arena *keep, str commit, struct git_commit_info *out,
		      struct error *err)
{
	str rest = commit;
	git_oid tree;

	if (!commit_tree(commit, &tree, err))
		return false;
	out->tree = out->author = out->email = out->committer = out->message = STR("");
	out->author_time = out->commit_time = 0;
	while (rest.n && rest.s[0] != '\n') {
		str line = str_cut(rest, '\n', &rest);

		if (str_starts(line, STR("tree ")))
			out->tree = arena_str(keep, str_from(line, 5));
		else if (str_starts(line, STR("author ")))
			person(str_from(line, 7), &out->author, &out->email, &out->author_time);
		else if (str_starts(line, STR("committer ")))
			person(str_from(line, 10), &out->committer, NULL, &out->commit_time);
	}
	out->message = str_trim(rest);
	return true;
}
