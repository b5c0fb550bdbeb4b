/*
 * Repository URLs in, their parts out. Everything that is later put on a command line or in a
 * request is checked here.
 */
#include "agent/git/url.h"

#include "agent/git/git.h"
#include "base/buf.h"
#include "base/num.h"

static char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static str lower(struct arena *keep, str s)
{
	char *out = arena_text(keep, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		out[i] = ascii_lower(s.s[i]);
	out[s.n] = 0;
	return str_make(out, s.n);
}

/* Argo CD: ^(ssh://)?([^/:]*?)@[^@]+$ */
static bool ssh_spelling(str url)
{
	str rest = str_starts(url, STR("ssh://")) ? str_from(url, 6) : url;
	ptrdiff_t at = str_find_char(rest, '@');
	str user = str_sub(rest, 0, at < 0 ? 0 : (size_t)at);

	return at >= 0 && str_find_char(user, '/') < 0 && str_find_char(user, ':') < 0 &&
	       (size_t)at + 1 < rest.n && str_find_char(str_from(rest, (size_t)at + 1), '@') < 0;
}

str git_url_normalise(struct arena *keep, str url)
{
	str u = lower(keep, str_trim(url));
	ptrdiff_t colon;

	if (ssh_spelling(u) && !str_starts(u, STR("ssh://"))) {
		colon = str_find_char(u, ':');
		if (colon >= 0) {
			char *copy = arena_cstr(keep, u);

			copy[colon] = '/';
			u = str_make(copy, u.n);
		}
	}
	if (str_ends(u, STR(".git")))
		u.n -= 4;
	return str_starts(u, STR("ssh://")) ? str_from(u, 6) : u;
}

str git_url_rewrite(struct arena *keep, const struct config *config, str url)
{
	const struct config_rewrite *best = NULL;

	for (size_t i = 0; i < config->rewrites_n; i++) {
		const struct config_rewrite *r = &config->rewrites[i];

		if (r->from.n && str_starts(url, r->from) && (!best || r->from.n > best->from.n))
			best = r;
	}
	return best ? arena_concat(keep, best->to, str_from(url, best->from.n)) : url;
}

str git_url_show(struct arena *keep, str url)
{
	ptrdiff_t scheme = str_find(url, STR("://")), at, slash, colon;
	str rest, user;

	if (scheme < 0)
		return url;
	rest = str_from(url, (size_t)scheme + 3);
	slash = str_find_char(rest, '/');
	at = str_rfind_char(str_sub(rest, 0, slash < 0 ? rest.n : (size_t)slash), '@');
	if (at < 0)
		return url;
	user = str_sub(rest, 0, (size_t)at);
	colon = str_find_char(user, ':');
	if (colon < 0)
		/* A token may stand where the user's name does: only ssh's is harmless. */
		return str_starts(url, STR("ssh://"))
			       ? url
			       : arena_printf(keep, "%.*s://***%.*s", (int)scheme, url.s,
					      STR_ARG(str_from(rest, (size_t)at)));
	return arena_printf(keep, "%.*s://%.*s:***%.*s", (int)scheme, url.s, (int)colon, user.s,
			    STR_ARG(str_from(rest, (size_t)at)));
}

/* Cuts host and path out of any spelling; no copy. */
static void place_of(str url, str *host, str *path)
{
	ptrdiff_t scheme = str_find(url, STR("://")), at, end;
	str rest = scheme < 0 ? url : str_from(url, (size_t)scheme + 3);

	end = str_find_char(rest, '/');
	if (scheme < 0 && str_find_char(rest, ':') >= 0 &&
	    (end < 0 || str_find_char(rest, ':') < end))
		end = str_find_char(rest, ':'); /* host:path */
	*host = str_sub(rest, 0, end < 0 ? rest.n : (size_t)end);
	*path = end < 0 ? STR("") : str_from(rest, (size_t)end + 1);
	at = str_rfind_char(*host, '@');
	*host = str_from(*host, (size_t)(at + 1));
	if (str_find_char(*host, ':') >= 0)
		*host = str_cut(*host, ':', &(str){0});
	if (host->n > 7 && str_eq_nocase(str_sub(*host, 0, 7), STR("altssh.")))
		*host = str_from(*host, 7);
	else if (host->n > 4 && str_eq_nocase(str_sub(*host, 0, 4), STR("ssh.")))
		*host = str_from(*host, 4);
	while (str_starts(*path, STR("/")))
		*path = str_from(*path, 1);
	while (str_ends(*path, STR("/")))
		path->n--;
	if (path->n > 4 && str_eq_nocase(str_from(*path, path->n - 4), STR(".git")))
		path->n -= 4;
}

bool git_url_same_place(str a, str b)
{
	str host_a, path_a, host_b, path_b;

	place_of(str_trim(a), &host_a, &path_a);
	place_of(str_trim(b), &host_b, &path_b);
	return str_eq_nocase(host_a, host_b) && str_eq_nocase(path_a, path_b);
}

/* --- parts --- */

static bool decode(struct arena *keep, str s, str *out)
{
	struct buf b;

	buf_in(&b, keep, 0);
	for (size_t i = 0; i < s.n; i++) {
		uint64_t byte;

		if (s.s[i] != '%') {
			buf_char(&b, s.s[i]);
			continue;
		}
		if (i + 2 >= s.n || !num_parse_hex(str_sub(s, i + 1, i + 3), &byte) || byte < 32)
			return false;
		buf_char(&b, (char)byte);
		i += 2;
	}
	*out = buf_str(&b);
	return true;
}

static bool bad(struct error *err, const struct git_url *u, const char *why)
{
	return error_set(err, ERROR_INVALID, "repository URL \"%.*s\" %s", STR_ARG(u->show), why);
}

static bool host_ok(str host)
{
	if (!host.n || host.n > 253 || host.s[0] == '-')
		return false;
	for (size_t i = 0; i < host.n; i++) {
		char c = ascii_lower(host.s[i]);

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
		      c == '_' || c == '[' || c == ']' || c == ':'))
			return false;
	}
	return true;
}

static bool port_ok(str port)
{
	uint64_t n;

	return !port.n || (num_parse_u64(port, &n) && n > 0 && n < 65536);
}

/* user@host:port, IPv6 in brackets. */
static bool parse_authority(struct arena *keep, str authority, struct git_url *u, struct error *err)
{
	ptrdiff_t at = str_rfind_char(authority, '@'), colon;
	str user, password, host;

	user = str_cut(str_sub(authority, 0, at < 0 ? 0 : (size_t)at), ':', &password);
	if (!decode(keep, user, &u->user) || !decode(keep, password, &u->password))
		return bad(err, u, "has a user or password that cannot be decoded");
	host = str_from(authority, (size_t)(at + 1));
	colon = str_rfind_char(host, ':');
	if (colon >= 0 && str_rfind_char(host, ']') < colon) {
		u->port = str_from(host, (size_t)colon + 1);
		host = str_sub(host, 0, (size_t)colon);
	}
	u->host = lower(keep, host);
	if (!host_ok(u->host) || !port_ok(u->port))
		return bad(err, u, "has no proper host and port");
	return true;
}

static bool parse_http(struct arena *keep, str url, size_t scheme_n, struct git_url *u,
		       struct error *err)
{
	str rest = str_from(url, scheme_n), scheme = lower(keep, str_sub(url, 0, scheme_n));
	ptrdiff_t slash = str_find_char(rest, '/');
	bool standard;

	u->scheme = GIT_HTTP;
	if (slash < 0 || (size_t)slash + 1 >= rest.n)
		return bad(err, u, "names no repository on its host");
	if (str_find_char(rest, '?') >= 0 || str_find_char(rest, '#') >= 0)
		return bad(err, u, "has a query or a fragment");
	if (!parse_authority(keep, str_sub(rest, 0, (size_t)slash), u, err))
		return false;
	standard = str_eq(u->port, str_is(scheme, "https://") ? STR("443") : STR("80"));
	u->origin = arena_printf(keep, "%.*s%.*s%s%.*s", STR_ARG(scheme), STR_ARG(u->host),
				 u->port.n && !standard ? ":" : "",
				 STR_ARG(standard ? STR("") : u->port));
	u->path = str_from(rest, (size_t)slash);
	while (u->path.n > 1 && str_ends(u->path, STR("/")))
		u->path.n--;
	u->text = arena_concat(keep, u->origin, u->path);
	return true;
}

static bool parse_ssh(struct arena *keep, str authority, str path, struct git_url *u,
		      struct error *err)
{
	u->scheme = GIT_SSH;
	if (!parse_authority(keep, authority, u, err))
		return false;
	if (u->password.n)
		return bad(err, u, "has a password, which ssh does not take");
	if (str_starts(u->user, STR("-")) || str_find_char(u->user, ' ') >= 0)
		return bad(err, u, "has no proper user");
	if (str_starts(path, STR("/~")))
		path = str_from(path, 1);
	if (!path.n || path.s[0] == '-' || str_is(path, "/"))
		return bad(err, u, "names no repository on its host");
	u->path = path;
	u->origin = arena_printf(keep, "ssh://%.*s:%.*s", STR_ARG(u->host),
				 STR_ARG(u->port.n ? u->port : STR("22")));
	return true;
}

static bool parse_local(str path, struct git_url *u, struct error *err)
{
	u->scheme = GIT_LOCAL;
	u->origin = STR("file://");
	while (path.n > 1 && str_ends(path, STR("/")))
		path.n--;
	if (path.n < 2 || path.s[0] != '/')
		return bad(err, u, "is not an absolute path");
	u->path = path;
	return true;
}

bool git_url_parse(struct arena *keep, str url, struct git_url *out, struct error *err)
{
	struct git_url *u = out;
	ptrdiff_t scheme, colon, slash;
	str word;

	url = arena_str(keep, str_trim(url));
	*u = (struct git_url){.text = url, .show = git_url_show(keep, url)};
	for (size_t i = 0; i < url.n; i++)
		if ((unsigned char)url.s[i] < 32 || url.s[i] == 127)
			return error_set(err, ERROR_INVALID,
					 "a repository URL holds a control character");
	scheme = str_find(url, STR("://"));
	word = lower(keep, str_sub(url, 0, scheme < 0 ? 0 : (size_t)scheme));
	if (str_is(word, "http") || str_is(word, "https"))
		return parse_http(keep, url, (size_t)scheme + 3, u, err);
	if (str_is(word, "file"))
		return parse_local(str_from(url, 7), u, err);
	slash = str_find_char(url, '/');
	if (str_is(word, "ssh") || str_is(word, "git+ssh")) {
		str rest = str_from(url, (size_t)scheme + 3);

		slash = str_find_char(rest, '/');
		return parse_ssh(keep, str_sub(rest, 0, slash < 0 ? rest.n : (size_t)slash),
				 slash < 0 ? STR("") : str_from(rest, (size_t)slash), u, err);
	}
	if (scheme >= 0 || str_find(url, STR("::")) >= 0)
		return bad(err, u, "has a scheme that is not served: https, http, ssh and file are");
	if (slash == 0)
		return parse_local(url, u, err);
	colon = str_find_char(url, ':');
	if (colon > 0 && (slash < 0 || colon < slash))
		return parse_ssh(keep, str_sub(url, 0, (size_t)colon),
				 str_from(url, (size_t)colon + 1), u, err);
	return bad(err, u, "is neither a URL nor an absolute path");
}

/* --- credentials --- */

static str path_of(str path)
{
	if (str_starts(path, STR("/")))
		path = str_from(path, 1);
	while (str_ends(path, STR("/")))
		path.n--;
	if (str_ends(path, STR(".git")))
		path.n -= 4;
	return path;
}

const struct config_repository *git_url_repository(struct arena *scratch,
						   const struct config *config,
						   const struct git_url *url)
{
	const struct config_repository *best = NULL;
	size_t longest = 0;
	str want = path_of(url->path);

	for (size_t i = 0; i < config->repositories_n; i++) {
		const struct config_repository *r = &config->repositories[i];
		/* An entry may be a host or a group, which is no repository by itself. */
		ptrdiff_t scheme = str_find(r->url, STR("://"));
		bool host = scheme >= 0 &&
			    str_find_char(str_from(r->url, (size_t)scheme + 3), '/') < 0;
		bool bare = host || str_ends(r->url, STR("/"));
		str text = bare ? arena_concat(scratch, r->url, host ? STR("/.") : STR("."))
				: r->url;
		struct git_url u;
		str path;

		if (!git_url_parse(scratch, text, &u, NULL) || !str_eq(u.origin, url->origin))
			continue;
		path = path_of(bare ? str_sub(u.path, 0, u.path.n - 1) : u.path);
		if (!str_starts(want, path) ||
		    (path.n && path.n < want.n && want.s[path.n] != '/'))
			continue;
		if (!best || path.n > longest) {
			best = r;
			longest = path.n;
		}
	}
	return best;
}

bool git_ref_valid(str name)
{
	if (!name.n || name.n > 1024 || name.s[0] == '/' || name.s[0] == '-' ||
	    name.s[name.n - 1] == '/' || name.s[name.n - 1] == '.' || str_is(name, "@") ||
	    str_has(name, STR("..")) || str_has(name, STR("//")) || str_has(name, STR("@{")) ||
	    str_has(name, STR("/.")) || name.s[0] == '.' || str_ends(name, STR(".lock")) ||
	    str_has(name, STR(".lock/")))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if ((unsigned char)name.s[i] <= 32 || name.s[i] == 127 ||
		    strchr("~^:?*[\\", name.s[i]))
			return false;
	return true;
}
