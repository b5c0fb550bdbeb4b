/*
 * A round: advertisement, refs, then packs until every commit that is named is held or was asked
 * for in vain. round_step looks at what is known and does the next thing; all callbacks end there.
 */
#include <fcntl.h>
#include <unistd.h>

#include "agent/git/repo.h"
#include "base/limits.h"
#include "base/mem.h"

struct round {
	struct repo *repo;
	struct arena keep;
	struct talk *talk;
	struct git_advert advert; /* of this conversation */
	struct git_refs refs;
	bool advert_in, refs_in, spent; /* spent: the child's conversation is over (v0) */
	bool failed;
	struct error err;
	/* the fetch in progress */
	str *wants;
	size_t wants_n;
	int spool;
	char *spool_path;
	bool pack_in, taken, take_fine;
	bool fetched, compacted, compact_fine;
	volatile bool stop; /* tells the worker */
	struct error take_err;
	struct git_reader reader;
};

static void round_step(struct repo *r);

static bool asks_refs(const struct repo *r)
{
	for (const struct git_watch *w = r->watches; w; w = w->next)
		if (w->kind != REVISION_COMMIT)
			return true;
	return false;
}

/* --- ends --- */

static void spool_close(struct round *d)
{
	if (d->spool >= 0)
		close(d->spool);
	if (d->spool_path)
		unlink(d->spool_path);
	mem_free(d->spool_path);
	d->spool = -1;
	d->spool_path = NULL;
}

static void round_free(struct repo *r)
{
	struct round *d = r->round;

	r->round = NULL;
	if (d->talk)
		r->git->stats.bytes_received += talk_received(d->talk);
	talk_free(d->talk);
	spool_close(d);
	arena_done(&d->keep);
	mem_free(d);
	uv_timer_stop(&r->limit);
	r->git->running--;
}

static void round_fail(struct repo *r, const struct error *err)
{
	struct round *d = r->round;

	if (d->failed)
		return;
	d->failed = true;
	d->err = *err;
	error_wrap(&d->err, "%.*s", STR_ARG(r->url.show));
}

/* Those whose commit could not be learnt or had are told why. */
static void round_over(struct repo *r)
{
	struct round *d = r->round;

	for (struct git_watch *w = r->watches; w; w = w->next) {
		bool refs_missed = w->kind != REVISION_COMMIT && !d->refs_in;
		bool unheld = w->target[0] && !git_store_holds(r->store, str_of(w->target));

		if (d->failed && !w->fresh && (refs_missed || (unheld && !w->error)))
			repo_watch_error(w, &d->err);
	}
	r->failures = d->failed ? r->failures + 1 : 0;
	if (d->failed) {
		r->git->stats.failures++;
		r->advert_known = false;
	}
	round_free(r);
	repo_finished(r);
}

/* Before the repository goes; a worker is waited for by its owner. */
void round_cancel(struct repo *r)
{
	if (!r->round)
		return;
	r->round->stop = true;
	if (!r->working)
		round_free(r);
}

static void on_limit(uv_timer_t *timer)
{
	struct repo *r = timer->data;
	struct round *d = r->round;
	struct error err;

	if (!d)
		return;
	error_set(&err, ERROR_NETWORK, "not done within %d s (LIMIT_GIT_SECONDS)",
		  LIMIT_GIT_SECONDS);
	round_fail(r, &err);
	d->stop = true;
	if (!r->working)
		round_over(r);
}

/* --- asking --- */

/* Those who want what was asked for do not get it. */
static void refuse(struct repo *r, const struct error *err)
{
	const struct round *d = r->round;

	for (struct git_watch *w = r->watches; w; w = w->next) {
		for (size_t i = 0; i < d->wants_n; i++) {
			if (!str_is(d->wants[i], w->target))
				continue;
			repo_watch_error(w, err);
			if (w->kind == REVISION_COMMIT) {
				w->pause = 1u << w->refusals;
				w->refusals += w->refusals < 5;
			}
		}
	}
}

static void on_reply(void *arg, int64_t wait_ms, const struct error *err)
{
	struct repo *r = arg;
	struct round *d = r->round;

	r->wait_ms = wait_ms;
	if (err) {
		/* A commit that the server does not give is no fault of the others'. */
		bool refused = d->reader.reply == GIT_PACK && err->kind == ERROR_NOT_FOUND && !err->code;

		if (refused) {
			refuse(r, err);
			d->spent = true;
			spool_close(d);
			d->wants_n = 0;
		} else {
			round_fail(r, err);
		}
	} else if (d->reader.reply == GIT_ADVERT) {
		d->advert_in = true;
		r->advert = d->advert;
		r->advert.refs = (struct git_refs){0};
		r->advert_known = d->advert.version == 2;
		if (d->advert.version != 2) {
			d->refs = d->advert.refs;
			d->refs_in = true;
			revision_resolve(r, &d->refs);
		}
	} else if (d->reader.reply == GIT_LS_REFS) {
		d->refs_in = true;
		revision_resolve(r, &d->refs);
	} else {
		d->pack_in = true;
		d->spent = d->advert.version != 2;
	}
	round_step(r);
}

static void ask(struct repo *r, str request)
{
	struct round *d = r->round;
	struct error err;

	if (!talk_ask(d->talk, request, &d->reader, on_reply, r, &err))
		round_fail(r, &err);
}

static void ask_advert(struct repo *r)
{
	struct round *d = r->round;

	git_reader_advert(&d->reader, &d->keep, &d->advert);
	ask(r, STR_NONE);
}

static void ask_refs(struct repo *r)
{
	struct round *d = r->round;
	size_t n;
	const str *prefixes = revision_prefixes(r, &d->keep, &n);
	struct buf b;

	buf_in(&b, &d->keep, 0);
	git_ask_refs(&b, prefixes, n);
	git_reader_refs(&d->reader, &d->keep, &d->refs);
	ask(r, buf_str(&b));
}

static bool on_pack(void *arg, str bytes, struct error *err)
{
	struct round *d = arg;

	while (bytes.n) {
		ssize_t n = write(d->spool, bytes.s, bytes.n);

		if (n < 0)
			return error_errno(err, "cannot write the received pack");
		bytes = str_from(bytes, (size_t)n);
	}
	return true;
}

static bool unheld(const struct git_watch *w)
{
	return !w->fresh && !w->tried && !w->error && w->target[0] &&
	       !git_store_holds(w->repo->store, str_of(w->target));
}

/* Commits that refs name go together; those named by id one by one, for each may be refused. */
static void choose_wants(struct repo *r)
{
	struct round *d = r->round;
	bool refs = false;

	d->wants = arena_news(&d->keep, LIMIT_GIT_WANTS, str);
	d->wants_n = 0;
	for (struct git_watch *w = r->watches; w; w = w->next)
		refs = refs || (w->kind != REVISION_COMMIT && unheld(w));
	for (struct git_watch *w = r->watches; w; w = w->next) {
		if (!unheld(w) || (refs && w->kind == REVISION_COMMIT))
			continue;
		if (!refs && d->wants_n)
			break;
		if (d->wants_n == LIMIT_GIT_WANTS)
			break;
		revision_add(&d->keep, d->wants, &d->wants_n, str_of(w->target));
	}
	for (struct git_watch *w = r->watches; w; w = w->next)
		for (size_t i = 0; i < d->wants_n; i++)
			if (str_is(d->wants[i], w->target))
				w->tried = true;
}

static void ask_pack(struct repo *r)
{
	struct round *d = r->round;
	struct error err;
	size_t haves_n;
	const str *haves = git_store_held(r->store, &d->keep, 8, &haves_n);
	struct buf b;

	d->spool = git_store_spool(r->store, &d->spool_path, &err);
	if (d->spool < 0) {
		round_fail(r, &err);
		return;
	}
	r->git->stats.fetches++;
	d->fetched = true;
	buf_in(&b, &d->keep, 0);
	git_ask_pack(&b, &d->advert, d->wants, d->wants_n, haves, haves_n);
	git_reader_pack(&d->reader, &d->advert, on_pack, d);
	ask(r, buf_str(&b));
}

/* --- work off the loop --- */

static void work_take(uv_work_t *work)
{
	struct repo *r = work->data;
	struct round *d = r->round;

	d->take_fine = git_store_take(r->store, d->spool_path, d->wants, d->wants_n, &d->stop,
				      &d->take_err);
}

static void work_compact(uv_work_t *work)
{
	struct repo *r = work->data;
	struct round *d = r->round;

	d->compact_fine = git_store_compact(r->store, d->wants, d->wants_n, &d->take_err);
}

static void work_over(struct repo *r)
{
	r->working = false;
	if (r->git->closing) {
		repo_close(r);
		return;
	}
	round_step(r);
}

static void after_take(uv_work_t *work, int status)
{
	struct repo *r = work->data;
	struct round *d = r->round;

	(void)status;
	spool_close(d);
	d->pack_in = false;
	if (!d->take_fine)
		round_fail(r, &d->take_err);
	work_over(r);
}

static void after_compact(uv_work_t *work, int status)
{
	struct repo *r = work->data;

	(void)status;
	if (!r->round->compact_fine)
		round_fail(r, &r->round->take_err);
	else
		r->git->stats.compactions++;
	work_over(r);
}

static void work_start(struct repo *r, uv_work_cb work, uv_after_work_cb after)
{
	struct error err;
	int status;

	r->work.data = r;
	r->working = true;
	status = uv_queue_work(r->git->loop, &r->work, work, after);
	if (status == 0)
		return;
	r->working = false;
	error_set(&err, ERROR_SYSTEM, "cannot start a worker: %s", uv_strerror(status));
	round_fail(r, &err);
}

static void compact(struct repo *r)
{
	struct round *d = r->round;
	size_t room = 1;

	d->compacted = true;
	for (struct git_watch *w = r->watches; w; w = w->next)
		room += 2;
	d->wants = arena_news(&d->keep, room, str);
	d->wants_n = 0;
	for (struct git_watch *w = r->watches; w; w = w->next) {
		if (w->target[0])
			revision_add(&d->keep, d->wants, &d->wants_n, str_of(w->target));
		if (w->told[0])
			revision_add(&d->keep, d->wants, &d->wants_n, str_of(w->told));
	}
	work_start(r, work_compact, after_compact);
}

/* --- the order of things --- */

static bool new_talk(struct repo *r)
{
	struct round *d = r->round;
	struct error err;

	if (d->talk)
		r->git->stats.bytes_received += talk_received(d->talk);
	talk_free(d->talk);
	d->advert_in = d->spent = false;
	d->talk = talk_new(r->git->loop, r->git->http, &r->git->config, &r->url, &err);
	if (!d->talk) {
		round_fail(r, &err);
		return false;
	}
	if (r->url.scheme == GIT_HTTP && r->advert_known) {
		d->advert = r->advert;
		d->advert_in = true;
	}
	return true;
}

static bool refs_wanted(const struct repo *r)
{
	return !r->round->refs_in && asks_refs(r);
}

/* Does the next thing; false when there is nothing left to do. */
static bool round_next(struct repo *r)
{
	struct round *d = r->round;

	if (d->failed)
		return false;
	if (d->pack_in) {
		work_start(r, work_take, after_take);
		return true;
	}
	if (!d->compacted && git_store_crowded(r->store, 2 * LIMIT_GIT_PACKS)) {
		compact(r);
		return true;
	}
	if (!refs_wanted(r)) {
		choose_wants(r);
		/* In a round that brought nothing new nobody waits for this. */
		if (!d->wants_n && !d->fetched && !d->compacted &&
		    git_store_crowded(r->store, LIMIT_GIT_PACKS)) {
			compact(r);
			return true;
		}
		if (!d->wants_n)
			return false;
	}
	if ((!d->talk || d->spent) && !new_talk(r))
		return true;
	if (!d->advert_in)
		ask_advert(r);
	else if (refs_wanted(r))
		ask_refs(r);
	else
		ask_pack(r);
	return true;
}

static void round_step(struct repo *r)
{
	if (r->working)
		return;
	/* What could not even be started has failed: look again. */
	while (round_next(r))
		if (!r->round->failed)
			return;
	round_over(r);
}

static void moved(struct repo *r)
{
	struct error err;

	r->moved = false;
	if (!repo_address(r, &err))
		round_fail(r, &err);
}

void round_begin(struct repo *r)
{
	struct round *d = mem_alloc(sizeof *d);

	if (!d) {
		r->failures++;
		repo_finished(r);
		return;
	}
	r->round = d;
	d->repo = r;
	d->spool = -1;
	arena_init(&d->keep, 0);
	r->again = false;
	r->git->running++;
	r->wait_ms = -1;
	if (asks_refs(r))
		r->git->stats.polls++;
	if (r->moved)
		moved(r);
	for (struct git_watch *w = r->watches; w; w = w->next) {
		w->fresh = false;
		/* A commit that the server refused is asked for less and less often. */
		w->tried = w->pause > 0;
		if (w->pause)
			w->pause--;
		else if (w->kind == REVISION_COMMIT)
			repo_watch_target(w, str_of(w->revision));
	}
	if (git_store_damaged(r->store) && git_store_reset(r->store, NULL))
		r->retell = true;
	uv_timer_start(&r->limit, on_limit, LIMIT_GIT_SECONDS * 1000, 0);
	round_step(r);
}
