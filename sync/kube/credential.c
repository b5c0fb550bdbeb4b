/*
 * The current credential and when it must be renewed. A token file that cannot be read leaves the
 * old token in place; a plugin that fails is not run again at once.
 */
#include "sync/kube/credential.h"

#include "base/mem.h"
#include "base/time.h"

#define FILE_PERIOD (60 * TIME_SECOND)
#define EARLY (10 * TIME_SECOND) /* renewed before it expires */
#define EXEC_TIMEOUT_MS 60000
#define EXEC_PAUSE_MOST (30 * TIME_SECOND)

struct credential {
	uv_loop_t *loop;
	const struct kube_config *config;
	struct arena texts[2]; /* the current one's and, while it changes, the next one's */
	int current;
	struct kube_credential now;
	uint64_t generation;
	bool have;
	int64_t read_at; /* monotonic: of the token file */
	struct kube_exec_run *run;
	struct error failure;
	int64_t failed_at, pause;
	void (*changed)(void *arg);
	void *arg;
};

static void credential_set(struct credential *c, const struct kube_credential *next)
{
	struct arena *keep = &c->texts[!c->current];
	bool same = c->have && str_eq(next->token, c->now.token) &&
		    str_eq(next->cert_pem, c->now.cert_pem) &&
		    str_eq(next->key_pem, c->now.key_pem);
	struct kube_credential copy = {
		.token = arena_str(keep, next->token), .cert_pem = arena_str(keep, next->cert_pem),
		.key_pem = arena_str(keep, next->key_pem), .expires = next->expires,
	};
	c->now = copy;
	arena_clear(&c->texts[c->current]);
	c->current = !c->current;
	c->have = true;
	if (!same)
		c->generation++;
}

/* --- token files --- */

static void credential_read_file(struct credential *c)
{
	struct kube_credential next = c->now;
	struct arena scratch;
	struct error err = {0};
	str text;
	c->read_at = time_monotonic();
	arena_init(&scratch, 0);
	if (kube_file_read(&scratch, c->config->token_file, &text, &err)) {
		next.token = str_trim(text);
		if (next.token.n) {
			credential_set(c, &next);
			error_clear(&c->failure);
		} else {
			error_set(&c->failure, ERROR_SYSTEM, "the token file %.*s is empty",
				  STR_ARG(c->config->token_file));
		}
	} else if (!c->now.token.n) {
		c->failure = err;
	}
	arena_done(&scratch);
}

/* --- plugins --- */

static void credential_failed(struct credential *c, const struct error *err)
{
	c->failure = *err;
	c->failed_at = time_monotonic();
	c->pause = c->pause ? c->pause * 2 : TIME_SECOND;
	if (c->pause > EXEC_PAUSE_MOST)
		c->pause = EXEC_PAUSE_MOST;
}

static void credential_ran(void *arg, const struct kube_credential *next, const struct error *err)
{
	struct credential *c = arg;
	struct kube_credential mixed;
	c->run = NULL;
	if (next) {
		mixed = *next;
		if (!mixed.cert_pem.n) {
			mixed.cert_pem = c->config->cert_pem;
			mixed.key_pem = c->config->key_pem;
		}
		credential_set(c, &mixed);
		error_clear(&c->failure);
		c->pause = 0;
	} else {
		credential_failed(c, err);
	}
	c->changed(c->arg);
}

static bool credential_fresh(const struct credential *c)
{
	return c->have && (!c->now.expires || time_wall() < c->now.expires - EARLY);
}

static enum credential_state credential_exec(struct credential *c, struct error *err)
{
	struct error failure = {0};
	if (credential_fresh(c))
		return CREDENTIAL_READY;
	if (c->run)
		return CREDENTIAL_WAIT;
	if (!c->failure.kind || time_monotonic() >= c->failed_at + c->pause) {
		c->run = kube_exec_start(c->loop, c->config, EXEC_TIMEOUT_MS, credential_ran, c,
					 &failure);
		if (c->run)
			return CREDENTIAL_WAIT;
		credential_failed(c, &failure);
	}
	*err = c->failure;
	return CREDENTIAL_FAILED;
}

/* --- public --- */

struct credential *credential_new(uv_loop_t *loop, const struct kube_config *config,
				  void (*changed)(void *arg), void *arg)
{
	struct credential *c = mem_alloc(sizeof *c);
	struct kube_credential fixed = {.token = config->token, .cert_pem = config->cert_pem,
					.key_pem = config->key_pem};
	if (!c)
		return NULL;
	c->loop = loop;
	c->config = config;
	c->changed = changed;
	c->arg = arg;
	arena_init(&c->texts[0], 0);
	arena_init(&c->texts[1], 0);
	credential_set(c, &fixed);
	if (config->exec.command.n)
		c->have = false;
	return c;
}

void credential_free(struct credential *c)
{
	if (!c)
		return;
	kube_exec_cancel(c->run);
	arena_done(&c->texts[0]);
	arena_done(&c->texts[1]);
	mem_free(c);
}

enum credential_state credential_check(struct credential *c, struct error *err)
{
	if (c->config->exec.command.n)
		return credential_exec(c, err);
	if (!c->config->token_file.n)
		return CREDENTIAL_READY;
	if (!c->read_at || time_monotonic() - c->read_at >= FILE_PERIOD || !c->now.token.n)
		credential_read_file(c);
	if (c->now.token.n)
		return CREDENTIAL_READY;
	*err = c->failure;
	return CREDENTIAL_FAILED;
}

const struct kube_credential *credential_get(const struct credential *c)
{
	return &c->now;
}

uint64_t credential_generation(const struct credential *c)
{
	return c->generation;
}

bool credential_renew(struct credential *c, uint64_t generation)
{
	if (c->generation != generation)
		return true; /* renewed since */
	if (c->config->exec.command.n) {
		c->have = false;
		return true;
	}
	if (!c->config->token_file.n)
		return false;
	credential_read_file(c);
	return c->generation != generation;
}
