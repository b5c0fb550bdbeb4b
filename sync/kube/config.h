/*
 * Where the API server is and who we are there: from a kubeconfig or from inside a Pod.
 * Rules: client-go's clientcmd (relative paths are relative to the kubeconfig's directory, data
 * wins over files, tokenFile over token).
 */
#ifndef SYNC_KUBE_CONFIG_H
#define SYNC_KUBE_CONFIG_H

#include "base/error.h"
#include "base/value.h"

/* A plugin that prints an ExecCredential. */
struct kube_exec {
	str command; /* a path, or a name that is looked for in PATH; empty: no plugin */
	str *args;
	size_t args_n;
	str *env; /* "NAME=value" */
	size_t env_n;
	str api_version;
	str install_hint;
	bool provide_cluster_info;
};

/* Everything lives in the arena that was given. */
struct kube_config {
	str server; /* https://host:port[/path], no '/' at its end */
	str ca_pem; /* texts, files already read */
	str cert_pem, key_pem;
	str token;
	str token_file; /* read again every minute and on 401 */
	str username, password;
	str server_name; /* tls-server-name */
	str proxy;
	str namespace; /* of the context; "default" when it has none */
	str cluster, context, user; /* their names, for messages */
	str as, as_uid;		    /* impersonation */
	str *as_groups;
	size_t as_groups_n;
	struct kube_exec exec;
	bool insecure;
};

/* value: the parsed kubeconfig. dir: its directory. context: empty takes current-context. */
bool kube_config_from_value(struct arena *keep, struct value value, str dir, str context,
			    struct kube_config *out, struct error *err);
/* The ServiceAccount's files and KUBERNETES_SERVICE_HOST, _PORT. */
bool kube_config_in_cluster(struct arena *keep, struct kube_config *out, struct error *err);
/* The same with another directory than /var/run/secrets/kubernetes.io/serviceaccount. */
bool kube_config_in_pod(struct arena *keep, const char *dir, str host, str port,
			struct kube_config *out, struct error *err);
/* A small file, whole; ERROR_SYSTEM, ERROR_LIMIT. Not trimmed. */
bool kube_file_read(struct arena *keep, str path, str *out, struct error *err);

#endif
