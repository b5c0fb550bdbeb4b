/*
 * Paths are walked from the root tree, part by part; a link puts its target in place of the
 * parts walked so far and the walk begins again. Only an entry that is not in a tree that was
 * read is absent.
 */
#include "agent/git/files.h"

#include <stdlib.h>

#include "agent/git/tree.h"
#include "base/limits.h"
#include "base/path.h"

struct git_files {
	struct files table;
	struct git_store *store;
	str commit;
	git_oid root;
};

/* One call: what it needs for a while lies in scratch. */
struct look {
	struct git_files *f;
	struct arena *scratch, *keep;
	struct error *err;
	str path;
	size_t cap;
	unsigned hops;
	bool dangling; /* the last ERROR_NOT_FOUND was behind a link */
	/* results */
	struct tree_entry found;
	str bytes;
	struct file_entry *entries;
	size_t entries_n;
};

static bool read_object(struct look *l, struct arena *to, const git_oid *id, git_object_t type,
			size_t cap, str *out)
{
	return git_store_read(l->f->store, to, l->f->commit, id, type, cap, out, l->err);
}

static bool absent(struct look *l)
{
	l->dangling = l->hops > 0;
	return error_set(l->err, ERROR_NOT_FOUND, "no file %.*s in commit %.*s", STR_ARG(l->path),
			 STR_ARG(l->f->commit));
}

static bool find_entry(struct look *l, const git_oid *dir, str name, struct tree_entry *out)
{
	bool end;
	str tree;

	if (!read_object(l, l->scratch, dir, GIT_OBJECT_TREE, LIMIT_GIT_TREE, &tree))
		return false;
	for (;;) {
		if (!tree_next(&tree, out, &end, l->err))
			return false;
		if (end)
			return absent(l);
		if (str_eq(out->name, name))
			return true;
	}
}

/* The path to walk instead, when `done` + link + `rest` was met. */
static bool follow(struct look *l, const struct tree_entry *link, str done, str rest, str *path)
{
	str target, whole;

	if (++l->hops > LIMIT_LINK_HOPS)
		return error_set(l->err, ERROR_LIMIT, "%.*s: more than %d links (LIMIT_LINK_HOPS)",
				 STR_ARG(l->path), LIMIT_LINK_HOPS);
	if (!read_object(l, l->scratch, &link->id, GIT_OBJECT_BLOB, 4096, &target))
		return false;
	if (str_starts(target, STR("/")))
		return error_set(l->err, ERROR_INVALID, "%.*s: a link leads out of the repository",
				 STR_ARG(l->path));
	whole = rest.n ? arena_printf(l->scratch, "%.*s/%.*s", STR_ARG(target), STR_ARG(rest))
		       : target;
	return path_join(l->scratch, done, whole, path, l->err) ||
	       error_wrap(l->err, "%.*s: a link", STR_ARG(l->path));
}

/* What lies at the path, links resolved. */
static bool resolve(struct look *l, str path)
{
	struct tree_entry at = {.mode = GIT_MODE_DIRECTORY, .id = l->f->root};
	str rest = path, done = STR("");

	while (rest.n) {
		str name = str_cut(rest, '/', &rest);

		if (at.mode == GIT_MODE_SUBMODULE)
			return error_set(l->err, ERROR_UNSUPPORTED,
					 "%.*s lies in a submodule, which is not followed",
					 STR_ARG(l->path));
		if (at.mode != GIT_MODE_DIRECTORY)
			return absent(l);
		if (!find_entry(l, &at.id, name, &at))
			return false;
		if (at.mode == GIT_MODE_LINK) {
			if (!follow(l, &at, done, rest, &rest))
				return false;
			at = (struct tree_entry){.mode = GIT_MODE_DIRECTORY, .id = l->f->root};
			done = STR("");
			continue;
		}
		done = done.n ? arena_printf(l->scratch, "%.*s/%.*s", STR_ARG(done), STR_ARG(name))
			      : name;
	}
	l->found = at;
	return true;
}

/* --- the three calls --- */

static enum file_type type_of(enum git_mode mode)
{
	return mode == GIT_MODE_FILE ? FILE_REGULAR : FILE_DIRECTORY;
}

static bool do_stat(struct look *l)
{
	return resolve(l, l->path);
}

static bool do_read(struct look *l)
{
	if (!resolve(l, l->path))
		return false;
	if (l->found.mode == GIT_MODE_SUBMODULE)
		return error_set(l->err, ERROR_UNSUPPORTED,
				 "%.*s is a submodule, which is not followed", STR_ARG(l->path));
	if (l->found.mode != GIT_MODE_FILE)
		return error_set(l->err, ERROR_INVALID, "%.*s is a directory", STR_ARG(l->path));
	if (!read_object(l, l->keep, &l->found.id, GIT_OBJECT_BLOB,
			 l->cap < LIMIT_GIT_BLOB ? l->cap : LIMIT_GIT_BLOB, &l->bytes))
		return error_wrap(l->err, "%.*s", STR_ARG(l->path));
	if (l->bytes.n < 1024 &&
	    str_starts(l->bytes, STR("version https://git-lfs.github.com/spec/")))
		return error_set(l->err, ERROR_UNSUPPORTED,
				 "%.*s lies in Git LFS, which is not followed", STR_ARG(l->path));
	return true;
}

static int by_name(const void *a, const void *b)
{
	const struct file_entry *x = a, *y = b;

	return str_cmp(x->name, y->name);
}

static str hex_id(struct arena *keep, const git_oid *id)
{
	char *text = arena_text(keep, GIT_OID_HEXSZ + 1);

	git_oid_tostr(text, GIT_OID_HEXSZ + 1, id);
	return str_make(text, GIT_OID_HEXSZ);
}

/* A link in a listing counts as what it leads to. */
static bool list_link(struct look *l, str dir, struct tree_entry *entry)
{
	str path, name = entry->name;

	l->hops = 0;
	if (!path_join(l->scratch, dir, name, &path, l->err))
		return false;
	l->path = path;
	if (!resolve(l, path)) {
		if (l->dangling && l->err && l->err->kind == ERROR_NOT_FOUND)
			return error_set(l->err, ERROR_INVALID, "%.*s: a link leads to nothing",
					 STR_ARG(path));
		return false;
	}
	*entry = l->found;
	entry->name = name;
	return true;
}

static bool do_list(struct look *l)
{
	str tree, rest, dir = l->path;
	struct tree_entry entry;
	size_t n = 0;
	bool end;

	if (!resolve(l, dir))
		return false;
	if (l->found.mode == GIT_MODE_SUBMODULE)
		return error_set(l->err, ERROR_UNSUPPORTED,
				 "%.*s is a submodule, which is not followed", STR_ARG(dir));
	if (l->found.mode != GIT_MODE_DIRECTORY)
		return error_set(l->err, ERROR_INVALID, "%.*s is not a directory", STR_ARG(dir));
	if (!read_object(l, l->scratch, &l->found.id, GIT_OBJECT_TREE, LIMIT_GIT_TREE, &tree))
		return false;
	for (rest = tree; tree_next(&rest, &entry, &end, l->err) && !end;)
		n++;
	l->entries = arena_news(l->keep, n + 1, struct file_entry);
	for (l->entries_n = 0; tree.n; l->entries_n++) {
		if (!tree_next(&tree, &entry, &end, l->err))
			return false;
		if (entry.mode == GIT_MODE_LINK && !list_link(l, dir, &entry))
			return false;
		l->entries[l->entries_n] = (struct file_entry){
			.name = arena_str(l->keep, entry.name),
			.type = type_of(entry.mode),
			.id = hex_id(l->keep, &entry.id)};
	}
	/* git sorts a directory as if its name ended in '/'. */
	if (l->entries_n)
		qsort(l->entries, l->entries_n, sizeof *l->entries, by_name);
	return true;
}

/* Runs one call with scratch memory that is given back even when the arena leaps. */
static bool look_with(struct files *table, struct arena *keep, str path, bool (*call)(struct look *),
		      struct look *l, struct error *err)
{
	struct arena scratch;
	struct error own;
	jmp_buf env, *before;
	volatile bool fine = false;

	l->f = (struct git_files *)(void *)table;
	l->keep = keep;
	l->scratch = &scratch;
	l->err = err ? err : &own;
	arena_init(&scratch, 0);
	before = arena_guard(keep, &env);
	arena_guard(&scratch, &env);
	if (setjmp(env) == 0) {
		fine = path_join(&scratch, STR(""), path, &l->path, l->err) && call(l);
		arena_guard(keep, before);
		arena_done(&scratch);
		return fine;
	}
	arena_guard(keep, before);
	arena_done(&scratch);
	if (before)
		longjmp(*before, 1);
	return error_set(err, ERROR_MEMORY, "no memory to read from git");
}

static bool git_files_list(struct files *table, struct arena *keep, str dir,
			   struct file_entry **out, size_t *n, struct error *err)
{
	struct look l = {0};

	if (!look_with(table, keep, dir, do_list, &l, err))
		return false;
	*out = l.entries;
	*n = l.entries_n;
	return true;
}

static bool git_files_read(struct files *table, struct arena *keep, str path, size_t cap, str *out,
			   struct error *err)
{
	struct look l = {.cap = cap};

	if (!look_with(table, keep, path, do_read, &l, err))
		return false;
	*out = l.bytes;
	return true;
}

static bool git_files_stat(struct files *table, struct arena *keep, str path,
			   struct file_entry *out, struct error *err)
{
	struct look l = {0};

	if (!look_with(table, keep, path, do_stat, &l, err))
		return false;
	*out = (struct file_entry){.name = arena_str(keep, path_base(path)),
				   .type = type_of(l.found.mode),
				   .id = hex_id(keep, &l.found.id)};
	return true;
}

struct files *git_files_open(struct arena *keep, struct git_store *store, str commit,
			     struct error *err)
{
	struct git_files *f = arena_new(keep, struct git_files);
	git_oid id;
	str text;

	f->table = (struct files){git_files_list, git_files_read, git_files_stat};
	f->store = store;
	f->commit = arena_str(keep, commit);
	git_oid_fromstrn(&id, f->commit.s, f->commit.n);
	if (!git_store_read(store, keep, f->commit, &id, GIT_OBJECT_COMMIT, LIMIT_GIT_COMMIT, &text,
			    err) ||
	    !commit_tree(text, &f->root, err))
		return NULL;
	return &f->table;
}
