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

/* --- writes of Secrets --- */

/* Reasons whose messages the server makes of names, unless a webhook's words are in them. */
static bool names_only(str reason, str message)
{
	static const char *const plain[] = {"NotFound", "Conflict", "AlreadyExists", "Unauthorized",
					    "TooManyRequests", "Timeout", "ServerTimeout", "Expired"};
	if (str_has(message, STR("denied the request")) || str_has(message, STR("webhook")))
		return false;
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		if (str_is(reason, plain[i]))
			return true;
	return str_is(reason, "Forbidden") && (str_has(message, STR(" is forbidden: User \"")) ||
					       str_ends(message, STR("because it is being terminated")));
}

static bool is_path(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/[]", s.s[i]))
			return false;
	return s.n > 0;
}

/* "failed to create typed patch object (ns/name; /v1, Kind=Secret): .data.k: expected ...": the
 * first path stands before any value. */
static str typed_path(str message)
{
	ptrdiff_t at = str_find(message, STR("): .")), end;
	str rest;
	if (!str_starts(message, STR("failed to create typed patch object")) || at < 0)
		return STR_NONE;
	rest = str_from(message, (size_t)at + 3);
	end = str_find(rest, STR(": "));
	return end > 0 ? str_sub(rest, 0, (size_t)end) : STR_NONE;
}

static void put_field(struct buf *b, str field)
{
	if (!is_path(field))
		return;
	buf_printf(b, "%s%.*s", b->n ? ", " : "", STR_ARG(field));
}

static str secret_fields(struct arena *keep, struct value status)
{
	struct list *causes = value_list(value_path(status, "details", "causes", NULL));
	struct buf b;
	buf_in(&b, keep, 0);
	put_field(&b, typed_path(value_path_str(status, "message", NULL)));
	for (uint32_t i = 0; i < list_n(causes) && i < 20; i++)
		put_field(&b, value_path_str(causes->at[i], "field", NULL));
	return buf_str(&b);
}

void kube_status_secret(str body, struct error *err)
{
	struct value v = VALUE_NONE;
	struct arena scratch;
	str reason, fields;
	int code = err->code;
	arena_init(&scratch, 0);
	if (body.n < 1u << 20 && str_starts(str_trim(body), STR("{")))
		json_read(&scratch, body, 0, &v, NULL);
	reason = value_path_str(v, "reason", NULL);
	fields = secret_fields(&scratch, v);
	if (!names_only(reason, value_path_str(v, "message", NULL))) {
		error_set(err, err->kind, "the API server answered %d %.*s%s%.*s (its words are not shown: they "
			  "may hold values of the Secret)", code, STR_ARG(is_path(reason) ? reason : STR("")),
			  fields.n ? ": " : "", STR_ARG(fields));
		err->code = code;
	}
	arena_done(&scratch);
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
