/*
 * net/url's Parse and String, rule by rule, with its error texts.
 */
#include "render/fn/url.h"

#include <arpa/inet.h>

#include "base/utf8.h"
#include "render/fn.h"

enum part { PART_PATH, PART_HOST, PART_ZONE, PART_USER, PART_FRAGMENT };

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_in(char c, const char *set)
{
	return c && strchr(set, c);
}

static bool must_escape(char c, enum part part)
{
	if (is_alnum(c) || is_in(c, "-_.~"))
		return false;
	if (part == PART_HOST || part == PART_ZONE)
		return !is_in(c, "!$&'()*+,;=:[]<>\"");
	if (is_in(c, "$&+,/:;=?@"))
		return part == PART_PATH ? c == '?' : part == PART_USER && is_in(c, "@/?:");
	return part != PART_FRAGMENT || !is_in(c, "!()*");
}

static void escape(struct buf *out, str s, enum part part)
{
	for (size_t i = 0; i < s.n; i++)
		if (must_escape(s.s[i], part))
			buf_printf(out, "%%%02X", (unsigned)(unsigned char)s.s[i]);
		else
			buf_char(out, s.s[i]);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 32);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The text and its error in Go's quotes. */
static bool complain_quoted(
	struct arena *a, const char *before, str s, const char *after, struct error *err)
{
	struct buf b;

	buf_in(&b, a, 0);
	print_quoted(&b, s);
	return error_set(err, ERROR_INVALID, "%s%.*s%s", before, STR_ARG(buf_str(&b)), after);
}

static bool bad_escape(struct arena *a, str at, struct error *err)
{
	return complain_quoted(a, "invalid URL escape ", str_sub(at, 0, 3), "", err);
}

/* s.s[0] is '%': may its byte stand in this part? Hosts hold none but %25 and bytes above 7F. */
static bool escape_ok(str s, enum part part)
{
	int high = s.n > 2 ? hex_digit(s.s[1]) : -1, low = s.n > 2 ? hex_digit(s.s[2]) : -1;

	if (high < 0 || low < 0)
		return false;
	if ((part != PART_HOST && part != PART_ZONE) || str_starts(s, STR("%25")))
		return true;
	if (part == PART_HOST)
		return high >= 8;
	return high * 16 + low == ' ' || !must_escape((char)(high * 16 + low), PART_HOST);
}

static bool unescape(struct arena *a, str s, enum part part, str *out, struct error *err)
{
	char *start = arena_text(a, s.n + 1), *p = start;

	for (; s.n; s = str_from(s, 1)) {
		if (s.s[0] == '%') {
			if (!escape_ok(s, part))
				return bad_escape(a, s, err);
			*p++ = (char)(hex_digit(s.s[1]) * 16 + hex_digit(s.s[2]));
			s = str_from(s, 2);
			continue;
		}
		if ((part == PART_HOST || part == PART_ZONE) && (unsigned char)s.s[0] < 0x80 &&
			must_escape(s.s[0], part))
			return complain_quoted(
				a, "invalid character ", str_sub(s, 0, 1), " in host name", err);
		*p++ = s.s[0];
	}
	*out = str_make(start, (size_t)(p - start));
	return true;
}

/* "" or ":" and digits. */
static bool is_port(str s)
{
	if (s.n == 0)
		return true;
	for (size_t i = 1; i < s.n; i++)
		if (s.s[i] < '0' || s.s[i] > '9')
			return false;
	return s.s[0] == ':';
}

/* [name] must hold an IPv6 address; `name` comes without its zone. */
static bool check_literal(struct arena *a, str name, str tail, struct error *err)
{
	unsigned char bytes[16];
	const char *text = arena_cstr(a, name);
	bool plain = strlen(text) == name.n;

	if (plain && tail.n == 0 && inet_pton(AF_INET, text, bytes) == 1)
		return error_set(err, ERROR_INVALID, "invalid IP-literal");
	if (!plain || inet_pton(AF_INET6, text, bytes) != 1)
		return complain_quoted(a, "invalid host: ParseAddr(", arena_concat(a, name, tail),
			"): unable to parse IP", err);
	if (tail.n == 1)
		return complain_quoted(a, "invalid host: ParseAddr(", arena_concat(a, name, tail),
			"): zone must be a non-empty string", err);
	return true;
}

/* [address], [address%25zone], either with a port. */
static bool parse_literal_host(struct arena *a, str host, str *out, struct error *err)
{
	ptrdiff_t close = str_rfind_char(host, ']'), zone;
	str port, name, tail = STR("");

	if (close < 0)
		return error_set(err, ERROR_INVALID, "missing ']' in host");
	port = str_from(host, (size_t)close + 1);
	if (!is_port(port))
		return complain_quoted(a, "invalid port ", port, " after host", err);
	name = str_sub(host, 1, (size_t)close);
	zone = str_find(name, STR("%25"));
	if (zone >= 0) {
		if (!unescape(a, str_from(name, (size_t)zone), PART_ZONE, &tail, err))
			return false;
		name = str_sub(name, 0, (size_t)zone);
	}
	if (!unescape(a, name, PART_HOST, &name, err) || !check_literal(a, name, tail, err))
		return false;
	*out = arena_printf(a, "[%.*s%.*s]%.*s", STR_ARG(name), STR_ARG(tail), STR_ARG(port));
	return true;
}

static bool parse_host(struct arena *a, str host, str *out, struct error *err)
{
	ptrdiff_t at = str_rfind_char(host, '[');

	if (at > 0)
		return error_set(err, ERROR_INVALID, "invalid IP-literal");
	if (at == 0)
		return parse_literal_host(a, host, out, err);
	at = str_rfind_char(host, ':');
	if (at >= 0 && !is_port(str_from(host, (size_t)at)))
		return complain_quoted(
			a, "invalid port ", str_from(host, (size_t)at), " after host", err);
	return unescape(a, host, PART_HOST, out, err);
}

static bool parse_user(struct arena *a, str info, struct url *u, struct error *err)
{
	str password;

	for (size_t i = 0; i < info.n; i++)
		if (!is_alnum(info.s[i]) && !is_in(info.s[i], "-._:~!$&'()*+,;=%@"))
			return error_set(err, ERROR_INVALID, "net/url: invalid userinfo");
	u->has_user = true;
	info = str_cut(info, ':', &password);
	u->has_password = password.s != NULL;
	return unescape(a, info, PART_USER, &u->user, err) &&
	       unescape(a, password, PART_USER, &u->password, err);
}

static bool parse_authority(struct arena *a, str authority, struct url *u, struct error *err)
{
	ptrdiff_t at = str_rfind_char(authority, '@');

	if (!parse_host(a, str_from(authority, (size_t)(at + 1)), &u->host, err))
		return false;
	return at < 0 || parse_user(a, str_sub(authority, 0, (size_t)at), u, err);
}

/* Leaves in *rest what follows the scheme and its colon; none is no error. */
static bool parse_scheme(struct arena *a, str s, struct url *u, str *rest, struct error *err)
{
	char *lowered;
	size_t i = 0;

	*rest = s;
	while (i < s.n && (is_alnum(s.s[i]) || is_in(s.s[i], "+-.")))
		i++;
	if (i == s.n || s.s[i] != ':')
		return true;
	if (i == 0)
		return error_set(err, ERROR_INVALID, "missing protocol scheme");
	if (!is_alnum(s.s[0]) || (s.s[0] >= '0' && s.s[0] <= '9'))
		return true;
	lowered = arena_cstr(a, str_sub(s, 0, i));
	for (size_t k = 0; k < i; k++)
		if (lowered[k] >= 'A' && lowered[k] <= 'Z')
			lowered[k] = (char)(lowered[k] | 32);
	u->scheme = str_make(lowered, i);
	*rest = str_from(s, i + 1);
	return true;
}

static bool has_control(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.s[i] < ' ' || s.s[i] == 0x7F)
			return true;
	return false;
}

static bool parse(struct arena *a, str s, struct url *u, struct error *err)
{
	str rest, segment, unused;

	if (has_control(s))
		return error_set(err, ERROR_INVALID, "net/url: invalid control character in URL");
	if (!parse_scheme(a, s, u, &rest, err))
		return false;
	rest = str_cut(rest, '?', &u->query);
	if (!str_starts(rest, STR("/"))) {
		if (u->scheme.n) {
			u->opaque = rest;
			return true;
		}
		segment = str_cut(rest, '/', &unused);
		if (str_find_char(segment, ':') >= 0)
			return error_set(err, ERROR_INVALID,
				"first path segment in URL cannot contain colon");
	}
	if (str_starts(rest, STR("//")) && (u->scheme.n || !str_starts(rest, STR("///")))) {
		ptrdiff_t slash = str_find_char(str_from(rest, 2), '/');
		size_t stop = slash < 0 ? rest.n : (size_t)slash + 2;

		if (!parse_authority(a, str_sub(rest, 2, stop), u, err))
			return false;
		rest = str_from(rest, stop);
	}
	return unescape(a, rest, PART_PATH, &u->path, err);
}

bool url_parse(struct arena *a, str text, struct url *out, struct error *err)
{
	str fragment, front = str_cut(text, '#', &fragment);
	struct buf b;

	*out = (struct url){.scheme = STR("")};
	buf_in(&b, a, 0);
	if (!parse(a, front, out, err)) {
		print_quoted(&b, front);
	} else if (!unescape(a, fragment, PART_FRAGMENT, &out->fragment, err)) {
		print_quoted(&b, text);
	} else {
		return true;
	}
	return error_wrap(err, "parse %.*s", STR_ARG(buf_str(&b)));
}

str url_hostname(const struct url *u)
{
	ptrdiff_t colon = str_rfind_char(u->host, ':');
	str host = u->host;

	if (colon >= 0 && is_port(str_from(host, (size_t)colon)))
		host.n = (size_t)colon;
	if (str_starts(host, STR("[")) && str_ends(host, STR("]")))
		host = str_sub(host, 1, host.n - 1);
	return host;
}

void url_write_user(struct buf *out, const struct url *u)
{
	escape(out, u->user, PART_USER);
	if (u->has_password) {
		buf_char(out, ':');
		escape(out, u->password, PART_USER);
	}
}

static void write_authority(struct buf *out, const struct url *u)
{
	if (!u->scheme.n && !u->host.n && !u->has_user)
		return;
	if (u->host.n || u->path.n || u->has_user)
		buf_lit(out, "//");
	if (u->has_user) {
		url_write_user(out, u);
		buf_char(out, '@');
	}
	escape(out, u->host, PART_HOST);
}

static void write_path(struct buf *out, const struct url *u)
{
	str rest, segment = str_cut(u->path, '/', &rest);

	if (u->path.n && u->path.s[0] != '/' && u->host.n)
		buf_char(out, '/');
	if (out->n == 0 && str_find_char(segment, ':') >= 0)
		buf_lit(out, "./"); /* else the colon would end a scheme */
	if (str_is(u->path, "*"))
		buf_add(out, u->path);
	else
		escape(out, u->path, PART_PATH);
}

void url_write(struct buf *out, const struct url *u)
{
	if (u->scheme.n) {
		buf_add(out, u->scheme);
		buf_char(out, ':');
	}
	if (u->opaque.n) {
		buf_add(out, u->opaque);
	} else {
		write_authority(out, u);
		write_path(out, u);
	}
	if (u->query.n) {
		buf_char(out, '?');
		buf_add(out, u->query);
	}
	if (u->fragment.n) {
		buf_char(out, '#');
		escape(out, u->fragment, PART_FRAGMENT);
	}
}
