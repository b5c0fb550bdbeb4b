/*
 * Filling, wrapping and naming errors.
 */
#include "base/error.h"

#include <errno.h>
#include <stdio.h>

bool error_vset(struct error *err, enum error_kind kind, const char *format, va_list args)
{
	if (!err)
		return false;
	err->kind = kind;
	err->code = 0;
	vsnprintf(err->text, sizeof err->text, format, args);
	return false;
}

bool error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error_vset(err, kind, format, args);
	va_end(args);
	return false;
}

bool error_wrap(struct error *err, const char *format, ...)
{
	char prefix[1024];
	va_list args;
	size_t used, keep;

	if (!err)
		return false;
	va_start(args, format);
	vsnprintf(prefix, sizeof prefix, format, args);
	va_end(args);
	used = strlen(prefix);
	keep = strlen(err->text);
	if (keep > sizeof err->text - used - 3)
		keep = sizeof err->text - used - 3;
	memmove(err->text + used + 2, err->text, keep);
	memcpy(err->text, prefix, used);
	memcpy(err->text + used, ": ", 2);
	err->text[used + 2 + keep] = 0;
	return false;
}

bool error_errno(struct error *err, const char *format, ...)
{
	int saved = errno;
	va_list args;
	size_t n;

	if (!err)
		return false;
	va_start(args, format);
	error_vset(err, saved == ENOMEM ? ERROR_MEMORY : ERROR_SYSTEM, format, args);
	va_end(args);
	n = strlen(err->text);
	snprintf(err->text + n, sizeof err->text - n, ": %s", strerror(saved));
	return false;
}

void error_clear(struct error *err)
{
	if (!err)
		return;
	err->kind = ERROR_NONE;
	err->code = 0;
	err->text[0] = 0;
}

bool error_transient(const struct error *err)
{
	switch (err->kind) {
	case ERROR_MEMORY:
	case ERROR_CONFLICT:
	case ERROR_NETWORK:
	case ERROR_BUSY:
	case ERROR_SYSTEM:
		return true;
	default:
		return false;
	}
}

const char *error_kind_name(enum error_kind kind)
{
	static const char *const names[] = {
		[ERROR_NONE] = "none",		 [ERROR_INVALID] = "invalid",
		[ERROR_NOT_FOUND] = "not-found", [ERROR_LIMIT] = "limit",
		[ERROR_MEMORY] = "memory",	 [ERROR_DENIED] = "denied",
		[ERROR_CONFLICT] = "conflict",	 [ERROR_NETWORK] = "network",
		[ERROR_BUSY] = "busy",		 [ERROR_CORRUPT] = "corrupt",
		[ERROR_SYSTEM] = "system",	 [ERROR_CANCELED] = "canceled",
		[ERROR_UNSUPPORTED] = "unsupported",
	};

	return names[kind];
}
