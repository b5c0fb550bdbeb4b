/*
 * Pieces of the crypto functions that have more than one user.
 */
#ifndef RENDER_FN_CRYPTO_H
#define RENDER_FN_CRYPTO_H

#include "render/fn.h"

/* RFC 4648, standard alphabets, padded. */
str base64_encode(struct arena *a, str s);
str base32_encode(struct arena *a, str s);
/* Strict about padding, deaf to CR and LF. False: *at is the byte Go complains about ("illegal
 * base64 data at input byte 4"). */
bool base64_decode(struct arena *a, str s, str *out, size_t *at);
bool base32_decode(struct arena *a, str s, str *out, size_t *at);

/* Counts LIMIT_FN_COSTLY steps of the render; false with an error when none are left. */
bool crypto_charge(struct call *c);

/* crypto_cert.c: keys and certificates; a certificate is a REF with the fields Cert and Key. */
fn_body crypto_gen_private_key, crypto_gen_ca, crypto_gen_self_signed, crypto_gen_signed;
fn_body crypto_build_custom_cert;

/* crypto_password.c: bcrypt, htpasswd, derivePassword, AES. */
fn_body crypto_bcrypt, crypto_htpasswd, crypto_derive_password, crypto_encrypt, crypto_decrypt;

#endif
