/*
 * What the bodies of render/fn share: short ways to give a result, and the walk over "any slice"
 * that sprig does by reflection.
 */
#ifndef RENDER_FN_BODY_H
#define RENDER_FN_BODY_H

#include "base/limits.h"
#include "base/num.h"
#include "render/fn.h"

#define GO_NIL_DEREFERENCE "runtime error: invalid memory address or nil pointer dereference"
#define GO_MAKESLICE "runtime error: makeslice: len out of range"

static inline bool give_str(struct value *out, str s)
{
	*out = value_str(s);
	return true;
}

static inline bool give_bool(struct value *out, bool b)
{
	*out = value_bool(b);
	return true;
}

static inline bool give_list(struct value *out, struct list *l, enum value_elem elem)
{
	*out = value_of_list(l);
	out->elem = (uint8_t)elem;
	return true;
}

/* Always map[string]interface {}: a common.Values argument has been converted by the call. */
static inline bool give_map(struct value *out, struct map *m)
{
	*out = value_of_map(m);
	return true;
}

/* A text buffer of one call; body_text gives its text or fails at the cap. */
static inline void body_buf(struct call *c, struct buf *b)
{
	buf_in(b, c->arena, LIMIT_FN_TEXT);
}

static inline bool body_text(struct call *c, struct buf *b, struct value *out)
{
	if (!buf_check(b, "the text made by one function call", c->err))
		return false;
	return give_str(out, buf_str(b));
}

/* Checks a size before anything is taken from the arena. */
static inline bool body_size(struct call *c, size_t count, size_t each, size_t *total)
{
	if (num_mul(count, each, total) && *total <= LIMIT_FN_TEXT)
		return true;
	return error_set(c->err, ERROR_LIMIT,
		"the text made by one function call is larger than %u bytes", LIMIT_FN_TEXT);
}

/* A slice of any element type, []byte too. */
struct slice {
	const struct value *at; /* NULL for bytes */
	str bytes;
	uint32_t n;
};

/* reflect.TypeOf(v).Kind() is Slice? Fails as sprig does: nil dereference, or `complaint` plus the
 * kind ("Cannot push on type string"). */
bool slice_of(struct call *c, struct value v, const char *complaint, struct slice *out);

static inline struct value slice_at(const struct slice *s, uint32_t i)
{
	if (s->at)
		return s->at[i];
	return (struct value){.type = VALUE_BYTE, .i = (unsigned char)s->bytes.s[i]};
}

/* The []string of sprig's strslice: nil elements are left out; a scalar is a list of one. */
struct list *slice_strings(struct call *c, struct value v);

#endif
