/*
 * Comparing, searching and hashing slices.
 */
#include "base/str.h"

#include <sys/random.h>

static uint64_t hash_seed = 0x9e3779b97f4a7c15ull;

int str_cmp(str a, str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.s, b.s, n) : 0;

	if (order)
		return order;
	return (a.n > b.n) - (a.n < b.n);
}

#define SHORT 16

/* memmem looks at every byte; the first of a needle is mostly rare ('<', '{', a newline). */
static const char *find_short(str a, str needle)
{
	const char *at = a.s, *end = a.s + a.n;

	while ((size_t)(end - at) >= needle.n) {
		at = memchr(at, needle.s[0], (size_t)(end - at) - needle.n + 1);
		if (!at || memcmp(at, needle.s, needle.n) == 0)
			return at;
		at++;
	}
	return NULL;
}

ptrdiff_t str_find(str a, str needle)
{
	const char *at;

	if (needle.n == 0)
		return 0;
	if (a.n == 0)
		return -1;
	if (needle.n > SHORT)
		at = memmem(a.s, a.n, needle.s, needle.n);
	else
		at = find_short(a, needle);
	return at ? at - a.s : -1;
}

ptrdiff_t str_find_char(str a, char c)
{
	const char *at = a.n ? memchr(a.s, c, a.n) : NULL;

	return at ? at - a.s : -1;
}

ptrdiff_t str_rfind_char(str a, char c)
{
	const char *at = a.n ? memrchr(a.s, c, a.n) : NULL;

	return at ? at - a.s : -1;
}

bool str_has(str a, str needle)
{
	return str_find(a, needle) >= 0;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

str str_trim(str a)
{
	while (a.n && is_blank(a.s[0]))
		a = str_from(a, 1);
	while (a.n && is_blank(a.s[a.n - 1]))
		a.n--;
	return a;
}

str str_cut(str a, char sep, str *rest)
{
	ptrdiff_t at = str_find_char(a, sep);

	if (at < 0) {
		*rest = STR_NONE;
		return a;
	}
	*rest = str_from(a, (size_t)at + 1);
	return str_sub(a, 0, (size_t)at);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool str_eq_nocase(str a, str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.s[i]) != lower(b.s[i]))
			return false;
	return true;
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 r = (unsigned __int128)a * b;

	return (uint64_t)r ^ (uint64_t)(r >> 64);
}

/* Eight bytes a step, folded by a 64x64 multiplication. */
uint32_t str_hash(str a)
{
	uint64_t h = hash_seed ^ a.n, w;
	const char *p = a.s;
	size_t n = a.n;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&w, p, 8);
		h = mix(h ^ w, 0xa0761d6478bd642full);
	}
	w = 0;
	if (n)
		memcpy(&w, p, n);
	h = mix(h ^ w, 0xe7037ed1a0b428dbull);
	return (uint32_t)(h ^ (h >> 32));
}

void str_hash_seed(void)
{
	uint64_t seed;

	if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) == (ssize_t)sizeof seed)
		hash_seed = seed;
}
