/*
 * URLs as Go's net/url takes them apart and puts them together.
 */
#ifndef RENDER_FN_URL_H
#define RENDER_FN_URL_H

#include "base/buf.h"

struct url {
	str scheme, opaque, host, path, query, fragment;
	bool has_user, has_password;
	str user, password; /* unescaped */
};

/* *err holds Go's text: parse "http://a b/": invalid character " " in host name. */
bool url_parse(struct arena *a, str text, struct url *out, struct error *err);
void url_write(struct buf *out, const struct url *u);
void url_write_user(struct buf *out, const struct url *u);
str url_hostname(const struct url *u);

#endif
