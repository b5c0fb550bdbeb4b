/*
 * One conversation with a server's upload-pack: bytes to it, its replies to a git_reader. Over
 * HTTP each question is a request of its own; otherwise a child process (`ssh` or
 * `git upload-pack`) carries the whole conversation.
 */
#ifndef AGENT_GIT_TALK_H
#define AGENT_GIT_TALK_H

#include <uv.h>

#include "agent/git/protocol.h"
#include "agent/git/url.h"
#include "sync/http.h"

struct talk;

/* err is NULL when the reply was whole. err->code is HTTP's status; wait_ms is what the server
 * asks for (Retry-After), -1 when nothing. The talk may be freed in it. */
typedef void talk_done_fn(void *arg, int64_t wait_ms, const struct error *err);

/* Copies nothing of url: it must outlive the talk. The configuration may be another one for each
 * question. */
struct talk *talk_new(uv_loop_t *loop, struct http *http, const struct config *const *config,
		      const struct git_url *url, struct error *err);
/* Ends it; done does not run. The child is killed and reaped in the loop's next turns. */
void talk_free(struct talk *t); /* takes NULL */

/* Asks, one question at a time; an empty request asks for the advertisement, which over a child
 * must be the first. `done` runs from the loop. */
bool talk_ask(struct talk *t, str request, struct git_reader *reader, talk_done_fn *done, void *arg,
	      struct error *err);
uint64_t talk_received(const struct talk *t); /* bytes so far */

/* The child's side of a talk: talk_child.c. */
struct talk_child;
struct talk_child *talk_child_start(uv_loop_t *loop, const struct config *config,
				    const struct config_repository *repository,
				    const struct git_url *url, struct error *err);
void talk_child_free(struct talk_child *c); /* takes NULL */
bool talk_child_ask(struct talk_child *c, str request, struct git_reader *reader,
		    talk_done_fn *done, void *arg, struct error *err);
uint64_t talk_child_received(const struct talk_child *c);

#endif
