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
static bool table_walk(struct value from, str path, struct value *out, str *part)
{
	while (path.s) {
		const struct value *v;

		*part = str_cut(path, '.', &path);
		v = map_find(value_map(from), *part);
		if (!v)
			return false;
		from = *v;
	}
	*out = from;
	return true;
}

static bool no_part(struct call *c, str part, const char *what)
{
	struct buf b;

	buf_in(&b, c->arena, 0);
	print_quoted(&b, part);
	return call_fail(c, "%s is not a %s", buf_cstr(&b), what);
}

static bool values_table(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	str part = STR_NONE;

	(void)n;
	if (!table_walk(arg[0], value_text(arg[1]), out, &part) || !value_is(*out, VALUE_MAP))
		return no_part(c, part, "table");
	out->elem = ELEM_VALUES;
	return true;
}

static bool values_path(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	str path = value_text(arg[1]), part = STR_NONE;

	(void)n;
	if (!path.n)
		return call_fail(c, "YAML path cannot be empty");
	if (table_walk(arg[0], path, out, &part) && !value_is(*out, VALUE_MAP))
		return true;
	part = str_from(path, (size_t)(str_rfind_char(path, '.') + 1));
	return no_part(c, part, "value");
}

static const struct fn values_methods[] = {
	{"AsMap", "", values_as_map},
	{"YAML", "", values_yaml},
	{"Table", "s", values_table},
	{"PathValue", "s", values_path},
	{NULL, NULL, NULL},
};

const struct fn *access_method(struct value receiver, str name)
{
	const struct fn *row = NULL;

	if (receiver.type == VALUE_MAP && receiver.elem == ELEM_VALUES)
		row = values_methods;
	else if (receiver.type == VALUE_REF && receiver.ref)
		row = receiver.ref->class->methods;
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

static bool no_field(struct exec *x, struct value receiver, str name)
{
	str type = shown_type(receiver);

	return vm_fail(x, NULL, arena_printf(x->arena, "can't evaluate field %.*s in type %.*s",
		STR_ARG(name), STR_ARG(type)));
}

bool access_call(struct exec *x, const struct fn *row, const struct value *arg, uint32_t n,
	struct value *out)
{
	struct call call = {x, x->arena, row, x->call_error};

	if (row->body(&call, arg, n, out)) {
		out->flags = 0;
		return true;
	}
	if (!x->failure.user)
		vm_fail(x, NULL, arena_str(x->arena, str_of(x->call_error->text)));
	x->failure.function = row->name;
	x->failure.limit = x->call_error->kind == ERROR_LIMIT;
	return false;
}

static bool ref_field(struct exec *x, struct value receiver, str name, struct value *out)
{
	const struct ref_class *class = receiver.ref->class;
	struct call call = {x, x->arena, NULL, x->call_error};

	if (class->field && class->field(&call, receiver.ref, name, out))
		return true;
	if (!class->map_like)
		return no_field(x, receiver, name);
	*out = VALUE_NONE;
	return true;
}

bool access_field(struct exec *x, struct value receiver, const struct name *name,
	struct value *out)
{
	const struct fn *row;
	str wrong;

	if (receiver.type == VALUE_NIL) {
		*out = VALUE_NONE;
		return !(receiver.flags & FLAG_INTERFACE) ||
			vm_fail(x, NULL, arena_printf(x->arena,
				"nil pointer evaluating interface {}.%.*s", STR_ARG(name->text)));
	}
	row = access_method(receiver, name->text);
	if (row) {
		wrong = access_count(x->arena, row->params, name->text, 0, false);
		receiver.flags = 0;
		return wrong.n ? vm_fail(x, NULL, wrong) : access_call(x, row, &receiver, 1, out);
	}
	if (receiver.type == VALUE_MAP)
		return map_field(receiver, name, out);
	if (receiver.type == VALUE_REF && receiver.ref)
		return ref_field(x, receiver, name->text, out);
	return no_field(x, receiver, name->text);
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

static bool is_variadic(const char *params, size_t n)
{
	return n && params[n - 1] == '*';
}

str access_count(struct arena *a, const char *params, str name, uint32_t n, bool piped)
{
	size_t want = strlen(params);

	if (is_variadic(params, want)) {
		want -= 2; /* the star and its letter */
		if (n >= want)
			return STR_NONE;
		return arena_printf(a, "wrong number of args for %.*s: want at least %zu got %u",
			STR_ARG(name), want, n - piped);
	}
	if (n == want)
		return STR_NONE;
	return arena_printf(a, "wrong number of args for %.*s: want %zu got %u", STR_ARG(name),
		want, n);
}

char access_letter(const struct fn *fn, uint32_t i)
{
	size_t n = strlen(fn->params);
	bool variadic = is_variadic(fn->params, n);

	n -= variadic;
	if (i < n)
		return fn->params[i];
	return variadic && n ? fn->params[n - 1] : 'a';
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

const char *access_letter_type(char letter)
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
					access_letter_type(letter))
			 : arena_printf(x->arena, "invalid value; expected %s", access_letter_type(letter));
	return false;
}

bool access_check(struct exec *x, struct value *v, char letter, str *why)
{
	str type;

	if (v->type == VALUE_NIL)
		return check_nil(x, v, letter, why);
	if (fits(*v, letter)) {
		v->flags = 0;
		if (letter == 'm')
			v->elem = ELEM_ANY; /* common.Values is converted */
		return true;
	}
	type = value_type_name(*v);
	*why = arena_printf(x->arena, "wrong type for value; expected %s; got %.*s",
			    access_letter_type(letter), STR_ARG(type));
	return false;
}
