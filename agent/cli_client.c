/*
 * One request with libcurl's easy interface.
 */
#include "agent/cli_client.h"

#include <curl/curl.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/limits.h"

#define DEFAULT_SERVER "unix:/var/lib/tiphys/tiphys.sock"

static size_t on_data(char *data, size_t size, size_t n, void *arg)
{
	struct buf *b = arg;

	buf_add(b, str_make(data, size * n));
	return buf_failed(b) ? 0 : size * n;
}

static bool understand(struct arena *keep, long status, str body, struct value *out, struct error *err)
{
	str message;

	*out = VALUE_NONE;
	if (body.n && !json_read(keep, body, 0, out, NULL))
		*out = value_str(body);
	if (status < 400)
		return true;
	message = value_path_str(*out, "message", NULL);
	error_set(err, status == 404 ? ERROR_NOT_FOUND : ERROR_INVALID, "%.*s (HTTP %ld)",
		  STR_ARG(message.n ? message : STR("the agent refuses")), status);
	err->code = (int)status;
	return false;
}

static struct curl_slist *headers(struct arena *keep)
{
	const char *token = getenv("TIPHYS_TOKEN");
	struct curl_slist *h = curl_slist_append(NULL, "Content-Type: application/json");

	if (token && *token)
		h = curl_slist_append(h, arena_printf(keep, "Authorization: Bearer %s", token).s);
	return h;
}

bool client_call(struct arena *keep, const char *server, const char *method, str path, str body,
		 struct value *out, struct error *err)
{
	const char *at = server ? server : getenv("TIPHYS_SERVER");
	struct curl_slist *h = headers(keep);
	CURL *c = curl_easy_init();
	long status = 0;
	CURLcode code;
	struct buf b;
	bool local;

	if (!at || !*at)
		at = DEFAULT_SERVER;
	local = !strncmp(at, "unix:", 5);
	buf_in(&b, keep, LIMIT_KUBE_REPLY);
	if (local)
		curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, at + 5);
	curl_easy_setopt(c, CURLOPT_URL, arena_printf(keep, "%s%.*s", local ? "http://tiphys" : at, STR_ARG(path)).s);
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, h);
	curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(c, CURLOPT_TIMEOUT, 60L);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &b);
	if (body.s) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)body.n);
		curl_easy_setopt(c, CURLOPT_COPYPOSTFIELDS, body.s);
	}
	code = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(c);
	curl_slist_free_all(h);
	if (code != CURLE_OK)
		return error_set(err, ERROR_NETWORK, "no agent answers at %s: %s. Name one with --server or "
				 "TIPHYS_SERVER", at, curl_easy_strerror(code));
	return understand(keep, status, buf_str(&b), out, err);
}
