/*
 * Lists. Every function makes a new list or shares the elements of its argument; none changes one
 * (but sortAlpha, which sorts a []string in place as sprig does).
 */
#include <math.h>
#include <stdlib.h>

#include "render/fn/body.h"

static bool is_slice(struct value v)
{
	return v.type == VALUE_LIST || v.type == VALUE_BYTES;
}

static struct slice slice_view(struct value v)
{
	if (v.type == VALUE_BYTES)
		return (struct slice){.bytes = value_text(v), .n = v.n};
	return (struct slice){.at = v.list ? v.list->at : NULL, .n = list_n(v.list)};
}

bool slice_of(struct call *c, struct value v, const char *complaint, struct slice *out)
{
	str kind;

	if (v.type == VALUE_NIL)
		return call_fail(c, GO_NIL_DEREFERENCE);
	if (!is_slice(v)) {
		kind = value_kind_name(v);
		return call_fail(c, "%s %.*s", complaint, STR_ARG(kind));
	}
	*out = slice_view(v);
	return true;
}

static struct value string_of(struct call *c, struct value v)
{
	return v.type == VALUE_STR ? v : value_str(value_strval(c->arena, v));
}

struct list *slice_strings(struct call *c, struct value v)
{
	struct slice s = {.at = &v, .n = v.type != VALUE_NIL};
	struct list *l;

	if (v.type == VALUE_LIST && v.list && v.elem == ELEM_STRING)
		return v.list;
	if (is_slice(v))
		s = slice_view(v);
	l = list_new(c->arena, s.n);
	for (uint32_t i = 0; i < s.n; i++) {
		struct value item = slice_at(&s, i);

		if (item.type != VALUE_NIL)
			list_add(c->arena, l, string_of(c, item));
	}
	return l;
}

static struct list *list_of(
	struct call *c, const struct slice *s, uint32_t from, uint32_t to, uint32_t spare)
{
	struct list *l = list_new(c->arena, to - from + spare);

	if (s->at && to > from)
		memcpy(l->at, s->at + from, (to - from) * sizeof *l->at);
	for (uint32_t i = from; !s->at && i < to; i++)
		l->at[i - from] = slice_at(s, i);
	l->n = to - from;
	return l;
}

static bool list_list(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct slice s = {.at = arg, .n = n};

	return give_list(out, list_of(c, &s, 0, n, 0), ELEM_ANY);
}

static bool list_append(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct slice s;
	struct list *l;

	(void)n;
	if (!slice_of(c, arg[0], "Cannot push on type", &s))
		return false;
	l = list_of(c, &s, 0, s.n, 1);
	l->at[l->n++] = arg[1];
	return give_list(out, l, ELEM_ANY);
}

static bool list_prepend(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct slice s;
	struct list *l;

	(void)n;
	if (!slice_of(c, arg[0], "Cannot prepend on type", &s))
		return false;
	l = list_new(c->arena, s.n + 1);
	l->at[l->n++] = arg[1];
	for (uint32_t i = 0; i < s.n; i++)
		l->at[l->n++] = slice_at(&s, i);
	return give_list(out, l, ELEM_ANY);
}

static bool list_first(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct slice s;

	(void)n;
	if (!slice_of(c, arg[0], "Cannot find first on type", &s))
		return false;
	*out = s.n ? slice_at(&s, 0) : VALUE_NONE;
	return true;
}

static bool list_last(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct slice s;

	(void)n;
	if (!slice_of(c, arg[0], "Cannot find last on type", &s))
		return false;
	*out = s.n ? slice_at(&s, s.n - 1) : VALUE_NONE;
	return true;
}

/* An empty list has a nil []interface {} for its rest and its initial. */
static bool list_rest(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct slice s;

	(void)n;
	if (!slice_of(c, arg[0], "Cannot find rest on type", &s))
		return false;
	return give_list(out, s.n ? list_of(c, &s, 1, s.n, 0) : NULL, ELEM_ANY);
}

static bool list_initial(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct slice s;

	(void)n;
	if (!slice_of(c, arg[0], "Cannot find initial on type", &s))
		return false;
	return give_list(out, s.n ? list_of(c, &s, 0, s.n - 1, 0) : NULL, ELEM_ANY);
}

static bool list_reverse(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct slice s;
	struct list *l;

	(void)n;
	if (!slice_of(c, arg[0], "Cannot find reverse on type", &s))
		return false;
	l = list_new(c->arena, s.n);
	for (uint32_t i = s.n; i-- > 0;)
		l->at[l->n++] = slice_at(&s, i);
	return give_list(out, l, ELEM_ANY);
}

static bool list_compact(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct slice s;
	struct list *l;

	(void)n;
	if (!slice_of(c, arg[0], "Cannot compact on type", &s))
		return false;
	l = list_new(c->arena, s.n);
	for (uint32_t i = 0; i < s.n; i++)
		if (!value_empty(slice_at(&s, i)))
			l->at[l->n++] = slice_at(&s, i);
	return give_list(out, l, ELEM_ANY);
}

/* DeepEqual with any of the n at `at`; *left counts down what one call may compare. */
static bool in_values(const struct value *at, uint32_t n, struct value v, uint32_t *left)
{
	for (uint32_t i = 0; i < n && *left; i++, --*left)
		if (value_deep_equal(v, at[i]))
			return true;
	return false;
}

/* Those elements that are neither among `omit` nor (when `once`) among those taken before. */
static bool give_filtered(struct call *c, const struct slice *s, const struct value *omit,
	uint32_t omit_n, bool once, struct value *out)
{
	struct list *l = list_new(c->arena, s->n);
	uint32_t left = LIMIT_FN_COMPARISONS;

	for (uint32_t i = 0; i < s->n; i++) {
		struct value v = slice_at(s, i);

		if (in_values(omit, omit_n, v, &left) || (once && in_values(l->at, l->n, v, &left)))
			continue;
		if (!left)
			return error_set(
				c->err, ERROR_LIMIT, "a list is too long for %s", c->fn->name);
		l->at[l->n++] = v;
	}
	return give_list(out, l, ELEM_ANY);
}

static bool list_uniq(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct slice s;

	(void)n;
	return slice_of(c, arg[0], "Cannot find uniq on type", &s) &&
	       give_filtered(c, &s, NULL, 0, true, out);
}

static bool list_without(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct slice s;

	return slice_of(c, arg[0], "Cannot find without on type", &s) &&
	       give_filtered(c, &s, arg + 1, n - 1, false, out);
}

static bool list_has(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct slice s;

	(void)n;
	if (arg[1].type == VALUE_NIL)
		return give_bool(out, false);
	if (!slice_of(c, arg[1], "Cannot find has on type", &s))
		return false;
	for (uint32_t i = 0; i < s.n; i++)
		if (value_deep_equal(arg[0], slice_at(&s, i)))
			return give_bool(out, true);
	return give_bool(out, false);
}

static bool list_slice(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct slice s;
	int64_t from, to;
	struct list *l;

	if (!slice_of(c, arg[0], "list should be type of slice or array but", &s))
		return false;
	*out = VALUE_NONE;
	if (s.n == 0)
		return true;
	from = n > 1 ? cast_int64(arg[1]) : 0;
	to = n > 2 ? cast_int64(arg[2]) : s.n;
	if (from < 0 || to < from || to > s.n)
		return call_fail(c, "reflect.Value.Slice: slice index out of bounds");
	if (!s.at) {
		*out = value_bytes(str_sub(s.bytes, (size_t)from, (size_t)to));
		return true;
	}
	l = list_new(c->arena, 0);
	l->at = arg[0].list->at + from;
	l->n = l->room = (uint32_t)(to - from);
	return give_list(out, l, arg[0].elem);
}

static bool list_concat(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct slice s;
	uint32_t total = 0;
	struct list *l;

	for (uint32_t i = 0; i < n; i++) {
		if (arg[i].type != VALUE_NIL && !is_slice(arg[i])) {
			str kind = value_kind_name(arg[i]);

			return call_fail(c, "Cannot concat type %.*s as list", STR_ARG(kind));
		}
		if (!slice_of(c, arg[i], "", &s))
			return false;
		total += s.n;
	}
	if (total == 0)
		return give_list(out, NULL, ELEM_ANY);
	l = list_new(c->arena, total);
	for (uint32_t i = 0; i < n; i++) {
		s = slice_view(arg[i]);
		for (uint32_t k = 0; k < s.n; k++)
			list_add(c->arena, l, slice_at(&s, k));
	}
	return give_list(out, l, ELEM_ANY);
}

static bool list_chunk(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	double chunks;
	struct slice s;
	struct list *l;
	uint32_t size;

	(void)n;
	if (!slice_of(c, arg[1], "Cannot chunk type", &s))
		return false;
	chunks = floor(((double)s.n - 1) / (double)arg[0].i) + 1;
	if (!(chunks >= 0) || (chunks > 0 && arg[0].i <= 0))
		return call_fail(c, GO_MAKESLICE);
	l = list_new(c->arena, (uint32_t)chunks);
	size = arg[0].i > s.n ? s.n : (uint32_t)(arg[0].i < 0 ? 0 : arg[0].i);
	for (uint32_t i = 0; l->n < (uint32_t)chunks; i += size) {
		uint32_t stop = s.n - i > size ? i + size : s.n;

		give_list(&l->at[l->n++], list_of(c, &s, i, stop, 0), ELEM_ANY);
	}
	return give_list(out, l, ELEM_LIST);
}

static bool list_to_strings(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_list(out, slice_strings(c, arg[0]), ELEM_STRING);
}

static int text_order(const void *x, const void *y)
{
	return str_cmp(value_text(*(const struct value *)x), value_text(*(const struct value *)y));
}

static bool list_sort_alpha(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct list *l;

	(void)n;
	if (!is_slice(arg[0])) {
		l = list_new(c->arena, 1);
		list_add(c->arena, l, string_of(c, arg[0]));
		return give_list(out, l, ELEM_STRING);
	}
	l = slice_strings(c, arg[0]);
	if (l->n > 1)
		qsort(l->at, l->n, sizeof *l->at, text_order);
	return give_list(out, l, ELEM_STRING);
}

const struct fn fn_list[] = {
	{"append", "aa", list_append},
	{"chunk", "ia", list_chunk},
	{"compact", "a", list_compact},
	{"concat", "a*", list_concat},
	{"first", "a", list_first},
	{"has", "aa", list_has},
	{"initial", "a", list_initial},
	{"last", "a", list_last},
	{"list", "a*", list_list},
	{"mustAppend", "aa", list_append},
	{"mustChunk", "ia", list_chunk},
	{"mustCompact", "a", list_compact},
	{"mustFirst", "a", list_first},
	{"mustHas", "aa", list_has},
	{"mustInitial", "a", list_initial},
	{"mustLast", "a", list_last},
	{"mustPrepend", "aa", list_prepend},
	{"mustPush", "aa", list_append},
	{"mustRest", "a", list_rest},
	{"mustReverse", "a", list_reverse},
	{"mustSlice", "aa*", list_slice},
	{"mustUniq", "a", list_uniq},
	{"mustWithout", "aa*", list_without},
	{"prepend", "aa", list_prepend},
	{"push", "aa", list_append},
	{"rest", "a", list_rest},
	{"reverse", "a", list_reverse},
	{"slice", "aa*", list_slice},
	{"sortAlpha", "a", list_sort_alpha},
	{"toStrings", "a", list_to_strings},
	{"tuple", "a*", list_list},
	{"uniq", "a", list_uniq},
	{"without", "aa*", list_without},
	{NULL, NULL, NULL},
};
