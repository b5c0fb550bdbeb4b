/*
 * The parts of a repository's URL, and the rules they must keep before anything is sent or run.
 */
#ifndef AGENT_GIT_URL_H
#define AGENT_GIT_URL_H

#include "agent/config.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

enum git_scheme { GIT_HTTP, GIT_SSH, GIT_LOCAL };

struct git_url {
	enum git_scheme scheme;
	str text;	    /* http: without user and password; else as given */
	str show;	    /* without the password */
	str user, password; /* decoded; ssh: the user alone */
	str origin;	    /* http: scheme://host:port as given, lower case */
	str host, port;	    /* ssh */
	str path;	    /* ssh, local: no trailing '/' */
};

/* http://, https://, ssh://, [user@]host:path, file:// and absolute paths. Control characters,
 * hosts and paths that a command would take for an option, and other schemes are refused. */
bool git_url_parse(struct arena *keep, str url, struct git_url *out, struct error *err);

/* The entry of the configuration whose URL is the same or the longest prefix that ends at a path
 * part. The scheme, host and port must be equal: a credential is sent nowhere else. NULL: none. */
const struct config_repository *git_url_repository(struct arena *scratch,
						   const struct config *config,
						   const struct git_url *url);

/* How a ref may be called: git's check-ref-format. */
bool git_ref_valid(str name);

#endif
