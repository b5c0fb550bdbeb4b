/*
 * Puts gather in a batch; when the turn ends and no batch is being written, the worker gets it.
 */
#include "agent/store.h"

#include <sqlite3.h>

#include "agent/log.h"
#include "base/arena.h"
#include "base/mem.h"

#define RETRY_MS 100
#define CLOSE_TRIES 10 /* at the end of the program, for one that does not want to be written */

struct put {
	struct put *next;
	const char *bucket;
	str key, value;
};

struct barrier {
	struct barrier *next;
	store_done_fn *done;
	void *arg;
};

struct batch {
	struct arena arena;
	struct put *first, **last;
	struct barrier *barriers, **last_barrier;
	bool failed;
	char why[256];
};

struct store {
	sqlite3 *db;
	uv_loop_t *loop;
	uv_check_t check;
	uv_idle_t idle; /* keeps the turn from sleeping while puts wait */
	uv_work_t work;
	struct batch *open, *writing;
	bool closing, closed;
	unsigned failures; /* of the batch that is being written */
	uv_timer_t retry;
	int handles;
};

static struct batch *batch_new(void)
{
	struct batch *b = mem_alloc(sizeof *b);

	if (!b)
		return NULL;
	*b = (struct batch){0};
	arena_init(&b->arena, 0);
	b->last = &b->first;
	b->last_barrier = &b->barriers;
	return b;
}

static void batch_free(struct batch *b)
{
	if (b) {
		arena_done(&b->arena);
		mem_free(b);
	}
}

static bool run(sqlite3 *db, const char *sql, char *why, size_t room)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	sqlite3_snprintf((int)room, why, "%s", sqlite3_errmsg(db));
	return false;
}

static bool write_put(sqlite3 *db, sqlite3_stmt *set, sqlite3_stmt *del, const struct put *p)
{
	sqlite3_stmt *s = p->value.s ? set : del;
	bool ok;

	sqlite3_bind_text(s, 1, p->bucket, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, p->key.s, (int)p->key.n, SQLITE_STATIC);
	if (p->value.s)
		sqlite3_bind_text(s, 3, p->value.s, (int)p->value.n, SQLITE_STATIC);
	ok = sqlite3_step(s) == SQLITE_DONE;
	sqlite3_reset(s);
	(void)db;
	return ok;
}

static bool write_puts(sqlite3 *db, const struct batch *b)
{
	sqlite3_stmt *set = NULL, *del = NULL;
	bool ok = sqlite3_prepare_v2(db, "INSERT INTO kv VALUES(?,?,?) ON CONFLICT DO UPDATE SET value=excluded.value",
				     -1, &set, NULL) == SQLITE_OK &&
		  sqlite3_prepare_v2(db, "DELETE FROM kv WHERE bucket=? AND key=?", -1, &del, NULL) == SQLITE_OK;

	for (const struct put *p = b->first; p && ok; p = p->next)
		ok = write_put(db, set, del, p);
	sqlite3_finalize(set);
	sqlite3_finalize(del);
	return ok;
}

static void write_batch(struct store *s, struct batch *b)
{
	if (!b->first)
		return;
	b->failed = !run(s->db, "BEGIN IMMEDIATE", b->why, sizeof b->why);
	if (b->failed)
		return;
	if (!write_puts(s->db, b)) {
		b->failed = true;
		sqlite3_snprintf(sizeof b->why, b->why, "%s", sqlite3_errmsg(s->db));
		run(s->db, "ROLLBACK", (char[256]){0}, 256);
		return;
	}
	b->failed = !run(s->db, "COMMIT", b->why, sizeof b->why);
}

static void work(uv_work_t *req)
{
	struct store *s = req->data;

	write_batch(s, s->writing);
}

static void flush(struct store *s);

static void worked(uv_work_t *req, int status);

static void on_retry(uv_timer_t *timer)
{
	struct store *s = timer->data;

	uv_queue_work(s->loop, &s->work, work, worked);
}

static void worked(uv_work_t *req, int status)
{
	struct store *s = req->data;
	struct batch *b = s->writing;

	(void)status;
	if (b->failed)
		log_event(LOG_ERROR, "the state was not stored; it is tried again", "why", str_of(b->why), NULL);
	if (b->failed && !(s->closing && ++s->failures > CLOSE_TRIES)) {
		uv_timer_start(&s->retry, on_retry, RETRY_MS, 0); /* a full disk: slow, not busy */
		return;
	}
	s->failures = 0;
	s->writing = NULL;
	for (struct barrier *x = b->barriers; x && !s->closed; x = x->next)
		x->done(x->arg);
	batch_free(b);
	flush(s);
}

static void flush(struct store *s)
{
	if (s->writing || s->closed || (!s->open->first && !s->open->barriers))
		return;
	s->writing = s->open;
	s->open = batch_new();
	if (!s->open) {
		s->open = s->writing;
		s->writing = NULL;
		return;
	}
	uv_idle_stop(&s->idle);
	uv_queue_work(s->loop, &s->work, work, worked);
}

static void on_check(uv_check_t *check)
{
	flush(check->data);
}

static void on_idle(uv_idle_t *idle)
{
	(void)idle;
}

static bool prepare(struct store *s, struct error *err)
{
	char why[256] = "";

	if (run(s->db, "PRAGMA journal_mode=WAL", why, sizeof why) &&
	    run(s->db, "PRAGMA synchronous=FULL", why, sizeof why) &&
	    run(s->db, "PRAGMA locking_mode=EXCLUSIVE", why, sizeof why) &&
	    run(s->db, "CREATE TABLE IF NOT EXISTS kv(bucket TEXT, key TEXT, value TEXT, PRIMARY KEY(bucket, key)) "
		       "WITHOUT ROWID", why, sizeof why) &&
	    run(s->db, "PRAGMA user_version=1", why, sizeof why))
		return true;
	return error_set(err, ERROR_CORRUPT, "%s. Another agent may use this state; if the file is damaged, "
			 "remove it: everything but the history is rebuilt", why);
}

struct store *store_open(uv_loop_t *loop, const char *path, struct error *err)
{
	struct store *s = mem_alloc(sizeof *s);

	if (!s) {
		error_set(err, ERROR_MEMORY, "no memory for the store");
		return NULL;
	}
	*s = (struct store){.loop = loop, .open = batch_new()};
	if (!s->open || sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK ||
	    !prepare(s, err)) {
		if (!err->text[0])
			error_set(err, ERROR_SYSTEM, "%s", s->db ? sqlite3_errmsg(s->db) : "no memory");
		error_wrap(err, "open %s", path);
		sqlite3_close(s->db);
		batch_free(s->open);
		mem_free(s);
		return NULL;
	}
	uv_check_init(loop, &s->check);
	uv_idle_init(loop, &s->idle);
	uv_timer_init(loop, &s->retry);
	s->check.data = s->idle.data = s->retry.data = s->work.data = s;
	uv_check_start(&s->check, on_check);
	uv_unref((uv_handle_t *)&s->check);
	s->handles = 3;
	return s;
}

static void on_closed(uv_handle_t *h)
{
	struct store *s = h->data;

	if (--s->handles == 0)
		mem_free(s);
}

void store_close(struct store *s)
{
	if (!s)
		return;
	s->closing = true;
	while (s->writing) /* the worker ends; its callback comes from the loop */
		uv_run(s->loop, UV_RUN_ONCE);
	s->closed = true;
	write_batch(s, s->open);
	if (s->open->failed)
		log_event(LOG_ERROR, "the last state was not stored", "why", str_of(s->open->why), NULL);
	batch_free(s->open);
	sqlite3_close(s->db);
	uv_close((uv_handle_t *)&s->check, on_closed);
	uv_close((uv_handle_t *)&s->idle, on_closed);
	uv_close((uv_handle_t *)&s->retry, on_closed);
}

void store_put(struct store *s, const char *bucket, str key, str value)
{
	struct batch *b = s->open;
	struct put *p = arena_new(&b->arena, struct put);

	p->bucket = bucket;
	p->key = arena_str(&b->arena, key);
	p->value = value.s ? arena_str(&b->arena, value) : STR_NONE;
	*b->last = p;
	b->last = &p->next;
	if (!s->writing)
		uv_idle_start(&s->idle, on_idle);
}

void store_barrier(struct store *s, store_done_fn *done, void *arg)
{
	struct batch *b = s->open;
	struct barrier *x = arena_new(&b->arena, struct barrier);

	*x = (struct barrier){.done = done, .arg = arg};
	*b->last_barrier = x;
	b->last_barrier = &x->next;
	if (!s->writing)
		uv_idle_start(&s->idle, on_idle);
}

bool store_each(struct store *s, const char *bucket, store_row_fn *row, void *arg, struct error *err)
{
	sqlite3_stmt *q = NULL;
	int got;

	if (sqlite3_prepare_v2(s->db, "SELECT key, value FROM kv WHERE bucket=? ORDER BY key", -1, &q, NULL) != SQLITE_OK)
		return error_set(err, ERROR_CORRUPT, "%s", sqlite3_errmsg(s->db));
	sqlite3_bind_text(q, 1, bucket, -1, SQLITE_STATIC);
	while ((got = sqlite3_step(q)) == SQLITE_ROW)
		row(arg, str_make((const char *)sqlite3_column_text(q, 0), (size_t)sqlite3_column_bytes(q, 0)),
		    str_make((const char *)sqlite3_column_text(q, 1), (size_t)sqlite3_column_bytes(q, 1)));
	if (got != SQLITE_DONE)
		error_set(err, ERROR_CORRUPT, "%s", sqlite3_errmsg(s->db));
	sqlite3_finalize(q);
	return got == SQLITE_DONE;
}
