/*
 * What an Application wants: its sources read and rendered into objects. Made on a worker thread,
 * then immutable; counted references, since a running sync keeps using the one it began with.
 */
#ifndef AGENT_DESIRED_H
#define AGENT_DESIRED_H

#include <uv.h>

#include "agent/application.h"
#include "render/files_record.h"
#include "render/render.h"

struct desired {
	unsigned refs;
	struct arena arena;
	struct value *objects;
	size_t n;
	struct record **records; /* of each source: what was asked of its files */
	str *revisions;		 /* of each source */
	size_t sources_n;
	uint64_t hash; /* of the objects: equal renderings have equal hashes */
	bool failed;
	struct error error; /* when failed */
};

struct desired_input {
	const struct application *app; /* copied deep */
	const str *revisions;
	str kube_version;
	const str *apis;
	size_t apis_n;
};

typedef void desired_done_fn(void *arg, struct desired *d); /* the reference is the receiver's */
struct desired_job;

/* The input's manifest and texts are copied; files are made by `open` on the loop's thread into
 * the job's own arena. NULL when memory is out. */
typedef struct files *desired_open_fn(void *arg, struct arena *keep, size_t source, struct error *err);
struct desired_job *desired_start(uv_loop_t *loop, struct render_cache *cache,
				  const struct desired_input *input, desired_open_fn *open,
				  desired_done_fn *done, void *arg);
/* done does not run after it; the job ends by itself, soon. Takes NULL. */
void desired_cancel(struct desired_job *job);
/* Jobs whose worker has not ended, canceled ones too. */
unsigned desired_running(void);
#define DESIRED_WORKERS 2
/* Ends those that run for longer than LIMIT_RENDER_SECONDS, with an error; called now and then. */
void desired_stop_late(void);

/* The same without a loop, for the command line. */
struct desired *desired_render(struct render_cache *cache, const struct desired_input *input,
			       desired_open_fn *open, void *arg);

/* The Application of this name among the objects, or NIL. d may be NULL. */
struct value desired_child(const struct desired *d, str name);
/* Is there such an object? A namespace that is left out counts as any. d may be NULL. */
bool desired_names(const struct desired *d, const struct object_key *key);

struct desired *desired_ref(struct desired *d);
void desired_unref(struct desired *d); /* takes NULL */

#endif
