/*
 * Passwords: bcrypt, htpasswd, the Master Password scheme, AES in CBC mode.
 */
#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "render/exec.h"
#include "render/fn/body.h"
#include "render/fn/crypto.h"

#define BCRYPT_ROUNDS "10" /* Go's DefaultCost */
#define BCRYPT_TEXT 60
#define AES_BLOCK 16

static void fill_random(struct call *c, unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i += 8) {
		uint64_t r = exec_random(c->exec);

		memcpy(p + i, &r, n - i < 8 ? n - i : 8);
	}
}

/* --- bcrypt --- */

/* 16 random bytes in bcrypt's own base64: 22 letters, of the last only two bits. */
static void put_salt(struct call *c, char *p)
{
	static const char alphabet[] =
		"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	unsigned char salt[24];

	fill_random(c, salt, sizeof salt);
	for (int i = 0; i < 22; i++)
		p[i] = alphabet[i < 21 ? salt[i] & 63 : salt[i] & 48];
	p[22] = 0;
}

/* The result is the hash or, as in sprig, the complaint. $2b$ is what Go calls $2a$. */
static str bcrypt_text(struct call *c, str password)
{
	char setting[32] = "$2b$" BCRYPT_ROUNDS "$", *hash;
	struct crypt_data *data;

	if (password.n > 72)
		return STR("failed to encrypt string with bcrypt: "
			   "bcrypt: password length exceeds 72 bytes");
	if (password.n && memchr(password.s, 0, password.n))
		return STR("failed to encrypt string with bcrypt: the password holds a NUL");
	put_salt(c, setting + strlen(setting));
	data = arena_new(c->arena, struct crypt_data);
	/* crypt_rn: the sanitizers wrap crypt_r without linking the library. */
	hash = crypt_rn(arena_cstr(c->arena, password), setting, data, sizeof *data);
	if (!hash || strlen(hash) != BCRYPT_TEXT)
		return STR("failed to encrypt string with bcrypt: not supported by the system");
	hash[2] = 'a';
	return arena_str(c->arena, str_make(hash, BCRYPT_TEXT));
}

bool crypto_bcrypt(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return crypto_charge(c) && give_str(out, bcrypt_text(c, value_text(arg[0])));
}

bool crypto_htpasswd(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	str user = value_text(arg[0]), hash;

	(void)n;
	if (str_find_char(user, ':') >= 0)
		return give_str(out, arena_concat(c->arena, STR("invalid username: "), user));
	if (!crypto_charge(c))
		return false;
	hash = bcrypt_text(c, value_text(arg[1]));
	return give_str(out, arena_printf(c->arena, "%.*s:%.*s", STR_ARG(user), STR_ARG(hash)));
}

/* --- derivePassword: masterpassword.app, algorithm version 0 --- */

#define MASTER_SEED "com.lyndir.masterpassword"

struct password_type {
	const char *name;
	const char *templates; /* separated by blanks */
};

static const struct password_type password_types[] = {
	{"maximum", "anoxxxxxxxxxxxxxxxxx axxxxxxxxxxxxxxxxxno"},
	{"long", "CvcvnoCvcvCvcv CvcvCvcvnoCvcv CvcvCvcvCvcvno CvccnoCvcvCvcv CvccCvcvnoCvcv "
		 "CvccCvcvCvcvno CvcvnoCvccCvcv CvcvCvccnoCvcv CvcvCvccCvcvno CvcvnoCvcvCvcc "
		 "CvcvCvcvnoCvcc CvcvCvcvCvccno CvccnoCvccCvcv CvccCvccnoCvcv CvccCvccCvcvno "
		 "CvcvnoCvccCvcc CvcvCvccnoCvcc CvcvCvccCvccno CvccnoCvcvCvcc CvccCvcvnoCvcc "
		 "CvccCvcvCvccno"},
	{"medium", "CvcnoCvc CvcCvcno"},
	{"short", "Cvcn"},
	{"basic", "aaanaaan aannaaan aaannaaa"},
	{"pin", "nnnn"},
};

static const char *letters_of(char class)
{
	switch (class) {
	case 'C':
		return "BCDFGHJKLMNPQRSTVWXYZ";
	case 'v':
		return "aeiou";
	case 'c':
		return "bcdfghjklmnpqrstvwxyz";
	case 'a':
		return "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
	case 'n':
		return "0123456789";
	case 'o':
		return "@&%?,=[]_:-+*$#!'^~;()/.";
	default:
		return "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()";
	}
}

static const char *templates_of(str type)
{
	for (size_t i = 0; i < sizeof password_types / sizeof *password_types; i++)
		if (str_is(type, password_types[i].name))
			return password_types[i].templates;
	return NULL;
}

/* The which-th of the words, counted around. */
static str pick_template(const char *templates, unsigned which)
{
	str rest = str_of(templates), word;
	unsigned count = 1;

	for (const char *p = templates; *p; p++)
		count += *p == ' ';
	which %= count;
	do
		word = str_cut(rest, ' ', &rest);
	while (which-- > 0);
	return word;
}

static void add_u32(struct buf *b, uint32_t u)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		buf_char(b, (char)(u >> shift));
}

static void add_counted(struct buf *b, str s)
{
	add_u32(b, (uint32_t)s.n);
	buf_add(b, s);
}

/* HMAC-SHA256 over the site, keyed by scrypt over the user. */
static bool master_seed(struct call *c, uint32_t counter, const struct value *arg,
	unsigned char seed[EVP_MAX_MD_SIZE])
{
	str password = value_text(arg[2]);
	unsigned char key[64];
	struct buf b;
	bool ok;

	body_buf(c, &b);
	buf_lit(&b, MASTER_SEED);
	add_counted(&b, value_text(arg[3]));
	ok = !buf_failed(&b) &&
	     EVP_PBE_scrypt(password.n ? password.s : "", password.n, (unsigned char *)b.s, b.n,
		     32768, 8, 2, 64u << 20, key, sizeof key) == 1;
	buf_clear(&b);
	buf_lit(&b, MASTER_SEED);
	add_counted(&b, value_text(arg[4]));
	add_u32(&b, counter);
	ok = ok && !buf_failed(&b) &&
	     HMAC(EVP_sha256(), key, sizeof key, (unsigned char *)b.s, b.n, seed, NULL);
	OPENSSL_cleanse(key, sizeof key);
	return ok;
}

bool crypto_derive_password(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	const char *templates = templates_of(value_text(arg[1]));
	unsigned char seed[EVP_MAX_MD_SIZE];
	struct buf b;
	str word;

	(void)n;
	if (!templates)
		return give_str(out, arena_concat(c->arena, STR("cannot find password template "),
					     value_text(arg[1])));
	if (arg[0].i < 0 || arg[0].i > UINT32_MAX)
		return call_fail(c, "%lld overflows uint32", (long long)arg[0].i);
	if (!crypto_charge(c))
		return false;
	if (!master_seed(c, (uint32_t)arg[0].i, arg, seed))
		return call_fail(c, "failed to derive password");
	word = pick_template(templates, seed[0]);
	body_buf(c, &b);
	for (size_t i = 0; i < word.n; i++) {
		const char *letters = letters_of(word.s[i]);

		buf_char(&b, letters[seed[i + 1] % strlen(letters)]);
	}
	OPENSSL_cleanse(seed, sizeof seed);
	return body_text(c, &b, out);
}

/* --- AES-256-CBC: the key is the password padded by zeros, the IV goes in front --- */

static bool aes_run(str password, bool encrypt, const unsigned char *iv, str in, unsigned char *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	unsigned char key[32] = {0};
	int n = 0;
	bool ok;

	if (password.n)
		memcpy(key, password.s, password.n < sizeof key ? password.n : sizeof key);
	ok = ctx && EVP_CipherInit_ex(ctx, EVP_aes_256_cbc(), NULL, key, iv, encrypt) &&
	     EVP_CIPHER_CTX_set_padding(ctx, 0) &&
	     EVP_CipherUpdate(ctx, out, &n, (const unsigned char *)in.s, (int)in.n);
	EVP_CIPHER_CTX_free(ctx);
	OPENSSL_cleanse(key, sizeof key);
	return ok;
}

bool crypto_encrypt(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	str plain = value_text(arg[1]);
	size_t padding = AES_BLOCK - plain.n % AES_BLOCK, total;
	char *text;
	unsigned char *sealed;

	(void)n;
	if (plain.n == 0)
		return give_str(out, STR(""));
	if (!body_size(c, plain.n + 64, 2, &total))
		return false;
	text = arena_text(c->arena, plain.n + padding);
	memcpy(text, plain.s, plain.n);
	memset(text + plain.n, (int)padding, padding);
	plain = str_make(text, plain.n + padding);
	sealed = arena_alloc(c->arena, AES_BLOCK + plain.n + AES_BLOCK);
	fill_random(c, sealed, AES_BLOCK);
	if (!aes_run(value_text(arg[0]), true, sealed, plain, sealed + AES_BLOCK))
		return call_fail(c, "AES is not available");
	return give_str(
		out, base64_encode(c->arena, str_make((char *)sealed, AES_BLOCK + plain.n)));
}

bool crypto_decrypt(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	unsigned char *plain;
	size_t at, padding;
	str sealed;

	(void)n;
	if (arg[1].n == 0)
		return give_str(out, STR(""));
	if (!base64_decode(c->arena, value_text(arg[1]), &sealed, &at))
		return call_fail(c, "illegal base64 data at input byte %zu", at);
	if (sealed.n < AES_BLOCK)
		return call_fail(c,
			"runtime error: slice bounds out of range [:16] with capacity %zu",
			(size_t)arg[1].n / 4 * 3);
	if (sealed.n % AES_BLOCK)
		return call_fail(c, "crypto/cipher: input not full blocks");
	if (sealed.n == AES_BLOCK)
		return call_fail(c, "runtime error: index out of range [-1]");
	plain = arena_alloc(c->arena, sealed.n + AES_BLOCK);
	if (!aes_run(value_text(arg[0]), false, (const unsigned char *)sealed.s,
		    str_from(sealed, AES_BLOCK), plain))
		return call_fail(c, "AES is not available");
	padding = plain[sealed.n - AES_BLOCK - 1];
	if (padding > sealed.n - AES_BLOCK)
		return call_fail(c, "runtime error: slice bounds out of range [:-%zu]",
			padding - (sealed.n - AES_BLOCK));
	return give_str(out, str_make((char *)plain, sealed.n - AES_BLOCK - padding));
}
