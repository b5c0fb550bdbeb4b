/*
 * git over HTTP: GET info/refs, POST git-upload-pack. The answer goes into the reader as it
 * arrives; what the status means is said in words here.
 */
#include "agent/git/talk.h"

#include "base/limits.h"
#include "base/mem.h"

#define IDLE_MS 30000 /* a server that says nothing for so long is not coming back */

struct talk {
	uv_loop_t *loop;
	struct http *http;
	const struct config *const *config;
	const struct git_url *url;
	struct talk_child *child; /* ssh and local */
	struct http_request *request;
	struct git_reader *reader;
	talk_done_fn *done;
	void *arg;
	uint64_t received;
	bool credentials; /* were any sent? */
};

struct talk *talk_new(uv_loop_t *loop, struct http *http, const struct config *const *config,
		      const struct git_url *url, struct error *err)
{
	struct talk *t = mem_alloc(sizeof *t);

	if (!t) {
		error_set(err, ERROR_MEMORY, "out of memory to speak with a git server");
		return NULL;
	}
	t->loop = loop;
	t->http = http;
	t->config = config;
	t->url = url;
	return t;
}

void talk_free(struct talk *t)
{
	if (!t)
		return;
	http_cancel(t->request);
	talk_child_free(t->child);
	mem_free(t);
}

uint64_t talk_received(const struct talk *t)
{
	return t->child ? talk_child_received(t->child) : t->received;
}

/* --- answers --- */

static void status_error(const struct talk *t, int status, struct error *err)
{
	if (status == 401 && !t->credentials)
		error_set(err, ERROR_DENIED, "the server wants a user and a password or token: "
			  "name them under `repositories`");
	else if (status == 401 || status == 403)
		error_set(err, ERROR_DENIED, "the server refuses the credentials (HTTP %d)", status);
	else if (status == 404 || status == 410)
		error_set(err, ERROR_NOT_FOUND, "the server knows no such repository, or hides it "
			  "(HTTP %d)", status);
	else if (status >= 300 && status < 400)
		error_set(err, ERROR_INVALID, "the server redirects elsewhere, which is not "
			  "followed: use the repository's new URL (HTTP %d)", status);
	else if (status == 429 || status == 503)
		error_set(err, ERROR_BUSY, "the server is busy (HTTP %d)", status);
	else
		error_set(err, ERROR_NETWORK, "the server answers with HTTP %d", status);
	if (err)
		err->code = status;
}

static bool on_data(void *arg, str bytes, struct error *err)
{
	struct talk *t = arg;

	t->received += bytes.n;
	return git_reader_feed(t->reader, bytes, err);
}

static void on_done(void *arg, const struct http_reply *reply, const struct error *err)
{
	struct talk *t = arg;
	struct error why = {0};

	t->request = NULL;
	if (reply->status && (reply->status < 200 || reply->status > 299))
		status_error(t, reply->status, &why);
	else if (reply->status && t->reader->reply == GIT_ADVERT && !t->reader->done &&
		 !str_starts(reply->content_type, STR("application/x-git-upload-pack")))
		error_set(&why, ERROR_UNSUPPORTED, "the server does not speak git's smart HTTP "
			  "protocol there; the dumb one is not served");
	else if (err)
		why = *err;
	else if (!t->reader->done)
		error_set(&why, ERROR_NETWORK, "the server's answer was cut");
	t->done(t->arg, reply->retry_after_ms, why.kind ? &why : NULL);
}

/* --- questions --- */

/* A token that was given in a file is read again each time, for it may be renewed. */
static bool read_secret(struct arena *scratch, const struct config *config, str file, str *out,
			struct error *err)
{
	return !file.n || config_read_file(scratch, config_path(scratch, config, file),
					   LIMIT_HTTP_HEADER, true, out, err);
}

static bool add_credentials(struct talk *t, struct arena *scratch, struct http_options *o,
			    struct http_tls *tls, struct error *err)
{
	const struct config_repository *r = git_url_repository(scratch, *t->config, t->url);

	o->username = t->url->user;
	o->password = t->url->password;
	if (r) {
		str password = STR_NONE;

		if (!read_secret(scratch, *t->config, r->password_file, &password, err) ||
		    !read_secret(scratch, *t->config, r->bearer_file, &o->bearer, err))
			return false;
		if (password.n) {
			o->username = r->username.n ? r->username : STR("git");
			o->password = password;
		}
		tls->ca_pem = r->ca_file.n ? config_path(scratch, *t->config, r->ca_file) : STR("");
		tls->insecure = r->insecure;
		o->tls = tls;
	}
	t->credentials = o->username.n || o->bearer.n;
	return true;
}

static bool ask_http(struct talk *t, struct arena *scratch, str request, struct error *err)
{
	static const str ask[] = {STR_INIT("Git-Protocol: version=2"),
				  STR_INIT("User-Agent: git/tiphys"),
				  STR_INIT("Content-Type: application/x-git-upload-pack-request"),
				  STR_INIT("Accept: application/x-git-upload-pack-result")};
	struct http_tls tls = {0};
	struct http_options o = {
		.method = request.n ? "POST" : "GET",
		.headers = ask,
		.headers_n = request.n ? 4 : 2,
		.body = request,
		.timeout_ms = (int64_t)LIMIT_GIT_SECONDS * 1000,
		.idle_timeout_ms = IDLE_MS,
		.on_data = on_data,
		.on_done = on_done,
		.arg = t,
	};

	o.url = arena_concat(scratch, t->url->text,
			     request.n ? STR("/git-upload-pack")
				       : STR("/info/refs?service=git-upload-pack"));
	if (!add_credentials(t, scratch, &o, &tls, err))
		return false;
	t->request = http_start(t->http, &o, err);
	return t->request != NULL;
}

static bool ask_child(struct talk *t, struct arena *scratch, str request, struct error *err)
{
	if (!t->child)
		t->child = talk_child_start(t->loop, *t->config,
					    git_url_repository(scratch, *t->config, t->url), t->url,
					    err);
	return t->child && talk_child_ask(t->child, request, t->reader, t->done, t->arg, err);
}

bool talk_ask(struct talk *t, str request, struct git_reader *reader, talk_done_fn *done, void *arg,
	      struct error *err)
{
	struct arena scratch;
	bool fine;

	t->reader = reader;
	t->done = done;
	t->arg = arg;
	arena_init(&scratch, 0);
	fine = t->url->scheme == GIT_HTTP ? ask_http(t, &scratch, request, err)
					  : ask_child(t, &scratch, request, err);
	arena_done(&scratch);
	return fine;
}
