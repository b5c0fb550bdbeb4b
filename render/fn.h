/*
 * What a template can call. Every function is a row: name, parameter types, body. The VM checks
 * the arguments against the parameter types with Go's reflection rules and Go's error texts
 * before the body runs, so a body sees only what its row promises.
 *
 * Parameter letters: s string, i int, I int64, f float64, b bool, a interface{} (anything, NIL too),
 * m map[string]interface{} (common.Values too; may be a typed nil), L []interface{},
 * l []interface{} or any other slice (reflected: passed as is), v common.Values-or-map for
 * methods, t time.Time (a REF). A '*' at the end makes the last letter variadic ("sa*": a string,
 * then any number of anything, none included).
 */
#ifndef RENDER_FN_H
#define RENDER_FN_H

#include "base/buf.h"
#include "base/error.h"
#include "base/value.h"

struct exec;

/* One call. arena: everything made lives as long as the render. */
struct call {
	struct exec *exec;
	struct arena *arena;
	const struct fn *fn;
	struct error *err;
};

/* False with *err set is Go's "error calling NAME: text" (the VM adds the frame). Use call_fail for
 * an error value and for a panic alike: text/template prints both the same. */
typedef bool fn_body(struct call *c, const struct value *arg, uint32_t n, struct value *out);

struct fn {
	const char *name;
	const char *params;
	fn_body *body;
};

bool call_fail(struct call *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Row by name over all tables, or NULL. */
const struct fn *fn_find(str name);

/* The tables, each ended by a row whose name is NULL. */
extern const struct fn fn_core[];    /* Go's builtins, include, tpl, required, fail, lookup: render/fn/core.c */
extern const struct fn fn_string[];  /* trim ... wrap, title, camelcase, random strings */
extern const struct fn fn_list[];
extern const struct fn fn_dict[];    /* dict, get, set, merge, dig, pick, deepCopy ... */
extern const struct fn fn_math[];    /* int, add, round, until, seq ... */
extern const struct fn fn_type[];    /* default, empty, coalesce, ternary, kindOf, quote, toString, deepEqual */
extern const struct fn fn_regex[];
extern const struct fn fn_path[];    /* base, dir ..., urlParse, urlJoin */
extern const struct fn fn_crypto[];  /* digests, base64/32, gen*, htpasswd, bcrypt, AES, uuid, derivePassword */
extern const struct fn fn_date[];
extern const struct fn fn_version[]; /* semver, semverCompare */
extern const struct fn fn_encode[];  /* toYaml ... fromToml, toJson family */

/* --- shared meanings (render/access.c, render/print.c, render/fn/cast.c) --- */

/* Go templates' truth. */
bool value_truth(struct value v);
/* sprig's `empty`. */
bool value_empty(struct value v);
/* fmt's %v; strval is sprig's: string as is, bytes as text, error and Stringer, else %v. */
void print_value(struct buf *out, struct value v);
str value_strval(struct arena *a, struct value v);
/* fmt.Sprintf. */
void print_format(struct buf *out, struct arena *a, str format, const struct value *arg, uint32_t n);
/* strconv.Quote (%q). */
void print_quoted(struct buf *out, str s);
/* reflect: "map[string]interface {}", "float64", "<nil>" for NIL ... and Kind().String(). */
str value_type_name(struct value v);
str value_kind_name(struct value v);
/* reflect.DeepEqual: types count (int 80 is not float64 80). */
bool value_deep_equal(struct value x, struct value y);
/* spf13/cast ToInt64E, ToFloat64E with the error dropped (reference section 2, "Cast rules"). */
int64_t cast_int64(struct value v);
double cast_float64(struct value v);

#endif
