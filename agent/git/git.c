/*
 * The public face: repositories by URL, watches on them, and the end of it all.
 */
#include "agent/git/git.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <git2/global.h>
#include <git2/common.h>
#include <git2/config.h>

#include "agent/git/files.h"
#include "agent/git/repo.h"
#include "agent/git/tree.h"
#include "base/limits.h"
#include "base/mem.h"
#include "render/semver.h"

#define STORE_EXPIRES (14 * 86400) /* seconds after which an unused store is removed */

/* --- beginning --- */

/* libgit2 must not read anybody's configuration, and not keep all it read in memory. */
static bool library_init(struct error *err)
{
	static const int levels[] = {GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
				     GIT_CONFIG_LEVEL_GLOBAL, GIT_CONFIG_LEVEL_PROGRAMDATA};

	if (git_libgit2_init() < 0)
		return error_set(err, ERROR_SYSTEM, "libgit2 cannot be used");
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
	git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)8 << 20);
	git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, GIT_OBJECT_BLOB, (size_t)32 << 10);
	git_libgit2_opts(GIT_OPT_SET_CACHE_OBJECT_LIMIT, GIT_OBJECT_TREE, (size_t)256 << 10);
	return true;
}

static bool make_dirs(char *path, struct error *err)
{
	for (char *p = path + 1;; p++) {
		char end = *p;

		if (end && end != '/')
			continue;
		*p = 0;
		if (mkdir(path, 0700) != 0 && errno != EEXIST)
			return error_errno(err, "cannot make %s", path);
		*p = end;
		if (!end)
			return true;
	}
}

static bool lock_dir(struct git *g, struct error *err)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/lock", g->dir);
	g->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (g->lock < 0)
		return error_errno(err, "cannot open %s", path);
	if (flock(g->lock, LOCK_EX | LOCK_NB) != 0)
		return error_set(err, ERROR_BUSY, "%s is used by another process", g->dir);
	return true;
}

static void git_destroy(struct git *g)
{
	if (g->lock >= 0)
		close(g->lock);
	table_done(&g->repos);
	table_done(&g->aliases);
	mem_free(g->dir);
	mem_free(g);
	git_libgit2_shutdown();
}

struct git *git_new(uv_loop_t *loop, struct http *http, str directory, const struct config *config,
		    struct error *err)
{
	struct git *g;

	if (!library_init(err))
		return NULL;
	g = mem_alloc(sizeof *g);
	if (!g) {
		git_libgit2_shutdown();
		error_set(err, ERROR_MEMORY, "out of memory for git");
		return NULL;
	}
	g->loop = loop;
	g->http = http;
	g->config = config;
	g->lock = -1;
	g->dir = mem_strndup(directory.s, directory.n);
	/* A child that ends early must not end us. */
	signal(SIGPIPE, SIG_IGN);
	if (!g->dir || !directory.n) {
		error_set(err, ERROR_INVALID, "no directory for git's stores");
		git_destroy(g);
		return NULL;
	}
	if (!make_dirs(g->dir, err) || !lock_dir(g, err)) {
		git_destroy(g);
		return NULL;
	}
	git_store_expire(g->dir, STORE_EXPIRES);
	return g;
}

/* --- end --- */

static void watch_free(struct git_watch *w)
{
	mem_free(w->given);
	mem_free(w->revision);
	mem_free(w->error);
	mem_free(w->told_error);
	mem_free(w);
}

static void repo_closed(uv_handle_t *handle)
{
	struct repo *r = handle->data;
	struct git *g = r->git;

	/* The second handle of the two that each repository has. */
	if (!r->half_closed) {
		r->half_closed = true;
	} else {
		git_store_free(r->store);
		arena_done(&r->keep);
		mem_free(r);
	}
	if (--g->handles == 0)
		git_destroy(g);
}

void repo_close(struct repo *r)
{
	round_cancel(r);
	if (r->working || uv_is_closing((uv_handle_t *)&r->timer))
		return;
	uv_close((uv_handle_t *)&r->timer, repo_closed);
	uv_close((uv_handle_t *)&r->limit, repo_closed);
}

void git_free(struct git *g)
{
	uint32_t at = 0;
	str key;

	if (!g || g->closing)
		return;
	g->closing = true;
	for (void *value; table_next(&g->repos, &at, &key, &value);) {
		struct repo *r = value;

		while (r->watches) {
			struct git_watch *w = r->watches;

			r->watches = w->next;
			watch_free(w);
		}
		repo_close(r);
	}
	if (g->handles == 0)
		git_destroy(g);
}

void git_configure(struct git *g, const struct config *config)
{
	uint32_t at = 0;
	str key;

	g->config = config;
	for (void *value; table_next(&g->repos, &at, &key, &value);) {
		struct repo *r = value;

		r->moved = true;
		if (r->watches)
			repo_wake(r);
	}
	repo_regroup(g);
}

/* --- watches --- */

static bool commit_id(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr("0123456789abcdefABCDEF", s.s[i]))
			return false;
	return s.n == GIT_HEX;
}

/* As Argo CD: what is a constraint, but no version itself. */
static bool version_range(str revision)
{
	struct semver v;
	bool ok;

	return revision.n < 256 && !semver_parse(revision, &v, NULL) &&
	       semver_check(revision, &(struct semver){0}, &ok, NULL);
}

static bool watch_revision(struct git_watch *w, str revision, struct error *err)
{
	revision = str_trim(revision);
	if (!revision.n)
		revision = STR("HEAD");
	if (str_is(revision, "HEAD"))
		w->kind = REVISION_HEAD;
	else if (commit_id(revision))
		w->kind = REVISION_COMMIT;
	else if (str_starts(revision, STR("refs/")))
		w->kind = REVISION_REF;
	else
		w->kind = version_range(revision) ? REVISION_RANGE : REVISION_NAME;
	if (w->kind != REVISION_RANGE && !git_ref_valid(revision))
		return error_set(err, ERROR_INVALID, "\"%.*s\" cannot be a branch, a tag or a commit",
				 STR_ARG(revision));
	w->revision = mem_strndup(revision.s, revision.n);
	if (!w->revision)
		return error_set(err, ERROR_MEMORY, "out of memory to watch a repository");
	for (char *p = w->revision; w->kind == REVISION_COMMIT && *p; p++)
		if (*p >= 'A' && *p <= 'F')
			*p = (char)(*p - 'A' + 'a');
	return true;
}

struct git_watch *git_watch(struct git *g, str url, str revision, int64_t interval_ns,
			    git_update_fn *on_update, void *arg, struct error *err)
{
	struct repo *r = repo_get(g, url, err);
	struct git_watch *w;

	if (!r)
		return NULL;
	w = mem_alloc(sizeof *w);
	if (!w) {
		error_set(err, ERROR_MEMORY, "out of memory to watch a repository");
		return NULL;
	}
	url = str_trim(url);
	w->given = mem_strndup(url.s, url.n);
	if (!w->given || !watch_revision(w, revision, err)) {
		if (!w->given)
			error_set(err, ERROR_MEMORY, "out of memory to watch a repository");
		watch_free(w);
		return NULL;
	}
	w->repo = r;
	w->interval_ns = interval_ns;
	w->on_update = on_update;
	w->arg = arg;
	w->fresh = true;
	w->next = r->watches;
	r->watches = w;
	repo_wake(r);
	return w;
}

void git_unwatch(struct git_watch *w)
{
	struct git_watch **at;

	if (!w)
		return;
	for (at = &w->repo->watches; *at != w; at = &(*at)->next)
		;
	*at = w->next;
	watch_free(w);
}

static bool names(const struct repo *r, str url)
{
	bool hit = git_url_same_place(url, r->given) || git_url_same_place(url, r->url.text);

	for (const struct git_watch *w = r->watches; w && !hit; w = w->next)
		hit = git_url_same_place(url, str_of(w->given));
	return hit;
}

unsigned git_poke(struct git *g, str url)
{
	unsigned n = 0;
	uint32_t at = 0;
	str key;

	for (void *value; table_next(&g->repos, &at, &key, &value);) {
		struct repo *r = value;

		if (!r->watches || (url.n && !names(r, url)))
			continue;
		for (struct git_watch *w = r->watches; w; w = w->next)
			w->pause = 0;
		repo_wake(r);
		n++;
	}
	return n;
}

/* --- contents --- */

static struct repo *repo_holding(struct git *g, str url, str commit, struct error *err)
{
	struct repo *r;

	if (!git_hex_valid(commit)) {
		error_set(err, ERROR_INVALID, "\"%.*s\" is not a commit's 40 digits", STR_ARG(commit));
		return NULL;
	}
	r = repo_get(g, url, err);
	if (!r)
		return NULL;
	if (!git_store_holds(r->store, commit)) {
		error_set(err, ERROR_BUSY, "commit %.*s of %.*s is not fetched", STR_ARG(commit),
			  STR_ARG(r->url.show));
		return NULL;
	}
	git_store_use(r->store, commit);
	return r;
}

struct files *git_files(struct arena *keep, struct git *g, str url, str commit, struct error *err)
{
	struct repo *r = repo_holding(g, url, commit, err);

	return r ? git_files_open(keep, r->store, commit, err) : NULL;
}

bool git_commit_info(struct arena *keep, struct git *g, str url, str commit,
		     struct git_commit_info *out, struct error *err)
{
	struct repo *r = repo_holding(g, url, commit, err);
	git_oid id;
	str text;

	if (!r)
		return false;
	out->commit = arena_str(keep, commit);
	git_oid_fromstrn(&id, commit.s, commit.n);
	return git_store_read(r->store, keep, commit, &id, GIT_OBJECT_COMMIT, LIMIT_GIT_COMMIT,
			      &text, err) &&
	       commit_parse(keep, text, out, err);
}

struct git_stats git_stats(const struct git *g)
{
	struct git_stats stats = g->stats;
	uint32_t at = 0;
	str key;

	for (void *value; table_next(&g->repos, &at, &key, &value);) {
		const struct repo *r = value;

		stats.repositories += r->watches != NULL;
		for (const struct git_watch *w = r->watches; w; w = w->next)
			stats.watches++;
	}
	return stats;
}
