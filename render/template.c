/*
 * The contract of template.h: compiling files, gathering sets, executing, and turning a trace
 * into Helm's error text.
 */
#include "render/template.h"

#include <sys/random.h>

#include "base/limits.h"
#include "render/compile.h"
#include "render/exec.h"

bool template_compile(struct arena *keep, str name, str source, struct template_file **out,
		      struct error *err)
{
	struct template_file *file = arena_new(keep, struct template_file);
	struct parsed *tree;
	uint32_t n = 0, i = 0;
	str text = arena_str(keep, source);

	if (!parse_template(keep, name, text, &tree, err))
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

const struct program *template_find(const struct template_set *set, str name)
{
	const struct value *at = map_find(set->names, name);

	return at ? set->programs[at->i] : NULL;
}

bool template_set_has(const struct template_set *set, str name)
{
	return template_find(set, name) != NULL;
}

const struct program *exec_find(struct exec *x, str name)
{
	for (const struct overlay *o = x->overlay; o; o = o->outer)
		for (uint32_t i = 0; i < o->file->n; i++)
			if (str_eq(o->file->bodies[i].name, name) &&
			    !o->file->bodies[i].program->empty)
				return o->file->bodies[i].program;
	return template_find(x->set, name);
}

struct exec *exec_new(struct arena *arena, const struct template_set *set,
		      const struct exec_env *env)
{
	struct exec *x = arena_new(arena, struct exec);

	x->arena = arena;
	x->set = set;
	if (env)
		x->env = *env;
	x->stack = exec_stack(arena);
	x->steps = LIMIT_TEMPLATE_STEPS;
	x->includes = map_new(arena, 0);
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

/* --- errors --- */

/* "F:L:C" of a node: the column counts bytes from 0. */
static str location(struct arena *a, const struct trace *t)
{
	const struct program *p = t->program;
	str before;

	if (!t->node)
		return arena_printf(a, "%.*s", STR_ARG(p->name));
	before = str_sub(p->source, 0, t->node->pos);
	return arena_printf(a, "%.*s:%u:%zu", STR_ARG(p->file), t->node->line,
			    before.n - (size_t)(str_rfind_char(before, '\n') + 1));
}

static void raw_text(struct arena *a, struct buf *out, const struct trace *t, const struct trace *inner)
{
	str where = location(a, t);

	buf_printf(out, "template: %.*s: executing ", STR_ARG(where));
	print_quoted(out, t->program->name);
	buf_lit(out, " at <");
	if (t->node)
		node_print(out, t->node);
	buf_printf(out, ">: %.*s", STR_ARG(t->message));
	(void)inner;
}

/* Frames are kept innermost first; texts nest outermost first. */
static void raw_chain(struct arena *a, struct buf *out, const struct trace *t)
{
	if (t->outer) {
		raw_chain(a, out, t->outer);
		buf_char(out, ' ');
	}
	raw_text(a, out, t, NULL);
}

/* Helm 4: one block a frame. */
static void flowed_chain(struct arena *a, struct buf *out, const struct trace *t)
{
	str where = location(a, t);

	if (t->outer) {
		flowed_chain(a, out, t->outer);
		buf_char(out, '\n');
	}
	buf_printf(out, "%.*s\n  executing ", STR_ARG(where));
	print_quoted(out, t->program->name);
	buf_lit(out, " at <");
	if (t->node)
		node_print(out, t->node);
	buf_printf(out, ">:\n    %.*s", STR_ARG(t->message));
}

static bool report(struct exec *x, struct error *err)
{
	const struct trace *outermost = x->trace_last;
	bool plain = false;
	struct buf out;
	str where;

	if (x->has_user_message) {
		where = location(x->arena, outermost);
		return error_set(err, ERROR_INVALID, "execution error at (%.*s): %.*s",
				 STR_ARG(where), STR_ARG(x->user_message));
	}
	buf_in(&out, x->arena, LIMIT_ERROR_TEXT);
	for (const struct trace *t = x->trace; t; t = t->outer)
		plain |= t->plain;
	if (plain || x->env.helm3)
		raw_chain(x->arena, &out, x->trace);
	else
		flowed_chain(x->arena, &out, x->trace);
	return error_set(err, ERROR_INVALID, "%.*s", STR_ARG(buf_str(&out)));
}

static bool run_guarded(struct exec *x, const struct program *p, struct value dot, struct buf *out,
			struct error *err)
{
	size_t from = out->n;

	x->out = out;
	x->sp = 0;
	x->trace = x->trace_last = NULL;
	x->has_user_message = false;
	if (!exec_run(x, p, dot)) {
		buf_truncate(out, from);
		return report(x, err);
	}
	exec_erase(out, from);
	return true;
}

bool exec_template(struct exec *x, str name, struct value dot, struct buf *out, struct error *err)
{
	const struct program *p = template_find(x->set, name);
	jmp_buf env, *former;
	bool ok;

	if (!p)
		return error_set(err, ERROR_NOT_FOUND, "template \"%.*s\" not defined", STR_ARG(name));
	if (setjmp(env)) {
		arena_guard(x->arena, NULL);
		return error_set(err, x->arena->capped ? ERROR_LIMIT : ERROR_MEMORY,
				 "%.*s: the render takes more than %u bytes of memory",
				 STR_ARG(name), LIMIT_RENDER_MEMORY);
	}
	former = arena_guard(x->arena, &env);
	ok = run_guarded(x, p, dot, out, err);
	arena_guard(x->arena, former);
	return ok;
}
