/*
 * Chart.yaml. sigs.k8s.io/yaml turns scalars into text where the Go field is a string, so
 * `appVersion: 1.10` is the number 1.1 and then the text "1.1".
 */
#include <stdlib.h>

#include "base/float.h"
#include "base/utf8.h"
#include "render/chart.h"
#include "render/fn.h"
#include "render/semver.h"
#include "render/yaml.h"

/* Any kind of space becomes a blank, unprintables go. */
static str sanitised(struct arena *keep, str s)
{
	struct buf b;
	bool clean = true;
	size_t width;

	for (size_t i = 0; i < s.n; i++)
		clean &= (unsigned char)s.s[i] >= 0x20 && (unsigned char)s.s[i] < 0x7F;
	if (clean)
		return s;
	buf_in(&b, keep, 0);
	for (; s.n; s = str_from(s, width)) {
		uint32_t r = utf8_rune(s, &width);

		if (r == ' ' || (r >= 9 && r <= 13) || r == 0x85 || r == 0xA0 || r == 0x1680 ||
		    (r >= 0x2000 && r <= 0x200A) || r == 0x2028 || r == 0x2029 || r == 0x202F ||
		    r == 0x205F || r == 0x3000)
			buf_char(&b, ' ');
		else if (r >= 0x20 && r != 0x7F && !(r > 0x7F && r < 0xA0) && r != 0xFEFF)
			buf_add(&b, str_sub(s, 0, width));
	}
	return buf_str(&b);
}

static bool text_field(struct arena *keep, const struct map *m, const char *key, str *out,
		       struct error *err)
{
	struct value v = map_at(m, key);
	char number[FLOAT_TEXT];

	*out = STR("");
	switch (v.type) {
	case VALUE_NIL:
		return true;
	case VALUE_FLOAT:
		*out = arena_str(keep, str_make(number, float_general(number, (double)(float)v.f, 21)));
		return true;
	case VALUE_LIST:
	case VALUE_MAP:
		return error_set(err, ERROR_INVALID,
				 "cannot load Chart.yaml: error unmarshaling JSON: while decoding JSON: "
				 "json: cannot unmarshal %s into Go struct field Metadata.%s of type string",
				 v.type == VALUE_LIST ? "array" : "object", key);
	default:
		*out = sanitised(keep, value_strval(keep, v));
		return true;
	}
}

static bool read_map(struct arena *keep, str text, const char *what, struct map **out,
		     struct error *err)
{
	struct value v;

	if (!yaml_read(keep, text, YAML_TYPED, &v, err))
		return error_wrap(err, "cannot load %s: error converting YAML to JSON", what);
	if (v.type != VALUE_MAP && v.type != VALUE_NIL)
		return error_set(err, ERROR_INVALID,
				 "cannot load %s: error unmarshaling JSON: while decoding JSON: json: "
				 "cannot unmarshal %s into Go value of type v2.Metadata",
				 what, v.type == VALUE_LIST ? "array" : "string");
	*out = v.type == VALUE_MAP ? v.map : map_new(keep, 0);
	return true;
}

static bool valid_alias(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.s[i] >= 'a' && s.s[i] <= 'z') || (s.s[i] >= 'A' && s.s[i] <= 'Z') ||
		      (s.s[i] >= '0' && s.s[i] <= '9') || s.s[i] == '_' || s.s[i] == '-'))
			return false;
	return true;
}

static bool read_want(struct arena *keep, struct value v, struct want *w, struct error *err)
{
	const struct map *m = value_map(v);
	struct list *tags;
	str *at;

	if (!m)
		return error_set(err, ERROR_INVALID,
				 "validation: dependencies must not contain empty or null nodes");
	if (!text_field(keep, m, "name", &w->name, err) ||
	    !text_field(keep, m, "version", &w->version, err) ||
	    !text_field(keep, m, "repository", &w->repository, err) ||
	    !text_field(keep, m, "condition", &w->condition, err) ||
	    !text_field(keep, m, "alias", &w->alias, err))
		return false;
	if (!valid_alias(w->alias))
		return error_set(err, ERROR_INVALID,
				 "validation: dependency \"%.*s\" has disallowed characters in the alias",
				 STR_ARG(w->name));
	tags = value_list(map_at(m, "tags"));
	at = arena_news(keep, list_n(tags) + 1, str);
	for (uint32_t i = 0; i < list_n(tags); i++)
		at[i] = value_strval(keep, tags->at[i]);
	w->tags = at;
	w->tags_n = list_n(tags);
	w->imports = value_list(map_at(m, "import-values"));
	return true;
}

static bool read_wants(struct arena *keep, const struct map *m, struct chart *c, struct error *err)
{
	const struct list *l = value_list(map_at(m, "dependencies"));

	if (!list_n(l))
		return true;
	c->wants = arena_news(keep, l->n, struct want);
	c->wants_n = l->n;
	for (uint32_t i = 0; i < l->n; i++) {
		str key, other;

		if (!read_want(keep, l->at[i], &c->wants[i], err))
			return false;
		key = c->wants[i].alias.n ? c->wants[i].alias : c->wants[i].name;
		for (uint32_t j = 0; j < i; j++) {
			other = c->wants[j].alias.n ? c->wants[j].alias : c->wants[j].name;
			if (str_eq(key, other))
				return error_set(err, ERROR_INVALID,
						 "validation: more than one dependency with name or alias \"%.*s\"",
						 STR_ARG(key));
		}
	}
	return true;
}

static bool check(const struct chart *c, struct error *err)
{
	struct semver v;

	if (!str_is(c->api_version, "v1") && !str_is(c->api_version, "v2"))
		return error_set(err, ERROR_INVALID, str_is(c->api_version, "v3")
			? "invalid chart apiVersion" : "unsupported chart version");
	if (!c->name.n)
		return error_set(err, ERROR_INVALID, "validation: chart.metadata.name is required");
	if (str_find_char(c->name, '/') >= 0 || str_is(c->name, ".") || str_is(c->name, ".."))
		return error_set(err, ERROR_INVALID, "validation: chart.metadata.name \"%.*s\" is invalid",
				 STR_ARG(c->name));
	if (!c->version.n)
		return error_set(err, ERROR_INVALID, "validation: chart.metadata.version is required");
	if (!semver_parse(c->version, &v, NULL))
		return error_set(err, ERROR_INVALID, "validation: chart.metadata.version \"%.*s\" is invalid",
				 STR_ARG(c->version));
	if (c->type.n && !str_is(c->type, "application") && !str_is(c->type, "library"))
		return error_set(err, ERROR_INVALID,
				 "validation: chart.metadata.type must be application or library");
	return true;
}

bool chart_metadata(struct arena *keep, str text, struct chart *c, struct error *err)
{
	if (!read_map(keep, text, "Chart.yaml", &c->meta, err) ||
	    !text_field(keep, c->meta, "apiVersion", &c->api_version, err) ||
	    !text_field(keep, c->meta, "name", &c->name, err) ||
	    !text_field(keep, c->meta, "version", &c->version, err) ||
	    !text_field(keep, c->meta, "type", &c->type, err) ||
	    !text_field(keep, c->meta, "kubeVersion", &c->kube_version, err))
		return false;
	if (!c->api_version.n)
		c->api_version = STR("v1");
	return check(c, err) && read_wants(keep, c->meta, c, err);
}

bool chart_requirements(struct arena *keep, str text, struct chart *c, struct error *err)
{
	struct map *m = NULL;

	return read_map(keep, text, "requirements.yaml", &m, err) && read_wants(keep, m, c, err);
}

/* --- what templates see --- */

static struct value texts(struct arena *keep, const struct map *m, const char *key)
{
	const struct list *l = value_list(map_at(m, key));
	struct list *out = list_n(l) ? list_new(keep, l->n) : NULL;
	struct value v = value_of_list(out);

	for (uint32_t i = 0; i < list_n(l); i++)
		list_add(keep, out, value_str(value_strval(keep, l->at[i])));
	v.elem = ELEM_STRING;
	return v;
}

static void put(struct arena *keep, struct map *m, const char *key, struct value v)
{
	map_set(keep, m, str_of(key), v);
}

static void put_text(struct arena *keep, struct map *to, const char *key, const struct map *from,
		     const char *field)
{
	str s;

	text_field(keep, from, field, &s, NULL);
	put(keep, to, key, value_str(s));
}

static struct value maintainers(struct arena *keep, const struct map *meta)
{
	const struct list *l = value_list(map_at(meta, "maintainers"));
	struct list *out = list_n(l) ? list_new(keep, l->n) : NULL;

	for (uint32_t i = 0; i < list_n(l); i++) {
		const struct map *from = value_map(l->at[i]);
		struct map *m = map_new(keep, 3);

		put_text(keep, m, "Name", from, "name");
		put_text(keep, m, "Email", from, "email");
		put_text(keep, m, "URL", from, "url");
		list_add(keep, out, value_of_map(m));
	}
	return value_of_list(out);
}

static struct value annotations(struct arena *keep, const struct map *meta)
{
	struct map *from = value_map(map_at(meta, "annotations"));
	struct map *m = from ? map_new(keep, from->n) : NULL;
	struct value v;

	for (uint32_t i = 0; i < map_n(from); i++)
		map_set(keep, m, map_key(&from->at[i]),
			value_str(value_strval(keep, from->at[i].value)));
	v = value_of_map(m);
	v.elem = ELEM_STRING;
	return v;
}

static struct value wants_value(struct arena *keep, const struct chart *c)
{
	struct list *l = c->wants_n ? list_new(keep, (uint32_t)c->wants_n) : NULL;

	for (size_t i = 0; i < c->wants_n; i++) {
		const struct want *w = &c->wants[i];
		struct map *m = map_new(keep, 8);
		struct list *tags = w->tags_n ? list_new(keep, (uint32_t)w->tags_n) : NULL;
		struct value t;

		for (size_t j = 0; j < w->tags_n; j++)
			list_add(keep, tags, value_str(w->tags[j]));
		t = value_of_list(tags);
		t.elem = ELEM_STRING;
		put(keep, m, "Alias", value_str(w->alias));
		put(keep, m, "Condition", value_str(w->condition));
		put(keep, m, "Enabled", value_bool(w->enabled));
		put(keep, m, "ImportValues", value_of_list(w->imports));
		put(keep, m, "Name", value_str(w->name));
		put(keep, m, "Repository", value_str(w->repository));
		put(keep, m, "Tags", t);
		put(keep, m, "Version", value_str(w->version));
		list_add(keep, l, value_of_map(m));
	}
	return value_of_list(l);
}

struct value chart_value(struct arena *keep, const struct chart *c, bool root)
{
	static const struct {
		const char *key, *field;
	} plain[] = {{"AppVersion", "appVersion"},
		     {"Condition", "condition"},
		     {"Description", "description"},
		     {"Home", "home"},
		     {"Icon", "icon"},
		     {"KubeVersion", "kubeVersion"},
		     {"Tags", "tags"},
		     {"Type", "type"},
		     {"Version", "version"}};
	struct map *m = map_new(keep, 20);

	put(keep, m, "APIVersion", value_str(c->api_version));
	put(keep, m, "Annotations", annotations(keep, c->meta));
	put(keep, m, "Dependencies", wants_value(keep, c));
	put(keep, m, "Deprecated", value_bool(value_truth_bool(map_at(c->meta, "deprecated"), false)));
	put(keep, m, "IsRoot", value_bool(root));
	put(keep, m, "Keywords", texts(keep, c->meta, "keywords"));
	put(keep, m, "Maintainers", maintainers(keep, c->meta));
	put(keep, m, "Name", value_str(c->name));
	put(keep, m, "Sources", texts(keep, c->meta, "sources"));
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		put_text(keep, m, plain[i].key, c->meta, plain[i].field);
	return value_of_map(m);
}
