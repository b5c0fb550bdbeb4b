/*
 * A rule is a list of paths: a JSON pointer is one, a jq expression names some. An expression that
 * does not compile, fails or takes too long ignores nothing.
 */
#include "sync/ignore.h"

#include "base/num.h"
#include "sync/jq.h"

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

static struct list *pointer_path(struct arena *keep, str pointer)
{
	struct list *path = list_new(keep, 4);

	str_cut(pointer, '/', &pointer);
	while (pointer.s)
		list_add(keep, path, value_str(unescaped(keep, str_cut(pointer, '/', &pointer))));
	return path;
}

/* All paths of a rule in this object; lists of steps. */
static struct list *rule_paths(struct arena *keep, const struct ignore_rule *r, struct value object)
{
	struct list *all = list_new(keep, 4), *some;

	for (size_t i = 0; i < r->pointers_n; i++)
		list_add(keep, all, value_of_list(pointer_path(keep, r->pointers[i])));
	for (size_t i = 0; i < r->jq_n; i++)
		if (jq_paths(keep, r->jq[i], object, &some, NULL))
			for (uint32_t j = 0; j < some->n; j++)
				list_add(keep, all, some->at[j]);
	return all;
}

static bool index_of(struct value step, const struct list *l, uint32_t *out)
{
	uint64_t u;
	int64_t i;

	if (step.type == VALUE_STR ? !num_parse_u64(value_text(step), &u) : !value_to_i64(step, &i) || i < 0)
		return false;
	if (step.type != VALUE_STR)
		u = (uint64_t)i;
	*out = (uint32_t)u;
	return u < list_n(l);
}

static struct value *step_into(struct value *at, struct value step)
{
	uint32_t i;

	if (at->type == VALUE_LIST)
		return index_of(step, at->list, &i) ? &at->list->at[i] : NULL;
	return step.type == VALUE_STR ? map_find(value_map(*at), value_text(step)) : NULL;
}

static void delete_path(struct value *root, const struct list *path)
{
	struct value *at = root;
	uint32_t i;

	if (!list_n(path))
		return;
	for (uint32_t k = 0; k + 1 < path->n && at; k++)
		at = step_into(at, path->at[k]);
	if (at && at->type == VALUE_MAP) {
		map_del(at->map, value_text(path->at[path->n - 1]));
	} else if (at && at->type == VALUE_LIST && index_of(path->at[path->n - 1], at->list, &i)) {
		memmove(&at->list->at[i], &at->list->at[i + 1], (at->list->n - i - 1) * sizeof *at->list->at);
		at->list->n--;
	}
}

/* From the last: what is deleted must not move what is still to be. */
static void delete_paths(struct arena *keep, const struct ignore_rule *r, struct value *root)
{
	struct list *paths = rule_paths(keep, r, *root);

	for (uint32_t i = paths->n; i-- > 0;)
		delete_path(root, value_list(paths->at[i]));
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
		delete_paths(keep, r, wanted);
		delete_paths(keep, r, live);
	}
}

/* --- an apply that leaves the ignored parts as they are --- */

/* The item of the other list that is the same thing: of the same name, else at the same place. */
static struct value *same_item(struct value *other, struct value mine, struct value step)
{
	str name = value_path_str(mine, "name", NULL);

	for (uint32_t i = 0; name.n && other->type == VALUE_LIST && i < list_n(other->list); i++)
		if (str_eq(value_path_str(other->list->at[i], "name", NULL), name))
			return &other->list->at[i];
	return name.n ? NULL : step_into(other, step);
}

/* Sets what the path names in body to what live has there; without it there, the intent has none. */
static void respect_path(struct arena *keep, struct value *body, struct value *live, const struct list *path)
{
	struct value *mine = body, *theirs = live, last, *from;

	if (!list_n(path))
		return;
	for (uint32_t k = 0; k + 1 < path->n; k++) {
		bool item = mine->type == VALUE_LIST;

		mine = step_into(mine, path->at[k]);
		if (!mine)
			return;
		if (theirs)
			theirs = item ? same_item(theirs, *mine, path->at[k]) : step_into(theirs, path->at[k]);
	}
	last = path->at[path->n - 1];
	from = theirs ? step_into(theirs, last) : NULL;
	if (mine->type != VALUE_MAP || !map_find(mine->map, value_text(last)))
		return;
	if (from)
		map_set(keep, mine->map, value_text(last), *from);
	else
		map_del(mine->map, value_text(last));
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
		struct list *paths;

		if (!policy_ignore_matches(&policy->ignores[i], &key))
			continue;
		if (!copied)
			*body = value_copy(keep, *body, false);
		copied = true;
		paths = rule_paths(keep, &policy->ignores[i], *body);
		for (uint32_t j = paths->n; j-- > 0;)
			respect_path(keep, body, &live, value_list(paths->at[j]));
	}
}
