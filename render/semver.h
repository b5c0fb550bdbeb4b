/*
 * Semantic versions and their constraints as github.com/Masterminds/semver v3.4 reads them
 * (reference "helm template", 2.1): loose versions ("v1", "1.2"), groups by "||", a prerelease
 * matches only in a group that names one.
 */
#ifndef RENDER_SEMVER_H
#define RENDER_SEMVER_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

struct semver {
	uint64_t major, minor, patch;
	str pre, meta; /* without '-' and '+' */
	str original;
};

/* Borrows text. "invalid semantic version" when it is none. */
bool semver_parse(str text, struct semver *out, struct error *err);
/* Precedence: <0, 0, >0; metadata does not count. */
int semver_cmp(const struct semver *a, const struct semver *b);
/* Does v satisfy the constraint? "improper constraint: ..." when the text is none. */
bool semver_check(str constraint, const struct semver *v, bool *ok, struct error *err);
/* "1.2.3-rc1+build" */
str semver_text(struct arena *keep, const struct semver *v);

#endif
