/*
 * One walk over wanted, live and the fields we own. Paths are chains on the C stack and become
 * text only when something differs.
 */
#include "sync/diff.h"

#include "base/json.h"
#include "base/limits.h"
#include "sync/ignore.h"
#include "sync/mask.h"

struct step { /* the path from the root to here */
	const struct step *up;
	str key;       /* of a map; empty for a list's element */
	str element;   /* "[name=app]", "[0]" */
};

struct walk {
	struct arena *keep;
	struct diff *out;
	size_t room;
	bool secret, texts; /* texts: its data is texts by name: ConfigMap, Secret */
};

/* --- texts --- */

static void put_path(struct buf *b, const struct step *s)
{
	if (!s)
		return;
	put_path(b, s->up);
	if (s->key.s) {
		if (b->n)
			buf_char(b, '.');
		if (str_find_char(s->key, '.') >= 0 || str_find_char(s->key, '/') >= 0)
			buf_printf(b, "[%.*s]", STR_ARG(s->key));
		else
			buf_add(b, s->key);
	}
	buf_add(b, s->element);
}

static str path_text(struct walk *w, const struct step *s)
{
	struct buf b;

	buf_in(&b, w->keep, 0);
	put_path(&b, s);
	return buf_str(&b);
}

/* data, stringData and everything below them of a Secret. */
static bool is_masked(const struct walk *w, const struct step *s)
{
	while (s && s->up)
		s = s->up;
	return w->secret && s && (str_is(s->key, "data") || str_is(s->key, "stringData"));
}

#define SHOWN 300

static str shown(struct walk *w, const struct step *s, struct value v, bool there)
{
	str text;

	if (!there)
		return STR("");
	if (is_masked(w, s))
		return STR("\"++++++++\"");
	text = mask_urls(w->keep, json_text(w->keep, v, 0));
	return text.n > SHOWN ? arena_printf(w->keep, "%.*s...", SHOWN, text.s) : text;
}

static void add(struct walk *w, enum diff_kind kind, const struct step *s, struct value wanted,
		struct value live)
{
	struct diff *d = w->out;
	struct difference *x;

	if (d->n == w->room) {
		size_t room = w->room ? w->room * 2 : 8;

		d->at = arena_grow(w->keep, d->at ? d->at : arena_alloc(w->keep, 16),
				   w->room * sizeof *d->at, room * sizeof *d->at);
		w->room = room;
	}
	x = &d->at[d->n++];
	x->kind = kind;
	x->path = path_text(w, s);
	x->wanted = shown(w, s, wanted, kind == DIFF_CHANGED || kind == DIFF_MISSING);
	x->live = shown(w, s, live, kind != DIFF_MISSING);
	d->certain |= kind != DIFF_DOUBT;
	/* the order of the walk is that of wanted: a sum does not depend on it */
	d->mark += diff_hash(value_str(x->path)) * 31 + diff_hash(wanted) * 7 + diff_hash(live) + kind + 1;
}

/* --- meaning --- */

static bool is_empty(struct value v)
{
	switch (v.type) {
	case VALUE_NIL: return true;
	case VALUE_BOOL: return !v.b;
	case VALUE_STR: return !v.n;
	case VALUE_LIST: return !list_n(v.list);
	case VALUE_MAP:
		for (uint32_t i = 0; i < map_n(v.map); i++)
			if (!is_empty(v.map->at[i].value))
				return false;
		return true;
	case VALUE_FLOAT: return v.f == 0;
	default: return v.i == 0;
	}
}

static bool one_of(str s, const char *const *names)
{
	for (; *names; names++)
		if (str_is(s, *names))
			return true;
	return false;
}

/* Is this a map of texts, in which an empty one is a text like any other? */
static bool holds_texts(const struct walk *w, const struct step *s)
{
	static const char *const data[] = {"data", "stringData", "binaryData", NULL};
	static const char *const maps[] = {"annotations", "labels", "matchLabels", "nodeSelector", NULL};

	return s && (one_of(s->key, maps) || (w->texts && !s->up && one_of(s->key, data)));
}

/* Is it as good as not wanted? Elsewhere the server leaves out what is empty. */
static bool wants_nothing(const struct walk *w, const struct step *s, struct value v)
{
	if (holds_texts(w, s->up) && v.type == VALUE_STR)
		return false;
	if (v.type != VALUE_MAP)
		return is_empty(v);
	for (uint32_t i = 0; i < map_n(v.map); i++) {
		struct step at = {s, map_key(&v.map->at[i]), STR_NONE};

		if (!wants_nothing(w, &at, v.map->at[i].value))
			return false;
	}
	return true;
}

/* Is this a place where the API has quantities? */
static bool is_quantity(const struct step *s)
{
	static const char *const own[] = {"sizeLimit", "divisor", "averageValue", "targetAverageValue",
					  "storage", "cpu", "memory", "ephemeral-storage", "value", NULL};
	static const char *const above[] = {"limits", "requests", "capacity", "hard", "overhead", "default",
					    "defaultRequest", "max", "min", "maxLimitRequestRatio", "target", NULL};
	static const char *const never[] = {"data", "stringData", "binaryData", "annotations", "labels",
					    "matchLabels", "env", NULL};
	const struct step *up = s->up;
	bool hit = one_of(s->key, own) && !str_is(s->key, "value");

	while (up && !up->key.s)
		up = up->up;
	hit |= up && one_of(up->key, above);
	for (const struct step *t = s->up; t; t = t->up)
		if (one_of(t->key, never))
			return false;
	return hit;
}

static str without_blanks(struct arena *keep, str s)
{
	char *out = arena_text(keep, s.n);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] != '\n' && s.s[i] != '\r' && s.s[i] != ' ')
			out[n++] = s.s[i];
	return str_make(out, n);
}

static bool same_leaf(struct walk *w, const struct step *s, struct value wanted, struct value live)
{
	if (value_equal(wanted, live) || (is_empty(wanted) && is_empty(live)))
		return true;
	if (is_masked(w, s) && wanted.type == VALUE_STR && live.type == VALUE_STR)
		return str_eq(without_blanks(w->keep, value_text(wanted)),
			      without_blanks(w->keep, value_text(live)));
	return is_quantity(s) && quantity_equal(wanted, live);
}

/* --- inside atomic values --- */

static void walk_atomic(struct walk *w, const struct step *s, struct value wanted, struct value live,
			int depth);

static void atomic_map(struct walk *w, const struct step *s, struct value wanted, struct value live,
		       int depth)
{
	for (uint32_t i = 0; i < map_n(wanted.map); i++) {
		const struct map_entry *e = &wanted.map->at[i];
		struct value *there = map_find_hashed(live.map, map_key(e), e->hash);
		struct step at = {s, map_key(e), STR_NONE};

		if (there)
			walk_atomic(w, &at, e->value, *there, depth + 1);
		else if (!wants_nothing(w, &at, e->value))
			add(w, DIFF_MISSING, &at, e->value, VALUE_NONE);
	}
	for (uint32_t i = 0; i < map_n(live.map); i++) {
		const struct map_entry *e = &live.map->at[i];
		struct step at = {s, map_key(e), STR_NONE};

		if (!map_find_hashed(wanted.map, map_key(e), e->hash) && !is_empty(e->value))
			add(w, DIFF_DOUBT, &at, VALUE_NONE, e->value);
	}
}

static str index_text(struct walk *w, uint32_t i)
{
	return arena_printf(w->keep, "[%u]", i);
}

static void walk_atomic(struct walk *w, const struct step *s, struct value wanted, struct value live,
			int depth)
{
	if (depth > LIMIT_VALUE_DEPTH || wanted.type == VALUE_NIL)
		return;
	if (wanted.type == VALUE_MAP && live.type == VALUE_MAP) {
		atomic_map(w, s, wanted, live, depth);
	} else if (wanted.type == VALUE_LIST && live.type == VALUE_LIST &&
		   list_n(wanted.list) == list_n(live.list)) {
		for (uint32_t i = 0; i < list_n(wanted.list); i++) {
			struct step at = {s, STR_NONE, STR_NONE};

			if (value_equal(wanted.list->at[i], live.list->at[i]))
				continue;
			at.element = index_text(w, i);
			walk_atomic(w, &at, wanted.list->at[i], live.list->at[i], depth + 1);
		}
	} else if (!same_leaf(w, s, wanted, live)) {
		add(w, DIFF_CHANGED, s, wanted, live);
	}
}

/* --- merged values --- */

static void walk(struct walk *w, const struct step *s, struct value wanted, struct value live,
		 struct value fields, int depth);

/* Our leaves below `fields` that still live. */
static void removed(struct walk *w, const struct step *s, struct value live, struct value fields,
		    int depth);

static str field_name(struct arena *keep, str key)
{
	return arena_concat(keep, STR("f:"), key);
}

static struct value child_fields(struct walk *w, struct value fields, str key)
{
	char text[256];

	if (fields.type != VALUE_MAP)
		return VALUE_NONE;
	if (key.n + 2 > sizeof text)
		return map_get(fields.map, field_name(w->keep, key));
	memcpy(text, "f:", 2);
	memcpy(text + 2, key.s, key.n);
	return map_get(fields.map, str_make(text, key.n + 2));
}

static void walk_map(struct walk *w, const struct step *s, struct value wanted, struct value live,
		     struct value fields, int depth)
{
	for (uint32_t i = 0; i < map_n(wanted.map); i++) {
		const struct map_entry *e = &wanted.map->at[i];
		struct value *there = map_find_hashed(live.map, map_key(e), e->hash);
		struct step at = {s, map_key(e), STR_NONE};

		if (e->value.type == VALUE_NIL)
			continue;
		if (there)
			walk(w, &at, e->value, *there, child_fields(w, fields, map_key(e)), depth + 1);
		else if (!wants_nothing(w, &at, e->value))
			add(w, DIFF_MISSING, &at, e->value, VALUE_NONE);
	}
	for (uint32_t i = 0; i < map_n(value_map(fields)); i++) {
		const struct map_entry *e = &fields.map->at[i];
		str key = str_from(map_key(e), 2);
		struct step at = {s, key, STR_NONE};
		struct value *there;

		if (!str_starts(map_key(e), STR("f:")) || !value_is_nil(map_get(wanted.map, key)))
			continue;
		there = map_find(live.map, key);
		if (there)
			removed(w, &at, *there, e->value, depth + 1);
	}
}

/* The keys of a merged list, from one of our "k:{...}" entries. */
static bool element_keys(struct walk *w, str entry, struct value *out)
{
	return str_starts(entry, STR("k:")) &&
	       json_read(w->keep, str_from(entry, 2), 0, out, NULL) && out->type == VALUE_MAP;
}

/* Does an element have these keys? What it leaves out is a default and fits anything. */
static bool has_keys(struct value element, struct value keys)
{
	for (uint32_t i = 0; i < map_n(value_map(keys)); i++) {
		struct value v = map_get(value_map(element), map_key(&keys.map->at[i]));

		if (!value_is_nil(v) && !value_equal(v, keys.map->at[i].value))
			return false;
	}
	return element.type == VALUE_MAP;
}

static bool same_keys(struct value x, struct value y, struct value keys)
{
	for (uint32_t i = 0; i < map_n(value_map(keys)); i++) {
		str key = map_key(&keys.map->at[i]);
		struct value a = map_get(value_map(x), key), b = map_get(value_map(y), key);

		if (!value_is_nil(a) && !value_is_nil(b) && !value_equal(a, b))
			return false;
	}
	return x.type == VALUE_MAP && y.type == VALUE_MAP;
}

static str element_text(struct walk *w, struct value keys, struct value element)
{
	struct buf b;

	buf_in(&b, w->keep, 0);
	buf_char(&b, '[');
	for (uint32_t i = 0; i < map_n(value_map(keys)); i++) {
		struct value v = map_get(value_map(element), map_key(&keys.map->at[i]));

		if (value_is_nil(v))
			continue;
		if (b.n > 1)
			buf_char(&b, ',');
		buf_printf(&b, "%.*s=", STR_ARG(map_key(&keys.map->at[i])));
		if (v.type == VALUE_STR)
			buf_add(&b, value_text(v));
		else
			json_write(&b, v, 0);
	}
	buf_char(&b, ']');
	return buf_str(&b);
}

/* Our fields of the element that `element` becomes. */
static struct value element_fields(struct walk *w, struct value fields, struct value element)
{
	for (uint32_t i = 0; i < map_n(value_map(fields)); i++) {
		struct value keys;

		if (element_keys(w, map_key(&fields.map->at[i]), &keys) && has_keys(element, keys))
			return fields.map->at[i].value;
	}
	return VALUE_NONE;
}

static void walk_keyed(struct walk *w, const struct step *s, struct value wanted, struct value live,
		       struct value fields, struct value keys, int depth)
{
	for (uint32_t i = 0; i < list_n(wanted.list); i++) {
		struct value element = wanted.list->at[i], there = VALUE_NONE;
		struct step at = {s, STR_NONE, element_text(w, keys, element)};

		for (uint32_t j = 0; j < list_n(live.list) && there.type == VALUE_NIL; j++)
			if (same_keys(element, live.list->at[j], keys))
				there = live.list->at[j];
		if (there.type == VALUE_NIL)
			add(w, DIFF_MISSING, &at, element, VALUE_NONE);
		else
			walk(w, &at, element, there, element_fields(w, fields, element), depth + 1);
	}
	for (uint32_t i = 0; i < map_n(value_map(fields)); i++) {
		struct value mine;
		bool wants = false;

		if (!element_keys(w, map_key(&fields.map->at[i]), &mine))
			continue;
		for (uint32_t j = 0; j < list_n(wanted.list) && !wants; j++)
			wants = has_keys(wanted.list->at[j], mine);
		for (uint32_t j = 0; j < list_n(live.list) && !wants; j++)
			if (has_keys(live.list->at[j], mine)) {
				struct step at = {s, STR_NONE, element_text(w, mine, live.list->at[j])};

				add(w, DIFF_REMOVED, &at, VALUE_NONE, live.list->at[j]);
				break;
			}
	}
}

static bool list_has(const struct list *l, struct value v)
{
	for (uint32_t i = 0; i < list_n(l); i++)
		if (value_equal(l->at[i], v))
			return true;
	return false;
}

static void walk_set(struct walk *w, const struct step *s, struct value wanted, struct value live,
		     struct value fields)
{
	for (uint32_t i = 0; i < list_n(wanted.list); i++)
		if (!list_has(live.list, wanted.list->at[i]))
			add(w, DIFF_MISSING, s, wanted.list->at[i], VALUE_NONE);
	for (uint32_t i = 0; i < map_n(value_map(fields)); i++) {
		str entry = map_key(&fields.map->at[i]);
		struct value v;

		if (str_starts(entry, STR("v:")) && json_read(w->keep, str_from(entry, 2), 0, &v, NULL) &&
		    !list_has(wanted.list, v) && list_has(live.list, v))
			add(w, DIFF_REMOVED, s, VALUE_NONE, v);
	}
}

/* Without our fields to tell: elements that all have a name merge by it. */
static bool all_named(struct value list)
{
	for (uint32_t i = 0; i < list_n(list.list); i++)
		if (!value_path_str(list.list->at[i], "name", NULL).s)
			return false;
	return list_n(list.list) > 0;
}

static void walk_list(struct walk *w, const struct step *s, struct value wanted, struct value live,
		      struct value fields, bool guided, int depth)
{
	struct value keys = VALUE_NONE;

	for (uint32_t i = 0; i < map_n(value_map(fields)); i++) {
		str entry = map_key(&fields.map->at[i]);

		if (str_starts(entry, STR("v:"))) {
			walk_set(w, s, wanted, live, fields);
			return;
		}
		if (element_keys(w, entry, &keys)) {
			walk_keyed(w, s, wanted, live, fields, keys, depth);
			return;
		}
	}
	if (!guided && all_named(wanted) && all_named(live)) {
		struct map *m = map_new(w->keep, 1);

		map_set(w->keep, m, STR("name"), value_lit(""));
		walk_keyed(w, s, wanted, live, VALUE_NONE, value_of_map(m), depth);
		return;
	}
	walk_atomic(w, s, wanted, live, depth);
}

static void walk(struct walk *w, const struct step *s, struct value wanted, struct value live,
		 struct value fields, int depth)
{
	bool leaf = fields.type == VALUE_MAP && !map_n(fields.map);

	if (depth > LIMIT_VALUE_DEPTH)
		return;
	if (wanted.type == VALUE_MAP && live.type == VALUE_MAP && !leaf)
		walk_map(w, s, wanted, live, fields, depth);
	else if (wanted.type == VALUE_LIST && live.type == VALUE_LIST)
		walk_list(w, s, wanted, live, fields, fields.type == VALUE_MAP, depth);
	else if (leaf && wanted.type == VALUE_MAP && live.type == VALUE_MAP)
		walk_atomic(w, s, wanted, live, depth);
	else if (!same_leaf(w, s, wanted, live))
		add(w, DIFF_CHANGED, s, wanted, live);
}

static void removed(struct walk *w, const struct step *s, struct value live, struct value fields,
		    int depth)
{
	if (depth > LIMIT_VALUE_DEPTH)
		return;
	/* also when it is empty: `replicas: 0` is not the same as none */
	if (fields.type != VALUE_MAP || !map_n(fields.map)) {
		add(w, DIFF_REMOVED, s, VALUE_NONE, live);
		return;
	}
	if (live.type == VALUE_MAP)
		walk_map(w, s, value_of_map(map_new(w->keep, 0)), live, fields, depth);
	else if (live.type == VALUE_LIST)
		walk_list(w, s, value_of_list(list_new(w->keep, 0)), live, fields, true, depth);
}

/* apiVersion and kind name the object; their text may be another version's. */
static struct value without_type(struct arena *keep, struct value object)
{
	struct map *m = map_new(keep, map_n(value_map(object)));

	for (uint32_t i = 0; i < map_n(value_map(object)); i++)
		if (!str_is(map_key(&object.map->at[i]), "apiVersion") &&
		    !str_is(map_key(&object.map->at[i]), "kind"))
			map_set(keep, m, map_key(&object.map->at[i]), object.map->at[i].value);
	return value_of_map(m);
}

void diff_objects(struct arena *keep, struct value wanted, struct value live, struct value fields,
		  const struct policy *policy, struct diff *out)
{
	struct walk w = {.keep = keep, .out = out};

	*out = (struct diff){0};
	w.secret = str_is(object_kind(wanted), "Secret") && !object_group(wanted).n;
	w.texts = w.secret || (str_is(object_kind(wanted), "ConfigMap") && !object_group(wanted).n);
	if (policy)
		ignore_apply(keep, policy, &wanted, &live);
	walk_map(&w, NULL, without_type(keep, wanted), live, fields, 0);
	if (out->n && !out->mark)
		out->mark = 1;
}

/* --- hashing --- */

static uint64_t hash_bytes(uint64_t h, const void *p, size_t n)
{
	const unsigned char *b = p;

	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * UINT64_C(1099511628211);
	return h;
}

static uint64_t mixed(uint64_t h)
{
	h ^= h >> 33;
	h *= UINT64_C(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ h >> 33;
}

static uint64_t hash_value(struct value v, int depth)
{
	uint64_t h = UINT64_C(1469598103934665603);
	int64_t i;

	if (depth > LIMIT_VALUE_DEPTH)
		return h;
	if (v.type != VALUE_STR && value_to_i64(v, &i))
		return mixed(hash_bytes(h ^ 3, &i, sizeof i));
	switch (v.type) {
	case VALUE_NIL: return mixed(h);
	case VALUE_BOOL: return mixed(h ^ (v.b ? 1 : 2));
	case VALUE_FLOAT: return mixed(hash_bytes(h ^ 4, &v.f, sizeof v.f));
	case VALUE_UINT64: return mixed(hash_bytes(h ^ 5, &v.u, sizeof v.u));
	case VALUE_LIST:
		h ^= 6;
		for (uint32_t n = 0; n < list_n(v.list); n++)
			h = mixed(h * 31 + hash_value(v.list->at[n], depth + 1));
		return h;
	case VALUE_MAP:
		h ^= 7;
		for (uint32_t n = 0; n < map_n(v.map); n++)
			h += mixed(hash_bytes(UINT64_C(1469598103934665603), v.map->at[n].key,
					      v.map->at[n].key_n) * 31 +
				   hash_value(v.map->at[n].value, depth + 1));
		return mixed(h);
	default: return mixed(hash_bytes(h ^ 8, value_text(v).s, value_text(v).n));
	}
}

uint64_t diff_hash(struct value v)
{
	return hash_value(v, 0);
}
