/*
 * Curl's side of the HTTP client: one request from its options to curl's settings, the bytes that
 * come back, and what curl says at the end in words that a person can use.
 */
#include "sync/http_request.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"

#define CONNECT_TIMEOUT_MS 10000L
#define TIMEOUT_MS 60000

/* --- checks --- */

static bool http_clean(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] == '\r' || s.s[i] == '\n' || s.s[i] == '\0')
			return false;
	return true;
}

static bool http_header_fits(str header, struct error *err)
{
	str value, name = str_cut(header, ':', &value);
	bool fine = name.n > 0 && value.s && http_clean(header);
	for (size_t i = 0; fine && i < name.n; i++)
		fine = name.s[i] > ' ' && name.s[i] < 0x7f;
	/* The value may be a secret: only the name is shown, and only when it is clean. */
	if (!fine)
		return error_set(err, ERROR_INVALID, "an HTTP header is malformed (%.*s)",
				 http_clean(name) ? (int)(name.n < 40 ? name.n : 40) : 0,
				 name.n ? name.s : "");
	return true;
}

static bool http_url_part(CURLU *u, CURLUPart part, char **out)
{
	*out = NULL;
	return curl_url_get(u, part, out, 0) == CURLUE_OK;
}

/* --- headers --- */

static bool http_header_add(struct http_request *r, const char *text)
{
	struct curl_slist *more = curl_slist_append(r->headers, text);
	if (more)
		r->headers = more;
	return more != NULL;
}

static bool http_header_addf(struct http_request *r, const char *before, str value)
{
	struct buf line;
	bool fine;
	buf_init(&line, LIMIT_HTTP_HEADER);
	buf_lit(&line, before);
	buf_add(&line, value);
	fine = !buf_failed(&line) && http_header_add(r, buf_cstr(&line));
	if (line.s)
		explicit_bzero(line.s, line.n);
	buf_done(&line);
	return fine;
}

static bool http_headers(struct http_request *r, const struct http_options *o, struct error *err)
{
	bool typed = false, fine = true;
	for (size_t i = 0; i < o->headers_n; i++) {
		if (!http_header_fits(o->headers[i], err))
			return false;
		typed = typed || (o->headers[i].n > 13 &&
				  str_eq_nocase(str_sub(o->headers[i], 0, 13), STR("content-type:")));
		fine = fine && http_header_addf(r, "", o->headers[i]);
	}
	if (!http_clean(o->bearer) || !http_clean(o->username) || !http_clean(o->password))
		return error_set(err, ERROR_INVALID,
				 "a credential holds a line break: is there a newline at its end?");
	if (str_find_char(o->username, ':') >= 0)
		return error_set(err, ERROR_INVALID, "a user name holds a colon");
	if (o->bearer.n)
		fine = fine && http_header_addf(r, "Authorization: Bearer ", o->bearer);
	if (!typed)
		fine = fine && http_header_add(r, "Content-Type:");
	fine = fine && http_header_add(r, "Expect:");
	return fine || error_set(err, ERROR_MEMORY, "out of memory for a request's headers");
}

/* --- curl's callbacks --- */

static size_t http_on_bytes(char *bytes, size_t size, size_t n, void *user)
{
	struct http_request *r = user;
	long status = 0;
	n *= size;
	r->touched = uv_now(r->pool->timer.loop);
	if (r->canceled)
		return 0;
	if (!num_add(r->seen, n, &r->seen))
		return 0;
	curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	if (r->on_data && status >= 200 && status < 300) {
		if (r->capped && r->seen > r->cap)
			goto too_big;
		if (r->on_data(r->arg, str_make(bytes, n), &r->err))
			return r->canceled ? 0 : n;
		if (!r->err.kind)
			error_set(&r->err, ERROR_CANCELED, "%s: stopped", r->origin);
		return 0;
	}
	if (n > r->cap - r->reply.n)
		goto too_big;
	buf_add(&r->reply, str_make(bytes, n));
	if (!buf_failed(&r->reply))
		return n;
	error_set(&r->err, ERROR_MEMORY, "out of memory for a reply of %s", r->origin);
	return 0;
too_big:
	error_set(&r->err, ERROR_LIMIT, "the reply of %s is over the limit of %zu bytes", r->origin,
		  r->cap);
	return 0;
}

static int64_t http_retry_after(str value)
{
	uint64_t seconds;
	time_t at;
	char text[64];
	if (num_parse_u64(value, &seconds))
		return seconds > 3600 ? 3600000 : (int64_t)seconds * 1000;
	if (value.n >= sizeof text)
		return -1;
	memcpy(text, value.s, value.n);
	text[value.n] = '\0';
	at = curl_getdate(text, NULL);
	if (at == (time_t)-1)
		return -1;
	int64_t ms = (int64_t)at * 1000 - time_wall() / TIME_MS;
	return ms < 0 ? 0 : ms > 3600000 ? 3600000 : ms;
}

static void http_head_over(struct http_request *r)
{
	long status = 0;
	curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	if (r->on_head && status >= 200)
		r->on_head(r->arg, (int)status);
}

static size_t http_on_header(char *bytes, size_t size, size_t n, void *user)
{
	struct http_request *r = user;
	str value, line = str_make(bytes, n * size), name;
	r->touched = uv_now(r->pool->timer.loop);
	r->header_bytes += line.n;
	if (r->canceled)
		return 0;
	if (r->header_bytes > LIMIT_HTTP_REPLY_HEADERS) {
		error_set(&r->err, ERROR_LIMIT, "the headers of %s are over the limit", r->origin);
		return 0;
	}
	if (str_starts(line, STR("HTTP/"))) { /* an interim reply's headers do not count */
		r->retry_after_ms = -1;
		buf_clear(&r->warning);
		return line.n;
	}
	if (!str_trim(line).n) {
		http_head_over(r);
		return line.n;
	}
	name = str_cut(line, ':', &value);
	value = str_trim(value);
	if (str_eq_nocase(name, STR("retry-after")))
		r->retry_after_ms = http_retry_after(value);
	if (str_eq_nocase(name, STR("warning"))) {
		if (r->warning.n)
			buf_char(&r->warning, '\n');
		buf_add(&r->warning, value);
	}
	return line.n;
}

/* A peer that is gone without a word: the kernel tells after 30 s of unanswered data. */
static int http_on_sockopt(void *user, curl_socket_t fd, curlsocktype purpose)
{
	unsigned ms = 30000;
	(void)user;
	(void)purpose;
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
	return CURL_SOCKOPT_OK;
}

/* --- settings --- */

static CURLcode http_pem(CURL *easy, CURLoption blob, CURLoption path, str text)
{
	if (str_find(text, STR("-----BEGIN")) >= 0) {
		struct curl_blob b = {.data = (void *)(uintptr_t)text.s, .len = text.n,
				      .flags = CURL_BLOB_COPY};
		return curl_easy_setopt(easy, blob, &b);
	}
	char *name = mem_strndup(text.s, text.n);
	CURLcode code = name ? curl_easy_setopt(easy, path, name) : CURLE_OUT_OF_MEMORY;
	mem_free(name);
	return code;
}

static bool http_tls_setup(struct http_request *r, const struct http_tls *tls, struct error *err)
{
	CURLcode code = CURLE_OK;
	if (!tls)
		return true;
	if (tls->ca_pem.n)
		code = http_pem(r->easy, CURLOPT_CAINFO_BLOB, CURLOPT_CAINFO, tls->ca_pem);
	if (code == CURLE_OK && tls->cert_pem.n)
		code = http_pem(r->easy, CURLOPT_SSLCERT_BLOB, CURLOPT_SSLCERT, tls->cert_pem);
	if (code == CURLE_OK && tls->key_pem.n)
		code = http_pem(r->easy, CURLOPT_SSLKEY_BLOB, CURLOPT_SSLKEY, tls->key_pem);
	if (tls->insecure) {
		curl_easy_setopt(r->easy, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(r->easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (code != CURLE_OK)
		return error_set(err, ERROR_INVALID, "%s: TLS settings: %s", r->origin,
				 curl_easy_strerror(code));
	return true;
}

/* Curl has no option for another name in the certificate: the URL carries that name, and the
 * connection goes to the host. */
static bool http_server_name(struct http_request *r, CURLU *u, const char *host, const char *port,
			     str name)
{
	struct buf b;
	char *url = NULL;
	bool fine;
	buf_init(&b, LIMIT_HTTP_HEADER);
	buf_printf(&b, "%.*s:%s:%s:%s", STR_ARG(name), port, host, port);
	r->connect_to = curl_slist_append(NULL, buf_cstr(&b));
	buf_clear(&b);
	buf_printf(&b, "%s:%s", host, port);
	fine = r->connect_to && http_header_addf(r, "Host: ", buf_str(&b));
	buf_clear(&b);
	buf_add(&b, name);
	fine = fine && curl_url_set(u, CURLUPART_HOST, buf_cstr(&b), 0) == CURLUE_OK &&
	       http_url_part(u, CURLUPART_URL, &url);
	if (fine) {
		curl_easy_setopt(r->easy, CURLOPT_URL, url);
		curl_easy_setopt(r->easy, CURLOPT_CONNECT_TO, r->connect_to);
	}
	curl_free(url);
	buf_done(&b);
	return fine;
}

static bool http_url_read(struct http_request *r, CURLU *u, const char *text,
			  const struct http_options *o, struct error *err)
{
	char *scheme = NULL, *host = NULL, *port = NULL, *user = NULL, *password = NULL;
	bool fine = curl_url_set(u, CURLUPART_URL, text, 0) == CURLUE_OK &&
		    http_url_part(u, CURLUPART_SCHEME, &scheme) &&
		    http_url_part(u, CURLUPART_HOST, &host) &&
		    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK;
	if (!fine || (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)) {
		fine = error_set(err, ERROR_INVALID,
				 "a URL is not usable: it must be http(s)://host[:port]/path");
	} else if (http_url_part(u, CURLUPART_USER, &user) ||
		   http_url_part(u, CURLUPART_PASSWORD, &password)) {
		fine = error_set(err, ERROR_INVALID, "the URL of %s holds credentials: "
				 "give them as user name and password instead", host);
	} else {
		struct buf b;
		buf_init(&b, LIMIT_HTTP_HEADER);
		buf_printf(&b, "%s://%s:%s", scheme, host, port);
		r->origin = mem_strdup(buf_cstr(&b));
		buf_done(&b);
		fine = r->origin != NULL;
		if (fine && o->tls && o->tls->server_name.n)
			fine = http_server_name(r, u, host, port, o->tls->server_name);
		if (!fine)
			error_set(err, ERROR_INVALID, "the TLS server name of %s is not usable",
				  host);
	}
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_free(user);
	curl_free(password);
	return fine;
}

static bool http_url(struct http_request *r, const struct http_options *o, struct error *err)
{
	char *text = NULL;
	CURLU *u = curl_url();
	bool fine = false;
	for (size_t i = 0; i < o->url.n; i++)
		if ((unsigned char)o->url.s[i] <= ' ' || o->url.s[i] == 0x7f) {
			error_set(err, ERROR_INVALID, "a URL holds blanks or control characters");
			goto out;
		}
	text = mem_strndup(o->url.s, o->url.n);
	if (!u || !text) {
		error_set(err, ERROR_MEMORY, "out of memory for a URL");
		goto out;
	}
	curl_easy_setopt(r->easy, CURLOPT_URL, text);
	fine = http_url_read(r, u, text, o, err);
out:
	mem_free(text);
	curl_url_cleanup(u);
	return fine;
}

static bool http_method(struct http_request *r, const struct http_options *o, struct error *err)
{
	const char *method = o->method ? o->method : "GET";
	for (const char *p = method; *p; p++)
		if (*p < 'A' || *p > 'Z')
			return error_set(err, ERROR_INVALID, "not an HTTP method");
	if (strcmp(method, "HEAD") == 0) {
		curl_easy_setopt(r->easy, CURLOPT_NOBODY, 1L);
		return true;
	}
	if (o->body.n || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0) {
		r->body = mem_strndup(o->body.n ? o->body.s : "", o->body.n);
		if (!r->body)
			return error_set(err, ERROR_MEMORY, "out of memory for a request's body");
		curl_easy_setopt(r->easy, CURLOPT_POST, 1L);
		curl_easy_setopt(r->easy, CURLOPT_POSTFIELDS, r->body);
		curl_easy_setopt(r->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)o->body.n);
	}
	curl_easy_setopt(r->easy, CURLOPT_CUSTOMREQUEST, method);
	return true;
}

static void http_text(CURL *easy, CURLoption option, str value)
{
	char *text = mem_strndup(value.n ? value.s : "", value.n);
	if (text) {
		curl_easy_setopt(easy, option, text);
		explicit_bzero(text, value.n);
	}
	mem_free(text);
}

static void http_settings(struct http_request *r, const struct http_options *o)
{
	CURL *e = r->easy;
	curl_easy_setopt(e, CURLOPT_PRIVATE, r);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, r->curl_error);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "tiphys");
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, http_on_bytes);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, http_on_header);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, r);
	curl_easy_setopt(e, CURLOPT_SOCKOPTFUNCTION, http_on_sockopt);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPIDLE, 30L);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPINTVL, 5L);
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(e, CURLOPT_PIPEWAIT, 1L);
	curl_easy_setopt(e, CURLOPT_MAXLIFETIME_CONN, 1800L);
	curl_easy_setopt(e, CURLOPT_BUFFERSIZE, o->own_connection ? 8192L : 65536L);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	if (r->timeout_ms > 0)
		curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)r->timeout_ms);
	if (o->username.n || o->password.n) {
		curl_easy_setopt(e, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		http_text(e, CURLOPT_USERNAME, o->username);
		http_text(e, CURLOPT_PASSWORD, o->password);
	}
	if (o->proxy.n)
		http_text(e, CURLOPT_PROXY, o->proxy);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, r->headers);
}

bool http_request_setup(struct http_request *r, const struct http_options *o, struct error *err)
{
	r->retry_after_ms = -1;
	r->timeout_ms = o->timeout_ms == 0 ? TIMEOUT_MS : o->timeout_ms;
	r->idle_timeout_ms = o->idle_timeout_ms;
	r->cap = o->cap ? o->cap : LIMIT_KUBE_REPLY;
	r->capped = o->cap != 0;
	r->on_head = o->on_head;
	r->on_data = o->on_data;
	r->on_done = o->on_done;
	r->arg = o->arg;
	buf_init(&r->reply, r->cap);
	buf_init(&r->warning, LIMIT_HTTP_REPLY_HEADERS);
	r->easy = curl_easy_init();
	if (!r->easy)
		return error_set(err, ERROR_MEMORY, "out of memory for a request");
	if (!http_headers(r, o, err) || !http_url(r, o, err) || !http_method(r, o, err) ||
	    !http_tls_setup(r, o->tls, err))
		return false;
	http_settings(r, o);
	return true;
}

void http_request_free(struct http_request *r)
{
	curl_easy_cleanup(r->easy);
	for (struct curl_slist *h = r->headers; h; h = h->next)
		explicit_bzero(h->data, strlen(h->data));
	curl_slist_free_all(r->headers);
	curl_slist_free_all(r->connect_to);
	mem_free(r->body);
	mem_free(r->origin);
	buf_done(&r->reply);
	buf_done(&r->warning);
	mem_free(r);
}

/* --- the end --- */

static void http_explain(const struct http_request *r, CURLcode code, struct error *err)
{
	const char *detail = r->curl_error[0] ? r->curl_error : curl_easy_strerror(code);
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
		error_set(err, ERROR_DENIED, "%s: its certificate is not trusted: %s (is the "
			  "certificate authority right?)", r->origin, detail);
		return;
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
		error_set(err, ERROR_DENIED, "%s: a certificate or key of ours cannot be used: %s",
			  r->origin, detail);
		return;
	case CURLE_OPERATION_TIMEDOUT:
		error_set(err, ERROR_NETWORK, "%s: no complete answer in time: %s", r->origin,
			  detail);
		return;
	case CURLE_OUT_OF_MEMORY:
		error_set(err, ERROR_MEMORY, "%s: out of memory", r->origin);
		return;
	default:
		error_set(err, ERROR_NETWORK, "%s: %s", r->origin, detail);
	}
}

void http_request_finish(struct http_request *r, CURLcode code)
{
	struct http_reply reply = {.retry_after_ms = r->retry_after_ms};
	struct error err = r->err;
	long status = 0;
	char *type = NULL;
	curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(r->easy, CURLINFO_CONTENT_TYPE, &type);
	reply.status = (int)status;
	reply.body = buf_str(&r->reply);
	reply.content_type = str_of(type);
	reply.warning = buf_str(&r->warning);
	reply.received_bytes = (int64_t)r->seen;
	curl_off_t sent = 0;
	curl_easy_getinfo(r->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	reply.sent_bytes = sent;
	if (code == CURLE_OK && !err.kind) {
		r->on_done(r->arg, &reply, NULL);
		return;
	}
	if (!err.kind)
		http_explain(r, code, &err);
	r->on_done(r->arg, &reply, &err);
}
