/*
 * Reading values and laying them over each other.
 */
#include "render/values.h"

#include "base/json.h"
#include "base/limits.h"
#include "render/yaml.h"

static struct value *overlay_value(struct arena *keep, struct value *dst, struct value over,
				   int depth);

static void overlay(struct arena *keep, struct map *dst, const struct map *over, int depth)
{
	for (uint32_t i = 0; i < map_n(over); i++) {
		const struct map_entry *e = &over->at[i];
		struct value *at = map_find_hashed(dst, map_key(e), e->hash);

		if (at)
			overlay_value(keep, at, e->value, depth);
		else
			map_set(keep, dst, map_key(e), e->value);
	}
}

static struct value *overlay_value(struct arena *keep, struct value *dst, struct value over, int depth)
{
	if (dst->type == VALUE_MAP && over.type == VALUE_MAP && depth < LIMIT_VALUE_DEPTH)
		overlay(keep, dst->map, over.map, depth + 1);
	else
		*dst = over;
	return dst;
}

struct map *values_overlay(struct arena *keep, struct map *dst, const struct map *over)
{
	overlay(keep, dst, over, 0);
	return dst;
}

/* A line that parts documents. */
static bool is_separator(str line)
{
	return str_starts(line, STR("---"));
}

static bool read_document(struct arena *keep, str text, struct map **into, struct error *err)
{
	struct value v;

	if (!yaml_read(keep, text, YAML_FLOATS, &v, err))
		return error_wrap(err, "error converting YAML to JSON");
	if (v.type == VALUE_NIL)
		return true;
	if (v.type != VALUE_MAP)
		return error_set(err, ERROR_INVALID,
				 "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal %s "
				 "into Go value of type map[string]interface {}",
				 v.type == VALUE_LIST ? "array" : v.type == VALUE_STR ? "string"
				 : v.type == VALUE_BOOL ? "bool" : "number");
	*into = *into ? values_overlay(keep, *into, v.map) : v.map;
	return true;
}

static bool check_separator(str line, struct error *err)
{
	str rest = str_trim(str_from(line, 3));

	return !rest.n || rest.s[0] == '#' ||
	       error_set(err, ERROR_INVALID, "invalid Yaml document separator: %.*s", STR_ARG(rest));
}

bool values_read(struct arena *keep, str text, struct map **out, struct error *err)
{
	size_t from = 0, at = 0;

	*out = NULL;
	if (str_starts(text, STR("\xEF\xBB\xBF")))
		text = str_from(text, 3);
	while (at < text.n) {
		str rest = str_from(text, at), line = str_cut(rest, '\n', &rest);
		size_t next = rest.s ? (size_t)(rest.s - text.s) : text.n;

		if (is_separator(line)) {
			if (!check_separator(line, err) ||
			    !read_document(keep, str_sub(text, from, at), out, err))
				return false;
			from = next;
		}
		at = next;
	}
	if (!read_document(keep, str_from(text, from), out, err))
		return false;
	if (!*out)
		*out = map_new(keep, 0);
	return true;
}

bool values_user(struct arena *keep, const struct render_options *options, struct map **out,
		 struct error *err)
{
	static const enum set_kind order[] = {SET_JSON, SET_VALUE, SET_STRING, SET_FILE, SET_LITERAL};
	struct map *one;

	*out = map_new(keep, 8);
	for (size_t i = 0; i < options->values_n; i++) {
		const struct values_text *v = &options->values[i];

		if (!values_read(keep, v->text, &one, err))
			return error_wrap(err, "failed to parse %.*s", STR_ARG(v->name));
		values_overlay(keep, *out, one);
	}
	for (size_t k = 0; k < sizeof order / sizeof *order; k++)
		for (size_t i = 0; i < options->sets_n; i++)
			if (options->sets[i].kind == order[k] &&
			    !values_set(keep, *out, &options->sets[i], err))
				return false;
	return true;
}

struct value *values_path(struct map *m, str path)
{
	struct value *at = NULL;

	while (path.s) {
		str part = str_cut(path, '.', &path);

		at = map_find(m, part);
		if (!at)
			return NULL;
		m = value_map(*at);
	}
	return at;
}
