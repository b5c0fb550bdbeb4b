/*
 * Cleaning paths so that they cannot leave their root.
 */
#include "base/path.h"

#include "base/buf.h"

str path_base(str path)
{
	return str_from(path, (size_t)(str_rfind_char(path, '/') + 1));
}

str path_dir(str path)
{
	ptrdiff_t slash = str_rfind_char(path, '/');

	return str_sub(path, 0, slash < 0 ? 0 : (size_t)slash);
}

/* Adds the parts of `path` to out; false when ".." would leave the root. */
static bool add_parts(struct buf *out, str path)
{
	while (path.s) {
		str part = str_cut(path, '/', &path);

		if (part.n == 0 || str_is(part, "."))
			continue;
		if (str_is(part, "..")) {
			if (out->n == 0)
				return false;
			buf_truncate(out, path_dir(buf_str(out)).n);
			continue;
		}
		if (out->n)
			buf_char(out, '/');
		buf_add(out, part);
	}
	return true;
}

bool path_join(struct arena *keep, str dir, str path, str *out, struct error *err)
{
	struct buf b;

	if (str_find_char(path, '\0') >= 0 || str_find_char(path, '\\') >= 0)
		return error_set(err, ERROR_INVALID, "path \"%.*s\" holds a NUL or a backslash",
				 STR_ARG(path));
	buf_in(&b, keep, 0);
	if ((!str_starts(path, STR("/")) && !add_parts(&b, dir)) || !add_parts(&b, path))
		return error_set(err, ERROR_INVALID, "path \"%.*s\" leaves its root",
				 STR_ARG(path));
	buf_cstr(&b);
	*out = str_make(b.n ? b.s : "", b.n);
	return true;
}

str path_below(struct arena *keep, str dir, str name)
{
	char *p;

	if (!dir.n || !name.n)
		return dir.n ? dir : name;
	p = arena_text(keep, dir.n + name.n + 2);
	memcpy(p, dir.s, dir.n);
	p[dir.n] = '/';
	memcpy(p + dir.n + 1, name.s, name.n);
	p[dir.n + 1 + name.n] = '\0';
	return str_make(p, dir.n + 1 + name.n);
}
