/*
 * A decimal is value x 10^exponent, the value an OpenSSL big number: the only big integers this
 * program links.
 */
#include "render/fn/decimal.h"

#include <openssl/bn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/float.h"
#include "base/mem.h"

#define DIVISION_PLACES 16
#define BITS_MAX 350000 /* over 100,000 digits: mulf of thousands of numbers */

struct decimal {
	BN_CTX *ctx;
	BIGNUM *value, *other, *scale;
	int64_t exponent;
};

/* "1.25e-07" into digits and an exponent. */
static bool read_float(BIGNUM *value, int64_t *exponent, double f)
{
	char text[FLOAT_TEXT], digits[FLOAT_TEXT], *p = digits, *e;
	int64_t after = 0;

	float_shortest(text, f, 'e', 2);
	e = strchr(text, 'e');
	*exponent = strtol(e + 1, NULL, 10);
	for (const char *q = text; q < e; q++)
		if (*q == '.')
			after = e - q - 1;
		else
			*p++ = *q;
	*p = 0;
	*exponent -= after;
	return BN_dec2bn(&value, digits) != 0;
}

void decimal_free(struct decimal *d)
{
	if (!d)
		return;
	BN_free(d->value);
	BN_free(d->other);
	BN_free(d->scale);
	BN_CTX_free(d->ctx);
	mem_free(d);
}

struct decimal *decimal_new(double f)
{
	struct decimal *d = mem_alloc(sizeof *d);

	if (!d)
		return NULL;
	d->ctx = BN_CTX_new();
	d->value = BN_new();
	d->other = BN_new();
	d->scale = BN_new();
	if (d->ctx && d->value && d->other && d->scale && read_float(d->value, &d->exponent, f))
		return d;
	decimal_free(d);
	return NULL;
}

/* x *= 10^power. */
static bool scale_up(struct decimal *d, BIGNUM *x, int64_t power)
{
	if (power < 0 || power > BITS_MAX)
		return false;
	return BN_set_word(d->scale, 10) && BN_set_word(d->other, (BN_ULONG)power) &&
	       BN_exp(d->scale, d->scale, d->other, d->ctx) && BN_mul(x, x, d->scale, d->ctx);
}

static bool add(struct decimal *d, BIGNUM *x, int64_t exponent, bool minus)
{
	if (exponent > d->exponent) {
		if (!scale_up(d, x, exponent - d->exponent))
			return false;
	} else if (!scale_up(d, d->value, d->exponent - exponent)) {
		return false;
	} else {
		d->exponent = exponent;
	}
	return minus ? BN_sub(d->value, d->value, x) : BN_add(d->value, d->value, x);
}

/* value x 10^(exponent - other exponent + 16) / other, rounded half away from zero. */
static bool divide(struct decimal *d, BIGNUM *x, int64_t exponent)
{
	int64_t shift = d->exponent - exponent + DIVISION_PLACES;
	bool negative = BN_is_negative(d->value) != BN_is_negative(x);

	BN_set_negative(d->value, 0);
	BN_set_negative(x, 0);
	if (!scale_up(d, shift < 0 ? x : d->value, shift < 0 ? -shift : shift) ||
		!BN_div(d->value, d->other, d->value, x, d->ctx) || !BN_lshift1(d->other, d->other))
		return false;
	if (BN_cmp(d->other, x) >= 0 && !BN_add_word(d->value, 1))
		return false;
	BN_set_negative(d->value, negative);
	d->exponent = -DIVISION_PLACES;
	return true;
}

bool decimal_apply(struct decimal *d, enum decimal_op op, double f, bool *big)
{
	BIGNUM *x = BN_new();
	int64_t exponent;
	bool ok = x && read_float(x, &exponent, f);

	*big = true;
	if (ok && op == DECIMAL_DIV && BN_is_zero(x)) {
		*big = ok = false;
	} else if (ok && op == DECIMAL_MUL) {
		ok = BN_mul(d->value, d->value, x, d->ctx);
		d->exponent += exponent;
	} else if (ok && op == DECIMAL_DIV) {
		ok = divide(d, x, exponent);
	} else if (ok) {
		ok = add(d, x, exponent, op == DECIMAL_SUB);
	}
	BN_free(x);
	return ok && BN_num_bits(d->value) <= BITS_MAX;
}

double decimal_float(const struct decimal *d)
{
	char *digits = BN_bn2dec(d->value), *text;
	size_t n = digits ? strlen(digits) + 32 : 0;
	double f = 0;

	text = digits ? mem_alloc(n) : NULL;
	if (text && !BN_is_zero(d->value)) {
		snprintf(text, n, "%se%lld", digits, (long long)d->exponent);
		f = strtod(text, NULL);
	}
	mem_free(text);
	OPENSSL_free(digits);
	return f;
}
