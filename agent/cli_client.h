/*
 * Speaking with a running agent: its HTTP API at --server, TIPHYS_SERVER or its Unix socket.
 */
#ifndef AGENT_CLI_CLIENT_H
#define AGENT_CLI_CLIENT_H

#include "agent/cli.h"
#include "base/value.h"

/* "http://127.0.0.1:8080", "https://...", "unix:/path". NULL: TIPHYS_SERVER, else the Unix socket
 * of the default state directory. Answers of 4xx and 5xx are errors in the server's words. */
bool client_call(struct arena *keep, const char *server, const char *method, str path, str body,
		 struct value *out, struct error *err);

#endif
