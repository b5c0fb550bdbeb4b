/*
 * The state machine of one kind: a step is a list page, a watch or a pause, and when one ends
 * reflect_next decides what follows from what is known (is there a version to watch from?).
 */
#include "sync/kube/reflect.h"

#include <sys/random.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"
#include "sync/kube/list.h"
#include "sync/kube/path.h"
#include "sync/kube/scan.h"
#include "sync/kube/watch.h"

#define PAGE 500
#define BACKOFF_MS 800
#define BACKOFF_MOST_MS 30000
#define HEALTHY_MS (2 * 60 * 1000) /* after so long failures are forgotten */
#define SILENCE_MS (5 * 60 * 1000) /* bookmarks come each minute */
#define WATCH_LEAST_S 300	   /* and up to twice that */
#define FORBIDDEN_MS 30000
#define FORBIDDEN_MOST_MS (5 * 60 * 1000)
#define SHORT_MS 1000		   /* a watch that ends sooner without an event has failed */
#define STALE_FAILURES 3	   /* so many in a row and the cache counts as stale */
#define COUNT_MS (60 * 60 * 1000)  /* the rare check that nothing was missed */

struct reflector {
	struct kube_client *client;
	struct cache_kind *cache;
	char *path;
	reflect_fn *on_event;
	void *arg;
	struct kube_call *call;
	struct list_reader list;
	struct watch_reader watch;
	uv_timer_t timer, counter;
	struct kube_call *counting;
	char version[64];	/* to watch from; empty: list */
	char *next;		/* the continue token */
	char list_version[64];	/* of the first page */
	enum kind_state state;
	struct error why;
	unsigned failures, forbidden, restarts, miscounts;
	uint64_t began; /* uv_now of the watch */
	bool listing, watching, expired, closing;
};

static void reflect_next(struct reflector *r);

static void reflect_set(struct reflector *r, enum kind_state state, const struct error *why)
{
	bool same = r->state == state;
	r->state = state;
	if (why)
		r->why = *why;
	if (!same || state == KIND_READY)
		r->on_event(r->arg, REFLECT_STATE);
}

static void reflect_forget(struct reflector *r)
{
	r->version[0] = '\0';
	mem_free(r->next);
	r->next = NULL;
}

/* --- pauses --- */

static void reflect_resume(uv_timer_t *timer)
{
	reflect_next(timer->data);
}

/* ms to twice ms: many agents must not come back at the same moment. */
static uint64_t reflect_jitter(uint64_t ms)
{
	uint32_t dice = 0;
	if (getrandom(&dice, sizeof dice, 0) != sizeof dice)
		return ms;
	return ms + dice % (ms + 1);
}

static uint64_t reflect_grow(uint64_t first, unsigned times, uint64_t most)
{
	while (--times > 0 && first < most)
		first *= 2;
	return first < most ? first : most;
}

static void reflect_pause(struct reflector *r, uint64_t ms)
{
	uv_timer_start(&r->timer, reflect_resume, ms, 0);
}

/* After a failure of any kind; the last thing that a callback does. */
static void reflect_failed(struct reflector *r, const struct error *err, int64_t retry_after_ms)
{
	uint64_t pause;
	bool absent = err->code == 404;
	r->failures++;
	if (err->code == 403) {
		pause = reflect_grow(FORBIDDEN_MS, ++r->forbidden, FORBIDDEN_MOST_MS);
	} else {
		pause = reflect_grow(BACKOFF_MS, r->failures, BACKOFF_MOST_MS);
		r->forbidden = 0;
	}
	pause = reflect_jitter(pause);
	if (retry_after_ms > 0 && (uint64_t)retry_after_ms > pause)
		pause = (uint64_t)retry_after_ms;
	reflect_pause(r, pause);
	if (err->code == 403)
		reflect_set(r, KIND_FORBIDDEN, err);
	else if (absent)
		r->on_event(r->arg, REFLECT_ABSENT);
	else if (r->state == KIND_LOADING || r->failures >= STALE_FAILURES)
		reflect_set(r, KIND_FAILING, err);
}

static void reflect_copy(char *to, size_t room, str from)
{
	size_t n = from.n < room ? from.n : 0; /* too long to be one: none */
	if (n)
		memcpy(to, from.s, n);
	to[n] = '\0';
}

/* --- lists --- */

static bool list_item(void *arg, str item, struct error *err)
{
	struct reflector *r = arg;
	struct error poison = {0};
	/* An item that cannot be read must not stop the others; want of memory must. */
	if (cache_stage_put(r->cache, item, &poison) || poison.kind != ERROR_MEMORY)
		return true;
	*err = poison;
	return false;
}

static bool list_data(void *arg, str bytes, struct error *err)
{
	struct reflector *r = arg;
	return list_reader_feed(&r->list, bytes, err);
}

static void list_restart(struct reflector *r, const struct error *err, int64_t retry_after_ms)
{
	reflect_forget(r);
	if (++r->restarts < 3) {
		reflect_next(r);
		return;
	}
	r->restarts = 0;
	reflect_failed(r, err, retry_after_ms);
}

/* The last page is in. */
static void list_complete(struct reflector *r)
{
	reflect_copy(r->version, sizeof r->version, str_of(r->list_version));
	mem_free(r->next);
	r->next = NULL;
	r->failures = r->forbidden = r->restarts = 0;
	cache_commit(r->cache, str_of(r->version));
	reflect_next(r);
	reflect_set(r, KIND_READY, NULL);
}

static void list_page(struct reflector *r)
{
	struct error err = {0};
	str version, next;
	int64_t remaining;
	bool first = r->next == NULL, fine;
	fine = list_reader_end(&r->list, &version, &next, &remaining, &err);
	if (fine && !first && !str_is(version, r->list_version))
		fine = error_set(&err, ERROR_CONFLICT, "the pages of a list are of two versions");
	if (fine && !version.n)
		fine = error_set(&err, ERROR_INVALID, "a list without a resourceVersion");
	if (fine) {
		mem_free(r->next);
		r->next = next.n ? mem_strndup(next.s, next.n) : NULL;
		reflect_copy(r->list_version, sizeof r->list_version, version);
		if (next.n && !r->next)
			fine = error_set(&err, ERROR_MEMORY, "out of memory for a list");
	}
	fine = fine && r->list_version[0];
	bool last = fine && !next.n;
	list_reader_done(&r->list);
	r->listing = false;
	if (!fine)
		list_restart(r, &err, -1);
	else if (last)
		list_complete(r);
	else
		reflect_next(r);
}

static void list_done(void *arg, const struct http_reply *reply, const struct error *err)
{
	struct reflector *r = arg;
	struct error mine;
	r->call = NULL;
	if (!err) {
		list_page(r);
		return;
	}
	mine = *err;
	list_reader_done(&r->list);
	r->listing = false;
	if (mine.code == 410 || (r->next && mine.code == 400)) {
		list_restart(r, &mine, reply->retry_after_ms);
		return;
	}
	/* The token of the next page may have run out when the pause is over. */
	reflect_forget(r);
	reflect_failed(r, &mine, reply->retry_after_ms);
}

static bool list_start(struct reflector *r)
{
	struct arena scratch;
	struct kube_options o = {.method = "GET", .timeout_ms = 120000, .idle_timeout_ms = 60000,
				 .on_data = list_data, .on_done = list_done, .arg = r};
	arena_init(&scratch, 0);
	o.path = r->next ? arena_printf(&scratch, "%s?limit=%d&continue=%.*s", r->path, PAGE,
					STR_ARG(path_escape(&scratch, str_of(r->next))))
			 : arena_printf(&scratch, "%s?limit=%d", r->path, PAGE);
	if (!r->next)
		cache_stage(r->cache);
	list_reader_init(&r->list, list_item, r);
	r->listing = true;
	r->call = kube_start(r->client, &o);
	arena_done(&scratch);
	return r->call != NULL;
}

/* --- watches --- */

static bool watch_event(void *arg, enum watch_type type, str object, struct error *err)
{
	struct reflector *r = arg;
	struct error poison = {0};
	str version = scan_string(scan_member(object, "metadata"), "resourceVersion");
	int64_t code = 0;
	if (type == WATCH_OTHER)
		return true;
	if (type == WATCH_ERROR) {
		num_parse_i64(scan_member(object, "code"), &code);
		r->expired = code == 410 || code == 504;
		return error_set(err, ERROR_BUSY, "the watch ended with %lld: %.*s",
				 (long long)code, STR_ARG(scan_string(object, "message")));
	}
	if (version.n)
		reflect_copy(r->version, sizeof r->version, version);
	if (type == WATCH_BOOKMARK) {
		cache_seen(r->cache, version);
		return true;
	}
	if (type == WATCH_DELETED)
		cache_remove(r->cache, object, &poison);
	else
		cache_put(r->cache, object, &poison);
	r->on_event(r->arg, REFLECT_OBJECT);
	if (poison.kind != ERROR_MEMORY)
		return true;
	r->expired = true; /* it was lost: the list will have it */
	*err = poison;
	return false;
}

static bool watch_data(void *arg, str bytes, struct error *err)
{
	struct reflector *r = arg;
	return watch_reader_feed(&r->watch, bytes, err);
}

static void watch_head(void *arg, int status)
{
	struct reflector *r = arg;
	(void)status;
	r->forbidden = 0;
	if (r->state != KIND_READY) {
		r->failures = r->failures > 1 ? 1 : r->failures;
		reflect_set(r, KIND_READY, NULL);
	}
}

static void watch_done(void *arg, const struct http_reply *reply, const struct error *err)
{
	struct reflector *r = arg;
	uint64_t lasted = uv_now(r->timer.loop) - r->began;
	struct error mine = {0};
	bool idle = r->watch.events == 0;
	r->call = NULL;
	if (err)
		mine = *err;
	watch_reader_done(&r->watch);
	r->watching = false;
	if (lasted >= HEALTHY_MS)
		r->failures = 0;
	if (r->expired || mine.code == 410 || mine.code == 504 || mine.kind == ERROR_LIMIT ||
	    mine.kind == ERROR_INVALID)
		reflect_forget(r);
	if (!err && idle && lasted < SHORT_MS)
		error_set(&mine, ERROR_NETWORK, "the watch ended at once");
	/* What had run well for a while is resumed at once. */
	if (!mine.kind || (reply->status == 200 && lasted >= SHORT_MS && !r->failures)) {
		r->failures += mine.kind != ERROR_NONE;
		reflect_next(r);
		return;
	}
	reflect_failed(r, &mine, reply->retry_after_ms);
}

static bool watch_start(struct reflector *r)
{
	struct arena scratch;
	int seconds = (int)reflect_jitter(WATCH_LEAST_S);
	struct kube_options o = {.method = "GET", .timeout_ms = (seconds + 30) * 1000,
				 .idle_timeout_ms = SILENCE_MS, .watch = true,
				 .on_head = watch_head, .on_data = watch_data,
				 .on_done = watch_done, .arg = r};
	arena_init(&scratch, 0);
	o.path = arena_printf(&scratch,
			      "%s?watch=true&allowWatchBookmarks=true&resourceVersion=%.*s"
			      "&timeoutSeconds=%d",
			      r->path, STR_ARG(path_escape(&scratch, str_of(r->version))), seconds);
	watch_reader_init(&r->watch, watch_event, r);
	r->watching = true;
	r->expired = false;
	r->began = uv_now(r->timer.loop);
	r->call = kube_start(r->client, &o);
	arena_done(&scratch);
	return r->call != NULL;
}

static void reflect_next(struct reflector *r)
{
	if (r->call || r->closing)
		return;
	if (r->version[0] ? watch_start(r) : list_start(r))
		return;
	if (r->watching)
		watch_reader_done(&r->watch);
	if (r->listing)
		list_reader_done(&r->list);
	r->watching = r->listing = false;
	reflect_pause(r, BACKOFF_MOST_MS);
}

/* --- the rare count --- */

static bool count_item(void *arg, str item, struct error *err)
{
	(void)arg;
	(void)item;
	(void)err;
	return true;
}

static void count_done(void *arg, const struct http_reply *reply, const struct error *err)
{
	struct reflector *r = arg;
	struct list_reader list;
	struct error mine;
	str version, next;
	int64_t remaining = -1;
	bool fine;
	r->counting = NULL;
	list_reader_init(&list, count_item, NULL);
	fine = !err && list_reader_feed(&list, reply->body, &mine) &&
	       list_reader_end(&list, &version, &next, &remaining, &mine) &&
	       (remaining >= 0 || !next.n);
	size_t count = list.items + (size_t)(remaining > 0 ? remaining : 0);
	list_reader_done(&list);
	/* Events may be on their way: only a difference that lasts tells. */
	if (!fine || !r->watching || r->state != KIND_READY || count == cache_count(r->cache)) {
		r->miscounts = 0;
		uv_timer_again(&r->counter);
		return;
	}
	if (++r->miscounts < 3) {
		uv_timer_start(&r->counter, r->counter.timer_cb, 10000, COUNT_MS);
		return;
	}
	r->miscounts = 0;
	uv_timer_again(&r->counter);
	kube_cancel(r->call);
	r->call = NULL;
	watch_reader_done(&r->watch);
	r->watching = false;
	reflect_forget(r);
	reflect_next(r);
}

static void count_start(uv_timer_t *timer)
{
	struct reflector *r = timer->data;
	struct arena scratch;
	struct kube_options o = {.method = "GET", .on_done = count_done, .arg = r};
	if (r->counting || r->state != KIND_READY)
		return;
	arena_init(&scratch, 0);
	o.path = arena_printf(&scratch, "%s?limit=1", r->path);
	r->counting = kube_start(r->client, &o);
	arena_done(&scratch);
}

/* --- life --- */

static void reflect_closed(uv_handle_t *handle)
{
	struct reflector *r = handle->data;
	if (!uv_is_closing((uv_handle_t *)&r->counter)) {
		uv_close((uv_handle_t *)&r->counter, reflect_closed);
		return;
	}
	mem_free(r->path);
	mem_free(r);
}

struct reflector *reflector_new(struct kube_client *client, struct cache_kind *cache, str path,
				reflect_fn *on_event, void *arg)
{
	struct reflector *r = mem_alloc(sizeof *r);
	if (!r)
		return NULL;
	r->path = mem_strndup(path.s, path.n);
	if (!r->path) {
		mem_free(r);
		return NULL;
	}
	r->client = client;
	r->cache = cache;
	r->on_event = on_event;
	r->arg = arg;
	r->state = KIND_LOADING;
	uv_timer_init(kube_client_loop(client), &r->timer);
	uv_timer_init(kube_client_loop(client), &r->counter);
	r->timer.data = r->counter.data = r;
	uv_timer_start(&r->counter, count_start, reflect_jitter(COUNT_MS / 2), COUNT_MS);
	reflect_next(r);
	return r;
}

void reflector_free(struct reflector *r)
{
	if (!r || r->closing)
		return;
	r->closing = true;
	kube_cancel(r->call);
	kube_cancel(r->counting);
	if (r->listing)
		list_reader_done(&r->list);
	if (r->watching)
		watch_reader_done(&r->watch);
	mem_free(r->next);
	r->next = NULL;
	uv_close((uv_handle_t *)&r->timer, reflect_closed);
}

enum kind_state reflector_state(const struct reflector *r, struct error *why)
{
	if (why && (r->state == KIND_FORBIDDEN || r->state == KIND_FAILING))
		*why = r->why;
	return r->state;
}

str reflector_path(const struct reflector *r)
{
	return str_of(r->path);
}
