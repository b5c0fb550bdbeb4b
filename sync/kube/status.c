/*
 * A Status object, or whatever a proxy in between sent instead, as an error.
 */
#include "sync/kube/status.h"

#include "base/buf.h"
#include "base/json.h"

#define NO_RESOURCE "the server could not find the requested resource"

static enum error_kind status_kind(int code)
{
	switch (code) {
	case 401:
	case 403:
	case 407:
		return ERROR_DENIED;
	case 404:
		return ERROR_NOT_FOUND;
	case 405:
	case 406:
	case 415:
		return ERROR_UNSUPPORTED;
	case 409:
	case 410:
		return ERROR_CONFLICT;
	case 408:
	case 429:
		return ERROR_BUSY;
	default:
		return code >= 500 ? ERROR_BUSY : ERROR_INVALID;
	}
}

static bool status_cause(struct value status, const char *reason)
{
	struct list *causes = value_list(value_path(status, "details", "causes", NULL));
	for (uint32_t i = 0; i < list_n(causes); i++)
		if (str_is(value_path_str(causes->at[i], "reason", NULL), reason))
			return true;
	return false;
}

void kube_status_error(struct value status, int code, struct error *err)
{
	str message = value_path_str(status, "message", NULL);
	str reason = value_path_str(status, "reason", NULL);
	enum error_kind kind = status_kind(code);
	/* A manifest that does not fit its schema, in words of structured-merge-diff: it stays. */
	if (code == 500 && str_starts(message, STR("failed to create typed patch object")))
		kind = ERROR_INVALID;
	/* A namespace on its way out says 403, and passes. */
	if (code == 403 && status_cause(status, "NamespaceTerminating"))
		kind = ERROR_BUSY;
	if (message.n)
		error_set(err, kind, "%.*s", STR_ARG(message));
	else if (reason.n)
		error_set(err, kind, "the API server answered %d %.*s", code, STR_ARG(reason));
	else
		error_set(err, kind, "the API server answered %d", code);
	if (err)
		err->code = code;
}

bool kube_status_check(const struct http_reply *reply, struct error *err)
{
	struct arena scratch;
	struct value v = VALUE_NONE;
	jmp_buf env;
	if ((reply->status >= 200 && reply->status < 300) || reply->status == 304)
		return true;
	arena_init(&scratch, 16u << 20);
	if (setjmp(env) == 0) {
		arena_guard(&scratch, &env);
		if (str_starts(str_trim(reply->body), STR("{")))
			json_read(&scratch, reply->body, 0, &v, NULL);
		if (!value_map(v) && reply->body.n && reply->status != 404)
			error_set(err, status_kind(reply->status),
				  "the API server answered %d: %.*s", reply->status,
				  (int)(reply->body.n < 300 ? reply->body.n : 300), reply->body.s);
		else if (!value_map(v) && reply->status == 404)
			error_set(err, ERROR_NOT_FOUND, NO_RESOURCE);
		else
			kube_status_error(v, reply->status, err);
	} else {
		error_set(err, status_kind(reply->status), "the API server answered %d",
			  reply->status);
	}
	arena_done(&scratch);
	if (err)
		err->code = reply->status;
	return false;
}

bool kube_status_no_resource(const struct error *err)
{
	return err->code == 404 && strncmp(err->text, NO_RESOURCE, strlen(NO_RESOURCE)) == 0;
}

/* 299 - "text with \" and \\": the text. */
static void warning_add(struct buf *out, str line)
{
	ptrdiff_t at = str_find_char(line, '"');
	if (at < 0)
		return;
	if (out->n)
		buf_lit(out, ". ");
	for (size_t i = (size_t)at + 1; i < line.n && line.s[i] != '"'; i++) {
		if (line.s[i] == '\\' && i + 1 < line.n)
			i++;
		buf_char(out, line.s[i]);
	}
}

str kube_warning(struct arena *keep, str header)
{
	struct buf out;
	str line;
	buf_in(&out, keep, LIMIT_HTTP_REPLY_HEADERS);
	while (header.n) {
		line = str_cut(header, '\n', &header);
		warning_add(&out, line);
	}
	return buf_str(&out);
}
