/*
 * Slash paths (Go's path package; filepath is the same on this system), URLs.
 */
#include "render/fn/body.h"
#include "render/fn/url.h"

static str trim_slashes(str s)
{
	while (s.n && s.s[s.n - 1] == '/')
		s.n--;
	return s;
}

static bool path_is_abs(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	return give_bool(out, str_starts(value_text(arg[0]), STR("/")));
}

static bool path_base_name(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	str s = value_text(arg[0]), trimmed = trim_slashes(s);

	(void)c, (void)n;
	if (s.n == 0)
		return give_str(out, STR("."));
	if (trimmed.n == 0)
		return give_str(out, STR("/"));
	return give_str(out, str_from(trimmed, (size_t)(str_rfind_char(trimmed, '/') + 1)));
}

static bool path_ext(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	str s = value_text(arg[0]);
	ptrdiff_t dot = str_rfind_char(s, '.'), slash = str_rfind_char(s, '/');

	(void)c, (void)n;
	return give_str(out, dot > slash ? str_from(s, (size_t)dot) : STR(""));
}

/* Without "", "." and inner ".."; a rooted path has no ".." at all. */
static str clean(struct arena *a, str s)
{
	bool rooted = str_starts(s, STR("/"));
	char *start = arena_text(a, s.n + 2), *p = start, *least;
	str rest = s, name;

	if (rooted)
		*p++ = '/';
	least = p; /* ".." must not take away what stands before */
	while (rest.n) {
		name = str_cut(rest, '/', &rest);
		if (name.n == 0 || str_is(name, "."))
			continue;
		if (str_is(name, "..") && p > least) {
			do
				p--;
			while (p > least && *p != '/');
			continue;
		}
		if (str_is(name, "..") && rooted)
			continue;
		if (p > start + rooted)
			*p++ = '/';
		memcpy(p, name.s, name.n);
		p += name.n;
		if (str_is(name, ".."))
			least = p;
	}
	return p > start ? str_make(start, (size_t)(p - start)) : STR(".");
}

static bool path_clean(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_str(out, clean(c->arena, value_text(arg[0])));
}

static bool path_dir_name(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	str s = value_text(arg[0]);

	(void)n;
	return give_str(out, clean(c->arena, str_sub(s, 0, (size_t)(str_rfind_char(s, '/') + 1))));
}

/* --- URLs --- */

static bool path_url_parse(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct map *m = map_new(c->arena, 8);
	struct error err;
	struct url u;
	struct buf user;

	(void)n;
	if (!url_parse(c->arena, value_text(arg[0]), &u, &err))
		return call_fail(c, "unable to parse url: %s", err.text);
	body_buf(c, &user);
	if (u.has_user)
		url_write_user(&user, &u);
	map_set(c->arena, m, STR("fragment"), value_str(u.fragment));
	map_set(c->arena, m, STR("host"), value_str(u.host));
	map_set(c->arena, m, STR("hostname"), value_str(url_hostname(&u)));
	map_set(c->arena, m, STR("opaque"), value_str(u.opaque));
	map_set(c->arena, m, STR("path"), value_str(u.path));
	map_set(c->arena, m, STR("query"), value_str(u.query));
	map_set(c->arena, m, STR("scheme"), value_str(u.scheme));
	map_set(c->arena, m, STR("userinfo"), value_str(buf_str(&user)));
	return give_map(out, m);
}

static bool text_at(struct call *c, const struct map *m, const char *key, str *out)
{
	const struct value *v = map_find(m, str_of(key));
	str kind;

	*out = STR("");
	if (!v)
		return true;
	if (v->type == VALUE_NIL)
		return call_fail(c, GO_NIL_DEREFERENCE);
	kind = value_kind_name(*v);
	if (v->type != VALUE_STR)
		return call_fail(c,
			"unable to parse %s key, must be of type string, but %.*s found", key,
			STR_ARG(kind));
	*out = value_text(*v);
	return true;
}

/* The user of proto://INFO@host. */
static bool read_user(struct call *c, str info, struct url *u)
{
	struct error err;
	struct url parsed;

	if (info.n == 0)
		return true;
	if (!url_parse(c->arena, arena_printf(c->arena, "proto://%.*s@host", STR_ARG(info)),
		    &parsed, &err))
		return call_fail(c, "unable to parse userinfo in dict: %s", err.text);
	u->has_user = parsed.has_user;
	u->has_password = parsed.has_password;
	u->user = parsed.user;
	u->password = parsed.password;
	return true;
}

static bool path_url_join(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	const struct map *m = value_map(arg[0]);
	struct url u = {.has_user = false};
	struct buf b;
	str info;

	(void)n;
	if (!text_at(c, m, "scheme", &u.scheme) || !text_at(c, m, "host", &u.host) ||
		!text_at(c, m, "path", &u.path) || !text_at(c, m, "query", &u.query) ||
		!text_at(c, m, "opaque", &u.opaque) || !text_at(c, m, "fragment", &u.fragment) ||
		!text_at(c, m, "userinfo", &info) || !read_user(c, info, &u))
		return false;
	body_buf(c, &b);
	url_write(&b, &u);
	return body_text(c, &b, out);
}

const struct fn fn_path[] = {
	{"base", "s", path_base_name},
	{"clean", "s", path_clean},
	{"dir", "s", path_dir_name},
	{"ext", "s", path_ext},
	{"isAbs", "s", path_is_abs},
	{"osBase", "s", path_base_name},
	{"osClean", "s", path_clean},
	{"osDir", "s", path_dir_name},
	{"osExt", "s", path_ext},
	{"osIsAbs", "s", path_is_abs},
	{"urlJoin", "m", path_url_join},
	{"urlParse", "s", path_url_parse},
	{NULL, NULL, NULL},
};
