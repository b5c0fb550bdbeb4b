/*
 * base64 and base32 as Go's encoding packages do them, their error offsets included.
 */
#include "render/fn/crypto.h"

static const char base64_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base32_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

str base64_encode(struct arena *a, str s)
{
	size_t total = (s.n + 2) / 3 * 4;
	char *start = arena_text(a, total + 1), *p = start;

	for (size_t i = 0; i < s.n; i += 3) {
		size_t have = s.n - i;
		uint32_t u = (uint32_t)(unsigned char)s.s[i] << 16;

		if (have > 1)
			u |= (uint32_t)(unsigned char)s.s[i + 1] << 8;
		if (have > 2)
			u |= (unsigned char)s.s[i + 2];
		*p++ = base64_alphabet[u >> 18];
		*p++ = base64_alphabet[u >> 12 & 63];
		*p++ = have > 1 ? base64_alphabet[u >> 6 & 63] : '=';
		*p++ = have > 2 ? base64_alphabet[u & 63] : '=';
	}
	return str_make(start, total);
}

str base32_encode(struct arena *a, str s)
{
	size_t total = (s.n + 4) / 5 * 8;
	char *start = arena_text(a, total + 1), *p = start;

	for (size_t i = 0; i < s.n; i += 5) {
		size_t have = s.n - i < 5 ? s.n - i : 5;
		uint64_t u = 0;

		for (size_t k = 0; k < 5; k++)
			u = u << 8 | (k < have ? (unsigned char)s.s[i + k] : 0u);
		for (size_t k = 0; k < 8; k++)
			*p++ = k * 5 < have * 8 ? base32_alphabet[u >> (35 - 5 * k) & 31] : '=';
	}
	return str_make(start, total);
}

struct decoder {
	const char *alphabet;
	unsigned bits;	/* of one letter */
	unsigned group; /* letters of one group */
	str s;
	size_t at;
};

static int letter_of(const struct decoder *d, char c)
{
	const char *p = c ? strchr(d->alphabet, c) : NULL;

	return p ? (int)(p - d->alphabet) : -1;
}

static void skip_breaks(struct decoder *d)
{
	while (d->at < d->s.n && (d->s.s[d->at] == '\n' || d->s.s[d->at] == '\r'))
		d->at++;
}

/* The rest behind the first '=' (at d->at): the padding that is due and nothing more. */
static bool base64_padding(struct decoder *d, unsigned letters, size_t *bad)
{
	*bad = d->at;
	if (letters < 2)
		return false;
	for (unsigned i = letters; i < d->group; i++) {
		skip_breaks(d);
		*bad = d->at;
		if (d->at == d->s.n || d->s.s[d->at] != '=') {
			if (d->at < d->s.n)
				*bad = d->at - 1;
			return false;
		}
		d->at++;
	}
	skip_breaks(d);
	*bad = d->at;
	return d->at == d->s.n;
}

/* Go's base32 wants enough padding first, and does not look at what comes behind it. */
static bool base32_padding(const struct decoder *d, unsigned letters, size_t *bad)
{
	size_t left = d->s.n - d->at - 1;

	*bad = d->at;
	if (letters < 2 || left >= 8)
		return false;
	*bad = d->s.n;
	if (left + letters < 7)
		return false;
	for (size_t i = 1; i + letters < 8; i++) {
		*bad = d->at + i - 1;
		if (i <= left && d->s.s[d->at + i] != '=')
			return false;
	}
	*bad = d->at;
	return letters != 3 && letters != 6;
}

static char *put_group(char *p, const struct decoder *d, uint64_t u, unsigned letters)
{
	unsigned bits = letters * d->bits, bytes = bits / 8;

	u >>= bits % 8;
	for (unsigned i = bytes; i-- > 0;)
		*p++ = (char)(u >> (8 * i));
	return p;
}

/* One group; letters counts what it has. False at an error. */
static bool read_group(struct decoder *d, uint64_t *u, unsigned *letters, size_t *bad)
{
	*u = 0;
	for (*letters = 0; *letters < d->group; ++*letters) {
		int value;

		skip_breaks(d);
		if (d->at == d->s.n) {
			*bad = d->at - *letters;
			return *letters == 0;
		}
		if (d->s.s[d->at] == '=')
			return d->group == 4 ? base64_padding(d, *letters, bad)
					     : base32_padding(d, *letters, bad);
		value = letter_of(d, d->s.s[d->at]);
		*bad = d->at;
		if (value < 0)
			return false;
		d->at++;
		*u = *u << d->bits | (unsigned)value;
	}
	return true;
}

static bool decode(struct arena *a, struct decoder *d, str *out, size_t *bad)
{
	char *start = arena_text(a, d->s.n + 1), *p = start;
	unsigned letters;
	uint64_t u;

	do {
		if (!read_group(d, &u, &letters, bad))
			return false;
		p = put_group(p, d, u, letters);
	} while (letters == d->group);
	*out = str_make(start, (size_t)(p - start));
	return true;
}

bool base64_decode(struct arena *a, str s, str *out, size_t *at)
{
	struct decoder d = {.alphabet = base64_alphabet, .bits = 6, .group = 4, .s = s};

	return decode(a, &d, out, at);
}

bool base32_decode(struct arena *a, str s, str *out, size_t *at)
{
	struct decoder d = {.alphabet = base32_alphabet, .bits = 5, .group = 8, .s = s};

	return decode(a, &d, out, at);
}
