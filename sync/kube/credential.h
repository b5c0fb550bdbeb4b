/*
 * Who we are, now: the configured token, a token file that is read again every minute, or what a
 * plugin last said until it expires. Rules: client-go (cachingTokenSource, exec plugin).
 */
#ifndef SYNC_KUBE_CREDENTIAL_H
#define SYNC_KUBE_CREDENTIAL_H

#include "sync/kube/exec.h"

struct credential;

enum credential_state {
	CREDENTIAL_READY,
	CREDENTIAL_WAIT,   /* a plugin runs: `changed` will be called */
	CREDENTIAL_FAILED, /* *err says why; asking again later tries again */
};

/* changed is called from the loop. NULL only out of memory. */
struct credential *credential_new(uv_loop_t *loop, const struct kube_config *config,
				  void (*changed)(void *arg), void *arg);
void credential_free(struct credential *c);

/* Renews what is due. */
enum credential_state credential_check(struct credential *c, struct error *err);
/* Good until the next credential_check or credential_renew. */
const struct kube_credential *credential_get(const struct credential *c);
/* Grows with every change. */
uint64_t credential_generation(const struct credential *c);
/* 401 for a request with this generation: true when a second try has a chance. */
bool credential_renew(struct credential *c, uint64_t generation);

#endif
