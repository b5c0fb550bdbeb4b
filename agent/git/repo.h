/*
 * One repository that is followed: its watches, its store, and the round in progress: refs are
 * asked for, what is wanted and not held is fetched, all watches are told. Inside of agent/git.
 *
 * Events only record facts; round_step moves a round on, repo_plan says when the next begins.
 */
#ifndef AGENT_GIT_REPO_H
#define AGENT_GIT_REPO_H

#include "agent/git/git.h"
#include "agent/git/protocol.h"
#include "agent/git/store.h"
#include "agent/git/talk.h"
#include "agent/git/url.h"
#include "base/table.h"

struct round;

struct git {
	uv_loop_t *loop;
	struct http *http;
	const struct config *config;
	char *dir;
	int lock;	      /* the directory's */
	struct table repos;   /* by the URL that was given first */
	struct table aliases; /* other URLs of the same places, with this configuration */
	unsigned handles;     /* of repositories, not yet closed */
	unsigned running;     /* rounds */
	bool closing;
	struct git_stats stats;
};

struct repo {
	struct git *git;
	struct arena keep;
	str given;	    /* the URL as the first Application has it */
	str dir;
	struct git_url url; /* where it is fetched from */
	struct git_store *store;
	struct git_watch *watches;
	uv_timer_t timer;   /* begins the next round */
	uv_timer_t limit;   /* ends the one in progress */
	uv_work_t work;
	struct round *round;
	bool working;	    /* a worker runs: the round cannot go yet */
	bool again;	    /* begin anew when the round is over */
	bool waiting;	    /* for other repositories' rounds */
	bool moved;	    /* the configuration is another one */
	bool half_closed;   /* one of the two timers */
	bool retell;	    /* the store was thrown away: all commits are told again */
	struct git_advert advert; /* version 2 is remembered; has no refs then */
	bool advert_known;
	unsigned failures;  /* in a row */
	int64_t wait_ms;    /* what the server asked for */
};

enum revision_kind { REVISION_HEAD, REVISION_REF, REVISION_NAME, REVISION_RANGE, REVISION_COMMIT };

struct git_watch {
	struct repo *repo;
	struct git_watch *next;
	enum revision_kind kind;
	char *given, *revision; /* given: its own spelling of the URL */
	int64_t interval_ns;
	git_update_fn *on_update;
	void *arg;
	/* facts of the last round */
	char target[GIT_HEX + 1]; /* the commit it names, or "" */
	char *error;		  /* or why it names none */
	enum error_kind error_kind;
	int error_code;
	/* what was told */
	char told[GIT_HEX + 1];
	char *told_error;
	unsigned refusals, pause; /* rounds to go without asking for a commit that is refused */
	bool retell;
	bool fresh; /* no round has looked at it yet */
	bool tried; /* its commit was asked for in this round */
};

/* URLs that lead to one place, after rewriting, share one repository: two on one store would throw
 * away each other's packs. */
struct repo *repo_get(struct git *g, str url, struct error *err);
/* The configuration is another one: repositories follow their first URL, watches their own. */
void repo_regroup(struct git *g);
/* Ends all; its handles close in the loop's next turns. */
void repo_close(struct repo *r);
/* Begins a round as soon as possible. */
void repo_wake(struct repo *r);
/* The round is over: tell, plan the next one, let others begin. */
void repo_finished(struct repo *r);
/* The URL, with the configuration's rewrites as they are now. */
bool repo_address(struct repo *r, struct error *err);
void repo_watch_error(struct git_watch *w, const struct error *err);
void repo_watch_target(struct git_watch *w, str commit);

/* revision.c: prefixes to ask for; the watches' targets or errors by what was answered; a text
 * added to a list unless it is in it. */
str *revision_prefixes(const struct repo *r, struct arena *keep, size_t *n);
void revision_resolve(struct repo *r, const struct git_refs *refs);
bool revision_add(struct arena *keep, str *list, size_t *n, str text);

/* round.c */
void round_begin(struct repo *r);
void round_cancel(struct repo *r);

#endif
