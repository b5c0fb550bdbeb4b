/*
 * The program's one HTTP client: libcurl's multi interface inside the libuv loop. Used by the
 * Kubernetes client, by agent/git and by callbacks.
 *
 * Rules: TLS is verified unless told otherwise; redirects are never followed; a credential goes
 * only to the host it was given for (it is part of the request, and there are no redirects);
 * header values with CR or LF are refused; every request has a deadline and a cap.
 * Callbacks run from the loop, never inside http_start; after http_cancel returns none runs.
 * When on_done is called the request is over: its pointer must not be used any more.
 */
#ifndef SYNC_HTTP_H
#define SYNC_HTTP_H

#include <uv.h>

#include "base/error.h"
#include "base/str.h"

struct http;
struct http_request;

/* How a server is trusted and who we are. Copied by http_start. PEM texts or file paths. */
struct http_tls {
	str ca_pem;	     /* empty: the system's */
	str cert_pem, key_pem;
	str server_name;     /* SNI and verification name instead of the host */
	bool insecure;
};

struct http_reply {
	int status;	   /* 0 when there was no answer */
	str body;	   /* all of it, unless on_data took it */
	int64_t retry_after_ms; /* from Retry-After; -1 when absent */
	str content_type;
	str warning;	   /* the Warning headers, one a line */
	int64_t sent_bytes, received_bytes;
};

/* err is NULL when an HTTP answer of any status arrived; else ERROR_NETWORK, ERROR_LIMIT,
 * ERROR_DENIED (TLS) ... The reply is valid only during the call. */
typedef void http_done_fn(void *arg, const struct http_reply *reply, const struct error *err);
/* Streams the body as it arrives (only for 2xx; other bodies are kept for the reply).
 * False stops the transfer: done is then called with err ERROR_CANCELED or what *err says. */
typedef bool http_data_fn(void *arg, str bytes, struct error *err);

/* The head of a final (not 1xx) answer is in. Must not cancel. */
typedef void http_head_fn(void *arg, int status);

struct http_options {
	const char *method; /* "GET", "POST", "PATCH" ... */
	str url;	    /* http:// or https:// only; no credentials in it */
	const str *headers; /* "Name: value" */
	size_t headers_n;
	str body;
	str bearer;		   /* Authorization: Bearer */
	str username, password;	   /* basic */
	const struct http_tls *tls; /* NULL: defaults */
	str proxy;
	int64_t timeout_ms;	   /* whole request; 0: 60 s; -1: none (watches) */
	int64_t idle_timeout_ms;   /* no byte for so long ends it; 0: none */
	size_t cap;		   /* of the body; 0: LIMIT_KUBE_REPLY, none with on_data */
	bool own_connection;	   /* not those of short requests (watches) */
	http_head_fn *on_head;
	http_data_fn *on_data;
	http_done_fn *on_done;
	void *arg;
};

/* NULL only out of memory. The loop must outlive it. */
struct http *http_new(uv_loop_t *loop);
/* Cancels everything; callbacks do not run. Its handles close in the loop's next turns. */
void http_free(struct http *h);

/* Copies what it needs of the options. NULL with *err for a bad URL or header. */
struct http_request *http_start(struct http *h, const struct http_options *options,
				struct error *err);
void http_cancel(struct http_request *r); /* takes NULL */

struct http_stats {
	uint64_t requests, bytes_sent, bytes_received;
	uint32_t active;
};
struct http_stats http_stats(const struct http *h);

#endif
