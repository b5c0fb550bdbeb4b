/*
 * JSON text in (by jansson, capped) and out.
 * Out: keys sorted bytewise and numbers in Go's shortest form, so equal values give equal bytes.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"
#include "base/value.h"

enum json_read_flags {
	JSON_READ_FLOATS = 1, /* every number a float64, as Go's encoding/json into interface{} */
};

/* Accepts what encoding/json accepts (last duplicate key wins, NUL in strings, integers beyond
 * int64 become floats); integers are INT64, others FLOAT. The whole text must be one value. */
bool json_read(struct arena *keep, str text, unsigned flags, struct value *out, struct error *err);

enum json_write_flags {
	JSON_HTML = 1,	 /* Go's json.Marshal: <, >, & as \u003c ... ; U+2028, U+2029 escaped */
	JSON_PRETTY = 2, /* indent by two blanks, as Go's MarshalIndent("", "  ") */
	JSON_APPLY = 4,	 /* for server-side apply: text that go-yaml reads back unchanged
			  * (reference: no \/ and no surrogate escapes; 7F-9F, FEFF, FFFE, FFFF,
			  * 2028, 2029 as \uXXXX) */
};

/* NIL is null, BYTES base64. Invalid UTF-8 becomes U+FFFD. NaN, infinities and REFs, which JSON
 * lacks, are written as null. */
void json_write(struct buf *out, struct value v, unsigned flags);
void json_write_string(struct buf *out, str s, unsigned flags);
/* Go's shortest round-trip float as encoding/json writes it: 1e21, 1e-7, 0.000001, 100. */
void json_write_float(struct buf *out, double f);
/* json_write into an arena. */
str json_text(struct arena *keep, struct value v, unsigned flags);

#endif
