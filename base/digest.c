/*
 * A thin layer over OpenSSL's EVP.
 */
#include "base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

void digest_sha256(str data, unsigned char out[DIGEST_SHA256])
{
	EVP_Digest(data.n ? data.s : "", data.n, out, NULL, EVP_sha256(), NULL);
}

str hex_of(struct arena *keep, str bytes)
{
	static const char digits[] = "0123456789abcdef";
	char *p = arena_text(keep, bytes.n * 2 + 1);

	for (size_t i = 0; i < bytes.n; i++) {
		p[2 * i] = digits[(unsigned char)bytes.s[i] >> 4];
		p[2 * i + 1] = digits[(unsigned char)bytes.s[i] & 15];
	}
	p[bytes.n * 2] = 0;
	return str_make(p, bytes.n * 2);
}

static str hex_digest(struct arena *keep, const unsigned char *digest, unsigned n)
{
	return hex_of(keep, str_make((const char *)digest, n));
}

str digest_hex(struct arena *keep, const char *name, str data)
{
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	EVP_Digest(data.n ? data.s : "", data.n, out, &n, EVP_get_digestbyname(name), NULL);
	return hex_digest(keep, out, n);
}

str digest_hmac_hex(struct arena *keep, const char *name, str key, str data)
{
	unsigned char out[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	HMAC(EVP_get_digestbyname(name), key.n ? key.s : "", (int)key.n,
	     (const unsigned char *)(data.n ? data.s : ""), data.n, out, &n);
	return hex_digest(keep, out, n);
}

bool digest_equal(str a, str b)
{
	return a.n == b.n && CRYPTO_memcmp(a.s, b.s, a.n) == 0;
}

void digest_start(struct digest *d)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (!context || !EVP_DigestInit_ex(context, EVP_sha256(), NULL))
		abort(); /* only out of memory */
	d->context = context;
}

void digest_add(struct digest *d, str data)
{
	EVP_DigestUpdate(d->context, data.n ? data.s : "", data.n);
}

void digest_field(struct digest *d, str data)
{
	uint64_t n = data.n;

	digest_add(d, str_make((const char *)&n, sizeof n));
	digest_add(d, data);
}

void digest_end(struct digest *d, unsigned char out[DIGEST_SHA256])
{
	EVP_DigestFinal_ex(d->context, out, NULL);
	EVP_MD_CTX_free(d->context);
	d->context = NULL;
}

str digest_end_hex(struct digest *d, struct arena *keep)
{
	unsigned char out[DIGEST_SHA256];

	digest_end(d, out);
	return hex_digest(keep, out, sizeof out);
}
