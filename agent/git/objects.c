/*
 * libgit2 behind five functions. It is trusted with packs and deltas, not with names, links,
 * history or the network.
 */
#include "agent/git/objects.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <git2.h>
#include <git2/sys/odb_backend.h>
#include <git2/sys/repository.h>

#include "agent/git/protocol.h"
#include "agent/git/tree.h"
#include "base/limits.h"

bool objects_error(struct error *err, int code, const char *what)
{
	const git_error *last = git_error_last();
	enum error_kind kind = ERROR_CORRUPT;

	if (code == GIT_ENOTFOUND)
		kind = ERROR_NOT_FOUND;
	else if (last && last->klass == GIT_ERROR_NOMEMORY)
		kind = ERROR_MEMORY;
	else if (last && last->klass == GIT_ERROR_OS)
		kind = ERROR_SYSTEM;
	else if (code == GIT_EUSER)
		kind = ERROR_CANCELED;
	return error_set(err, kind, "%s: %s", what, last && last->message ? last->message : "failed");
}

/* --- opening --- */

static void remove_pack(const char *packs, const char *name)
{
	static const char *const endings[] = {".idx", ".pack"};
	char path[4096];

	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%.45s%s", packs, name, endings[i]);
		unlink(path);
	}
}

/* pack-<40 digits>.idx */
static bool index_name(const char *name)
{
	return strlen(name) == 49 && strncmp(name, "pack-", 5) == 0 && !strcmp(name + 45, ".idx") &&
	       git_hex_valid(str_make(name + 5, GIT_HEX));
}

static bool add_pack(git_odb *odb, const char *packs, const char *name)
{
	git_odb_backend *backend = NULL;
	char path[4096];

	snprintf(path, sizeof path, "%s/%.45s.pack", packs, name);
	if (access(path, R_OK) != 0)
		return false;
	snprintf(path, sizeof path, "%s/%s", packs, name);
	if (git_odb_backend_one_pack(&backend, path) != 0)
		return false;
	if (git_odb_add_backend(odb, backend, 1) != 0) {
		backend->free(backend);
		return false;
	}
	return true;
}

git_odb *objects_open(const char *packs, const char *only, unsigned *n, struct error *err)
{
	struct dirent *entry;
	git_odb *odb = NULL;
	DIR *dir = opendir(packs);

	*n = 0;
	if (!dir) {
		error_errno(err, "cannot read %s", packs);
		return NULL;
	}
	if (git_odb_new(&odb) != 0) {
		objects_error(err, -1, "cannot open the packs");
		closedir(dir);
		return NULL;
	}
	while ((entry = readdir(dir))) {
		if (!index_name(entry->d_name) ||
		    (only && strncmp(entry->d_name + 5, only, GIT_HEX) != 0))
			continue;
		if (add_pack(odb, packs, entry->d_name))
			++*n;
		else
			remove_pack(packs, entry->d_name);
	}
	closedir(dir);
	return odb;
}

/* --- reading --- */

bool objects_take(git_odb *odb, struct arena *keep, const git_oid *id, git_object_t type, size_t cap,
		  str *out, struct error *err)
{
	git_object_t found;
	git_odb_object *object = NULL;
	size_t size;
	char *text;
	int code = git_odb_read_header(&size, &found, odb, id);

	if (code != 0)
		return objects_error(err, code, "cannot read an object");
	if (found != type)
		return error_set(err, ERROR_CORRUPT, "an object is a %s where a %s should be",
				 git_object_type2string(found), git_object_type2string(type));
	if (size > cap)
		return error_set(err, ERROR_LIMIT, "%zu bytes, more than the %zu allowed", size, cap);
	text = arena_text(keep, size + 1);
	code = git_odb_read(&object, odb, id);
	if (code != 0)
		return objects_error(err, code, "cannot read an object");
	if (git_odb_object_size(object) != size) {
		git_odb_object_free(object);
		return error_set(err, ERROR_CORRUPT, "an object has another size than its header says");
	}
	memcpy(text, git_odb_object_data(object), size);
	text[size] = 0;
	git_odb_object_free(object);
	*out = str_make(text, size);
	return true;
}

/* --- connectivity --- */

struct walk {
	git_odb *odb;
	struct table *known;
	const volatile bool *stop;
	size_t entries;
	struct error *err;
};

static str raw_of(const git_oid *id)
{
	return str_make((const char *)id->id, GIT_OID_RAWSZ);
}

static bool walk_tree(struct walk *w, const git_oid *id, unsigned depth);

static bool walk_entries(struct walk *w, str tree, unsigned depth)
{
	struct tree_entry entry;
	bool end;

	for (;;) {
		if (!tree_next(&tree, &entry, &end, w->err))
			return false;
		if (end)
			return true;
		if (++w->entries > LIMIT_GIT_TREE_ENTRIES)
			return error_set(w->err, ERROR_LIMIT,
					 "the commit holds more than %d files (LIMIT_GIT_TREE_ENTRIES)",
					 LIMIT_GIT_TREE_ENTRIES);
		if (entry.mode == GIT_MODE_SUBMODULE)
			continue;
		if (entry.mode == GIT_MODE_DIRECTORY) {
			if (!walk_tree(w, &entry.id, depth + 1))
				return false;
		} else if (!git_odb_exists(w->odb, &entry.id)) {
			return error_set(w->err, ERROR_CORRUPT, "the object of %.*s is missing",
					 STR_ARG(entry.name));
		}
	}
}

static bool walk_tree(struct walk *w, const git_oid *id, unsigned depth)
{
	struct arena scratch;
	str tree;
	bool fine;

	if (table_get(w->known, raw_of(id)))
		return true;
	if (depth > LIMIT_GIT_TREE_DEPTH)
		return error_set(w->err, ERROR_LIMIT,
				 "directories lie more than %d deep (LIMIT_GIT_TREE_DEPTH)",
				 LIMIT_GIT_TREE_DEPTH);
	if (w->stop && *w->stop)
		return error_set(w->err, ERROR_CANCELED, "stopped");
	arena_init(&scratch, 0);
	fine = objects_take(w->odb, &scratch, id, GIT_OBJECT_TREE, LIMIT_GIT_TREE, &tree, w->err) &&
	       walk_entries(w, tree, depth);
	arena_done(&scratch);
	/* A set that cannot grow costs time, no more. */
	return fine && (table_set(w->known, raw_of(id), w, NULL), true);
}

bool objects_whole(git_odb *odb, const git_oid *commit, struct table *known,
		   const volatile bool *stop, struct error *err)
{
	struct walk w = {.odb = odb, .known = known, .stop = stop, .err = err};
	struct arena scratch;
	git_oid tree;
	str text;
	bool fine;

	arena_init(&scratch, 0);
	fine = objects_take(odb, &scratch, commit, GIT_OBJECT_COMMIT, LIMIT_GIT_COMMIT, &text, err) &&
	       commit_tree(text, &tree, err);
	arena_done(&scratch);
	if (!fine || walk_tree(&w, &tree, 0))
		return fine;
	if (err && err->kind == ERROR_NOT_FOUND)
		err->kind = ERROR_CORRUPT; /* not the commit is absent, a part of it is */
	return false;
}

/* --- writing --- */

static int go_on(const git_indexer_progress *stats, void *arg)
{
	const volatile bool *stop = *(const volatile bool *const *)arg;

	(void)stats;
	return stop && *stop ? GIT_EUSER : 0;
}

static int feed_indexer(git_indexer *indexer, int fd, git_indexer_progress *stats,
			const volatile bool *stop)
{
	char chunk[64 * 1024];
	int code = 0;
	ssize_t n = 0;

	while (code >= 0 && (n = read(fd, chunk, sizeof chunk)) > 0)
		code = stop && *stop ? GIT_EUSER
				     : git_indexer_append(indexer, chunk, (size_t)n, stats);
	if (code >= 0 && n < 0) {
		git_error_set_str(GIT_ERROR_OS, strerror(errno));
		code = -1;
	}
	return code;
}

bool objects_index(git_odb *odb, const char *packs, const char *path, const volatile bool *stop,
		   struct error *err)
{
	git_indexer_options options = {.version = GIT_INDEXER_OPTIONS_VERSION};
	git_indexer_progress stats = {0};
	git_indexer *indexer = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC), code;

	if (fd < 0)
		return error_errno(err, "cannot open the received pack");
	options.progress_cb = go_on;
	options.progress_cb_payload = &stop;
	options.verify = 0; /* it would ask for the parents, which nobody has */
	git_error_clear();
	code = git_indexer_new(&indexer, packs, 0444, odb, &options);
	if (code == 0)
		code = feed_indexer(indexer, fd, &stats, stop);
	if (code >= 0)
		code = git_indexer_commit(indexer, &stats);
	close(fd);
	if (code < 0) {
		objects_error(err, code == GIT_ENOTFOUND ? -1 : code, "the received pack is wrong");
		/* Not ours is damaged, but what came: it may come better next time. */
		if (err && err->kind == ERROR_CORRUPT)
			err->kind = ERROR_NETWORK;
	}
	git_indexer_free(indexer);
	return code >= 0;
}

bool objects_join(const char *packs, const git_oid *commits, size_t n, char name[41],
		  struct error *err)
{
	git_packbuilder *builder = NULL;
	git_repository *repository = NULL;
	unsigned packs_n;
	git_odb *odb = objects_open(packs, NULL, &packs_n, err);
	int code;

	if (!odb)
		return false;
	code = git_repository_wrap_odb(&repository, odb);
	if (code == 0)
		code = git_packbuilder_new(&builder, repository);
	if (code == 0)
		git_packbuilder_set_threads(builder, 1);
	for (size_t i = 0; code == 0 && i < n; i++)
		code = git_packbuilder_insert_commit(builder, &commits[i]);
	if (code == 0)
		code = git_packbuilder_write(builder, packs, 0444, NULL, NULL);
	if (code == 0)
		snprintf(name, 41, "%s", git_packbuilder_name(builder));
	else
		objects_error(err, code == GIT_ENOTFOUND ? -1 : code, "cannot join the packs");
	git_packbuilder_free(builder);
	git_repository_free(repository);
	git_odb_free(odb);
	return code == 0;
}
