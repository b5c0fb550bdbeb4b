/*
 * A small state machine over the list's top level; below it brackets are counted. Items are not
 * parsed here: a poisonous one is the receiver's to judge, and must not stop the others.
 */
#include "sync/kube/list.h"

#include "base/limits.h"
#include "base/num.h"
#include "sync/kube/scan.h"

enum { START, KEY, IN_KEY, COLON, VALUE, IN_VALUE, AFTER, ITEM, IN_ITEM, AFTER_ITEM, END };
enum { MEMBER_OTHER, MEMBER_ITEMS, MEMBER_METADATA };

#define HEAD_MOST (1u << 20)

void list_reader_init(struct list_reader *r, list_item_fn *on_item, void *arg)
{
	*r = (struct list_reader){.on_item = on_item, .arg = arg, .state = START};
	buf_init(&r->text, LIMIT_KUBE_OBJECT);
	buf_init(&r->head, HEAD_MOST);
}

void list_reader_done(struct list_reader *r)
{
	buf_done(&r->text);
	buf_done(&r->head);
}

static bool list_bad(struct error *err)
{
	return error_set(err, ERROR_INVALID, "the API server's answer is not a list in JSON");
}

/* The index behind the last byte taken of a value that began before; *whole: it has ended there. */
static size_t list_value(struct list_reader *r, str b, size_t at, bool *whole)
{
	*whole = false;
	for (; at < b.n; at++) {
		char c = b.s[at];
		if (r->in_string) {
			if (r->escaped)
				r->escaped = false;
			else if (c == '\\')
				r->escaped = true;
			else if (c == '"')
				r->in_string = false;
			if (!r->in_string && r->depth == 0) {
				*whole = true;
				return at + 1;
			}
		} else if (c == '"') {
			r->in_string = true;
		} else if (c == '{' || c == '[') {
			r->depth++;
		} else if (c == '}' || c == ']') {
			/* Closing what encloses a plain value ends it. */
			*whole = r->depth <= 1;
			if (r->depth == 0)
				return at;
			if (--r->depth == 0)
				return at + 1;
		} else if (r->depth == 0 && (c == ',' || c == ' ' || c == '\n' || c == '\r' ||
					     c == '\t')) {
			*whole = true;
			return at;
		}
	}
	return at;
}

static bool list_keep(struct list_reader *r, str part, struct error *err)
{
	if (r->state == IN_VALUE && r->member != MEMBER_METADATA)
		return true;
	buf_add(&r->text, part);
	return buf_check(&r->text, "an item of a list", err);
}

static bool list_value_ended(struct list_reader *r, struct error *err)
{
	bool fine = true;
	if (r->state == IN_ITEM) {
		r->items++;
		fine = r->on_item(r->arg, buf_str(&r->text), err);
		r->state = AFTER_ITEM;
	} else {
		if (r->member == MEMBER_METADATA) {
			buf_clear(&r->head);
			buf_add(&r->head, buf_str(&r->text));
			fine = buf_check(&r->head, "the metadata of a list", err);
		}
		r->state = AFTER;
	}
	buf_clear(&r->text);
	return fine;
}

static void list_key_ended(struct list_reader *r)
{
	str key = buf_str(&r->text);
	r->member = str_is(key, "items")      ? MEMBER_ITEMS
		    : str_is(key, "metadata") ? MEMBER_METADATA
					      : MEMBER_OTHER;
	buf_clear(&r->text);
	r->state = COLON;
}

static void list_value_starts(struct list_reader *r, int state)
{
	r->state = state;
	r->depth = 0;
	r->in_string = r->escaped = false;
}

/* One byte outside of values. True: the byte is taken; false: look again in the new state. */
static bool list_step(struct list_reader *r, char c, bool *bad)
{
	*bad = false;
	if (r->state == IN_KEY) {
		if (c == '"')
			list_key_ended(r);
		else
			buf_char(&r->text, c);
		*bad = r->text.n > 256;
		return true;
	}
	if (c == ' ' || c == '\n' || c == '\r' || c == '\t')
		return true;
	switch (r->state) {
	case START:
		*bad = c != '{';
		r->state = KEY;
		return true;
	case KEY:
		*bad = c != '"' && c != '}';
		r->state = c == '}' ? END : IN_KEY;
		return true;
	case COLON:
		*bad = c != ':';
		r->state = VALUE;
		return true;
	case VALUE:
		*bad = c == ',' || c == '}' || c == ']';
		r->has_items = r->has_items || r->member == MEMBER_ITEMS;
		if (r->member == MEMBER_ITEMS && c == '[') {
			r->state = ITEM;
			return true;
		}
		*bad = *bad || (r->member == MEMBER_ITEMS && c != 'n'); /* null: no items */
		list_value_starts(r, IN_VALUE);
		return false;
	case AFTER:
		*bad = c != ',' && c != '}';
		r->state = c == '}' ? END : KEY;
		return true;
	case ITEM:
		*bad = c != '{' && c != ']';
		if (c == ']') {
			r->state = AFTER;
			return true;
		}
		list_value_starts(r, IN_ITEM);
		return false;
	case AFTER_ITEM:
		*bad = c != ',' && c != ']';
		r->state = c == ']' ? AFTER : ITEM;
		return true;
	default: /* END */
		*bad = true;
		return true;
	}
}

bool list_reader_feed(struct list_reader *r, str b, struct error *err)
{
	size_t at = 0, end;
	bool whole, bad;
	while (at < b.n) {
		if (r->state != IN_VALUE && r->state != IN_ITEM) {
			if (list_step(r, b.s[at], &bad))
				at++;
			if (bad)
				return list_bad(err);
			continue;
		}
		end = list_value(r, b, at, &whole);
		if (!list_keep(r, str_sub(b, at, end), err))
			return false;
		at = end;
		if (whole && !list_value_ended(r, err))
			return false;
	}
	return true;
}

bool list_reader_end(struct list_reader *r, str *resource_version, str *next, int64_t *remaining,
		     struct error *err)
{
	str head = buf_str(&r->head), left;
	if (r->state != END)
		return error_set(err, ERROR_NETWORK, "a list was cut off");
	if (!r->has_items)
		return list_bad(err);
	*resource_version = scan_string(head, "resourceVersion");
	*next = scan_string(head, "continue");
	left = scan_member(head, "remainingItemCount");
	if (!num_parse_i64(left, remaining))
		*remaining = -1;
	/* Without the token of the next page a part would be taken for the whole. */
	if (!next->n && (*remaining > 0 || scan_member(head, "continue").n > 2))
		return error_set(err, ERROR_INVALID,
				 "a list has more pages and no usable continue token");
	return true;
}
