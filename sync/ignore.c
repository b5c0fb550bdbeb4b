/*
 * JSON pointers are walked; jq expressions become del(EXPR), by libjq. An expression that does not
 * compile or fails ignores nothing.
 */
#include "sync/ignore.h"

#include <jq.h>
#include <stdio.h>

#include "base/json.h"
#include "base/num.h"

/* "a~1b" is "a/b", "~0" is "~". */
static str unescaped(struct arena *keep, str part)
{
	char *out = arena_text(keep, part.n);
	size_t n = 0;

	for (size_t i = 0; i < part.n; i++) {
		bool escape = part.s[i] == '~' && i + 1 < part.n;

		out[n++] = escape ? (part.s[++i] == '1' ? '/' : '~') : part.s[i];
	}
	return str_make(out, n);
}

/* The place of a pointer's last part: its container and its name. */
static struct value *container(struct arena *keep, struct value *root, str pointer, str *last)
{
	struct value *at = root;
	str part;

	str_cut(pointer, '/', &pointer);
	for (;;) {
		uint64_t i;

		part = unescaped(keep, str_cut(pointer, '/', &pointer));
		if (!pointer.s)
			break;
		if (at->type == VALUE_LIST) {
			if (!num_parse_u64(part, &i) || i >= list_n(at->list))
				return NULL;
			at = &at->list->at[i];
		} else {
			at = map_find(value_map(*at), part);
		}
		if (!at)
			return NULL;
	}
	*last = part;
	return at;
}

static void delete_pointer(struct arena *keep, struct value *root, str pointer)
{
	str last;
	struct value *at = container(keep, root, pointer, &last);
	uint64_t i;

	if (at && at->type == VALUE_MAP)
		map_del(at->map, last);
	else if (at && at->type == VALUE_LIST && num_parse_u64(last, &i) && i < list_n(at->list)) {
		memmove(&at->list->at[i], &at->list->at[i + 1], (at->list->n - i - 1) * sizeof *at->list->at);
		at->list->n--;
	}
}

static void delete_jq(struct arena *keep, struct value *root, str expression)
{
	char *program = arena_cstr(keep, arena_printf(keep, "del(%.*s)", STR_ARG(expression)));
	str text = json_text(keep, *root, 0);
	jq_state *jq = jq_init();
	struct value changed;
	jv out, shown;

	if (!jq)
		return;
	jq_set_error_cb(jq, NULL, NULL);
	if (jq_compile(jq, program)) {
		jq_start(jq, jv_parse_sized(text.s, (int)text.n), 0);
		out = jq_next(jq);
		if (jv_is_valid(out)) {
			shown = jv_dump_string(out, 0);
			text = arena_str(keep, str_make(jv_string_value(shown),
							(size_t)jv_string_length_bytes(jv_copy(shown))));
			if (json_read(keep, text, 0, &changed, NULL))
				*root = changed;
			jv_free(shown);
		} else {
			jv_free(out);
		}
	}
	jq_teardown(&jq);
}

void ignore_apply(struct arena *keep, const struct policy *policy, struct value *wanted,
		  struct value *live)
{
	struct object_key key;
	bool copied = false;

	if (!policy->ignores_n)
		return;
	key = object_key(*wanted);
	for (size_t i = 0; i < policy->ignores_n; i++) {
		const struct ignore_rule *r = &policy->ignores[i];

		if (!policy_ignore_matches(r, &key))
			continue;
		if (!copied) {
			*wanted = value_copy(keep, *wanted, false);
			*live = value_copy(keep, *live, false);
			copied = true;
		}
		for (size_t j = 0; j < r->pointers_n; j++) {
			delete_pointer(keep, wanted, r->pointers[j]);
			delete_pointer(keep, live, r->pointers[j]);
		}
		for (size_t j = 0; j < r->jq_n; j++) {
			delete_jq(keep, wanted, r->jq[j]);
			delete_jq(keep, live, r->jq[j]);
		}
	}
}

void ignore_respect(struct arena *keep, const struct policy *policy, struct value live,
		    struct value *body)
{
	struct object_key key;
	bool copied = false;

	if (!policy || !policy->ignores_n)
		return;
	key = object_key(*body);
	for (size_t i = 0; i < policy->ignores_n; i++) {
		const struct ignore_rule *r = &policy->ignores[i];

		for (size_t j = 0; policy_ignore_matches(r, &key) && j < r->pointers_n; j++) {
			str last, other;
			struct value *from = container(keep, &live, r->pointers[j], &other), *to;
			struct value v = from ? map_get(value_map(*from), other) : VALUE_NONE;

			if (!copied)
				*body = value_copy(keep, *body, false);
			copied = true;
			to = container(keep, body, r->pointers[j], &last);
			if (!to || to->type != VALUE_MAP)
				continue;
			if (value_is_nil(v))
				map_del(to->map, last);
			else if (map_find(to->map, last))
				map_set(keep, to->map, last, v);
		}
	}
}
