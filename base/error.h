/*
 * One way to say what went wrong. A function that can fail returns false and fills *err; on
 * success *err is untouched. The kind decides what the caller does (retry, hold, give up); the
 * text is for a person: what, where, what to do. An error may be copied as a value.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

#include "base/limits.h"
#include "base/str.h"

enum error_kind {
	ERROR_NONE,
	ERROR_INVALID,	 /* the input is wrong; will fail again until it changes */
	ERROR_NOT_FOUND, /* proven absent */
	ERROR_LIMIT,	 /* a cap of base/limits.h was hit */
	ERROR_MEMORY,	 /* the system has no memory left */
	ERROR_DENIED,	 /* 401, 403, a project's or a policy's no */
	ERROR_CONFLICT,	 /* 409, a lost compare-and-swap */
	ERROR_NETWORK,	 /* unreachable, cut, timed out: try again later */
	ERROR_BUSY,	 /* 429, 503, locked: try again later */
	ERROR_CORRUPT,	 /* data of ours is damaged: never read as "absent" */
	ERROR_SYSTEM,	 /* the operating system said no */
	ERROR_CANCELED,
	ERROR_UNSUPPORTED, /* known, and not done here */
};

struct error {
	enum error_kind kind;
	int code; /* HTTP status where there is one, else 0 */
	char text[LIMIT_ERROR_TEXT];
};

/* Each returns false, so that `return error_set(err, ...)` reads well. err may be NULL. */
bool error_set(struct error *err, enum error_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool error_vset(struct error *err, enum error_kind kind, const char *format, va_list args)
	__attribute__((format(printf, 3, 0)));
/* Puts "prefix: " before the text; keeps the kind. */
bool error_wrap(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "what: strerror(errno)" with ERROR_SYSTEM. */
bool error_errno(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
void error_clear(struct error *err);
/* Is it worth to try the same again later? */
bool error_transient(const struct error *err);
const char *error_kind_name(enum error_kind kind);

#endif
