/*
 * The first rule that speaks about a path decides; a negated rule ignores what it does not match
 * (reference "helm template", 4.1).
 */
#include "render/ignore.h"

#include "base/path.h"
#include "render/glob.h"

struct rule {
	struct rule *next;
	str pattern;
	bool negated, directories, whole_path;
};

struct ignore {
	struct rule *first, **last;
};

static bool add_rule(struct arena *keep, struct ignore *ig, str line, struct error *err)
{
	struct rule *r;
	bool bad;

	line = str_trim(line);
	if (!line.n || line.s[0] == '#')
		return true;
	if (str_has(line, STR("**")))
		return error_set(err, ERROR_INVALID, "double-star (**) syntax is not supported");
	glob_match(line, STR("abc"), &bad);
	if (bad)
		return error_set(err, ERROR_INVALID, "syntax error in pattern");
	r = arena_new(keep, struct rule);
	if (line.s[0] == '!') {
		r->negated = true;
		line = str_from(line, 1);
	}
	if (str_ends(line, STR("/"))) {
		r->directories = true;
		line = str_sub(line, 0, line.n - 1);
	}
	r->whole_path = str_find_char(line, '/') >= 0;
	if (str_starts(line, STR("/")))
		line = str_from(line, 1);
	r->pattern = line;
	*ig->last = r;
	ig->last = &r->next;
	return true;
}

bool ignore_read(struct arena *keep, str text, struct ignore **out, struct error *err)
{
	struct ignore *ig = arena_new(keep, struct ignore);

	ig->last = &ig->first;
	*out = ig;
	if (str_starts(text, STR("\xEF\xBB\xBF")))
		text = str_from(text, 3);
	while (text.s)
		if (!add_rule(keep, ig, str_cut(text, '\n', &text), err))
			return false;
	return add_rule(keep, ig, STR("templates/.?*"), err);
}

bool ignore_match(const struct ignore *ignore, str path, bool is_directory)
{
	for (const struct rule *r = ignore->first; r; r = r->next) {
		bool bad, hit = glob_match(r->pattern, r->whole_path ? path : path_base(path), &bad);

		if (r->negated) {
			if (r->directories && !is_directory)
				return true;
			if (!hit)
				return true;
			continue;
		}
		if (r->directories && !is_directory)
			continue;
		if (hit)
			return true;
	}
	return false;
}
