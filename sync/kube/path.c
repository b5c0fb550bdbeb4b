/*
 * Names from manifests become parts of a URL here, and nowhere else: all of them are escaped.
 */
#include "sync/kube/path.h"

#include "base/buf.h"

static bool path_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

str path_escape(struct arena *keep, str s)
{
	static const char hex[] = "0123456789ABCDEF";
	char *to = arena_text(keep, s.n * 3 + 1);
	/* "." and ".." would be folded away on the way. */
	bool dots = str_is(s, ".") || str_is(s, "..");
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (path_plain(s.s[i]) && !dots) {
			to[n++] = s.s[i];
			continue;
		}
		to[n++] = '%';
		to[n++] = hex[(unsigned char)s.s[i] >> 4];
		to[n++] = hex[(unsigned char)s.s[i] & 15];
	}
	return str_make(to, n);
}

str path_resource(struct arena *keep, str group, str version, str plural)
{
	return path_object(keep, group, version, plural, STR_NONE, STR_NONE);
}

str path_object(struct arena *keep, str group, str version, str plural, str namespace, str name)
{
	struct buf b;
	buf_in(&b, keep, 0);
	buf_lit(&b, group.n ? "/apis/" : "/api");
	buf_add(&b, path_escape(keep, group));
	buf_char(&b, '/');
	buf_add(&b, path_escape(keep, version));
	if (namespace.n) {
		buf_lit(&b, "/namespaces/");
		buf_add(&b, path_escape(keep, namespace));
	}
	buf_char(&b, '/');
	buf_add(&b, path_escape(keep, plural));
	if (name.n) {
		buf_char(&b, '/');
		buf_add(&b, path_escape(keep, name));
	}
	return buf_str(&b);
}
