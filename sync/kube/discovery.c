/*
 * One round reads /version, /api and /apis (and, from a server without aggregated discovery, each
 * group version), then replaces the whole table at once. A round that fails leaves the old table
 * and says so: kinds that it lacks are then unknown.
 */
#include "sync/kube/discovery.h"

#include <stdio.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/table.h"
#include "base/time.h"

#define ACCEPT                                                                                     \
	"application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"                    \
	"application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,"               \
	"application/json"
#define PERIOD_MS (5 * 60 * 1000)
#define PARTIAL_MS 30000 /* a group could not be read */
#define PAUSE_MS 1000
#define PAUSE_MOST_MS 60000
#define MISSED_MS 5000
#define AGAIN_MS 200

enum { ROUND_VERSION, ROUND_CORE, ROUND_GROUPS, ROUND_PARTS };

/* What one round has brought; becomes the table when it is whole. */
struct discovered {
	struct arena keep;
	str version;
	struct group_list lists[2]; /* core, groups */
	struct table kinds;	    /* "group/Kind" -> struct served */
	uint64_t print;		    /* of all answers: has anything changed? */
	bool broken;		    /* a part is missing */
};

struct discovery;
struct round_part {
	struct discovery *d;
	struct kube_call *call;
	struct group_version *rows; /* of a group version; NULL for /version, /api, /apis */
	int which;
};

struct discovery {
	struct kube_client *client;
	struct discovered *now, *next;
	struct round_part parts[ROUND_PARTS];
	struct round_part *more; /* the group versions of a plain server */
	size_t more_n, waiting;
	struct error round, failure; /* of the round under way; of the last one */
	uv_timer_t timer;
	uint64_t due; /* uv_now; 0: not planned */
	uint64_t missed_at, missed_pause, pause;
	bool again; /* asked for while a round was under way */
	bool closing;
	void (*changed)(void *arg);
	void *arg;
};

static void discovered_free(struct discovered *t)
{
	if (!t)
		return;
	table_done(&t->kinds);
	arena_done(&t->keep);
	mem_free(t);
}

/* --- the table --- */

static str kind_text(char *room, size_t size, str group, str kind)
{
	int n = snprintf(room, size, "%.*s/%.*s", STR_ARG(group), STR_ARG(kind));
	return str_make(room, n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1);
}

static bool table_row(struct discovered *t, const struct group_version *g,
		      const struct resource_row *row)
{
	char room[512];
	str name = kind_text(room, sizeof room, g->group, row->kind);
	struct served *s = table_get(&t->kinds, name);
	struct served_version v = {.version = g->version, .plural = row->plural,
				   .namespaced = row->namespaced, .can_watch = row->can_watch,
				   .can_patch = row->can_patch};
	if (!s) {
		s = arena_new(&t->keep, struct served);
		s->kind = (struct kind){.group = g->group, .kind = row->kind,
					.version = g->version, .plural = row->plural,
					.namespaced = row->namespaced,
					.can_watch = row->can_watch};
		if (!table_set(&t->kinds, name, s, NULL))
			return false;
	}
	/* One kind twice in a group version: the first counts. */
	for (uint32_t i = 0; i < s->n; i++)
		if (str_eq(s->versions[i].version, v.version))
			return true;
	s->versions = arena_grow(&t->keep, s->versions, s->n * sizeof v, (s->n + 1) * sizeof v);
	s->versions[s->n++] = v;
	return true;
}

static bool table_build(struct discovered *t)
{
	for (int l = 0; l < 2; l++)
		for (uint32_t i = 0; i < t->lists[l].n; i++) {
			const struct group_version *g = &t->lists[l].at[i];
			for (uint32_t k = 0; k < g->n; k++)
				if (!g->rows[k].subresource && !table_row(t, g, &g->rows[k]))
					return false;
		}
	return true;
}

static bool discovered_whole(const struct discovered *t)
{
	for (int l = 0; l < 2; l++)
		for (uint32_t i = 0; i < t->lists[l].n; i++)
			if (t->lists[l].at[i].stale)
				return false;
	return true;
}

/* --- a round --- */

static void discovery_plan(struct discovery *d, uint64_t delay_ms);

static void round_over(struct discovery *d)
{
	bool same = d->now && d->now->print == d->next->print && !d->failure.kind &&
		    !d->round.kind && !d->now->broken && !d->next->broken;
	mem_free(d->more);
	d->more = NULL;
	d->more_n = 0;
	if (!d->round.kind && !table_build(d->next))
		error_set(&d->round, ERROR_MEMORY, "out of memory for discovery");
	d->failure = d->round;
	if (d->round.kind) {
		discovered_free(d->next);
		d->next = NULL;
		d->pause = d->pause ? d->pause * 2 : PAUSE_MS;
		if (d->pause > PAUSE_MOST_MS)
			d->pause = PAUSE_MOST_MS;
		discovery_plan(d, d->pause);
	} else {
		discovered_free(d->now);
		d->now = d->next;
		d->next = NULL;
		d->pause = 0;
		if (!same)
			d->missed_pause = 0;
		discovery_plan(d, discovered_whole(d->now) ? PERIOD_MS : PARTIAL_MS);
	}
	if (d->again)
		discovery_plan(d, AGAIN_MS);
	d->again = false;
	if (!same)
		d->changed(d->arg);
}

static void round_step(struct discovery *d);

static void round_read(struct round_part *p, str body)
{
	struct discovery *d = p->d;
	struct arena *keep = &d->next->keep;
	struct value v;
	struct error err = {0};
	bool fine;
	if (p->rows) {
		fine = discovery_read_resources(keep, body, p->rows, &err);
		p->rows->stale = !fine;
		return; /* one group that is broken does not hide the others */
	}
	if (p->which == ROUND_VERSION) {
		fine = json_read(keep, body, 0, &v, &err);
		if (fine)
			d->next->version = value_path_str(v, "gitVersion", NULL);
	} else {
		fine = discovery_read(keep, body, &d->next->lists[p->which - ROUND_CORE], &err);
	}
	if (!fine && !d->round.kind)
		d->round = err;
}

static void round_answer(void *arg, const struct http_reply *reply, const struct error *err)
{
	struct round_part *p = arg;
	struct discovery *d = p->d;
	p->call = NULL;
	d->waiting--;
	if (!err) {
		/* Answers come in any order. */
		d->next->print += (uint64_t)str_hash(reply->body) * (uint64_t)(2 * p->which + 1);
		round_read(p, reply->body);
	} else if (p->rows) {
		p->rows->stale = true;
		d->next->broken = true;
	} else if (!d->round.kind) {
		d->round = *err;
		error_wrap(&d->round, "discovery");
	}
	round_step(d);
}

static bool round_ask(struct round_part *p, str path)
{
	struct kube_options o = {.method = "GET", .path = path, .accept = ACCEPT,
				 .timeout_ms = 30000, .on_done = round_answer, .arg = p};
	p->call = kube_start(p->d->client, &o);
	if (p->call)
		p->d->waiting++;
	else
		error_set(&p->d->round, ERROR_MEMORY, "out of memory for discovery");
	return p->call != NULL;
}

/* A server without aggregated discovery: each group version is asked. */
static void round_ask_more(struct discovery *d)
{
	struct discovered *t = d->next;
	size_t n = t->lists[0].n + (size_t)t->lists[1].n, at = 0;
	d->more = mem_alloc((n + 1) * sizeof *d->more);
	if (!d->more) {
		error_set(&d->round, ERROR_MEMORY, "out of memory for discovery");
		return;
	}
	d->more_n = n;
	for (int l = 0; l < 2; l++)
		for (uint32_t i = 0; i < t->lists[l].n && !t->lists[l].aggregated; i++) {
			struct group_version *g = &t->lists[l].at[i];
			struct round_part *p = &d->more[at++];
			*p = (struct round_part){.d = d, .rows = g, .which = (int)at + ROUND_PARTS};
			round_ask(p, arena_printf(&t->keep, "%s/%.*s", g->group.n ? "/apis" : "/api",
						  STR_ARG(g->api_version)));
		}
	d->more_n = at;
}

static void round_step(struct discovery *d)
{
	if (d->waiting)
		return;
	if (!d->round.kind && !d->more)
		round_ask_more(d);
	if (!d->waiting)
		round_over(d);
}

static void round_start(struct discovery *d)
{
	static const char *const paths[] = {"/version", "/api", "/apis"};
	d->again = d->next != NULL; /* the one under way may have read the old state already */
	if (d->again)
		return;
	error_clear(&d->round);
	d->next = mem_alloc(sizeof *d->next);
	if (!d->next) {
		discovery_plan(d, PAUSE_MOST_MS);
		return;
	}
	arena_init(&d->next->keep, 0);
	for (int i = 0; i < ROUND_PARTS; i++) {
		d->parts[i] = (struct round_part){.d = d, .which = i};
		round_ask(&d->parts[i], str_of(paths[i]));
	}
	if (!d->waiting)
		round_over(d);
}

static void discovery_tick(uv_timer_t *timer)
{
	struct discovery *d = timer->data;
	d->due = 0;
	round_start(d);
}

static void discovery_plan(struct discovery *d, uint64_t delay_ms)
{
	uint64_t at = uv_now(d->timer.loop) + delay_ms;
	if (d->closing || (d->due && d->due <= at))
		return;
	d->due = at;
	uv_timer_start(&d->timer, discovery_tick, delay_ms, 0);
}

/* --- public --- */

struct discovery *discovery_new(struct kube_client *client, void (*changed)(void *arg), void *arg)
{
	struct discovery *d = mem_alloc(sizeof *d);
	if (!d)
		return NULL;
	d->client = client;
	d->changed = changed;
	d->arg = arg;
	error_set(&d->failure, ERROR_BUSY, "discovery is not complete yet");
	uv_timer_init(kube_client_loop(client), &d->timer);
	d->timer.data = d;
	discovery_plan(d, 0);
	return d;
}

static void discovery_closed(uv_handle_t *handle)
{
	mem_free(handle->data);
}

void discovery_free(struct discovery *d)
{
	if (!d || d->closing)
		return;
	d->closing = true;
	for (int i = 0; i < ROUND_PARTS; i++)
		kube_cancel(d->parts[i].call);
	for (size_t i = 0; i < d->more_n; i++)
		kube_cancel(d->more[i].call);
	mem_free(d->more);
	discovered_free(d->now);
	discovered_free(d->next);
	uv_close((uv_handle_t *)&d->timer, discovery_closed);
}

void discovery_refresh(struct discovery *d, int64_t delay_ms)
{
	discovery_plan(d, delay_ms > 0 ? (uint64_t)delay_ms : 0);
}

void discovery_missed(struct discovery *d)
{
	uint64_t now = uv_now(d->timer.loop);
	if (d->failure.kind || d->next || (d->missed_at && now < d->missed_at + d->missed_pause))
		return;
	d->missed_pause = d->missed_pause ? d->missed_pause * 2 : MISSED_MS;
	if (d->missed_pause > PAUSE_MOST_MS)
		d->missed_pause = PAUSE_MOST_MS;
	d->missed_at = now;
	discovery_plan(d, d->missed_pause);
}

/* A group version of that group that could not be read. */
static const struct group_version *discovery_stale(const struct discovered *t, str group)
{
	for (int l = 0; l < 2; l++)
		for (uint32_t i = 0; i < t->lists[l].n; i++)
			if (t->lists[l].at[i].stale && str_eq(t->lists[l].at[i].group, group))
				return &t->lists[l].at[i];
	return NULL;
}

enum kind_state discovery_find(const struct discovery *d, str group, str kind,
			       const struct served **out, struct error *why)
{
	char room[512];
	const struct group_version *stale;
	*out = NULL;
	if (d->now)
		*out = table_get(&d->now->kinds, kind_text(room, sizeof room, group, kind));
	if (*out)
		return KIND_SERVED;
	if (!d->now || d->failure.kind) {
		if (why)
			*why = d->failure;
		return KIND_UNKNOWN;
	}
	stale = discovery_stale(d->now, group);
	if (!stale)
		return KIND_ABSENT;
	error_set(why, ERROR_BUSY, "the API server cannot tell now what %.*s serves (is its API "
		  "service available?)", STR_ARG(stale->api_version));
	return KIND_UNKNOWN;
}

const struct served_version *served_version(const struct served *s, str version)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (str_eq(s->versions[i].version, version))
			return &s->versions[i];
	return NULL;
}

static size_t version_capabilities(struct arena *keep, const struct group_version *g, str *out)
{
	size_t n = 0, from;
	out[n++] = arena_str(keep, g->api_version);
	from = n;
	for (uint32_t i = 0; i < g->n; i++) {
		str text = arena_printf(keep, "%.*s/%.*s", STR_ARG(g->api_version),
					STR_ARG(g->rows[i].kind));
		bool known = false;
		for (size_t k = from; k < n && !known; k++)
			known = str_eq(out[k], text);
		if (!known)
			out[n++] = text;
	}
	return n;
}

bool discovery_capabilities(const struct discovery *d, struct arena *keep, str *version,
			    str **apis, size_t *n)
{
	size_t most = 0;
	if (!d->now)
		return false;
	*version = arena_str(keep, d->now->version);
	for (int l = 0; l < 2; l++)
		for (uint32_t i = 0; i < d->now->lists[l].n; i++)
			most += 1 + d->now->lists[l].at[i].n;
	*apis = arena_news(keep, most + 1, str);
	*n = 0;
	for (int l = 0; l < 2; l++)
		for (uint32_t i = 0; i < d->now->lists[l].n; i++)
			*n += version_capabilities(keep, &d->now->lists[l].at[i], *apis + *n);
	return true;
}
