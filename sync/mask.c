/*
 * Userinfo is what stands between "://" and the last '@' before the authority ends.
 */
#include "sync/mask.h"

#include <string.h>

#include "base/buf.h"

/* How long is the userinfo that the text begins with? 0: there is none. */
static size_t userinfo(str text)
{
	size_t at = 0;

	for (size_t i = 0; i < text.n && !strchr("/?#\"'\\ \t\r\n<>", text.s[i]); i++)
		if (text.s[i] == '@')
			at = i;
	return at;
}

str mask_urls(struct arena *keep, str text)
{
	str rest = text, before;
	ptrdiff_t at;
	struct buf b;
	size_t n;

	if (!str_has(text, STR("://")) || str_find_char(text, '@') < 0)
		return text;
	buf_in(&b, keep, 0);
	while ((at = str_find(rest, STR("://"))) >= 0) {
		before = str_sub(rest, 0, (size_t)at + 3);
		rest = str_from(rest, before.n);
		n = userinfo(rest);
		/* ssh's user is no secret; a password is */
		if (str_ends(before, STR("ssh://")) && str_find_char(str_sub(rest, 0, n), ':') < 0)
			n = 0;
		buf_add(&b, before);
		if (n)
			buf_lit(&b, "***");
		rest = str_from(rest, n);
	}
	buf_add(&b, rest);
	return buf_str(&b);
}
