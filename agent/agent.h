/*
 * The controller: every Application that this agent runs, and what they share. One loop, one
 * thread; only rendering, the store's fsync and curl's name lookups happen elsewhere.
 *
 * The way of a commit: git tells app_on_commit (app.c), which renders what was touched
 * (desired.c); evaluate.c compares with the cluster and decides; operation.c runs the sync, and
 * evaluate.c sees it end Synced and Healthy and hands the callbacks to the outbox.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <uv.h>

#include "agent/config.h"
#include "agent/desired.h"
#include "agent/git/git.h"
#include "agent/outbox.h"
#include "agent/project.h"
#include "agent/store.h"
#include "base/table.h"
#include "sync/kube/config.h"
#include "sync/report.h"

struct agent;
struct server;

struct source_watch {
	struct app *app;
	size_t at;
	struct git_watch *watch;
	char commit[41];   /* what the revision names now; "" until known */
	char compared[41]; /* what the rendering was made of, or would be made of unchanged */
	struct error err; /* of the last poll */
};

/* What was or is being done. */
struct operation {
	struct sync *sync;	  /* NULL: none runs */
	struct desired *desired;  /* what it applies */
	struct arena arena;	  /* of record and texts */
	struct value record;
	char id[160];
	str revision, initiated_by;
	int64_t started, finished; /* wall; 0: never */
	uint64_t target;	   /* desired->hash it went for; 0: none */
	enum last_phase last;
	bool starting;		   /* its row is being stored */
	uint64_t barrier;	   /* with this barrier of the store */
	bool heal, dry_run, manual, prune, partial, transient, wrote;
	bool canceled; /* by a person: not tried again by itself */
	bool again;    /* the request is to be repeated on the newest rendering */
	struct sync_pick *picks;
	size_t picks_n;
	enum last_phase last_before; /* of what a dry run came after */
	uint64_t target_before;
	size_t hooks_done;   /* in the record that was stored last */
	size_t hooks_stored; /* of those: told to the sync as durable */
	unsigned retries, heals, failures; /* for one target; failures in a row */
	int64_t retry_at; /* wall; 0: none */
};

struct app {
	struct agent *agent;
	char *name, *parent; /* parent NULL: named by the configuration */
	struct arena arena;  /* of the manifest and what is read from it */
	struct value manifest;
	uint64_t manifest_hash;
	struct application spec;
	struct policy policy;
	struct conditions fixed; /* of the manifest */
	struct error invalid;	 /* the manifest cannot be used */
	struct host host;

	struct source_watch *sources;
	size_t sources_n;
	struct desired *desired; /* the last good one */
	struct desired_job *job;
	bool render_again, forced, read_once;
	struct error render_error;

	struct arena view; /* of what the last look gave, below */
	bool looked, waits; /* waits: kinds or objects are still being read */
	int64_t looked_at, look_at; /* monotonic: the last look; one that is due, 0: none */
	enum sync_status status;
	struct health health;
	struct value resources, summary;
	struct conditions conditions;
	int64_t reconciled;

	struct operation op;
	uint64_t applied; /* hash last called back; 0: not known */
	uint64_t owed;	  /* hash of a sync that succeeded and is not called back yet; 0: none */
	struct value history;
	struct arena history_arena;
	uv_timer_t timer;
	int64_t sync_wake; /* monotonic; INT64_MAX: never */
	struct app *next_dirty;
	bool dirty, gone;
	bool deleting; /* its objects are on their way out, or will be */
	bool doubts;   /* something is left undone because of what others may want */
	uint64_t swept; /* hash of the rendering that was last synced in full with prune */
	uint64_t capabilities; /* hash of what the last rendering was told of the API server */
	struct arena reborn_arena;
	struct value reborn; /* while deleting: the manifest that comes after, or NIL */
	char *reborn_parent;
	bool named; /* by the configuration that was read last */
};

struct agent {
	uv_loop_t *loop;
	const char *config_path;
	struct arena config_arena;
	struct config config;
	struct arena kube_arena;
	struct kube_config kube;
	struct http *http;
	struct cluster *cluster;
	struct git *git;
	struct store *store;
	struct outbox *outbox;
	struct render_cache *cache;
	struct memory memory;
	struct server *server;
	struct table apps, projects;
	struct table kinds; /* "group/Kind" that a sync may have written */
	struct app *dirty;
	uv_check_t check;
	uv_idle_t idle;
	uv_timer_t housekeeping;
	uv_signal_t signals[3];
	bool stopping;
	struct error cluster_error; /* the last one that was told */
	unsigned seconds;
	int64_t started; /* wall */
	uint64_t renders, syncs, trimmed, barriers_set, barriers_passed;
};

/* --- app.c: Applications come, change and go --- */
/* A new or changed manifest. parent: who brought it, NULL for the configuration. */
struct app *app_set(struct agent *a, struct value manifest, const char *parent);
struct app *app_find(const struct agent *a, str name);
/* Not wanted any more: with the resources finalizer its objects are deleted first. */
void app_remove(struct app *app);
void app_free(struct app *app); /* at once, leaving its objects */
void app_drop(struct app *app); /* with all that it brought, leaving their objects */
/* Asks its sources anew; renders again when `force`. */
void app_refresh(struct app *app, bool force);
void app_rewatch(struct app *app); /* another poll interval */
void app_render(struct app *app); /* when its commits are known */
void app_dirty(struct app *app); /* a look is due in this turn */
void app_changed(struct app *app); /* something lives otherwise: a look is due, bursts share one */
/* For all: for (uint32_t i = 0; app_next(a, &i, &app);) */
bool app_next(const struct agent *a, uint32_t *at, struct app **app);
/* Another parent renders it now. */
void app_reparent(struct app *app, struct app *parent);
uint64_t agent_capabilities(struct agent *a); /* a hash; 0: not known yet */
bool agent_cluster_error(struct agent *a, struct error *err); /* true: it cannot be used now */

/* --- stale.c --- */
/* May it want the object, now or when it can be read again? */
bool app_may_want(const struct app *app, const struct object_key *key);
bool apps_unsettled(const struct agent *a, const struct app *but); /* is one about to render? */
size_t stale_children(const struct app *app);
void stale_drop(struct app *app); /* what the rendering does not bring any more, on proof */

/* --- projects.c --- */
void project_set(struct agent *a, struct value manifest, str parent); /* empty: the configuration */
bool project_adopted(const struct agent *a, struct value manifest, str parent);
void project_load(void *arg, str key, str text); /* a row of the store */
void projects_sweep(struct app *app); /* those that it brought and does not render any more */
void projects_unname(struct agent *a); /* before the configuration is read again */
void projects_drop_unnamed(struct agent *a);
void projects_free(struct agent *a);

/* --- evaluate.c --- */
void app_evaluate(struct app *app);
void app_owe_callback(struct app *app, uint64_t hash, bool wrote);
struct sync_app app_sync_view(struct app *app, struct desired *d);

/* --- host.c --- */
struct host host_of(struct app *app);
const struct project *app_project(const struct app *app);

/* --- operation.c --- */
struct sync_request {
	bool prune, dry_run, heal, manual;
	bool resume; /* go on where an earlier life ended */
	str by;
	const struct sync_pick *picks;
	size_t picks_n;
};
bool operation_start(struct app *app, const struct sync_request *r, struct error *err);
struct sync_request operation_request(const struct operation *op); /* the same once more */
bool operation_terminate(struct app *app, struct error *err);
void operation_notify(struct app *app, const struct object_key *key);
void operation_forget(struct app *app); /* frees a running sync */
void operations_stored(void *agent); /* a barrier has passed: what waited for it begins */
void operation_wake(void *app, struct sync *s, int64_t at);
void operation_keep_record(struct operation *op);
void operation_log_end(struct app *app, enum operation_phase phase, str message);

/* --- operation_row.c --- */
void operation_store(struct app *app);
void operation_load(struct app *app, struct value row); /* of an earlier life */

/* --- deletion.c --- */
void operation_delete(struct app *app); /* deletes the Application's objects, then the Application */
void deletion_step(struct app *app); /* while deleting: goes on if it can */
void deletion_start(struct app *app); /* its row is durable */
void app_schedule(struct app *app); /* sets the timer */

/* --- kinds.c --- */
void kinds_remember(struct agent *a, const struct desired *d); /* before a sync's barrier */
void kinds_load(void *arg, str key, str text); /* a row of the store */

/* --- view.c --- */
struct value view_application(struct arena *keep, struct app *app, bool whole);
struct value view_applications(struct arena *keep, struct agent *a);
/* {items: [...]}: every resource with its differences. */
struct value view_managed(struct arena *keep, struct app *app);
void view_metrics(struct buf *out, struct agent *a);

/* --- server.c, routes.c --- */
struct request {
	struct agent *agent;
	const char *method, *path;
	str body;
	struct arena arena;
	void *connection;
	bool trusted; /* came by the Unix socket */
};
struct reply {
	int status;
	str body;
	const char *type; /* of the body */
};
struct server *server_new(struct agent *a, struct error *err);
void server_free(struct server *s); /* takes NULL */
/* May this configuration take the place of the one that is listened by? */
bool server_may_reload(struct server *s, const struct config *fresh, struct error *err);
str request_header(const struct request *r, const char *name);
str request_query(const struct request *r, const char *name);
void routes_answer(struct request *r, struct reply *out);
/* Before the body is there: fills *out when the request will be refused in any case. */
void routes_refuse(struct request *r, struct reply *out);
/* Wakes the polls of the repository that a push event names. ERROR_DENIED: not signed by our secret. */
bool webhook_answer(struct request *r, unsigned *woken, struct error *err);
/* The URLs of that repository; n 0: the event speaks of none. */
bool webhook_urls(struct arena *keep, str body, str **urls, size_t *n, struct error *err);
/* The body of POST /api/v1/applications/APP/sync; empty is fine. */
bool sync_request_read(struct arena *keep, str body, struct sync_request *out, struct error *err);

/* --- kubeconfig.c --- */
/* The file given; else inside a Pod its ServiceAccount; else KUBECONFIG, else ~/.kube/config. */
bool kubeconfig_find(struct arena *keep, str file, struct kube_config *out, struct error *err);

/* --- agent.c --- */
/* Everything but running the loop, which SIGTERM and SIGINT stop. config_path is borrowed. NULL: what
 * was half made is left to the end of the process; the store is never half written. */
struct agent *agent_new(uv_loop_t *loop, const char *config_path, struct error *err);
/* Takes NULL. Runs the loop to its end. */
void agent_free(struct agent *a);
int agent_run(const char *config_path); /* the exit status */

#endif
