/*
 * The loop's side of the HTTP client: curl says which sockets it waits for and when it wants to
 * be woken, libuv tells it. Curl must not be entered from its own callbacks, so what happens
 * there (new requests, cancels) is noted and done when curl has returned.
 */
#include "sync/http.h"

#include "base/mem.h"
#include "sync/http_request.h"

enum { POOL_SHORT, POOL_LONG, POOLS };

struct http {
	uv_loop_t *loop;
	struct http_pool pools[POOLS];
	uv_timer_t idle;
	uint64_t idle_at; /* when the idle timer fires; 0: it does not run */
	struct http_request *requests;
	unsigned handles; /* not yet closed */
	unsigned depth;	  /* entered curl or a callback */
	bool in_curl, closing;
	struct http_stats stats;
};

struct http_socket {
	uv_poll_t poll;
	struct http_pool *pool;
	curl_socket_t fd;
};

static void http_destroy(struct http *h);
static void http_settle(struct http *h);

static void http_handle_closed(uv_handle_t *handle)
{
	struct http *h = handle->data;
	if (--h->handles == 0)
		mem_free(h);
}

static void http_socket_closed(uv_handle_t *handle)
{
	struct http_socket *s = handle->data;
	struct http *h = s->pool->http;
	mem_free(s);
	if (--h->handles == 0)
		mem_free(h);
}

/* --- requests --- */

static void http_unlink(struct http_request *r)
{
	struct http *h = r->http;
	if (r->previous)
		r->previous->next = r->next;
	else
		h->requests = r->next;
	if (r->next)
		r->next->previous = r->previous;
	h->stats.active--;
	if (r->added)
		curl_multi_remove_handle(r->pool->multi, r->easy);
	http_request_free(r);
}

static void http_fail_later(struct http_request *r)
{
	/* The transfer never began; the idle timer tells. */
	error_set(&r->err, ERROR_MEMORY, "%s: the request could not be started", r->origin);
	r->idle_timeout_ms = 1;
	r->touched = 0;
}

static void http_idle_plan(struct http *h, const struct http_request *r);

static void http_add(struct http_request *r)
{
	if (curl_multi_add_handle(r->pool->multi, r->easy) == CURLM_OK)
		r->added = true;
	else
		http_fail_later(r);
	http_idle_plan(r->http, r);
}

/* Curl has returned: do what could not be done while it ran. */
static void http_settle(struct http *h)
{
	for (struct http_request *r = h->requests, *next; r; r = next) {
		next = r->next;
		if (r->canceled && !r->finished)
			http_unlink(r);
		else if (!r->added && !r->err.kind)
			http_add(r);
	}
}

static void http_finish(struct http_request *r, CURLcode code)
{
	struct http *h = r->http;
	if (r->added)
		curl_multi_remove_handle(r->pool->multi, r->easy);
	r->added = false;
	r->finished = true;
	h->stats.bytes_received += r->seen;
	if (!r->canceled)
		http_request_finish(r, code);
	http_unlink(r);
}

static void http_collect(struct http_pool *pool)
{
	struct http *h = pool->http;
	CURLMsg *message;
	int left;
	while (!h->closing && (message = curl_multi_info_read(pool->multi, &left))) {
		struct http_request *r = NULL;
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&r);
		http_finish(r, message->data.result);
	}
}

static void http_leave(struct http *h)
{
	if (--h->depth == 0 && h->closing)
		http_destroy(h);
}

static void http_enter(struct http_pool *pool, curl_socket_t fd, int events)
{
	struct http *h = pool->http;
	int running;
	if (h->closing)
		return;
	h->depth++;
	h->in_curl = true;
	curl_multi_socket_action(pool->multi, fd, events, &running);
	h->in_curl = false;
	http_settle(h);
	http_collect(pool);
	http_leave(h);
}

/* --- curl asks, libuv answers --- */

static void http_on_poll(uv_poll_t *poll, int status, int events)
{
	struct http_socket *s = poll->data;
	int flags = 0;
	if (status < 0)
		flags = CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	http_enter(s->pool, s->fd, flags);
}

static struct http_socket *http_socket_new(struct http_pool *pool, curl_socket_t fd)
{
	struct http_socket *s = mem_alloc(sizeof *s);
	if (!s)
		return NULL;
	s->pool = pool;
	s->fd = fd;
	if (uv_poll_init_socket(pool->http->loop, &s->poll, fd) != 0) {
		mem_free(s);
		return NULL;
	}
	s->poll.data = s;
	pool->http->handles++;
	curl_multi_assign(pool->multi, fd, s);
	return s;
}

static int http_on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *known)
{
	struct http_pool *pool = user;
	struct http_socket *s = known;
	int events = 0;
	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (s) {
			uv_poll_stop(&s->poll);
			uv_close((uv_handle_t *)&s->poll, http_socket_closed);
			curl_multi_assign(pool->multi, fd, NULL);
		}
		return 0;
	}
	if (!s && !(s = http_socket_new(pool, fd)))
		return -1;
	if (what & CURL_POLL_IN)
		events |= UV_READABLE;
	if (what & CURL_POLL_OUT)
		events |= UV_WRITABLE;
	uv_poll_start(&s->poll, events, http_on_poll);
	return 0;
}

static void http_on_timer(uv_timer_t *timer)
{
	struct http_pool *pool = (struct http_pool *)(void *)((char *)timer -
							      offsetof(struct http_pool, timer));
	http_enter(pool, CURL_SOCKET_TIMEOUT, 0);
}

static int http_on_timeout(CURLM *multi, long ms, void *user)
{
	struct http_pool *pool = user;
	(void)multi;
	if (uv_is_closing((uv_handle_t *)&pool->timer))
		return 0;
	if (ms < 0)
		uv_timer_stop(&pool->timer);
	else
		uv_timer_start(&pool->timer, http_on_timer, (uint64_t)ms, 0);
	return 0;
}

/* --- silence --- */

static void http_on_idle(uv_timer_t *timer)
{
	struct http *h = timer->data;
	uint64_t now = uv_now(h->loop);
	struct http_request *r;
	h->idle_at = 0;
	h->depth++;
again:
	/* A callback may end any other request: start over after each. */
	for (r = h->requests; r && !h->closing; r = r->next) {
		if (r->finished || r->canceled || r->idle_timeout_ms <= 0 ||
		    now < r->touched + (uint64_t)r->idle_timeout_ms)
			continue;
		if (!r->err.kind)
			error_set(&r->err, ERROR_NETWORK, "%s: silent for %lld s", r->origin,
				  (long long)(r->idle_timeout_ms / 1000));
		http_finish(r, CURLE_OPERATION_TIMEDOUT);
		goto again;
	}
	for (r = h->requests; r && !h->closing; r = r->next)
		http_idle_plan(h, r);
	http_leave(h);
}

static void http_idle_plan(struct http *h, const struct http_request *r)
{
	uint64_t now = uv_now(h->loop), at;
	if (r->idle_timeout_ms <= 0 || h->closing)
		return;
	at = r->touched + (uint64_t)r->idle_timeout_ms;
	if (at <= now)
		at = now + 1;
	if (h->idle_at && h->idle_at <= at)
		return;
	h->idle_at = at;
	uv_timer_start(&h->idle, http_on_idle, at - now, 0);
}

/* --- public --- */

static bool http_pool_init(struct http *h, struct http_pool *pool)
{
	pool->http = h;
	pool->multi = curl_multi_init();
	if (!pool->multi)
		return false;
	curl_multi_setopt(pool->multi, CURLMOPT_SOCKETFUNCTION, http_on_socket);
	curl_multi_setopt(pool->multi, CURLMOPT_SOCKETDATA, pool);
	curl_multi_setopt(pool->multi, CURLMOPT_TIMERFUNCTION, http_on_timeout);
	curl_multi_setopt(pool->multi, CURLMOPT_TIMERDATA, pool);
	curl_multi_setopt(pool->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	curl_multi_setopt(pool->multi, CURLMOPT_MAXCONNECTS, 16L);
	return true;
}

struct http *http_new(uv_loop_t *loop)
{
	static bool initialised;
	struct http *h = mem_alloc(sizeof *h);
	if (!initialised && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
		initialised = true;
	if (!h || !initialised)
		goto fail;
	h->loop = loop;
	for (int i = 0; i < POOLS; i++)
		if (!http_pool_init(h, &h->pools[i]))
			goto fail;
	for (int i = 0; i < POOLS; i++) {
		uv_timer_init(loop, &h->pools[i].timer);
		h->pools[i].timer.data = h;
	}
	uv_timer_init(loop, &h->idle);
	h->idle.data = h;
	h->handles = POOLS + 1;
	return h;
fail:
	for (int i = 0; h && i < POOLS; i++)
		curl_multi_cleanup(h->pools[i].multi);
	mem_free(h);
	return NULL;
}

static void http_destroy(struct http *h)
{
	while (h->requests)
		http_unlink(h->requests);
	for (int i = 0; i < POOLS; i++)
		curl_multi_cleanup(h->pools[i].multi);
	for (int i = 0; i < POOLS; i++)
		uv_close((uv_handle_t *)&h->pools[i].timer, http_handle_closed);
	uv_close((uv_handle_t *)&h->idle, http_handle_closed);
}

void http_free(struct http *h)
{
	if (!h || h->closing)
		return;
	h->closing = true;
	for (struct http_request *r = h->requests; r; r = r->next)
		r->canceled = true;
	if (h->depth == 0)
		http_destroy(h);
}

struct http_request *http_start(struct http *h, const struct http_options *options,
				struct error *err)
{
	struct http_request *r = mem_alloc(sizeof *r);
	if (!r) {
		error_set(err, ERROR_MEMORY, "out of memory for a request");
		return NULL;
	}
	r->http = h;
	r->pool = &h->pools[options->own_connection ? POOL_LONG : POOL_SHORT];
	if (!http_request_setup(r, options, err)) {
		http_request_free(r);
		return NULL;
	}
	r->touched = uv_now(h->loop);
	r->next = h->requests;
	if (r->next)
		r->next->previous = r;
	h->requests = r;
	h->stats.requests++;
	h->stats.active++;
	h->stats.bytes_sent += options->body.n;
	if (!h->in_curl)
		http_add(r);
	return r;
}

void http_cancel(struct http_request *r)
{
	if (!r || r->finished)
		return;
	r->canceled = true;
	if (!r->http->in_curl)
		http_unlink(r);
}

struct http_stats http_stats(const struct http *h)
{
	return h->stats;
}
