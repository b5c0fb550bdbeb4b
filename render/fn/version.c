/*
 * semver and semverCompare.
 */
#include "render/exec.h"
#include "render/fn/body.h"
#include "render/ref.h"
#include "render/semver.h"

struct version_ref {
	struct ref ref;
	struct semver v;
};

static const struct ref_class version_class;

static const struct semver *version_of(struct value v)
{
	if (v.type != VALUE_REF || v.ref->class != &version_class)
		return NULL;
	return &((const struct version_ref *)(const void *)v.ref)->v;
}

static bool give_version(struct call *c, struct value *out, const struct semver *v)
{
	struct version_ref *r = arena_new(c->arena, struct version_ref);

	r->ref.class = &version_class;
	r->v = *v;
	*out = value_ref(&r->ref);
	return true;
}

static bool version_major(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	*out = value_uint64(version_of(arg[0])->major);
	return true;
}

static bool version_minor(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	*out = value_uint64(version_of(arg[0])->minor);
	return true;
}

static bool version_patch(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	*out = value_uint64(version_of(arg[0])->patch);
	return true;
}

static bool version_pre(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	return give_str(out, version_of(arg[0])->pre);
}

static bool version_meta(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	return give_str(out, version_of(arg[0])->meta);
}

static bool version_original(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	return give_str(out, version_of(arg[0])->original);
}

static bool version_string(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_str(out, semver_text(c->arena, version_of(arg[0])));
}

static bool version_compare(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	const struct semver *other = version_of(arg[1]);

	(void)n;
	if (!other)
		return call_fail(c, GO_NIL_DEREFERENCE);
	*out = value_int(semver_cmp(version_of(arg[0]), other));
	return true;
}

static bool version_less(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	if (!version_compare(c, arg, n, out))
		return false;
	return give_bool(out, out->i < 0);
}

static bool version_greater(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	if (!version_compare(c, arg, n, out))
		return false;
	return give_bool(out, out->i > 0);
}

static bool version_equal(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	if (!version_compare(c, arg, n, out))
		return false;
	return give_bool(out, out->i == 0);
}

/* The next patch of a prerelease is its release. */
static bool version_inc_patch(struct call *c, const struct value *arg, uint32_t n,
			      struct value *out)
{
	struct semver v = *version_of(arg[0]);

	(void)n;
	v.patch += !v.pre.n;
	v.pre = v.meta = STR_NONE;
	v.original = semver_text(c->arena, &v);
	return give_version(c, out, &v);
}

static bool version_inc_minor(struct call *c, const struct value *arg, uint32_t n,
			      struct value *out)
{
	struct semver v = *version_of(arg[0]);

	(void)n;
	v = (struct semver){.major = v.major, .minor = v.minor + 1};
	v.original = semver_text(c->arena, &v);
	return give_version(c, out, &v);
}

static bool version_inc_major(struct call *c, const struct value *arg, uint32_t n,
			      struct value *out)
{
	struct semver v = *version_of(arg[0]);

	(void)n;
	v = (struct semver){.major = v.major + 1};
	v.original = semver_text(c->arena, &v);
	return give_version(c, out, &v);
}

static const struct fn version_methods[] = {
	{"Compare", "a", version_compare},	{"Equal", "a", version_equal},
	{"GreaterThan", "a", version_greater},	{"IncMajor", "", version_inc_major},
	{"IncMinor", "", version_inc_minor},	{"IncPatch", "", version_inc_patch},
	{"LessThan", "a", version_less},	{"Major", "", version_major},
	{"Metadata", "", version_meta},		{"Minor", "", version_minor},
	{"Original", "", version_original},	{"Patch", "", version_patch},
	{"Prerelease", "", version_pre},	{"String", "", version_string},
	{NULL, NULL, NULL},
};

static void version_print(struct buf *out, struct ref *r)
{
	struct arena scratch;

	arena_init(&scratch, 0);
	buf_add(out, semver_text(&scratch, &((struct version_ref *)(void *)r)->v));
	arena_done(&scratch);
}

static const struct ref_class version_class = {
	.type = "*semver.Version", .kind = "ptr", .methods = version_methods, .print = version_print};

static bool fn_semver(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct semver v;

	(void)n;
	return semver_parse(value_text(arg[0]), &v, c->err) && give_version(c, out, &v);
}

static bool fn_semver_compare(struct call *c, const struct value *arg, uint32_t n,
			      struct value *out)
{
	struct semver v;
	bool ok;

	(void)n;
	/* The constraint is read first: its error wins. */
	if (!semver_check(value_text(arg[0]), &(struct semver){0}, &ok, c->err) ||
	    !semver_parse(value_text(arg[1]), &v, c->err) ||
	    !semver_check(value_text(arg[0]), &v, &ok, c->err))
		return false;
	return give_bool(out, ok);
}

const struct fn fn_version[] = {
	{"semver", "s", fn_semver},
	{"semverCompare", "ss", fn_semver_compare},
	{NULL, NULL, NULL},
};
