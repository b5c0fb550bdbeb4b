/*
 * Digests and encodings; the table of all that is cryptic.
 */
#include "render/fn/crypto.h"

#include "base/digest.h"
#include "render/exec.h"
#include "render/fn/body.h"
#include "render/fn/string.h"

bool crypto_charge(struct call *c)
{
	return exec_charge(c->exec, LIMIT_FN_COSTLY) ||
	       error_set(c->err, ERROR_LIMIT, "the render makes too many keys or password hashes, or takes too long");
}

static bool crypto_sha1(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_str(out, digest_hex(c->arena, "sha1", value_text(arg[0])));
}

static bool crypto_sha256(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_str(out, digest_hex(c->arena, "sha256", value_text(arg[0])));
}

static bool crypto_sha512(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_str(out, digest_hex(c->arena, "sha512", value_text(arg[0])));
}

static bool crypto_adler32(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	str s = value_text(arg[0]);
	uint32_t low = 1, high = 0;

	(void)n;
	for (size_t i = 0; i < s.n; i++) {
		low = (low + (unsigned char)s.s[i]) % 65521;
		high = (high + low) % 65521;
	}
	return give_str(out, arena_printf(c->arena, "%u", high << 16 | low));
}

/* What base64 makes of it is a third larger. */
static bool encoded_fits(struct call *c, str s)
{
	size_t total;

	return body_size(c, s.n, 2, &total);
}

static bool crypto_b64enc(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return encoded_fits(c, value_text(arg[0])) &&
	       give_str(out, base64_encode(c->arena, value_text(arg[0])));
}

static bool crypto_b32enc(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return encoded_fits(c, value_text(arg[0])) &&
	       give_str(out, base32_encode(c->arena, value_text(arg[0])));
}

/* A decoding error is the result, not a failure. */
static bool crypto_b64dec(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	size_t at;
	str s;

	(void)n;
	if (!base64_decode(c->arena, value_text(arg[0]), &s, &at))
		s = arena_printf(c->arena, "illegal base64 data at input byte %zu", at);
	return give_str(out, s);
}

static bool crypto_b32dec(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	size_t at;
	str s;

	(void)n;
	if (!base32_decode(c->arena, value_text(arg[0]), &s, &at))
		s = arena_printf(c->arena, "illegal base32 data at input byte %zu", at);
	return give_str(out, s);
}

const struct fn fn_crypto[] = {
	{"adler32sum", "s", crypto_adler32},
	{"b32dec", "s", crypto_b32dec},
	{"b32enc", "s", crypto_b32enc},
	{"b64dec", "s", crypto_b64dec},
	{"b64enc", "s", crypto_b64enc},
	{"bcrypt", "s", crypto_bcrypt},
	{"buildCustomCert", "ss", crypto_build_custom_cert},
	{"decryptAES", "ss", crypto_decrypt},
	{"derivePassword", "issss", crypto_derive_password},
	{"encryptAES", "ss", crypto_encrypt},
	{"genCA", "si", crypto_gen_ca},
	{"genCAWithKey", "sis", crypto_gen_ca},
	{"genPrivateKey", "s", crypto_gen_private_key},
	{"genSelfSignedCert", "sLLi", crypto_gen_self_signed},
	{"genSelfSignedCertWithKey", "sLLis", crypto_gen_self_signed},
	{"genSignedCert", "sLLia", crypto_gen_signed},
	{"genSignedCertWithKey", "sLLias", crypto_gen_signed},
	{"htpasswd", "ss", crypto_htpasswd},
	{"randBytes", "i", random_bytes},
	{"randInt", "ii", random_int},
	{"sha1sum", "s", crypto_sha1},
	{"sha256sum", "s", crypto_sha256},
	{"sha512sum", "s", crypto_sha512},
	{"uuidv4", "", random_uuid},
	{NULL, NULL, NULL},
};
