/*
 * What revisions name: the refs a server is asked for, and which of its answers each watch means.
 */
#include <stdio.h>

#include "agent/git/repo.h"
#include "render/semver.h"

static str peeled(const struct git_ref *ref)
{
	return ref->peeled.n ? ref->peeled : ref->oid;
}

static const struct git_ref *find_named(const struct git_refs *refs, str name)
{
	static const char *const places[] = {"refs/heads/", "refs/tags/"};
	char full[2048];

	for (size_t i = 0; i < 2; i++) {
		const struct git_ref *ref;
		int n = snprintf(full, sizeof full, "%s%.*s", places[i], STR_ARG(name));

		ref = n > 0 && (size_t)n < sizeof full ? git_refs_find(refs, str_of(full)) : NULL;
		if (ref)
			return ref;
	}
	return NULL;
}

/* The highest tag that satisfies the constraint; other tags' names count for nothing. */
static const struct git_ref *find_in_range(const struct git_refs *refs, str range)
{
	const struct git_ref *best = NULL;
	struct semver highest, v;

	for (size_t i = 0; i < refs->n; i++) {
		const struct git_ref *ref = &refs->at[i];
		bool ok = false;

		if (!str_starts(ref->name, STR("refs/tags/")) ||
		    !semver_parse(str_from(ref->name, 10), &v, NULL) ||
		    !semver_check(range, &v, &ok, NULL) || !ok)
			continue;
		if (!best || semver_cmp(&v, &highest) > 0) {
			best = ref;
			highest = v;
		}
	}
	return best;
}

static bool looks_abbreviated(str revision)
{
	if (revision.n < 4 || revision.n >= GIT_HEX)
		return false;
	for (size_t i = 0; i < revision.n; i++)
		if (!((revision.s[i] >= '0' && revision.s[i] <= '9') ||
		      (revision.s[i] >= 'a' && revision.s[i] <= 'f')))
			return false;
	return true;
}

static void not_there(struct git_watch *w, const struct git_refs *refs)
{
	const struct repo *r = w->repo;
	struct error err;

	if (w->kind == REVISION_HEAD && refs->n == 0)
		error_set(&err, ERROR_NOT_FOUND, "%.*s has no commit on its default branch",
			  STR_ARG(r->url.show));
	else if (looks_abbreviated(str_of(w->revision)))
		error_set(&err, ERROR_INVALID, "%.*s has no branch or tag %s; a commit is named by "
			  "all 40 digits, as it cannot be looked up by some of them",
			  STR_ARG(r->url.show), w->revision);
	else
		error_set(&err, ERROR_NOT_FOUND, "%.*s has no %s %s", STR_ARG(r->url.show),
			  w->kind == REVISION_REF     ? "ref"
			  : w->kind == REVISION_RANGE ? "tag with a version in the range"
						      : "branch or tag",
			  w->kind == REVISION_HEAD ? "HEAD" : w->revision);
	repo_watch_error(w, &err);
}

void revision_resolve(struct repo *r, const struct git_refs *refs)
{
	for (struct git_watch *w = r->watches; w; w = w->next) {
		const struct git_ref *ref = NULL;

		if (w->fresh)
			continue; /* came after the question */
		if (w->kind == REVISION_HEAD)
			ref = git_refs_find(refs, STR("HEAD"));
		else if (w->kind == REVISION_REF)
			ref = git_refs_find(refs, str_of(w->revision));
		else if (w->kind == REVISION_NAME || w->kind == REVISION_RANGE)
			ref = find_named(refs, str_of(w->revision));
		else
			continue;
		if (!ref && w->kind == REVISION_RANGE)
			ref = find_in_range(refs, str_of(w->revision));
		if (ref)
			repo_watch_target(w, peeled(ref));
		else
			not_there(w, refs);
	}
}

bool revision_add(struct arena *keep, str *list, size_t *n, str prefix)
{
	for (size_t i = 0; i < *n; i++)
		if (str_eq(list[i], prefix))
			return false;
	list[(*n)++] = arena_str(keep, prefix);
	return true;
}

/* upload-pack ignores prefixes beyond 65,536; one is enough for each name. */
str *revision_prefixes(const struct repo *r, struct arena *keep, size_t *n)
{
	size_t room = 1;
	str *list;

	for (struct git_watch *w = r->watches; w; w = w->next)
		room += 3;
	list = arena_news(keep, room, str);
	*n = 0;
	for (struct git_watch *w = r->watches; w; w = w->next) {
		if (w->kind == REVISION_HEAD)
			revision_add(keep, list, n, STR("HEAD"));
		if (w->kind == REVISION_REF)
			revision_add(keep, list, n, str_of(w->revision));
		if (w->kind == REVISION_RANGE)
			revision_add(keep, list, n, STR("refs/tags/"));
		if (w->kind == REVISION_RANGE && !git_ref_valid(str_of(w->revision)))
			continue;
		if (w->kind == REVISION_NAME || w->kind == REVISION_RANGE) {
			revision_add(keep, list, n,
				   arena_printf(keep, "refs/heads/%s", w->revision));
			revision_add(keep, list, n,
				   arena_printf(keep, "refs/tags/%s", w->revision));
		}
	}
	return list;
}
