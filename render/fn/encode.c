/*
 * Values to text and back: YAML, JSON, TOML. Helm's own versions swallow errors: into an empty
 * text when writing, into the key "Error" when reading (reference "helm template", section 2).
 */
#include "base/json.h"
#include "render/exec.h"
#include "render/fn/body.h"
#include "render/toml.h"
#include "render/yaml.h"

/* REFs (.Capabilities, .Files) become the maps that Go's encoders see. */
static bool has_ref(struct value v, int depth)
{
	if (v.type == VALUE_REF || depth > LIMIT_VALUE_DEPTH)
		return v.type == VALUE_REF;
	for (uint32_t i = 0; i < list_n(value_list(v)); i++)
		if (has_ref(v.list->at[i], depth + 1))
			return true;
	for (uint32_t i = 0; i < map_n(value_map(v)); i++)
		if (has_ref(v.map->at[i].value, depth + 1))
			return true;
	return false;
}

static struct value without_refs(struct arena *a, struct value v, int depth)
{
	if (v.type == VALUE_REF)
		v = access_plain(a, v);
	if (depth > LIMIT_VALUE_DEPTH || !has_ref(v, depth))
		return v;
	v = value_copy(a, v, false);
	for (uint32_t i = 0; i < list_n(value_list(v)); i++)
		v.list->at[i] = without_refs(a, v.list->at[i], depth + 1);
	for (uint32_t i = 0; i < map_n(value_map(v)); i++)
		v.map->at[i].value = without_refs(a, v.map->at[i].value, depth + 1);
	return v;
}

/* Nesting without end (a map set into itself) is an error here, never a loop; parts that are
 * shared count each time they are met. */
static bool too_large(struct call *c, struct value v, int depth)
{
	if (depth > LIMIT_VALUE_DEPTH || !exec_charge(c->exec, 1))
		return true;
	for (uint32_t i = 0; i < list_n(value_list(v)); i++)
		if (too_large(c, v.list->at[i], depth + 1))
			return true;
	for (uint32_t i = 0; i < map_n(value_map(v)); i++)
		if (too_large(c, v.map->at[i].value, depth + 1))
			return true;
	return false;
}

static bool plain(struct call *c, struct value *v)
{
	if (v->type < VALUE_LIST)
		return true;
	if (too_large(c, *v, 0))
		return error_set(c->err, ERROR_LIMIT,
				 "a value is nested deeper than %d or has too many parts",
				 LIMIT_VALUE_DEPTH);
	if (v->type == VALUE_REF || has_ref(*v, 0))
		*v = without_refs(c->arena, *v, 0);
	return true;
}

static bool encode_yaml(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct value v = arg[0];
	struct buf b;

	(void)n;
	if (!plain(c, &v))
		return false;
	body_buf(c, &b);
	if (!yaml_write(&b, v) && !buf_failed(&b))
		return give_str(out, STR(""));
	if (b.n)
		b.n--;
	return body_text(c, &b, out);
}

static bool encode_must_yaml(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	if (!encode_yaml(c, arg, n, out))
		return false;
	if (!out->n)
		return call_fail(c, "error converting JSON to YAML: yaml: control characters are not "
				    "allowed");
	return true;
}

static bool encode_yaml_pretty(struct call *c, const struct value *arg, uint32_t n,
			       struct value *out)
{
	struct value v = arg[0];
	struct buf b;

	(void)n;
	if (!plain(c, &v))
		return false;
	body_buf(c, &b);
	yaml_write_pretty(&b, v);
	if (b.n)
		b.n--;
	return body_text(c, &b, out);
}

static bool json(struct call *c, struct value v, unsigned flags, struct value *out)
{
	struct buf b;

	if (!plain(c, &v))
		return false;
	body_buf(c, &b);
	json_write(&b, v, flags);
	return body_text(c, &b, out);
}

static bool encode_json(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return json(c, arg[0], JSON_HTML, out);
}

static bool encode_pretty_json(struct call *c, const struct value *arg, uint32_t n,
			       struct value *out)
{
	(void)n;
	return json(c, arg[0], JSON_HTML | JSON_PRETTY, out);
}

static bool encode_raw_json(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return json(c, arg[0], 0, out);
}

static bool encode_toml(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct error err = {.kind = ERROR_NONE};
	struct value v = arg[0];
	struct buf b;

	(void)n;
	if (!plain(c, &v))
		return false;
	body_buf(c, &b);
	if (!toml_write(&b, v, &err))
		return give_str(out, arena_str(c->arena, str_of(err.text)));
	return body_text(c, &b, out);
}

/* --- reading --- */

static const char *json_kind(struct value v)
{
	switch (v.type) {
	case VALUE_LIST:
		return "array";
	case VALUE_MAP:
		return "object";
	case VALUE_STR:
		return "string";
	case VALUE_BOOL:
		return "bool";
	default:
		return "number";
	}
}

static bool expect(struct value v, bool list, const char *prefix, struct error *err)
{
	if (v.type == VALUE_NIL || v.type == (list ? VALUE_LIST : VALUE_MAP))
		return true;
	return error_set(err, ERROR_INVALID, "%sjson: cannot unmarshal %s into Go value of type %s",
			 prefix, json_kind(v),
			 list ? "[]interface {}" : "map[string]interface {}");
}

static bool read_yaml(struct call *c, str text, bool list, struct value *out, struct error *err)
{
	if (!yaml_read(c->arena, text, YAML_FLOATS, out, err))
		return error_wrap(err, "error converting YAML to JSON");
	return expect(*out, list, "error unmarshaling JSON: while decoding JSON: ", err);
}

static bool read_json(struct call *c, str text, bool list, struct value *out, struct error *err)
{
	return json_read(c->arena, text, JSON_READ_FLOATS, out, err) && expect(*out, list, "", err);
}

typedef bool reader(struct call *c, str text, bool list, struct value *out, struct error *err);

static bool read_map(struct call *c, reader *read, str text, struct value *out)
{
	struct error err;
	struct map *m;

	error_clear(&err); /* an initializer would zero its 8 kB of text */
	if (read(c, text, false, out, &err)) {
		if (out->type == VALUE_NIL)
			*out = value_of_map(map_new(c->arena, 0));
		return true;
	}
	if (err.kind == ERROR_LIMIT) {
		*c->err = err;
		return false;
	}
	m = map_new(c->arena, 1);
	map_set(c->arena, m, STR("Error"), value_str(arena_str(c->arena, str_of(err.text))));
	return give_map(out, m);
}

static bool read_list(struct call *c, reader *read, str text, struct value *out)
{
	struct error err;
	struct list *l;

	error_clear(&err);
	if (read(c, text, true, out, &err)) {
		if (out->type == VALUE_NIL)
			*out = value_of_list(list_new(c->arena, 0));
		return true;
	}
	if (err.kind == ERROR_LIMIT) {
		*c->err = err;
		return false;
	}
	l = list_new(c->arena, 1);
	list_add(c->arena, l, value_str(arena_str(c->arena, str_of(err.text))));
	return give_list(out, l, ELEM_ANY);
}

static bool decode_yaml(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return read_map(c, read_yaml, value_text(arg[0]), out);
}

static bool decode_yaml_array(struct call *c, const struct value *arg, uint32_t n,
			      struct value *out)
{
	(void)n;
	return read_list(c, read_yaml, value_text(arg[0]), out);
}

static bool decode_json(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return read_map(c, read_json, value_text(arg[0]), out);
}

static bool decode_json_array(struct call *c, const struct value *arg, uint32_t n,
			      struct value *out)
{
	(void)n;
	return read_list(c, read_json, value_text(arg[0]), out);
}

static bool decode_must_json(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct error err = {.kind = ERROR_NONE};

	(void)n;
	if (json_read(c->arena, value_text(arg[0]), JSON_READ_FLOATS, out, &err))
		return true;
	return call_fail(c, "%s", err.text);
}

static bool read_toml(struct call *c, str text, bool list, struct value *out, struct error *err)
{
	(void)list;
	return toml_read(c->arena, text, out, err);
}

static bool decode_toml(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return read_map(c, read_toml, value_text(arg[0]), out);
}

const struct fn fn_encode[] = {
	{"fromJson", "s", decode_json},
	{"fromJsonArray", "s", decode_json_array},
	{"fromToml", "s", decode_toml},
	{"fromYaml", "s", decode_yaml},
	{"fromYamlArray", "s", decode_yaml_array},
	{"mustFromJson", "s", decode_must_json},
	{"mustToJson", "a", encode_json},
	{"mustToPrettyJson", "a", encode_pretty_json},
	{"mustToRawJson", "a", encode_raw_json},
	{"mustToToml", "a", encode_toml},
	{"mustToYaml", "a", encode_must_yaml},
	{"toJson", "a", encode_json},
	{"toPrettyJson", "a", encode_pretty_json},
	{"toRawJson", "a", encode_raw_json},
	{"toToml", "a", encode_toml},
	{"toYaml", "a", encode_yaml},
	{"toYamlPretty", "a", encode_yaml_pretty},
	{NULL, NULL, NULL},
};
