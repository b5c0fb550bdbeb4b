/*
 * Checked arithmetic and strict number reading. Every size that comes from outside goes through
 * here: false means it would not fit, and nothing was written.
 */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

static inline bool num_add(size_t a, size_t b, size_t *out)
{
	return !__builtin_add_overflow(a, b, out);
}

static inline bool num_mul(size_t a, size_t b, size_t *out)
{
	return !__builtin_mul_overflow(a, b, out);
}

/* Decimal digits only, an optional '-' for the signed one; the whole text must be a number. */
bool num_parse_u64(str text, uint64_t *out);
bool num_parse_i64(str text, int64_t *out);
/* Hexadecimal, no prefix. */
bool num_parse_hex(str text, uint64_t *out);
/* A duration as Go writes it ("1h30m", "250ms", "10s") or plain seconds ("30"); nanoseconds. */
bool num_parse_duration(str text, int64_t *out_ns);

#endif
