/*
 * A list in the order of the rows. One request at a time for an application.
 */
#include "agent/outbox.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/log.h"
#include "agent/project.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"
#include "render/template.h"

#define RETRY_FIRST (1 * TIME_SECOND)
#define RETRY_MAX (300 * TIME_SECOND)

struct message {
	struct message *next;
	struct outbox *outbox;
	struct arena arena;
	str key, app, callback, id, body;
	struct http_request *request;
	unsigned tries;
	int64_t due; /* monotonic; INT64_MAX until the row is durable */
	unsigned barriers; /* that must pass before: its own and those still open then */
};

struct outbox {
	uv_loop_t *loop;
	uv_timer_t timer;
	struct http *http;
	struct store *store;
	const struct config *config;
	struct message *first, **last;
	uint64_t seq;
	unsigned barriers; /* open ones */
	struct outbox_stats stats;
};

static void pump(struct outbox *o);

static struct message *message_new(struct outbox *o, str key)
{
	struct message *m = mem_alloc(sizeof *m);

	if (!m)
		return NULL;
	*m = (struct message){.outbox = o};
	arena_init(&m->arena, 0);
	m->key = arena_str(&m->arena, key);
	*o->last = m;
	o->last = &m->next;
	o->stats.waiting++;
	return m;
}

static void message_free(struct message *m)
{
	struct outbox *o = m->outbox;

	for (struct message **p = &o->first; *p; p = &(*p)->next)
		if (*p == m) {
			*p = m->next;
			if (o->last == &m->next)
				o->last = p;
			break;
		}
	o->stats.waiting--;
	http_cancel(m->request);
	arena_done(&m->arena);
	mem_free(m);
}

static const struct config_callback *callback_of(const struct outbox *o, str name)
{
	for (size_t i = 0; i < o->config->callbacks_n; i++)
		if (str_eq(o->config->callbacks[i].name, name))
			return &o->config->callbacks[i];
	return NULL;
}

/* Nobody is left to be told. */
static void drop_unwanted(struct outbox *o)
{
	for (struct message *m = o->first, *next; m; m = next) {
		next = m->next;
		if (!m->body.s || callback_of(o, m->callback))
			continue;
		log_event(LOG_WARN, "a callback is not configured any more; its message is dropped", "app", m->app,
			  "callback", m->callback, "id", m->id, NULL);
		store_put(o->store, "outbox", m->key, STR_NONE);
		message_free(m);
	}
}

/* --- sending --- */

static void delivered(struct message *m, int status)
{
	struct outbox *o = m->outbox;

	o->stats.sent++;
	log_event(LOG_INFO, "callback delivered", "app", m->app, "callback", m->callback, "id", m->id,
		  "status", arena_printf(&m->arena, "%d", status), NULL);
	store_put(o->store, "outbox", m->key, STR_NONE);
	message_free(m);
	pump(o);
}

static void postponed(struct message *m, str why)
{
	struct outbox *o = m->outbox;
	int64_t delay = RETRY_FIRST << (m->tries < 10 ? m->tries : 10);

	if (delay > RETRY_MAX)
		delay = RETRY_MAX;
	delay += delay / 5 * (rand() % 100) / 100; /* many agents do not knock together */
	m->tries++;
	m->due = time_monotonic() + delay;
	o->stats.failed++;
	log_event(LOG_WARN, "callback failed, it is tried again", "app", m->app, "callback", m->callback,
		  "id", m->id, "why", why, NULL);
	pump(o);
}

static void answered(void *arg, const struct http_reply *reply, const struct error *err)
{
	struct message *m = arg;

	m->request = NULL;
	if (!err && reply->status >= 200 && reply->status < 300)
		delivered(m, reply->status);
	else
		postponed(m, err ? str_of(err->text)
				 : arena_printf(&m->arena, "the receiver answered %d", reply->status));
}

static void send_message(struct message *m)
{
	const struct config_callback *c = callback_of(m->outbox, m->callback);
	struct error err = {.kind = ERROR_NONE};
	struct http_options options = {.method = "POST", .timeout_ms = 30000, .cap = LIMIT_CALLBACK_REPLY,
				       .on_done = answered, .arg = m};
	struct arena scratch;
	str *headers;
	size_t n = 0;

	arena_init(&scratch, 0);
	headers = arena_news(&scratch, c->headers_n + 2, str);
	headers[n++] = arena_printf(&scratch, "Content-Type: %.*s",
				    STR_ARG(c->content_type.n ? c->content_type : STR("application/json")));
	headers[n++] = arena_printf(&scratch, "Idempotency-Key: %.*s", STR_ARG(m->id));
	for (size_t i = 0; i < c->headers_n; i++)
		headers[n++] = c->headers[i];
	options.url = c->url;
	options.headers = headers;
	options.headers_n = n;
	options.body = m->body;
	if (c->bearer_file.n && !config_read_file(&scratch, config_path(&scratch, m->outbox->config, c->bearer_file), 65536, true,
					      &options.bearer, &err))
		postponed(m, str_of(err.text));
	else if (!(m->request = http_start(m->outbox->http, &options, &err)))
		postponed(m, str_of(err.text));
	arena_done(&scratch);
}

/* Is an earlier message of this application and callback still there? */
static bool is_behind(const struct outbox *o, const struct message *m)
{
	for (const struct message *e = o->first; e != m; e = e->next)
		if (str_eq(e->app, m->app) && str_eq(e->callback, m->callback))
			return true;
	return false;
}

static void on_timer(uv_timer_t *timer)
{
	struct outbox *o = timer->data;
	int64_t now = time_monotonic();

	for (struct message *m = o->first, *next; m; m = next) {
		next = m->next;
		if (!m->request && m->due <= now && m->body.s && !is_behind(o, m))
			send_message(m);
	}
	pump(o);
}

/* Sets the timer to the next message that may go. Sending itself happens from the timer only, so
 * that no message is sent inside a call of ours. */
static void pump(struct outbox *o)
{
	int64_t next = INT64_MAX, now = time_monotonic();

	for (const struct message *m = o->first; m; m = m->next)
		if (!m->request && m->body.s && !is_behind(o, m) && m->due < next)
			next = m->due;
	if (next == INT64_MAX)
		uv_timer_stop(&o->timer);
	else
		uv_timer_start(&o->timer, on_timer,
			       next <= now ? 0 : (uint64_t)((next - now) / TIME_MS + 1), 0);
}

/* --- making --- */

static bool body_of(struct arena *keep, const struct config_callback *c, struct value facts, str *out,
		    struct error *err)
{
	struct template_set *set = template_set_new(keep);
	struct template_file *file;
	struct exec_env env = {0};
	struct buf b;

	if (!c->body.n) {
		*out = json_text(keep, facts, 0);
		return true;
	}
	buf_in(&b, keep, LIMIT_HTTP_BODY);
	if (!template_compile(keep, c->name, c->body, &file, err) || !template_set_add(set, file, err) ||
	    !exec_template(exec_new(keep, set, &env), c->name, facts, &b, err) ||
	    !buf_check(&b, "a callback's body", err))
		return false;
	*out = buf_str(&b);
	return true;
}

static bool concerns(const struct config_callback *c, str app)
{
	for (size_t i = 0; i < c->applications_n; i++)
		if (project_glob(c->applications[i], app, false))
			return true;
	return !c->applications_n;
}

static void put_row(struct outbox *o, struct message *m, str body)
{
	struct map *row = map_new(&m->arena, 4);

	map_set(&m->arena, row, STR("app"), value_str(m->app));
	map_set(&m->arena, row, STR("callback"), value_str(m->callback));
	map_set(&m->arena, row, STR("id"), value_str(m->id));
	map_set(&m->arena, row, STR("body"), value_str(body));
	store_put(o->store, "outbox", m->key, json_text(&m->arena, value_of_map(row), 0));
}

/* What was added before this barrier is durable: it may go. */
static void release(void *arg)
{
	struct outbox *o = arg;
	int64_t now = time_monotonic();

	o->barriers--;
	for (struct message *m = o->first; m; m = m->next)
		if (m->due == INT64_MAX && --m->barriers == 0)
			m->due = now;
	pump(o);
}

void outbox_add(struct outbox *o, str app, str id, struct value facts)
{
	for (size_t i = 0; i < o->config->callbacks_n; i++) {
		const struct config_callback *c = &o->config->callbacks[i];
		struct error err = {.kind = ERROR_NONE};
		struct message *m;
		struct arena scratch;
		char key[32];
		str body;

		if (!concerns(c, app))
			continue;
		arena_init(&scratch, LIMIT_RENDER_MEMORY);
		if (!body_of(&scratch, c, facts, &body, &err)) {
			log_event(LOG_ERROR, "a callback's body cannot be made", "app", app, "callback", c->name,
				  "why", str_of(err.text), NULL);
			arena_done(&scratch);
			continue;
		}
		snprintf(key, sizeof key, "%020llu", (unsigned long long)++o->seq);
		m = message_new(o, str_of(key));
		if (m) {
			m->app = arena_str(&m->arena, app);
			m->callback = arena_str(&m->arena, c->name);
			m->id = arena_printf(&m->arena, "%.*s-%.*s", STR_ARG(id), STR_ARG(c->name));
			m->body = arena_str(&m->arena, body);
			m->due = INT64_MAX;
			m->barriers = o->barriers + 1;
			put_row(o, m, body);
		}
		arena_done(&scratch);
	}
	o->barriers++;
	store_barrier(o->store, release, o);
}

static void load_row(void *arg, str key, str text)
{
	struct outbox *o = arg;
	struct message *m = message_new(o, key);
	struct value v;
	uint64_t seq;

	if (!m)
		return;
	if (num_parse_u64(key, &seq) && seq > o->seq)
		o->seq = seq;
	if (!json_read(&m->arena, arena_str(&m->arena, text), 0, &v, NULL)) {
		message_free(m);
		return;
	}
	m->app = value_path_str(v, "app", NULL);
	m->callback = value_path_str(v, "callback", NULL);
	m->id = value_path_str(v, "id", NULL);
	m->body = value_path_str(v, "body", NULL);
}

struct outbox *outbox_new(uv_loop_t *loop, struct http *http, struct store *store,
			  const struct config *config, struct error *err)
{
	struct outbox *o = mem_alloc(sizeof *o);

	if (!o) {
		error_set(err, ERROR_MEMORY, "no memory for the outbox");
		return NULL;
	}
	*o = (struct outbox){.loop = loop, .http = http, .store = store, .config = config};
	o->last = &o->first;
	uv_timer_init(loop, &o->timer);
	o->timer.data = o;
	if (!store_each(store, "outbox", load_row, o, err)) {
		outbox_free(o);
		return NULL;
	}
	drop_unwanted(o);
	pump(o);
	return o;
}

void outbox_configure(struct outbox *o, const struct config *config)
{
	o->config = config;
	drop_unwanted(o);
}

static void on_closed(uv_handle_t *h)
{
	mem_free(h->data);
}

void outbox_free(struct outbox *o)
{
	if (!o)
		return;
	while (o->first)
		message_free(o->first);
	uv_close((uv_handle_t *)&o->timer, on_closed);
}

struct outbox_stats outbox_stats(const struct outbox *o)
{
	return o->stats;
}
