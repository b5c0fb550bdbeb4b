/*
 * Shortest digits by trying precisions: 15 digits nearly always read back, 17 always do.
 */
#include "base/float.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct decimal {
	char digits[20]; /* no point, no trailing zeros, at least one */
	int n;
	int exponent; /* of the first digit: d.ddd x 10^exponent */
};

static bool reads_back(const char *text, double f)
{
	double back = strtod(text, NULL);

	return memcmp(&back, &f, sizeof f) == 0;
}

/* f is finite and positive. Integers below 2^53 take the short way. */
static void decimal_of(struct decimal *d, double f)
{
	char text[40];
	int precision = 0;

	if (f < 9007199254740992.0 && floor(f) == f && f >= 1) {
		d->n = snprintf(d->digits, sizeof d->digits, "%.0f", f);
		d->exponent = d->n - 1;
	} else {
		/* 15 digits always suffice for what people write; subnormals have fewer. */
		for (precision = f < DBL_MIN ? 0 : 14; precision < 17; precision++) {
			snprintf(text, sizeof text, "%.*e", precision, f);
			if (reads_back(text, f))
				break;
		}
		d->digits[0] = text[0];
		memcpy(d->digits + 1, text + 2, (size_t)precision);
		d->n = precision + 1;
		d->exponent = atoi(strchr(text, 'e') + 1);
	}
	while (d->n > 1 && d->digits[d->n - 1] == '0')
		d->n--;
}

static size_t put_e(char *out, const struct decimal *d, int exponent_digits)
{
	char *p = out;
	int e = d->exponent;

	*p++ = d->digits[0];
	if (d->n > 1) {
		*p++ = '.';
		memcpy(p, d->digits + 1, (size_t)d->n - 1);
		p += d->n - 1;
	}
	p += sprintf(p, "e%c%0*d", e < 0 ? '-' : '+', exponent_digits, abs(e));
	return (size_t)(p - out);
}

static size_t put_f(char *out, const struct decimal *d)
{
	char *p = out;
	int i = 0;

	if (d->exponent < 0) {
		*p++ = '0';
		*p++ = '.';
		for (int z = -1; z > d->exponent; z--)
			*p++ = '0';
	}
	for (; i < d->n; i++) {
		if (d->exponent >= 0 && i == d->exponent + 1)
			*p++ = '.';
		*p++ = d->digits[i];
	}
	for (; i <= d->exponent; i++)
		*p++ = '0';
	*p = 0;
	return (size_t)(p - out);
}

static size_t put_special(char *out, double f)
{
	strcpy(out, isnan(f) ? "NaN" : f > 0 ? "+Inf" : "-Inf");
	return strlen(out);
}

size_t float_shortest(char *out, double f, char format, int exponent_digits)
{
	struct decimal d = {.digits = "0", .n = 1};
	size_t sign = 0;

	if (!isfinite(f))
		return put_special(out, f);
	if (signbit(f)) {
		out[sign++] = '-';
		f = -f;
	}
	if (f > 0)
		decimal_of(&d, f);
	if (format == 'e')
		return sign + put_e(out + sign, &d, exponent_digits);
	return sign + put_f(out + sign, &d);
}

size_t float_general(char *out, double f, int big)
{
	struct decimal d = {.digits = "0", .n = 1};
	size_t sign = 0;

	if (!isfinite(f))
		return put_special(out, f);
	if (signbit(f)) {
		out[sign++] = '-';
		f = -f;
	}
	if (f > 0)
		decimal_of(&d, f);
	if (d.exponent < -4 || d.exponent >= big)
		return sign + put_e(out + sign, &d, 2);
	return sign + put_f(out + sign, &d);
}
