/*
 * One queue in front of the HTTP client. client_pump alone starts requests, always from the loop:
 * it looks whether the credential is good, whether the server asked to wait and how many fly.
 */
#include "sync/kube/client.h"

#include "base/mem.h"
#include "base/time.h"
#include "sync/kube/credential.h"
#include "sync/kube/status.h"

#define FLYING_MOST 32	/* the server's default is 400 reads and 200 writes for all */
#define THROTTLE_TRIES 10
#define THROTTLE_PAUSE_MS 1000 /* when a 429 names no time */

struct kube_call {
	struct kube_client *client;
	struct kube_call *next, *previous;
	struct kube_options o;
	struct http_request *request; /* NULL: queued */
	uint64_t credential; /* the credential's generation that was sent */
	unsigned throttled;
	bool renewed; /* the second try after 401 */
	bool over;    /* inside its on_done */
	char texts[]; /* path, body, etag */
};

struct call_queue {
	struct kube_call *first, *last;
	uint32_t n;
};

struct kube_client {
	uv_loop_t *loop;
	struct http *http;
	const struct kube_config *config;
	struct credential *credential;
	struct call_queue queued, flying;
	uv_timer_t pump;
	double limit;
	uint32_t counted; /* flying without watches */
	uint64_t resume;  /* uv_now: not before, as the server asked */
	unsigned depth;
	bool closing;
	struct kube_client_stats stats;
};

/* --- queues --- */

static void call_put(struct call_queue *q, struct kube_call *call, bool front)
{
	call->next = front ? q->first : NULL;
	call->previous = front ? NULL : q->last;
	*(call->previous ? &call->previous->next : &q->first) = call;
	*(call->next ? &call->next->previous : &q->last) = call;
	q->n++;
}

static void call_take(struct call_queue *q, struct kube_call *call)
{
	*(call->previous ? &call->previous->next : &q->first) = call->next;
	*(call->next ? &call->next->previous : &q->last) = call->previous;
	q->n--;
}

static void client_pump(uv_timer_t *timer);

static void client_wake(struct kube_client *c, uint64_t after_ms)
{
	if (!c->closing)
		uv_timer_start(&c->pump, client_pump, after_ms, 0);
}

/* Takes the call out of what flies. */
static void call_land(struct kube_call *call)
{
	struct kube_client *c = call->client;
	call_take(&c->flying, call);
	if (!call->o.watch)
		c->counted--;
	call->request = NULL;
}

static void client_destroy(struct kube_client *c);

static void client_leave(struct kube_client *c)
{
	if (--c->depth == 0 && c->closing)
		client_destroy(c);
}

/* The call is in no queue any more. */
static void call_finish(struct kube_call *call, const struct http_reply *reply,
			const struct error *err)
{
	struct kube_client *c = call->client;
	c->depth++;
	call->over = true;
	if (!c->closing)
		call->o.on_done(call->o.arg, reply, err);
	mem_free(call);
	client_leave(c);
}

static void call_fail(struct kube_call *call, const struct error *err)
{
	struct http_reply none = {.retry_after_ms = -1};
	call_finish(call, &none, err);
}

/* --- answers --- */

static bool call_throttled(struct kube_call *call, const struct http_reply *reply)
{
	struct kube_client *c = call->client;
	int64_t pause = reply->retry_after_ms >= 0 ? reply->retry_after_ms : THROTTLE_PAUSE_MS;
	if (reply->status == 429) {
		c->stats.throttled++;
		c->limit = c->limit > 2 ? c->limit / 2 : 1;
	}
	if (reply->status != 429 || ++call->throttled > THROTTLE_TRIES || call->o.watch)
		return false;
	if (pause > 30000)
		pause = 30000;
	/* The request was not run: it goes first again. */
	c->resume = uv_now(c->loop) + (uint64_t)pause;
	call_put(&c->queued, call, true);
	client_wake(c, (uint64_t)pause);
	return true;
}

static bool call_renewed(struct kube_call *call, const struct http_reply *reply)
{
	struct kube_client *c = call->client;
	if (reply->status != 401 || call->renewed || !credential_renew(c->credential,
								      call->credential))
		return false;
	c->stats.refreshed++;
	call->renewed = true;
	call_put(&c->queued, call, true);
	return true;
}

static void call_answered(void *arg, const struct http_reply *reply, const struct error *err)
{
	struct kube_call *call = arg;
	struct kube_client *c = call->client;
	struct error mine = {0};
	c->depth++;
	call_land(call);
	client_wake(c, 0);
	if (!err && (call_throttled(call, reply) || call_renewed(call, reply))) {
		client_leave(c);
		return;
	}
	if (!err && c->limit < FLYING_MOST && reply->status < 429)
		c->limit += 1 / c->limit;
	if (!err && !kube_status_check(reply, &mine))
		err = &mine;
	call_finish(call, reply, err);
	client_leave(c);
}

static bool call_data(void *arg, str bytes, struct error *err)
{
	struct kube_call *call = arg;
	struct kube_client *c = call->client;
	bool go;
	c->depth++;
	go = call->o.on_data(call->o.arg, bytes, err) && !c->closing;
	client_leave(c);
	return go;
}

static void call_head(void *arg, int status)
{
	struct kube_call *call = arg;
	if (status < 300)
		call->o.on_head(call->o.arg, status);
}

/* --- sending --- */

static void call_headers(struct kube_call *call, struct arena *a, str **headers, size_t *n)
{
	const struct kube_config *config = call->client->config;
	str *h = arena_news(a, 6 + config->as_groups_n, str);
	size_t at = 0;
	h[at++] = arena_printf(a, "Accept: %s",
			       call->o.accept ? call->o.accept : "application/json");
	if (call->o.content_type)
		h[at++] = arena_printf(a, "Content-Type: %s", call->o.content_type);
	if (call->o.etag.n)
		h[at++] = arena_printf(a, "If-None-Match: %.*s", STR_ARG(call->o.etag));
	if (config->as.n)
		h[at++] = arena_printf(a, "Impersonate-User: %.*s", STR_ARG(config->as));
	if (config->as_uid.n)
		h[at++] = arena_printf(a, "Impersonate-Uid: %.*s", STR_ARG(config->as_uid));
	for (size_t i = 0; i < config->as_groups_n; i++)
		h[at++] = arena_printf(a, "Impersonate-Group: %.*s",
				       STR_ARG(config->as_groups[i]));
	*headers = h;
	*n = at;
}

static bool call_send(struct kube_call *call, struct error *err)
{
	struct kube_client *c = call->client;
	const struct kube_config *config = c->config;
	const struct kube_credential *who = credential_get(c->credential);
	struct http_tls tls = {.ca_pem = config->ca_pem, .cert_pem = who->cert_pem,
			       .key_pem = who->key_pem, .server_name = config->server_name,
			       .insecure = config->insecure};
	struct http_options o = {
		.method = call->o.method, .body = call->o.body, .bearer = who->token,
		.tls = &tls, .proxy = config->proxy, .timeout_ms = call->o.timeout_ms,
		.idle_timeout_ms = call->o.idle_timeout_ms, .cap = call->o.cap,
		.own_connection = call->o.watch, .on_data = call->o.on_data ? call_data : NULL,
		.on_head = call->o.on_head ? call_head : NULL,
		.on_done = call_answered, .arg = call,
	};
	struct arena scratch;
	str *headers;
	if (!who->token.n) {
		o.username = config->username;
		o.password = config->password;
	}
	arena_init(&scratch, 0);
	call_headers(call, &scratch, &headers, &o.headers_n);
	o.headers = headers;
	o.url = arena_concat(&scratch, config->server, call->o.path);
	call->credential = credential_generation(c->credential);
	call->request = http_start(c->http, &o, err);
	arena_done(&scratch);
	return call->request != NULL;
}

static void call_launch(struct kube_call *call)
{
	struct kube_client *c = call->client;
	struct error err = {0};
	call_take(&c->queued, call);
	if (!call_send(call, &err)) {
		call_fail(call, &err);
		return;
	}
	call_put(&c->flying, call, false);
	if (!call->o.watch)
		c->counted++;
	c->stats.calls++;
}

/* The first that may go now. Watches wait for nobody but the credential. */
static struct kube_call *client_next(struct kube_client *c)
{
	bool paused = uv_now(c->loop) < c->resume;
	for (struct kube_call *call = c->queued.first; call; call = call->next)
		if (call->o.watch || (!paused && c->counted < (uint32_t)c->limit))
			return call;
	return NULL;
}

static void client_pump(uv_timer_t *timer)
{
	struct kube_client *c = timer->data;
	struct kube_call *call;
	struct error err = {0};
	c->depth++;
	while (!c->closing && (call = client_next(c))) {
		enum credential_state state = credential_check(c->credential, &err);
		if (state == CREDENTIAL_WAIT)
			break;
		if (state == CREDENTIAL_READY) {
			call_launch(call);
		} else {
			call_take(&c->queued, call);
			call_fail(call, &err);
		}
	}
	if (!c->closing && c->queued.n && uv_now(c->loop) < c->resume)
		client_wake(c, c->resume - uv_now(c->loop));
	client_leave(c);
}

static void client_credential(void *arg)
{
	client_wake(arg, 0);
}

/* --- public --- */

struct kube_client *kube_client_new(uv_loop_t *loop, struct http *http,
				    const struct kube_config *config)
{
	struct kube_client *c = mem_alloc(sizeof *c);
	if (!c)
		return NULL;
	c->loop = loop;
	c->http = http;
	c->config = config;
	c->limit = FLYING_MOST;
	c->credential = credential_new(loop, config, client_credential, c);
	if (!c->credential) {
		mem_free(c);
		return NULL;
	}
	uv_timer_init(loop, &c->pump);
	c->pump.data = c;
	return c;
}

static void client_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

static void client_destroy(struct kube_client *c)
{
	struct kube_call *call;
	while ((call = c->queued.first)) {
		call_take(&c->queued, call);
		mem_free(call);
	}
	while ((call = c->flying.first)) {
		call_take(&c->flying, call);
		http_cancel(call->request);
		mem_free(call);
	}
	credential_free(c->credential);
	uv_close((uv_handle_t *)&c->pump, client_closed);
}

void kube_client_free(struct kube_client *c)
{
	if (!c || c->closing)
		return;
	c->closing = true;
	if (c->depth == 0)
		client_destroy(c);
}

uv_loop_t *kube_client_loop(const struct kube_client *c)
{
	return c->loop;
}

const struct kube_config *kube_client_config(const struct kube_client *c)
{
	return c->config;
}

static str call_text(char **at, str text)
{
	char *to = *at;
	if (text.n)
		memcpy(to, text.s, text.n);
	*at += text.n;
	return str_make(to, text.n);
}

struct kube_call *kube_start(struct kube_client *c, const struct kube_options *o)
{
	struct kube_call *call = mem_alloc(sizeof *call + o->path.n + o->body.n + o->etag.n);
	char *at;
	if (!call)
		return NULL;
	call->client = c;
	call->o = *o;
	at = call->texts;
	call->o.path = call_text(&at, o->path);
	call->o.body = call_text(&at, o->body);
	call->o.etag = call_text(&at, o->etag);
	call_put(&c->queued, call, false);
	client_wake(c, 0);
	return call;
}

void kube_cancel(struct kube_call *call)
{
	struct kube_client *c;
	if (!call || call->over)
		return;
	c = call->client;
	if (call->request) {
		http_cancel(call->request);
		call_land(call);
	} else {
		call_take(&c->queued, call);
	}
	client_wake(c, 0);
	mem_free(call);
}

struct kube_client_stats kube_client_stats(const struct kube_client *c)
{
	struct kube_client_stats s = c->stats;
	s.flying = c->flying.n;
	s.queued = c->queued.n;
	s.limit = (uint32_t)c->limit;
	return s;
}
