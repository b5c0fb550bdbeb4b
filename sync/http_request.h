/*
 * What http.c (the loop's side) and http_request.c (curl's side) share. Nobody else includes it.
 */
#ifndef SYNC_HTTP_REQUEST_H
#define SYNC_HTTP_REQUEST_H

#include <curl/curl.h>

#include "base/buf.h"
#include "sync/http.h"

/* One multi handle is one set of connections: short requests and long watches do not mix. */
struct http_pool {
	struct http *http;
	CURLM *multi;
	uv_timer_t timer;
};

struct http_request {
	struct http *http;
	struct http_pool *pool;
	struct http_request *next, *previous;
	CURL *easy;
	struct curl_slist *headers, *connect_to;
	char *body;
	char *origin; /* scheme://host:port, for errors; paths and queries may hold secrets */
	struct buf reply;
	struct buf warning;
	size_t cap, seen, header_bytes;
	int64_t retry_after_ms;
	int64_t timeout_ms, idle_timeout_ms;
	uint64_t touched; /* uv_now of the last byte */
	int status;
	bool capped;	/* the cap was given: it holds for streamed bytes too */
	bool added;	/* known to the multi handle */
	bool canceled;	/* no callback any more; freed when curl has returned */
	bool finished;	/* inside its on_done */
	struct error err; /* why a callback stopped the transfer */
	char curl_error[CURL_ERROR_SIZE];
	http_head_fn *on_head;
	http_data_fn *on_data;
	http_done_fn *on_done;
	void *arg;
};

/* Everything curl must know. On failure the request is not usable but can be freed. */
bool http_request_setup(struct http_request *r, const struct http_options *options,
			struct error *err);
void http_request_free(struct http_request *r);
/* Calls on_done with what curl says. */
void http_request_finish(struct http_request *r, CURLcode code);

#endif
