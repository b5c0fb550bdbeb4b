/*
 * Digests and hex, by OpenSSL.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/arena.h"
#include "base/str.h"

#define DIGEST_SHA256 32

/* Writes 32 bytes. */
void digest_sha256(str data, unsigned char out[DIGEST_SHA256]);
/* name: "sha1", "sha256", "sha512"; lower-case hex in the arena. */
str digest_hex(struct arena *keep, const char *name, str data);
str digest_hmac_hex(struct arena *keep, const char *name, str key, str data);
str hex_of(struct arena *keep, str bytes);
/* Constant time. */
bool digest_equal(str a, str b);

/* For hashing as data arrives. */
struct digest {
	void *context;
};
void digest_start(struct digest *d); /* sha256 */
void digest_add(struct digest *d, str data);
/* Adds a length-prefixed field, so that ("ab","c") and ("a","bc") differ. */
void digest_field(struct digest *d, str data);
void digest_end(struct digest *d, unsigned char out[DIGEST_SHA256]);
str digest_end_hex(struct digest *d, struct arena *keep);

#endif
