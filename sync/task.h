/*
 * The inside of a sync: its tasks and the facts about them. Only sync/{sync,plan,task,delete}.c
 * look in here.
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
	TASK_CLEARING, /* a hook's predecessor is being deleted */
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
	bool planned, deleting, failing, cleaning, canceled, superseded;
	bool running, again, told, transient, multi_step;
	enum propagation how; /* of a deletion */
	int64_t deadline, started; /* monotonic */
	size_t writes;
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
bool task_is_hook_running(const struct task *t);
/* Deletes a hook's object by policy; true when there is nothing (more) to wait for. */
bool task_clean_hook(struct task *t, unsigned policy);

/* The one place that moves a sync on. */
void sync_run(struct sync *s);
void sync_end(struct sync *s, enum operation_phase phase, str message);
int64_t sync_now(const struct sync *s);
void sync_wake_at(struct sync *s, int64_t at);

#endif
