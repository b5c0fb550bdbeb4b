/*
 * Random text and numbers, all from exec_random: a seeded render gives the same ones again.
 */
#include "render/exec.h"
#include "render/fn/body.h"
#include "render/fn/crypto.h"
#include "render/fn/runes.h"
#include "render/fn/string.h"

#include "base/utf8.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

/* Evenly below n (n > 0): what does not fill a whole round of n is thrown away. */
static uint64_t below(struct call *c, uint64_t n)
{
	uint64_t reject = (0 - n) % n, r;

	do
		r = exec_random(c->exec);
	while (r < reject);
	return r % n;
}

/* A negative count is an error in goutils that sprig drops: empty text. */
static bool give_random(struct call *c, int64_t count, str alphabet, struct value *out)
{
	size_t total;
	char *p;

	if (count <= 0)
		return give_str(out, STR(""));
	if (!body_size(c, (size_t)count, 1, &total))
		return false;
	p = arena_text(c->arena, total + 1);
	for (size_t i = 0; i < total; i++)
		p[i] = alphabet.s[below(c, alphabet.n)];
	return give_str(out, str_make(p, total));
}

bool random_alnum(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_random(c, arg[0].i, STR(LETTERS DIGITS), out);
}

bool random_alpha(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_random(c, arg[0].i, STR(LETTERS), out);
}

bool random_numeric(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_random(c, arg[0].i, STR(DIGITS), out);
}

bool random_ascii(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	char printable[95];

	(void)n;
	for (size_t i = 0; i < sizeof printable; i++)
		printable[i] = (char)(' ' + i);
	return give_random(c, arg[0].i, str_make(printable, sizeof printable), out);
}

static void fill(struct call *c, char *p, size_t n)
{
	for (size_t i = 0; i < n; i += 8) {
		uint64_t r = exec_random(c->exec);

		memcpy(p + i, &r, n - i < 8 ? n - i : 8);
	}
}

bool random_bytes(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	size_t total;
	char *p;

	(void)n;
	if (arg[0].i < 0)
		return call_fail(c, GO_MAKESLICE);
	if (!body_size(c, (size_t)arg[0].i, 2, &total))
		return false;
	p = arena_text(c->arena, (size_t)arg[0].i + 1);
	fill(c, p, (size_t)arg[0].i);
	return give_str(out, base64_encode(c->arena, str_make(p, (size_t)arg[0].i)));
}

/* At least min, less than max. */
bool random_int(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	uint64_t span = (uint64_t)arg[1].i - (uint64_t)arg[0].i;

	(void)n;
	if (span == 0 || span > INT64_MAX)
		return call_fail(c, "invalid argument to Intn");
	*out = value_int((int64_t)((uint64_t)arg[0].i + below(c, span)));
	return true;
}

bool random_shuffle(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	str s = value_text(arg[0]);
	size_t count = utf8_count(s), width, i = 0;
	uint32_t *rune = arena_news(c->arena, count + 1, uint32_t);
	struct buf b;

	(void)n;
	for (; s.n; s = str_from(s, width))
		rune[i++] = utf8_rune(s, &width);
	for (i = count; i > 1; i--) {
		size_t other = below(c, i);
		uint32_t kept = rune[i - 1];

		rune[i - 1] = rune[other];
		rune[other] = kept;
	}
	body_buf(c, &b);
	for (i = 0; i < count; i++)
		rune_add(&b, rune[i]);
	return body_text(c, &b, out);
}

bool random_uuid(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	unsigned char u[16];
	char text[37], *p = text;

	(void)arg, (void)n;
	fill(c, (char *)u, sizeof u);
	u[6] = (unsigned char)((u[6] & 0x0F) | 0x40);
	u[8] = (unsigned char)((u[8] & 0x3F) | 0x80);
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = "0123456789abcdef"[u[i] >> 4];
		*p++ = "0123456789abcdef"[u[i] & 15];
	}
	return give_str(out, arena_str(c->arena, str_make(text, 36)));
}
