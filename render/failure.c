/*
 * Helm's error texts. The raw text nests one "template: F:L:C: executing T at <N>: ..." per call
 * of include and tpl; Helm 4 re-flows it when every link of the chain has that shape.
 */
#include "base/limits.h"
#include "render/exec.h"

/* "F:L:C" of a node: the column counts bytes from 0. */
static void add_location(struct buf *out, const struct program *p, const struct node *n)
{
	str before = str_sub(p->source, 0, n->pos);
	unsigned line = 1;

	for (size_t i = 0; i < before.n; i++)
		line += before.s[i] == '\n';
	buf_printf(out, "%.*s:%u:%zu", STR_ARG(p->file), line,
		before.n - (size_t)(str_rfind_char(before, '\n') + 1));
}

static void add_link(struct buf *out, const struct program *p, const struct node *n)
{
	buf_lit(out, "template: ");
	add_location(out, p, n);
	buf_lit(out, ": executing ");
	print_quoted(out, p->name);
	buf_lit(out, " at <");
	node_print(out, n);
	buf_lit(out, ">: ");
}

/* The frame that called frame k failed at this site. */
static const struct site *call_site(const struct exec *x, uint32_t k)
{
	const struct frame *caller = &x->frames[k - 1];

	return &caller->program->sites[caller->ip->a];
}

/* Where the links of a chain start; a plain one is no template's text. */
struct links {
	size_t *at;
	uint32_t n;
};

static void add_start(struct exec *x, struct links *links, const struct buf *out)
{
	links->at = arena_grow(x->arena, links->at, links->n * sizeof *links->at,
		(links->n + 1) * sizeof *links->at);
	links->at[links->n++] = out->n;
}

static void raw_text(struct exec *x, struct buf *out, struct links *links)
{
	const struct failure *failure = &x->failure;
	const struct frame *last = &x->frames[x->frames_n - 1];

	for (uint32_t k = 1; k < x->frames_n; k++) {
		const struct frame *f = &x->frames[k];

		if (f->kind != FRAME_INCLUDE && f->kind != FRAME_TPL)
			continue;
		add_start(x, links, out);
		add_link(out, f[-1].program, call_site(x, k)->command);
		buf_printf(out, "error calling %s: ", call_site(x, k)->fn->name);
		if (f->kind == FRAME_TPL) {
			add_start(x, links, out);
			buf_lit(out, "error during tpl function execution for ");
			print_quoted(out, f->name);
			buf_lit(out, ": ");
		}
	}
	add_start(x, links, out);
	add_link(out, last->program, failure->node);
	if (failure->function) {
		buf_printf(out, "error calling %s: ", failure->function);
		add_start(x, links, out);
	}
	buf_add(out, failure->message);
}

/* --- Helm 4's re-flow --- */

struct block {
	str location, executing, message;
};

static str cut_at(str s, str mark, str *rest)
{
	ptrdiff_t at = str_find(s, mark);

	*rest = at < 0 ? STR_NONE : str_from(s, (size_t)at + mark.n);
	return at < 0 ? s : str_sub(s, 0, (size_t)at);
}

/* "F:L:C: executing "T" at <N>: message", up to a nested template's text. */
static bool parse_executing(struct arena *a, str location, str after, struct block *out)
{
	str name, node, rest;

	if (!str_starts(after, STR("\"")))
		return false;
	name = cut_at(str_from(after, 1), STR("\""), &rest);
	if (!rest.s || !str_starts(rest, STR(" at <")))
		return false;
	node = cut_at(str_from(rest, 5), STR(">: "), &rest);
	if (!rest.s)
		return false;
	out->location = location;
	out->executing = arena_printf(a, "executing \"%.*s\" at <%.*s>:", STR_ARG(name),
		STR_ARG(node));
	out->message = cut_at(rest, STR(" template:"), &rest);
	return true;
}

static bool parse_link(struct arena *a, str s, struct block *out)
{
	str rest, location;
	size_t at;

	*out = (struct block){.message = s};
	if (!str_starts(s, STR("template: ")))
		return false;
	s = str_from(s, 10);
	if (str_starts(s, STR("no template ")))
		return true;
	location = cut_at(s, STR(": executing "), &rest);
	if (rest.s)
		return parse_executing(a, location, rest, out);
	for (at = s.n; at >= 2 && memcmp(s.s + at - 2, ": ", 2) != 0; at--)
		;
	if (at < 2)
		return false;
	out->location = str_sub(s, 0, at - 2);
	out->message = cut_at(str_from(s, at), STR(" template:"), &rest);
	return true;
}

static void add_block(struct buf *out, const struct block *b)
{
	if (b->location.n)
		buf_printf(out, "%.*s\n  ", STR_ARG(b->location));
	if (b->executing.n)
		buf_printf(out, "%.*s\n    ", STR_ARG(b->executing));
	if (b->message.n)
		buf_printf(out, "%.*s\n", STR_ARG(b->message));
}

static bool same_block(const struct block *x, const struct block *y)
{
	return str_eq(x->location, y->location) && str_eq(x->executing, y->executing) &&
		str_eq(x->message, y->message);
}

static bool reflow(struct exec *x, str raw, const struct links *links, struct buf *out)
{
	struct block last = {STR_NONE, STR_NONE, STR_NONE}, b;

	for (uint32_t i = 0; i < links->n; i++) {
		if (!parse_link(x->arena, str_from(raw, links->at[i]), &b))
			return false;
		if (i == 0 || !same_block(&b, &last))
			add_block(out, &b);
		last = b;
	}
	return true;
}

/* The outermost include or tpl, or the failing node itself. */
static void user_text(struct exec *x, struct buf *out)
{
	const struct program *p = x->frames[x->frames_n - 1].program;
	const struct node *n = x->failure.node;

	for (uint32_t k = 1; k < x->frames_n; k++)
		if (x->frames[k].kind == FRAME_INCLUDE || x->frames[k].kind == FRAME_TPL) {
			p = x->frames[k - 1].program;
			n = call_site(x, k)->command;
			break;
		}
	buf_lit(out, "execution error at (");
	add_location(out, p, n);
	buf_lit(out, "): ");
	buf_add(out, x->failure.message);
}

bool failure_report(struct exec *x, struct error *err)
{
	struct buf raw, flowed;
	struct links links = {NULL, 0};
	str text;

	buf_in(&raw, x->arena, 0);
	buf_in(&flowed, x->arena, 0);
	if (x->failure.user) {
		user_text(x, &raw);
		text = buf_str(&raw);
	} else {
		raw_text(x, &raw, &links);
		text = buf_str(&raw);
		if (!x->env.helm3 && reflow(x, text, &links, &flowed))
			text = str_trim(buf_str(&flowed));
	}
	return error_set(err, x->failure.limit ? ERROR_LIMIT : ERROR_INVALID, "%.*s",
		STR_ARG(text));
}
