/*
 * The inside of a sync: its tasks and the facts about them. Only sync/{sync,plan,task,write,hook,
 * delete}.c look in here.
 */
#ifndef SYNC_TASK_H
#define SYNC_TASK_H

#include "sync/sync.h"

enum task_kind {
	TASK_APPLY,
	TASK_HOOK,
	TASK_PRUNE,
	TASK_NAMESPACE, /* CreateNamespace: made when it is not there */
};

enum task_state {
	TASK_WAITING,  /* not begun */
	TASK_CLEARING, /* a hook's predecessor, or what Force=true makes anew, is being deleted */
	TASK_WRITING,  /* a call is under way */
	TASK_SETTLING, /* written: waits for health, for the end of a hook, for being gone */
	TASK_DONE,
};

struct task {
	struct sync *sync;
	enum task_kind kind;
	enum task_state state;
	struct object_key key;
	str version;
	struct value intent; /* NIL for prunes */
	struct value wanted; /* of the target, and its hash: what the comparison compares with */
	uint64_t wanted_hash;
	struct object_rules rules;
	enum sync_phase phase;
	unsigned hook; /* the one of enum hook_phase this task is */
	int wave, order; /* order: of its kind */
	bool in_sync;	 /* the comparison saw no difference: nothing to write */
	bool in_process, brought;
	enum operation_phase outcome; /* RUNNING until DONE */
	enum result_status status;
	str message;
	bool created, changed, transient;
	struct cluster_call *call;
	str uid;	   /* what a delete goes for */
	int64_t since;	   /* of the first try, monotonic; 0 before */
	int64_t retry_at;  /* after a passing error; 0: now */
	unsigned tries;
	bool wrote;
	const char *verb;	   /* kubectl's word for the write */
	bool last;		   /* of the last group, which has no hooks: nobody waits for its health */
	bool migrated;		   /* no client-side applier owns anything any more */
	bool recreate, recreated;  /* Force=true: it is deleted first; it was */
	bool cleaned;		   /* a hook's object was deleted, or cannot be */
	unsigned clean_tries;
	int64_t clean_at;	   /* after a passing error of that delete */
};

struct sync {
	struct arena keep, scratch;
	struct cluster *cluster;
	struct sync_spec spec;
	struct sync_callbacks on;
	struct task *tasks;
	size_t n, room;
	struct value record; /* of an earlier life */
	enum operation_phase phase;
	str message;
	bool planned, deleting, failing, canceled, superseded;
	bool running, again, told, transient, multi_step;
	enum propagation how; /* of a deletion */
	int64_t deadline, started; /* monotonic */
	size_t writes;
	size_t stored; /* hooks whose end is durable */
	str reasons; /* of what failed */
};

/* Fills s->tasks. False: kinds are still loading. On an impossible plan s->phase has changed. */
bool plan_sync(struct sync *s);
bool plan_delete(struct sync *s);
struct task *plan_add(struct sync *s);
void plan_sort(struct sync *s);

/* Moves one task on as far as the facts allow. */
void task_step(struct task *t);
void task_end(struct task *t, enum operation_phase outcome, enum result_status status, str message);

/* --- inside of a task: task.c, write.c, hook.c --- */

/* A passing error is tried again until patience ends; another one ends the task. */
void task_failed(struct task *t, const struct error *err);
bool task_is_due(struct task *t); /* no pause after an error */
/* Is its kind's cache complete? When it is not, the task waits for it, for as long as patience
 * lasts when the kind is not even served. */
bool task_kind_ready(struct task *t);
/* False: nothing is known of it now. Lives in the sync's scratch. */
bool task_look(struct task *t, struct live *live);
/* A call was started, or (NULL) could not be. */
void task_call(struct task *t, struct cluster_call *call, const struct error *err);
void task_remove(struct task *t, str uid);
void task_missing(struct task *t); /* it was there and is not */
struct health task_health(struct task *t, struct value object);
/* Applications and AppProjects are interpreted by the host, whether their CRDs are there or not. */
void task_announce(struct task *t);
/* "deployment.apps/x" */
str task_kubectl_name(struct task *t);
void task_write(struct task *t, const struct live *live);
void hook_step(struct task *t);
void hook_settle(struct task *t);
bool task_is_hook_running(const struct task *t);
/* A Job none of whose Pods is ready or has succeeded. */
bool task_is_hook_idle(struct task *t);
/* Deletes a hook's object by policy; true when there is nothing (more) to wait for. */
bool task_clean_hook(struct task *t, unsigned policy);

/* The one place that moves a sync on. */
void sync_run(struct sync *s);
void sync_end(struct sync *s, enum operation_phase phase, str message);
int64_t sync_now(const struct sync *s);
void sync_wake_at(struct sync *s, int64_t at);

#endif
