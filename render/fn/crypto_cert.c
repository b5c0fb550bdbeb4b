/*
 * Keys and X.509 certificates as sprig makes them with Go's crypto/x509: RSA-2048 unless a key is
 * given, 128-bit serials, SHA-256, the same extensions in the same order.
 */
#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/dsa.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "base/time.h"
#include "render/exec.h"
#include "render/fn/body.h"
#include "render/fn/crypto.h"
#include "render/ref.h"

#define SERIAL_BYTES 16

/* --- the certificate value --- */

struct certificate {
	struct ref ref;
	str cert, key;
};

static bool certificate_field(struct call *c, struct ref *r, str name, struct value *out)
{
	const struct certificate *cert = (const struct certificate *)(const void *)r;

	(void)c;
	if (str_is(name, "Cert"))
		return give_str(out, cert->cert);
	if (str_is(name, "Key"))
		return give_str(out, cert->key);
	return false;
}

static void certificate_print(struct buf *out, struct ref *r)
{
	const struct certificate *cert = (const struct certificate *)(const void *)r;

	buf_char(out, '{');
	buf_add(out, cert->cert);
	buf_char(out, ' ');
	buf_add(out, cert->key);
	buf_char(out, '}');
}

static struct value certificate_plain(struct arena *a, struct ref *r)
{
	const struct certificate *cert = (const struct certificate *)(const void *)r;
	struct map *m = map_new(a, 2);

	map_set(a, m, STR("Cert"), value_str(cert->cert));
	map_set(a, m, STR("Key"), value_str(cert->key));
	return value_of_map(m);
}

static const struct ref_class certificate_class = {
	.type = "sprig.certificate",
	.kind = "struct",
	.field = certificate_field,
	.print = certificate_print,
	.plain = certificate_plain,
};

static bool give_certificate(struct call *c, str cert, str key, struct value *out)
{
	struct certificate *made = arena_new(c->arena, struct certificate);

	*made = (struct certificate){{&certificate_class}, cert, key};
	*out = value_ref(&made->ref);
	return true;
}

static const struct certificate *certificate_of(struct value v)
{
	if (v.type != VALUE_REF || !v.ref || v.ref->class != &certificate_class)
		return NULL;
	return (const struct certificate *)(const void *)v.ref;
}

/* --- PEM --- */

static str take_bio(struct call *c, BIO *bio)
{
	char *data;
	long n = BIO_get_mem_data(bio, &data);

	return arena_str(c->arena, str_make(data, n > 0 ? (size_t)n : 0));
}

/* PKCS#1, SEC1 and DSA's own form; PKCS#8 for the others (Ed25519). */
static str key_pem(struct call *c, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int type = EVP_PKEY_get_base_id(key);
	str text = STR("");

	if (!bio)
		return text;
	if (type == EVP_PKEY_RSA || type == EVP_PKEY_DSA || type == EVP_PKEY_EC)
		PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL);
	else
		PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	text = take_bio(c, bio);
	BIO_free(bio);
	return text;
}

static str certificate_pem(struct call *c, X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());
	str text = STR("");

	if (!bio)
		return text;
	PEM_write_bio_X509(bio, cert);
	text = take_bio(c, bio);
	BIO_free(bio);
	return text;
}

/* The first block of a PEM text: its label and its bytes (OPENSSL_free both). */
static bool pem_block(str text, char **name, unsigned char **data, long *n)
{
	BIO *bio = BIO_new_mem_buf(text.n ? text.s : "", (int)text.n);
	char *header = NULL;
	bool ok = bio && PEM_read_bio(bio, name, &header, data, n);

	OPENSSL_free(header);
	BIO_free(bio);
	return ok;
}

/* Fails with the text sprig's parsePrivateKeyPEM gives behind `prefix`. */
static EVP_PKEY *key_of_pem(struct call *c, str text, const char *prefix)
{
	unsigned char *data = NULL;
	const unsigned char *at;
	EVP_PKEY *key = NULL;
	char *name = NULL;
	bool known = true;
	long n = 0;
	str type;

	if (!pem_block(text, &name, &data, &n)) {
		call_fail(c, "%s: no PEM data in input", prefix);
		return NULL;
	}
	at = data;
	type = str_of(name);
	if (str_is(type, "PRIVATE KEY"))
		key = d2i_AutoPrivateKey(NULL, &at, n);
	else if (!str_ends(type, STR(" PRIVATE KEY")))
		known = call_fail(
			c, "%s: no private key data in PEM block of type %s", prefix, name);
	else if (str_is(type, "RSA PRIVATE KEY"))
		key = d2i_PrivateKey(EVP_PKEY_RSA, NULL, &at, n);
	else if (str_is(type, "EC PRIVATE KEY"))
		key = d2i_PrivateKey(EVP_PKEY_EC, NULL, &at, n);
	else if (str_is(type, "DSA PRIVATE KEY"))
		key = d2i_PrivateKey(EVP_PKEY_DSA, NULL, &at, n);
	else
		known = call_fail(c, "%s: invalid private key type %s", prefix, name);
	if (!key && known)
		call_fail(c, "%s: parsing %s from PEM: malformed key", prefix, name);
	OPENSSL_free(name);
	OPENSSL_clear_free(data, n > 0 ? (size_t)n : 0);
	return key;
}

/* --- private keys --- */

static EVP_PKEY *dsa_generate(void)
{
	EVP_PKEY_CTX *params = EVP_PKEY_CTX_new_id(EVP_PKEY_DSA, NULL), *keygen = NULL;
	EVP_PKEY *group = NULL, *key = NULL;

	if (params && EVP_PKEY_paramgen_init(params) > 0 &&
		EVP_PKEY_CTX_set_dsa_paramgen_bits(params, 2048) > 0 &&
		EVP_PKEY_CTX_set_dsa_paramgen_q_bits(params, 256) > 0 &&
		EVP_PKEY_paramgen(params, &group) > 0)
		keygen = EVP_PKEY_CTX_new(group, NULL);
	if (keygen && EVP_PKEY_keygen_init(keygen) > 0)
		EVP_PKEY_keygen(keygen, &key);
	EVP_PKEY_free(group);
	EVP_PKEY_CTX_free(keygen);
	EVP_PKEY_CTX_free(params);
	return key;
}

static EVP_PKEY *key_generate(str type)
{
	if (type.n == 0 || str_is(type, "rsa"))
		return EVP_RSA_gen(4096u);
	if (str_is(type, "ecdsa"))
		return EVP_EC_gen("P-256");
	if (str_is(type, "ed25519"))
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return dsa_generate();
}

bool crypto_gen_private_key(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	str type = value_text(arg[0]);
	EVP_PKEY *key;

	(void)n;
	if (type.n && !str_is(type, "rsa") && !str_is(type, "dsa") && !str_is(type, "ecdsa") &&
		!str_is(type, "ed25519"))
		return give_str(out, arena_concat(c->arena, STR("Unknown type "), type));
	if (!crypto_charge(c))
		return false;
	key = key_generate(type);
	if (!key)
		return give_str(out, STR("failed to generate private key: not supported"));
	give_str(out, key_pem(c, key));
	EVP_PKEY_free(key);
	return true;
}

/* --- certificates --- */

/* What to write into a certificate. */
struct request {
	str name;		      /* the common name */
	const struct list *ips, *dns; /* of strings */
	int64_t days;
	bool ca;
	EVP_PKEY *key;	      /* the subject's */
	X509 *issuer;	      /* NULL: itself */
	EVP_PKEY *issuer_key; /* NULL: its own */
};

static bool add_ip(struct call *c, GENERAL_NAMES *names, struct value v)
{
	unsigned char bytes[16];
	GENERAL_NAME *name;
	char *text;
	int n = 0;

	if (v.type != VALUE_STR) {
		str shown = value_strval(c->arena, v);

		return call_fail(c, "error parsing ip: %.*s is not a string", STR_ARG(shown));
	}
	text = arena_cstr(c->arena, value_text(v));
	if (strlen(text) == v.n && inet_pton(AF_INET, text, bytes) == 1)
		n = 4;
	else if (strlen(text) == v.n && inet_pton(AF_INET6, text, bytes) == 1)
		n = 16;
	if (!n)
		return call_fail(c, "error parsing ip: %s", text);
	name = GENERAL_NAME_new();
	if (name) {
		ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();

		ASN1_OCTET_STRING_set(octets, bytes, n);
		GENERAL_NAME_set0_value(name, GEN_IPADD, octets);
		sk_GENERAL_NAME_push(names, name);
	}
	return true;
}

static bool add_dns(struct call *c, GENERAL_NAMES *names, struct value v)
{
	GENERAL_NAME *name;

	if (v.type != VALUE_STR) {
		str shown = value_strval(c->arena, v);

		return call_fail(c, "error processing alternate dns name: %.*s is not a string",
			STR_ARG(shown));
	}
	name = GENERAL_NAME_new();
	if (name) {
		ASN1_IA5STRING *text = ASN1_IA5STRING_new();

		ASN1_STRING_set(text, v.s, (int)v.n);
		GENERAL_NAME_set0_value(name, GEN_DNS, text);
		sk_GENERAL_NAME_push(names, name);
	}
	return true;
}

/* DNS names stand before addresses, but bad addresses are found first. */
static bool collect_names(struct call *c, const struct request *q, GENERAL_NAMES *names)
{
	GENERAL_NAMES *ips = sk_GENERAL_NAME_new_null();
	GENERAL_NAME *name;
	bool ok = true;

	for (uint32_t i = 0; ok && i < list_n(q->ips); i++)
		ok = add_ip(c, ips, q->ips->at[i]);
	for (uint32_t i = 0; ok && i < list_n(q->dns); i++)
		ok = add_dns(c, names, q->dns->at[i]);
	while (ok && (name = sk_GENERAL_NAME_shift(ips)))
		sk_GENERAL_NAME_push(names, name);
	sk_GENERAL_NAME_pop_free(ips, GENERAL_NAME_free);
	return ok;
}

static bool set_serial(struct call *c, X509 *cert)
{
	unsigned char bytes[SERIAL_BYTES];
	BIGNUM *number;
	bool ok;

	for (size_t i = 0; i < sizeof bytes; i += 8) {
		uint64_t r = exec_random(c->exec);

		memcpy(bytes + i, &r, 8);
	}
	number = BN_bin2bn(bytes, sizeof bytes, NULL);
	ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
	BN_free(number);
	return ok;
}

static bool set_times(X509 *cert, int64_t days)
{
	int64_t now = time_wall() / TIME_SECOND;

	if (days > 3000000 || days < -700000) /* outside the years that X.509 can write */
		return false;
	return ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)now) &&
	       ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)(now + days * 86400));
}

static bool add_text_extension(X509 *cert, X509V3_CTX *ctx, int nid, const char *text)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, ctx, nid, text);
	bool ok = extension && X509_add_ext(cert, extension, -1);

	X509_EXTENSION_free(extension);
	return ok;
}

static bool add_extensions(const struct request *q, X509 *cert, GENERAL_NAMES *names)
{
	X509 *issuer = q->issuer ? q->issuer : cert;
	X509V3_CTX ctx;
	bool ok;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ok = add_text_extension(cert, &ctx, NID_key_usage,
		     q->ca ? "critical,digitalSignature,keyEncipherment,keyCertSign"
			   : "critical,digitalSignature,keyEncipherment") &&
	     add_text_extension(cert, &ctx, NID_ext_key_usage, "serverAuth,clientAuth") &&
	     add_text_extension(cert, &ctx, NID_basic_constraints,
		     q->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	if (ok && q->ca)
		ok = add_text_extension(cert, &ctx, NID_subject_key_identifier, "hash");
	if (ok && q->issuer && X509_get0_subject_key_id(q->issuer) &&
		X509_NAME_cmp(X509_get_subject_name(q->issuer), X509_get_subject_name(cert)) != 0)
		ok = add_text_extension(cert, &ctx, NID_authority_key_identifier, "keyid");
	if (ok && sk_GENERAL_NAME_num(names) > 0)
		ok = X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT);
	return ok;
}

static bool set_subject(const struct request *q, X509 *cert)
{
	X509_NAME *name = X509_get_subject_name(cert);

	if (q->name.n && !X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
				 (const unsigned char *)q->name.s, (int)q->name.n, -1, 0))
		return false;
	return X509_set_issuer_name(cert, q->issuer ? X509_get_subject_name(q->issuer) : name);
}

static const EVP_MD *digest_for(EVP_PKEY *key)
{
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
		return NULL;
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC || EVP_PKEY_get_bits(key) <= 256)
		return EVP_sha256();
	return EVP_PKEY_get_bits(key) <= 384 ? EVP_sha384() : EVP_sha512();
}

static bool certificate_build(
	struct call *c, const struct request *q, X509 *cert, GENERAL_NAMES *names)
{
	EVP_PKEY *signer = q->issuer_key ? q->issuer_key : q->key;

	if (!collect_names(c, q, names))
		return false;
	if (!X509_set_version(cert, X509_VERSION_3) || !set_serial(c, cert) ||
		!set_times(cert, q->days) || !set_subject(q, cert) ||
		!X509_set_pubkey(cert, q->key) || !add_extensions(q, cert, names) ||
		!X509_sign(cert, signer, digest_for(signer)))
		return call_fail(
			c, "error creating certificate: x509: the request cannot be signed");
	return true;
}

static bool give_issued(struct call *c, const struct request *q, struct value *out)
{
	X509 *cert = X509_new();
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
	bool ok;

	if (!cert || !names)
		ok = error_set(c->err, ERROR_MEMORY, "out of memory");
	else
		ok = certificate_build(c, q, cert, names) &&
		     give_certificate(c, certificate_pem(c, cert), key_pem(c, q->key), out);
	sk_GENERAL_NAME_pop_free(names, GENERAL_NAME_free);
	X509_free(cert);
	return ok;
}

/* The key given as PEM, or a new one. */
static EVP_PKEY *subject_key(struct call *c, const struct value *pem)
{
	EVP_PKEY *key;

	if (pem)
		return key_of_pem(c, value_text(*pem), "parsing private key");
	if (!crypto_charge(c))
		return NULL;
	key = EVP_RSA_gen(2048u);
	if (!key)
		call_fail(c, "error generating rsa key");
	return key;
}

/* genCA NAME DAYS | genCAWithKey NAME DAYS KEY */
bool crypto_gen_ca(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct request q = {.name = value_text(arg[0]), .days = arg[1].i, .ca = true};
	bool ok;

	q.key = subject_key(c, n > 2 ? &arg[2] : NULL);
	ok = q.key && give_issued(c, &q, out);
	EVP_PKEY_free(q.key);
	return ok;
}

static struct request request_of(const struct value *arg)
{
	return (struct request){.name = value_text(arg[0]),
		.ips = value_list(arg[1]),
		.dns = value_list(arg[2]),
		.days = arg[3].i};
}

/* genSelfSignedCert NAME IPS DNS DAYS | ...WithKey ... KEY */
bool crypto_gen_self_signed(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct request q = request_of(arg);
	bool ok;

	q.key = subject_key(c, n > 4 ? &arg[4] : NULL);
	ok = q.key && give_issued(c, &q, out);
	EVP_PKEY_free(q.key);
	return ok;
}

static X509 *certificate_of_pem(struct call *c, str text, const char *what)
{
	unsigned char *data = NULL;
	const unsigned char *at;
	char *name = NULL;
	X509 *cert;
	long n = 0;

	if (!pem_block(text, &name, &data, &n)) {
		call_fail(c, "unable to decode certificate");
		return NULL;
	}
	at = data;
	cert = d2i_X509(NULL, &at, n);
	if (!cert)
		call_fail(c, "error parsing certificate: %s: x509: malformed certificate", what);
	OPENSSL_free(name);
	OPENSSL_free(data);
	return cert;
}

/* genSignedCert NAME IPS DNS DAYS CA | ...WithKey ... KEY */
bool crypto_gen_signed(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	const struct certificate *ca = certificate_of(arg[4]);
	struct request q = request_of(arg);
	str type = value_type_name(arg[4]);
	bool ok;

	if (!ca)
		return call_fail(c, "wrong type for value; expected sprig.certificate; got %.*s",
			STR_ARG(type));
	q.key = subject_key(c, n > 5 ? &arg[5] : NULL);
	q.issuer = q.key ? certificate_of_pem(c, ca->cert, "decodedSignerCert.Bytes") : NULL;
	q.issuer_key = q.issuer ? key_of_pem(c, ca->key, "error parsing private key") : NULL;
	ok = q.issuer_key && give_issued(c, &q, out);
	EVP_PKEY_free(q.issuer_key);
	X509_free(q.issuer);
	EVP_PKEY_free(q.key);
	return ok;
}

/* buildCustomCert CERT KEY: both base64 of PEM, both looked at, given back decoded. */
bool crypto_build_custom_cert(
	struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	EVP_PKEY *key = NULL;
	str cert, key_text;
	X509 *parsed;
	size_t at;

	(void)n;
	if (!base64_decode(c->arena, value_text(arg[0]), &cert, &at))
		return call_fail(c, "unable to decode base64 certificate");
	if (!base64_decode(c->arena, value_text(arg[1]), &key_text, &at))
		return call_fail(c, "unable to decode base64 private key");
	parsed = certificate_of_pem(c, cert, "decodedCert.Bytes");
	if (parsed)
		key = key_of_pem(c, key_text, "error parsing private key");
	X509_free(parsed);
	if (!key)
		return false;
	EVP_PKEY_free(key);
	return give_certificate(c, cert, key_text, out);
}
