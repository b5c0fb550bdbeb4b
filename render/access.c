/*
 * Fields, methods and argument types, by the rules of Go's reflection.
 */
#include "render/exec.h"
#include "render/ref.h"
#include "render/yaml.h"

static str shown_type(struct value v)
{
	return v.flags & FLAG_INTERFACE ? STR("interface {}") : value_type_name(v);
}

/* --- the methods of common.Values --- */

static bool values_as_map(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c;
	(void)n;
	*out = arg[0];
	out->elem = ELEM_ANY;
	return true;
}

static bool values_yaml(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct buf b;

	(void)n;
	buf_in(&b, c->arena, 0);
	if (!yaml_write(&b, arg[0]))
		buf_clear(&b);
	*out = value_str(buf_str(&b));
	return true;
}

/* The value at "a.b.c"; false when a part of the way is missing or no table. */
static bool table_walk(struct value from, str path, struct value *out)
{
	while (path.s) {
		str part = str_cut(path, '.', &path);
		const struct value *v = map_find(value_map(from), part);

		if (!v)
			return false;
		from = *v;
	}
	*out = from;
	return true;
}

static bool values_table(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	str path = value_text(arg[1]);

	(void)n;
	if (!table_walk(arg[0], path, out) || !value_is(*out, VALUE_MAP)) {
		struct buf b;

		buf_in(&b, c->arena, 0);
		print_quoted(&b, path);
		return call_fail(c, "%s is not a table", buf_cstr(&b));
	}
	out->elem = ELEM_VALUES;
	return true;
}

static bool values_path(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	str path = value_text(arg[1]);

	(void)n;
	if (!path.n)
		return call_fail(c, "YAML path cannot be empty");
	if (!table_walk(arg[0], path, out) || value_is(*out, VALUE_MAP)) {
		struct buf b;

		buf_in(&b, c->arena, 0);
		print_quoted(&b, path);
		return call_fail(c, "%s is not a value", buf_cstr(&b));
	}
	return true;
}

static const struct fn values_methods[] = {
	{"AsMap", "", values_as_map},
	{"YAML", "", values_yaml},
	{"Table", "s", values_table},
	{"PathValue", "s", values_path},
	{NULL, NULL, NULL},
};

static const struct fn *find_method(struct value v, str name)
{
	const struct fn *row = NULL;

	if (v.type == VALUE_MAP && v.elem == ELEM_VALUES)
		row = values_methods;
	else if (v.type == VALUE_REF && v.ref)
		row = v.ref->class->methods;
	for (; row && row->name; row++)
		if (str_is(name, row->name))
			return row;
	return NULL;
}

/* --- fields --- */

static bool absent(struct value receiver, struct value *out)
{
	if (receiver.elem == ELEM_STRING)
		*out = value_lit("");
	else
		*out = (struct value){.type = VALUE_NIL, .flags = FLAG_INTERFACE};
	return true;
}

static bool map_field(struct value receiver, const struct name *name, struct value *out)
{
	const struct value *hit = map_find_hashed(receiver.map, name->text, name->hash);

	if (!hit)
		return absent(receiver, out);
	*out = *hit;
	out->flags = receiver.elem == ELEM_STRING ? 0 : FLAG_INTERFACE;
	return true;
}

static bool no_field(struct exec *x, struct value receiver, const struct name *name, str *why)
{
	str type = shown_type(receiver);

	*why = arena_printf(x->arena, "can't evaluate field %.*s in type %.*s", STR_ARG(name->text),
			    STR_ARG(type));
	return false;
}

static bool call_method(struct exec *x, const struct fn *row, struct value receiver,
			const struct value *arg, uint32_t n, struct value *out, str *why)
{
	struct error *err = arena_new(x->arena, struct error);
	struct call call = {x, x->arena, row, err};
	struct value *all = arena_news(x->arena, n + 1, struct value);

	all[0] = receiver;
	all[0].flags = 0;
	for (uint32_t i = 0; i < n; i++)
		all[i + 1] = arg[i];
	if (row->body(&call, all, n + 1, out)) {
		out->flags = 0;
		return true;
	}
	*why = arena_printf(x->arena, "error calling %s: %s", row->name, err->text);
	return false;
}

static bool ref_field(struct exec *x, struct value receiver, const struct name *name,
		      struct value *out, str *why)
{
	const struct ref_class *class = receiver.ref->class;
	struct error *err = arena_new(x->arena, struct error);
	struct call call = {x, x->arena, NULL, err};

	if (class->field && class->field(&call, receiver.ref, name->text, out))
		return true;
	if (!class->map_like)
		return no_field(x, receiver, name, why);
	*out = VALUE_NONE;
	return true;
}

bool access_field(struct exec *x, struct value receiver, const struct name *name,
		  struct value *out, str *why)
{
	const struct fn *row;

	if (receiver.type == VALUE_NIL) {
		if (!(receiver.flags & FLAG_INTERFACE)) {
			*out = VALUE_NONE;
			return true;
		}
		*why = arena_printf(x->arena, "nil pointer evaluating interface {}.%.*s",
				    STR_ARG(name->text));
		return false;
	}
	row = find_method(receiver, name->text);
	if (row)
		return access_count(x, row, 0, false, why) &&
		       call_method(x, row, receiver, NULL, 0, out, why);
	if (receiver.type == VALUE_MAP)
		return map_field(receiver, name, out);
	if (receiver.type == VALUE_REF && receiver.ref)
		return ref_field(x, receiver, name, out, why);
	return no_field(x, receiver, name, why);
}

static bool has_field(struct exec *x, struct value receiver, const struct name *name)
{
	struct value v;
	str why;

	return receiver.type == VALUE_MAP ||
	       (receiver.type == VALUE_REF && access_field(x, receiver, name, &v, &why));
}

bool access_method(struct exec *x, struct value receiver, const struct name *name,
		   const struct value *arg, uint32_t n, struct value *out, str *why, bool *plain)
{
	const struct fn *row = find_method(receiver, name->text);
	struct value *checked = arena_news(x->arena, n + 1, struct value);

	if (!row) {
		if (receiver.type != VALUE_NIL && has_field(x, receiver, name)) {
			*why = arena_printf(x->arena, "%.*s is not a method but has arguments",
					    STR_ARG(name->text));
			return false;
		}
		return access_field(x, receiver, name, out, why);
	}
	if (!access_count(x, row, n, false, why))
		return false;
	for (uint32_t i = 0; i < n; i++) {
		checked[i] = arg[i];
		if (!access_check(x, &checked[i], row->params[i], why))
			return false;
	}
	*plain = true;
	return call_method(x, row, receiver, checked, n, out, why);
}

struct value access_plain(struct arena *a, struct value v)
{
	if (v.type != VALUE_REF || !v.ref)
		return v;
	if (v.ref->class->plain)
		return v.ref->class->plain(a, v.ref);
	return value_of_map(map_new(a, 0));
}

/* --- arguments --- */

bool access_count(struct exec *x, const struct fn *fn, uint32_t n, bool final, str *why)
{
	size_t params = strlen(fn->params);
	bool variadic = params && fn->params[params - 1] == '*';
	uint32_t own = n - (final ? 1 : 0);

	if (variadic)
		params -= 2; /* the star and its letter */
	if (variadic ? n >= params : n == params)
		return true;
	*why = variadic ? arena_printf(x->arena, "wrong number of args for %s: want at least %zu got %u",
				       fn->name, params, own)
			: arena_printf(x->arena, "wrong number of args for %s: want %zu got %u",
				       fn->name, params, n);
	return false;
}

static bool fits(struct value v, char letter)
{
	switch (letter) {
	case 'a':
		return true;
	case 's':
		return v.type == VALUE_STR;
	case 'i':
		return v.type == VALUE_INT;
	case 'I':
		return v.type == VALUE_INT64;
	case 'f':
		return v.type == VALUE_FLOAT;
	case 'b':
		return v.type == VALUE_BOOL;
	case 'm':
	case 'v':
		return v.type == VALUE_MAP && v.elem != ELEM_STRING;
	case 'L':
		return v.type == VALUE_LIST && v.elem == ELEM_ANY;
	case 'l':
		return true; /* reflected: the function itself complains */
	case 't':
		return v.type == VALUE_REF;
	default:
		return false;
	}
}

static const char *letter_name(char letter)
{
	static const struct {
		char letter;
		const char *name;
	} names[] = {{'s', "string"}, {'i', "int"},	{'I', "int64"},
		     {'f', "float64"}, {'b', "bool"},	{'m', "map[string]interface {}"},
		     {'v', "map[string]interface {}"},	{'L', "[]interface {}"},
		     {'t', "time.Time"}, {0, NULL}};

	for (size_t i = 0; names[i].name; i++)
		if (names[i].letter == letter)
			return names[i].name;
	return "interface {}";
}

static bool check_nil(struct exec *x, struct value *v, char letter, str *why)
{
	bool interface = v->flags & FLAG_INTERFACE;

	v->flags = 0;
	if (letter == 'a' || letter == 'l')
		return true;
	if (!interface && (letter == 'm' || letter == 'v')) {
		*v = value_of_map(NULL);
		return true;
	}
	if (!interface && letter == 'L') {
		*v = value_of_list(NULL);
		return true;
	}
	*why = interface ? arena_printf(x->arena,
					"wrong type for value; expected %s; got interface {}",
					letter_name(letter))
			 : arena_printf(x->arena, "invalid value; expected %s", letter_name(letter));
	return false;
}

bool access_check(struct exec *x, struct value *v, char letter, str *why)
{
	str type;

	if (v->type == VALUE_NIL)
		return check_nil(x, v, letter, why);
	if (fits(*v, letter)) {
		v->flags = 0;
		return true;
	}
	type = value_type_name(*v);
	*why = arena_printf(x->arena, "wrong type for value; expected %s; got %.*s",
			    letter_name(letter), STR_ARG(type));
	return false;
}
