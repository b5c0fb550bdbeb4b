/*
 * A directory of packs and a list of the commits that they hold whole. Readers take the packs
 * that are open at that moment and give them back; whoever changes the directory opens another
 * set and puts it in its place.
 */
#include "agent/git/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uv.h>

#include "agent/git/objects.h"
#include "agent/git/protocol.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/time.h"

#define RESET_PAUSE (600 * TIME_SECOND) /* between two times that all is thrown away */

struct packs {
	git_odb *odb;
	unsigned uses, n;
};

struct held {
	char commit[GIT_HEX + 1];
	uint64_t used; /* higher: later */
};

struct git_store {
	char *dir, *packs_dir;
	uv_mutex_t lock; /* for all below but `known` */
	struct packs *packs;
	struct held *held;
	size_t held_n, held_room;
	uint64_t clock;
	bool damaged;
	int64_t reset_at;
	struct table known; /* trees that are whole; the worker's */
};

/* --- sets of packs --- */

static struct packs *packs_open(struct git_store *s, const char *only, struct error *err)
{
	struct packs *p = mem_alloc(sizeof *p);

	if (!p) {
		error_set(err, ERROR_MEMORY, "out of memory for a git store");
		return NULL;
	}
	p->uses = 1;
	p->odb = objects_open(s->packs_dir, only, &p->n, err);
	if (p->odb)
		return p;
	mem_free(p);
	return NULL;
}

static struct packs *packs_use(struct git_store *s)
{
	struct packs *p;

	uv_mutex_lock(&s->lock);
	p = s->packs;
	p->uses++;
	uv_mutex_unlock(&s->lock);
	return p;
}

static void packs_leave(struct git_store *s, struct packs *p)
{
	bool last;

	uv_mutex_lock(&s->lock);
	last = --p->uses == 0;
	uv_mutex_unlock(&s->lock);
	if (last) {
		git_odb_free(p->odb);
		mem_free(p);
	}
}

static void packs_replace(struct git_store *s, struct packs *p)
{
	struct packs *old;

	uv_mutex_lock(&s->lock);
	old = s->packs;
	s->packs = p;
	uv_mutex_unlock(&s->lock);
	if (old)
		packs_leave(s, old);
}

/* --- commits held --- */

/* Under the lock. */
static struct held *held_find(struct git_store *s, str commit)
{
	for (size_t i = 0; i < s->held_n; i++)
		if (str_is(commit, s->held[i].commit))
			return &s->held[i];
	return NULL;
}

static bool held_add(struct git_store *s, str commit)
{
	struct held *h;

	uv_mutex_lock(&s->lock);
	h = held_find(s, commit);
	if (!h && s->held_n == s->held_room) {
		size_t room = s->held_room ? s->held_room * 2 : 32;
		struct held *bigger = mem_realloc(s->held, room * sizeof *bigger);

		if (bigger) {
			s->held = bigger;
			s->held_room = room;
		}
	}
	if (!h && s->held_n < s->held_room) {
		h = &s->held[s->held_n++];
		snprintf(h->commit, sizeof h->commit, "%.*s", STR_ARG(commit));
	}
	if (h)
		h->used = ++s->clock;
	uv_mutex_unlock(&s->lock);
	return h != NULL;
}

bool git_store_holds(struct git_store *s, str commit)
{
	bool found;

	uv_mutex_lock(&s->lock);
	found = held_find(s, commit) != NULL;
	uv_mutex_unlock(&s->lock);
	return found;
}

void git_store_use(struct git_store *s, str commit)
{
	struct held *h;

	uv_mutex_lock(&s->lock);
	h = held_find(s, commit);
	if (h)
		h->used = ++s->clock;
	uv_mutex_unlock(&s->lock);
}

static int latest_first(const void *a, const void *b)
{
	const struct held *x = a, *y = b;

	return x->used < y->used ? 1 : x->used > y->used ? -1 : 0;
}

str *git_store_held(struct git_store *s, struct arena *keep, size_t max, size_t *n)
{
	str *out = arena_news(keep, max + 1, str);
	char *text = arena_text(keep, max * GIT_HEX + 1);

	uv_mutex_lock(&s->lock);
	if (s->held_n)
		qsort(s->held, s->held_n, sizeof *s->held, latest_first);
	*n = s->held_n < max ? s->held_n : max;
	for (size_t i = 0; i < *n; i++) {
		memcpy(text + i * GIT_HEX, s->held[i].commit, GIT_HEX);
		out[i] = str_make(text + i * GIT_HEX, GIT_HEX);
	}
	uv_mutex_unlock(&s->lock);
	return out;
}

/* The list is written anew and renamed: a cut one would only cost a fetch. */
static void held_save(struct git_store *s)
{
	char path[4096], next[4096];
	FILE *f;

	snprintf(path, sizeof path, "%s/held", s->dir);
	snprintf(next, sizeof next, "%s/tmp_held", s->dir);
	f = fopen(next, "we");
	if (!f)
		return;
	uv_mutex_lock(&s->lock);
	if (s->held_n)
		qsort(s->held, s->held_n, sizeof *s->held, latest_first);
	for (size_t i = s->held_n; i-- > 0;)
		fprintf(f, "%s\n", s->held[i].commit);
	uv_mutex_unlock(&s->lock);
	if (fclose(f) == 0)
		rename(next, path);
}

/* What is written there is believed only after a walk. */
static void held_load(struct git_store *s)
{
	char path[4096], line[128];
	FILE *f;

	snprintf(path, sizeof path, "%s/held", s->dir);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f)) {
		str commit = str_trim(str_of(line));
		git_oid id;

		if (git_hex_valid(commit) && git_oid_fromstrn(&id, commit.s, GIT_HEX) == 0 &&
		    objects_whole(s->packs->odb, &id, &s->known, NULL, NULL))
			held_add(s, commit);
	}
	if (f)
		fclose(f);
}

/* --- opening --- */

/* Removes files of a directory: those called tmp_*, or all. */
static void sweep(const char *dir, bool all)
{
	struct dirent *entry;
	DIR *d = opendir(dir);

	while (d && (entry = readdir(d)))
		if (strncmp(entry->d_name, "tmp_", 4) == 0 ||
		    strncmp(entry->d_name, "pack_git2_", 10) == 0 ||
		    (all && entry->d_name[0] != '.'))
			unlinkat(dirfd(d), entry->d_name, 0);
	if (d)
		closedir(d);
}

static bool make_dir(const char *path, struct error *err)
{
	if (mkdir(path, 0700) == 0 || errno == EEXIST)
		return true;
	return error_errno(err, "cannot make %s", path);
}

struct git_store *git_store_open(str dir, struct error *err)
{
	struct git_store *s = mem_alloc(sizeof *s);
	size_t n = dir.n + sizeof "/packs";

	if (!s || uv_mutex_init(&s->lock) != 0) {
		mem_free(s);
		error_set(err, ERROR_MEMORY, "out of memory for a git store");
		return NULL;
	}
	s->dir = mem_strndup(dir.s, dir.n);
	s->packs_dir = mem_alloc(n);
	if (!s->dir || !s->packs_dir) {
		error_set(err, ERROR_MEMORY, "out of memory for a git store");
		goto fail;
	}
	snprintf(s->packs_dir, n, "%s/packs", s->dir);
	if (!make_dir(s->dir, err) || !make_dir(s->packs_dir, err))
		goto fail;
	sweep(s->dir, false);
	sweep(s->packs_dir, false);
	s->packs = packs_open(s, NULL, err);
	if (!s->packs)
		goto fail;
	held_load(s);
	return s;
fail:
	git_store_free(s);
	return NULL;
}

void git_store_free(struct git_store *s)
{
	if (!s)
		return;
	if (s->packs)
		packs_leave(s, s->packs);
	uv_mutex_destroy(&s->lock);
	table_done(&s->known);
	mem_free(s->held);
	mem_free(s->packs_dir);
	mem_free(s->dir);
	mem_free(s);
}

void git_store_touch(struct git_store *s)
{
	utimensat(AT_FDCWD, s->dir, NULL, 0);
}

static bool store_name(const char *name)
{
	return strlen(name) == GIT_STORE_NAME && strspn(name, "0123456789abcdef") == GIT_STORE_NAME;
}

static void store_remove(const char *dir)
{
	char packs[4096];

	snprintf(packs, sizeof packs, "%s/packs", dir);
	sweep(packs, true);
	rmdir(packs);
	sweep(dir, true);
	rmdir(dir);
}

void git_store_expire(const char *dir, int64_t seconds)
{
	int64_t now = time_wall() / TIME_SECOND;
	struct dirent *entry;
	DIR *d = opendir(dir);

	while (d && (entry = readdir(d))) {
		char path[4096];
		struct stat st;

		snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
		if (store_name(entry->d_name) && lstat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
		    now - st.st_mtim.tv_sec > seconds)
			store_remove(path);
	}
	if (d)
		closedir(d);
}

/* --- new packs --- */

int git_store_spool(struct git_store *s, char **path, struct error *err)
{
	size_t n = strlen(s->dir) + sizeof "/tmp_pack_XXXXXX";
	int fd;

	*path = mem_alloc(n);
	if (!*path) {
		error_set(err, ERROR_MEMORY, "out of memory for a pack");
		return -1;
	}
	snprintf(*path, n, "%s/tmp_pack_XXXXXX", s->dir);
	fd = mkostemp(*path, O_CLOEXEC);
	if (fd < 0) {
		error_errno(err, "cannot make %s", *path);
		mem_free(*path);
		*path = NULL;
	}
	return fd;
}

static bool take_commits(struct git_store *s, const str *commits, size_t n,
			 const volatile bool *stop, struct error *err)
{
	bool fine = true;

	for (size_t i = 0; i < n; i++) {
		struct error why;
		git_oid id;

		git_oid_fromstrn(&id, commits[i].s, GIT_HEX);
		if (objects_whole(s->packs->odb, &id, &s->known, stop, &why)) {
			if (!held_add(s, commits[i]))
				fine = error_set(err, ERROR_MEMORY, "out of memory for a commit");
			continue;
		}
		fine = false;
		if (err)
			*err = why;
		error_wrap(err, "commit %.*s", STR_ARG(commits[i]));
	}
	held_save(s);
	return fine;
}

bool git_store_take(struct git_store *s, const char *path, const str *commits, size_t n,
		    const volatile bool *stop, struct error *err)
{
	struct packs *packs;
	bool fine = objects_index(s->packs->odb, s->packs_dir, path, stop, err);

	unlink(path);
	if (!fine)
		return false;
	packs = packs_open(s, NULL, err);
	if (!packs)
		return false;
	packs_replace(s, packs);
	return take_commits(s, commits, n, stop, err);
}

/* --- bounds --- */

bool git_store_crowded(struct git_store *s, unsigned most)
{
	return s->packs->n > most;
}

/* Keeps the named commits and the last used LIMIT_GIT_HELD of the others. */
static void held_trim(struct git_store *s, const str *keep, size_t n)
{
	size_t others = 0, at = 0;

	uv_mutex_lock(&s->lock);
	if (s->held_n)
		qsort(s->held, s->held_n, sizeof *s->held, latest_first);
	for (size_t i = 0; i < s->held_n; i++) {
		bool named = false;

		for (size_t k = 0; k < n && !named; k++)
			named = str_is(keep[k], s->held[i].commit);
		if (named || others++ < LIMIT_GIT_HELD)
			s->held[at++] = s->held[i];
	}
	s->held_n = at;
	uv_mutex_unlock(&s->lock);
}

static git_oid *held_ids(struct git_store *s, size_t *n)
{
	git_oid *ids;

	uv_mutex_lock(&s->lock);
	*n = s->held_n;
	ids = mem_alloc((*n + 1) * sizeof *ids);
	for (size_t i = 0; ids && i < *n; i++)
		git_oid_fromstrn(&ids[i], s->held[i].commit, GIT_HEX);
	uv_mutex_unlock(&s->lock);
	return ids;
}

static void remove_others(struct git_store *s, const char *name)
{
	struct dirent *entry;
	DIR *d = opendir(s->packs_dir);

	while (d && (entry = readdir(d)))
		if (strncmp(entry->d_name, "pack-", 5) == 0 &&
		    strncmp(entry->d_name + 5, name, GIT_HEX) != 0)
			unlinkat(dirfd(d), entry->d_name, 0);
	if (d)
		closedir(d);
}

bool git_store_compact(struct git_store *s, const str *keep, size_t n, struct error *err)
{
	char name[GIT_HEX + 1];
	struct packs *packs;
	git_oid *ids;
	size_t ids_n;
	bool fine;

	held_trim(s, keep, n);
	held_save(s);
	ids = held_ids(s, &ids_n);
	if (!ids)
		return error_set(err, ERROR_MEMORY, "out of memory for a git store");
	fine = objects_join(s->packs_dir, ids, ids_n, name, err);
	mem_free(ids);
	packs = fine ? packs_open(s, name, err) : NULL;
	if (!packs)
		return false;
	packs_replace(s, packs);
	remove_others(s, name);
	table_done(&s->known);
	s->known = (struct table){0};
	return true;
}

bool git_store_damaged(struct git_store *s)
{
	bool damaged;

	uv_mutex_lock(&s->lock);
	damaged = s->damaged &&
		  (!s->reset_at || time_monotonic() - s->reset_at > RESET_PAUSE);
	uv_mutex_unlock(&s->lock);
	return damaged;
}

bool git_store_reset(struct git_store *s, struct error *err)
{
	struct packs *packs;

	sweep(s->packs_dir, true);
	packs = packs_open(s, NULL, err);
	if (!packs)
		return false;
	uv_mutex_lock(&s->lock);
	s->held_n = 0;
	s->damaged = false;
	s->reset_at = time_monotonic();
	uv_mutex_unlock(&s->lock);
	packs_replace(s, packs);
	table_done(&s->known);
	s->known = (struct table){0};
	held_save(s);
	return true;
}

/* --- reading --- */

/* The packs are given back even when the arena leaps. */
static bool take_from(struct git_store *s, struct packs *packs, struct arena *keep,
		      const git_oid *id, git_object_t type, size_t cap, str *out, struct error *err)
{
	jmp_buf env, *before = arena_guard(keep, &env);
	volatile bool fine = false;

	if (setjmp(env) == 0)
		fine = objects_take(packs->odb, keep, id, type, cap, out, err);
	else
		error_set(err, keep->capped ? ERROR_LIMIT : ERROR_MEMORY, "no memory for an object");
	arena_guard(keep, before);
	packs_leave(s, packs);
	return fine;
}

bool git_store_read(struct git_store *s, struct arena *keep, str commit, const git_oid *id,
		    git_object_t type, size_t cap, str *out, struct error *err)
{
	struct error why = {0};
	bool held, replaced;

	/* Packs that were replaced while they were read may lie no more: then the next set. */
	do {
		struct packs *packs = packs_use(s);

		if (take_from(s, packs, keep, id, type, cap, out, &why))
			return true;
		uv_mutex_lock(&s->lock);
		replaced = s->packs != packs;
		held = held_find(s, commit) != NULL;
		uv_mutex_unlock(&s->lock);
	} while (replaced && held && why.kind != ERROR_LIMIT);
	if (why.kind != ERROR_NOT_FOUND && why.kind != ERROR_CORRUPT) {
		if (err)
			*err = why;
		return false;
	}
	if (!held)
		return error_set(err, ERROR_BUSY, "commit %.*s is no longer held", STR_ARG(commit));
	uv_mutex_lock(&s->lock);
	s->damaged = true;
	uv_mutex_unlock(&s->lock);
	return error_set(err, ERROR_CORRUPT, "the git store is damaged: %s", why.text);
}
