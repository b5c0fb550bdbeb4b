/*
 * The contract of template.h: compiling files, gathering sets, executing.
 */
#include "render/template.h"

#include <sys/random.h>

#include "base/limits.h"
#include "render/compile.h"
#include "render/exec.h"

bool template_file_compile(struct arena *keep, str name, str source, struct template_file **out,
	struct error *err)
{
	struct template_file *file = arena_new(keep, struct template_file);
	struct parsed *tree;
	uint32_t n = 0, i = 0;
	str text = arena_str(keep, source);

	if (!parse_template(keep, arena_str(keep, name), text, &tree, err))
		return error_wrap(err, "template");
	for (const struct parsed *t = tree; t; t = t->next)
		n++;
	file->n = n;
	file->bodies = arena_news(keep, n, struct template_body);
	for (const struct parsed *t = tree; t; t = t->next, i++)
		file->bodies[i] = (struct template_body){
			t->name, str_hash(t->name), compile(keep, t, tree->name, text)};
	*out = file;
	return true;
}

/* Helm shows the place and what follows the last ": ". */
static void clean_parse_error(struct error *err)
{
	struct error raw = *err;
	str s = str_of(raw.text), place = STR_NONE, last = s;

	for (size_t i = 0, from = 0, part = 0; i <= s.n; i++) {
		if (i < s.n && !(s.s[i] == ':' && i + 1 < s.n && s.s[i + 1] == ' '))
			continue;
		last = str_sub(s, from, i);
		if (part++ == 1)
			place = last;
		from = i + 2;
	}
	error_set(err, raw.kind, "parse error at (%.*s): %.*s", STR_ARG(place), STR_ARG(last));
}

bool template_compile(struct arena *keep, str name, str source, struct template_file **out,
	struct error *err)
{
	struct error why = {.kind = ERROR_NONE};

	if (template_file_compile(keep, name, source, out, &why))
		return true;
	if (why.kind == ERROR_INVALID)
		clean_parse_error(&why);
	if (err)
		*err = why;
	return false;
}

struct template_set *template_set_new(struct arena *keep)
{
	struct template_set *set = arena_new(keep, struct template_set);

	set->keep = keep;
	set->names = map_new(keep, 0);
	return set;
}

static void set_put(struct template_set *set, const struct template_body *body)
{
	struct value *at = map_find_hashed(set->names, body->name, body->hash);

	if (at) {
		if (!body->program->empty)
			set->programs[at->i] = body->program;
		return;
	}
	if (set->n == set->room) {
		uint32_t room = set->room ? set->room * 2 : 16;

		set->programs = arena_grow(set->keep, set->programs, set->n * sizeof(void *),
					   room * sizeof(void *));
		set->room = room;
	}
	map_set(set->keep, set->names, body->name, value_int(set->n));
	set->programs[set->n++] = body->program;
}

bool template_set_add(struct template_set *set, const struct template_file *file, struct error *err)
{
	(void)err;
	/* Go adds the defines as they end, the file's own body last. */
	for (uint32_t i = 1; i < file->n; i++)
		set_put(set, &file->bodies[i]);
	set_put(set, &file->bodies[0]);
	return true;
}

const struct program *template_find_hashed(const struct template_set *set, str name, uint32_t hash)
{
	const struct value *at = map_find_hashed(set->names, name, hash);

	return at ? set->programs[at->i] : NULL;
}

const struct program *template_find(const struct template_set *set, str name)
{
	return template_find_hashed(set, name, str_hash(name));
}

bool template_set_has(const struct template_set *set, str name)
{
	return template_find(set, name) != NULL;
}

struct exec *exec_new(struct arena *arena, const struct template_set *set,
		      const struct exec_env *env)
{
	struct exec *x = arena_new(arena, struct exec);

	x->arena = arena;
	x->set = set;
	if (env)
		x->env = *env;
	x->reserve = LIMIT_TEMPLATE_STEPS;
	x->call_error = arena_new(arena, struct error);
	x->snippets = map_new(arena, 0);
	x->random = x->env.seed;
	return x;
}

uint64_t exec_random(struct exec *x)
{
	uint64_t z;

	if (!x->env.seed) {
		if (getrandom(&z, sizeof z, 0) == (ssize_t)sizeof z)
			return z;
	}
	/* SplitMix64: the same sequence for the same seed. */
	z = x->random += 0x9e3779b97f4a7c15ull;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

void exec_erase(struct buf *out, size_t from)
{
	static const str mark = STR_INIT("<no value>");
	size_t to, read;
	ptrdiff_t at = str_find(str_from(buf_str(out), from), mark);

	if (at < 0)
		return;
	to = read = from + (size_t)at;
	while (at >= 0) {
		size_t run;

		read += mark.n;
		at = str_find(str_from(buf_str(out), read), mark);
		run = at < 0 ? out->n - read : (size_t)at;
		memmove(out->s + to, out->s + read, run);
		to += run;
		read += run;
	}
	out->n = to;
}

/* --- executing --- */

static bool run_guarded(struct exec *x, const struct program *p, struct value dot, struct buf *out,
	struct error *err)
{
	size_t from = out->n;

	x->out = out;
	if (!vm_run(x, p, dot)) {
		buf_truncate(out, from);
		return failure_report(x, err);
	}
	exec_erase(out, from);
	return true;
}

bool exec_template(struct exec *x, str name, struct value dot, struct buf *out, struct error *err)
{
	const struct program *p = template_find(x->set, name);
	jmp_buf env, *volatile former = x->arena->guard;
	bool ok;

	if (!p)
		return error_set(err, ERROR_NOT_FOUND,
			"template: no template \"%.*s\" associated with template \"gotpl\"",
			STR_ARG(name));
	if (setjmp(env)) {
		arena_guard(x->arena, former);
		if (!x->arena->capped)
			return error_set(err, ERROR_MEMORY, "%.*s: no memory left", STR_ARG(name));
		return error_set(err, ERROR_LIMIT,
			"%.*s: the render takes more than %zu bytes of memory", STR_ARG(name),
			x->arena->cap);
	}
	arena_guard(x->arena, &env);
	ok = run_guarded(x, p, dot, out, err);
	arena_guard(x->arena, former);
	return ok;
}
