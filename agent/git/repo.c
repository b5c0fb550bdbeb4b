/*
 * When rounds begin, and what watches are told when one is over. A watch compares what it names
 * with what it was told: nothing is told twice, whatever happened in between.
 */
#include "agent/git/repo.h"

#include <stdio.h>

#include "base/digest.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/time.h"

#define INTERVAL_LEAST (100 * TIME_MS)
#define BACKOFF_MOST (300 * TIME_SECOND)

static void on_timer(uv_timer_t *timer);

/* --- facts of a watch --- */

void repo_watch_error(struct git_watch *w, const struct error *err)
{
	mem_free(w->error);
	w->error = mem_strdup(err->text);
	w->error_kind = err->kind;
	w->error_code = err->code;
}

void repo_watch_target(struct git_watch *w, str commit)
{
	mem_free(w->error);
	w->error = NULL;
	snprintf(w->target, sizeof w->target, "%.*s", STR_ARG(commit));
}

/* --- telling --- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool held(const struct git_watch *w)
{
	return w->target[0] && git_store_holds(w->repo->store, str_of(w->target));
}

/* True when something was told: the list of watches may be another one now. */
static bool watch_tell(struct git_watch *w)
{
	git_update_fn *tell = w->on_update;
	struct error err = {0};
	char told[GIT_HEX + 1]; /* the callback may free the watch */

	if (w->error) {
		if (same_text(w->error, w->told_error))
			return false;
		mem_free(w->told_error);
		w->told_error = mem_strdup(w->error);
		error_set(&err, w->error_kind, "%s", w->error);
		err.code = w->error_code;
		memcpy(told, w->told, sizeof told);
		tell(w->arg, str_of(told), &err);
		return true;
	}
	if ((!w->told_error && !w->retell && strcmp(w->told, w->target) == 0) || !held(w))
		return false;
	mem_free(w->told_error);
	w->told_error = NULL;
	w->retell = false;
	w->refusals = 0;
	memcpy(w->told, w->target, sizeof w->told);
	memcpy(told, w->target, sizeof told);
	git_store_use(w->repo->store, str_of(told));
	tell(w->arg, str_of(told), NULL);
	return true;
}

static void repo_tell(struct repo *r)
{
	for (struct git_watch *w = r->watches; r->retell && w; w = w->next)
		w->retell = true;
	r->retell = false;
again:
	for (struct git_watch *w = r->watches; w && !r->git->closing; w = w->next)
		if (!w->fresh && watch_tell(w))
			goto again;
}

/* --- when --- */

static int64_t repo_interval(const struct repo *r)
{
	int64_t least = INT64_MAX;

	for (const struct git_watch *w = r->watches; w; w = w->next)
		if (w->interval_ns < least)
			least = w->interval_ns;
	return least < INTERVAL_LEAST ? INTERVAL_LEAST : least;
}

/* 80 to 120 of a hundred, so that agents and repositories do not poll in step. */
static int64_t jitter(int64_t ns)
{
	unsigned char byte;

	if (uv_random(NULL, NULL, &byte, 1, 0, NULL) != 0)
		byte = 128;
	return ns / 1000 * (800 + byte * 400 / 255);
}

static void repo_plan(struct repo *r)
{
	int64_t wait;

	if (!r->watches) {
		uv_timer_stop(&r->timer);
		return;
	}
	wait = repo_interval(r);
	for (unsigned i = 1; i < r->failures && wait < BACKOFF_MOST; i++)
		wait = wait * 2 < BACKOFF_MOST ? wait * 2 : BACKOFF_MOST;
	wait = jitter(wait);
	if (r->failures && r->wait_ms > 0 && r->wait_ms < BACKOFF_MOST / TIME_MS &&
	    r->wait_ms * TIME_MS > wait)
		wait = r->wait_ms * TIME_MS;
	if (r->again)
		wait = 0;
	uv_timer_start(&r->timer, on_timer, (uint64_t)(wait / TIME_MS), 0);
}

static void on_timer(uv_timer_t *timer)
{
	struct repo *r = timer->data;

	if (r->round) {
		r->again = true;
		return;
	}
	r->waiting = r->git->running >= LIMIT_GIT_CONVERSATIONS;
	if (!r->waiting && r->watches)
		round_begin(r);
}

void repo_wake(struct repo *r)
{
	/* Also when there is no round: repo_plan may come after a callback that woke us. */
	r->again = true;
	if (!r->round && !r->waiting)
		uv_timer_start(&r->timer, on_timer, 0, 0);
}

/* By their timers: rounds that end at once would nest. */
static void wake_waiting(struct git *g)
{
	struct repo *r;
	uint32_t at = 0;
	str key;

	for (void *value; table_next(&g->repos, &at, &key, &value);) {
		r = value;
		if (r->waiting) {
			r->waiting = false;
			repo_wake(r);
		}
	}
}

void repo_finished(struct repo *r)
{
	struct git *g = r->git;

	if (!r->failures)
		git_store_touch(r->store);
	repo_tell(r);
	if (g->closing)
		return;
	/* A callback may have begun nothing, but woken this one. */
	if (!r->round)
		repo_plan(r);
	wake_waiting(g);
}

/* --- which URLs are one repository --- */

/* What a URL leads to. Userinfo counts: a credential is not lent to who has another. */
static bool place_of(struct arena *keep, const struct git *g, str given, str *out, struct error *err)
{
	struct git_url url;

	if (!git_url_parse(keep, git_url_rewrite(keep, g->config, given), &url, err))
		return false;
	*out = url.text;
	if (url.scheme == GIT_HTTP && (url.user.n || url.password.n))
		*out = arena_printf(keep, "%.*s %.*s:%.*s", STR_ARG(url.text), STR_ARG(url.user),
				    STR_ARG(url.password));
	return true;
}

static struct repo *repo_at(struct git *g, str place)
{
	struct repo *found = NULL;
	struct arena scratch;
	uint32_t at = 0;
	str key, other;

	arena_init(&scratch, 0);
	for (void *value; !found && table_next(&g->repos, &at, &key, &value);)
		if (place_of(&scratch, g, key, &other, NULL) && str_eq(other, place))
			found = value;
	arena_done(&scratch);
	return found;
}

/* By the place it is made for. One that has moved since keeps its directory. */
static str repo_dir(struct repo *r, str place)
{
	str key, dir, name = place;

	for (unsigned n = 2;; n++) {
		bool taken = false;
		uint32_t at = 0;

		dir = arena_printf(&r->keep, "%s/%.*s", r->git->dir, GIT_STORE_NAME,
				   digest_hex(&r->keep, "sha256", name).s);
		for (void *value; table_next(&r->git->repos, &at, &key, &value);)
			taken |= str_eq(((struct repo *)value)->dir, dir);
		if (!taken)
			return dir;
		name = arena_printf(&r->keep, "%.*s %u", STR_ARG(place), n);
	}
}

static void watch_move(struct git_watch *w, struct repo *to)
{
	struct git_watch **at;

	for (at = &w->repo->watches; *at != w; at = &(*at)->next)
		;
	*at = w->next;
	w->repo = to;
	w->next = to->watches;
	to->watches = w;
	w->target[0] = 0;
	w->fresh = w->retell = true;
	repo_wake(to);
}

/* The watches of r that lead elsewhere now. */
static void repo_part(struct repo *r)
{
	struct arena scratch;
	struct git_watch *next;
	struct error err;
	struct repo *to;
	str mine, its;

	arena_init(&scratch, 0);
	if (!place_of(&scratch, r->git, r->given, &mine, NULL))
		mine = STR("");
	for (struct git_watch *w = r->watches; w; w = next) {
		next = w->next;
		if (str_is(r->given, w->given) || !place_of(&scratch, r->git, str_of(w->given), &its, NULL) ||
		    str_eq(its, mine))
			continue;
		to = repo_get(r->git, str_of(w->given), &err);
		if (to)
			watch_move(w, to);
		else
			repo_watch_error(w, &err);
	}
	arena_done(&scratch);
}

void repo_regroup(struct git *g)
{
	uint32_t at = 0, n = 0, room = g->repos.n;
	struct repo **all = mem_alloc((room + 1) * sizeof *all); /* the table may grow on the way */
	str key;

	table_done(&g->aliases);
	g->aliases = (struct table){0};
	for (void *value; all && n < room && table_next(&g->repos, &at, &key, &value);)
		all[n++] = value;
	for (uint32_t i = 0; i < n; i++)
		repo_part(all[i]);
	mem_free(all);
}

/* --- life --- */

bool repo_address(struct repo *r, struct error *err)
{
	struct git_url url;

	if (!git_url_parse(&r->keep, git_url_rewrite(&r->keep, r->git->config, r->given), &url, err))
		return false;
	if (!str_eq(url.text, r->url.text))
		r->advert_known = false;
	r->url = url;
	return true;
}

static struct repo *repo_new(struct git *g, str url, str place, struct error *err)
{
	struct repo *r = mem_alloc(sizeof *r);

	if (!r) {
		error_set(err, ERROR_MEMORY, "out of memory for a repository");
		return NULL;
	}
	arena_init(&r->keep, 0);
	r->git = g;
	r->given = arena_str(&r->keep, url);
	if (!repo_address(r, err))
		goto fail;
	r->dir = repo_dir(r, place);
	r->store = git_store_open(r->dir, err);
	if (!r->store)
		goto fail;
	if (!table_set(&g->repos, r->given, r, NULL)) {
		error_set(err, ERROR_MEMORY, "out of memory for a repository");
		goto fail;
	}
	uv_timer_init(g->loop, &r->timer);
	uv_timer_init(g->loop, &r->limit);
	r->timer.data = r->limit.data = r;
	g->handles += 2;
	git_store_touch(r->store);
	return r;
fail:
	git_store_free(r->store);
	arena_done(&r->keep);
	mem_free(r);
	return NULL;
}

struct repo *repo_get(struct git *g, str url, struct error *err)
{
	struct arena scratch;
	struct repo *r;
	str place;

	url = str_trim(url);
	r = table_get(&g->repos, url);
	if (!r)
		r = table_get(&g->aliases, url);
	if (r)
		return r;
	arena_init(&scratch, 0);
	if (place_of(&scratch, g, url, &place, err)) {
		r = repo_at(g, place);
		if (r)
			table_set(&g->aliases, url, r, NULL);
		else
			r = repo_new(g, url, place, err);
	}
	arena_done(&scratch);
	return r;
}
