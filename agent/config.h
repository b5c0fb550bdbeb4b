/*
 * tiphys.yaml: what one agent is and does. Unknown keys are errors that name their path.
 */
#ifndef AGENT_CONFIG_H
#define AGENT_CONFIG_H

#include "base/error.h"
#include "base/value.h"

struct config_callback {
	str name, url;
	str body;	    /* a template over .app, .revision, .images, .annotations (Go text/template) */
	str content_type;   /* application/json by default */
	str *headers;
	size_t headers_n;
	str bearer_file;    /* a file with a token */
	str *applications;  /* globs; empty: all */
	size_t applications_n;
};

struct config_repository {
	str url;	    /* as in Applications, compared normalised; or a prefix for credentials */
	str username, password_file, bearer_file, ssh_key_file, known_hosts_file, ca_file;
	bool insecure;
};

struct config_rewrite {
	str from, to; /* a URL that starts with `from` is fetched from `to` + the rest */
};

struct config {
	str file, dir; /* relative paths are seen from the file's directory */
	str environment, kubeconfig, state;
	int64_t poll_ns;
	str *applications; /* files of root Application and AppProject manifests */
	size_t applications_n;
	bool cluster_applications; /* also the Application objects in the cluster */
	struct config_rewrite *rewrites;
	size_t rewrites_n;
	struct config_repository *repositories;
	size_t repositories_n;
	struct config_callback *callbacks;
	size_t callbacks_n;
	str listen, tls_certificate, tls_key, token_file, webhook_secret_file, socket;
	str log_format; /* "text" or "json" */
	bool log_debug;
};

/* Reads and checks the file; everything lives in keep. */
bool config_load(struct arena *keep, const char *path, struct config *out, struct error *err);
/* A path of the configuration, seen from its file. */
str config_path(struct arena *keep, const struct config *c, str path);
/* A small file of the operator (a token, a manifest), without its last newline when `trim`. */
bool config_read_file(struct arena *keep, str path, size_t cap, bool trim, str *out,
		      struct error *err);

#endif
