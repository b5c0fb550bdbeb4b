/*
 * A credential plugin: a program that prints an ExecCredential (client.authentication.k8s.io,
 * v1 and v1beta1). Run without a shell, never interactive, killed after a minute.
 */
#ifndef SYNC_KUBE_EXEC_H
#define SYNC_KUBE_EXEC_H

#include <uv.h>

#include "sync/kube/config.h"

struct kube_credential {
	str token, cert_pem, key_pem;
	int64_t expires; /* wall nanoseconds; 0: never */
};

/* Reads what a plugin printed; texts live in keep. */
bool kube_credential_read(struct arena *keep, str api_version, str text,
			  struct kube_credential *out, struct error *err);

struct kube_exec_run;
/* The credential's texts live only during the call. */
typedef void kube_exec_done_fn(void *arg, const struct kube_credential *credential,
			       const struct error *err);
/* done is called from the loop, once. NULL with *err when the program cannot be started. */
struct kube_exec_run *kube_exec_start(uv_loop_t *loop, const struct kube_config *config,
				      int64_t timeout_ms, kube_exec_done_fn *done, void *arg,
				      struct error *err);
void kube_exec_cancel(struct kube_exec_run *run); /* takes NULL; kills; no callback after it */

#endif
