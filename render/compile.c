/*
 * Variables become slots, names become hashes, functions become rows, and/or become jumps.
 * The order of evaluation, and which node an error points at, is that of Go's exec.go: its state
 * remembers the node it touched last (`at`), which is known here but behind the end of an and/or.
 */
#include "render/compile.h"

#include <stdio.h>

#include "base/limits.h"
#include "render/exec.h"

struct breaks {
	struct breaks *outer;
	uint32_t next; /* address of NEXT */
	uint32_t *at;
	uint32_t n;
};

struct compiler {
	struct arena *keep;
	struct program *out;
	uint32_t depth; /* of the operand stack */
	const struct node *at; /* NULL: only known when it runs */
	struct name *scope;    /* variable names by slot */
	uint32_t scope_n, scope_room;
	uint32_t changes; /* calls so far that may change a map */
	struct breaks *loop;
};

static void *more(struct arena *keep, void *at, uint32_t n, size_t size)
{
	/* Tables double, so that appending stays linear. */
	if (n & (n - 1))
		return at;
	return arena_grow(keep, at, n * size, (n ? n * 2 : 1) * size);
}

static void moved(struct compiler *c, int by)
{
	c->depth = (uint32_t)((int)c->depth + by);
	if (c->depth > c->out->stack_n)
		c->out->stack_n = c->depth;
}

/* Errors of the instruction point at c->at. */
static struct ins *emit(struct compiler *c, enum opcode op, uint32_t a, int effect)
{
	struct program *p = c->out;

	p->code = more(c->keep, p->code, p->code_n, sizeof *p->code);
	p->code[p->code_n] = (struct ins){.op = (uint8_t)op, .a = a, .node = c->at};
	moved(c, effect);
	return &p->code[p->code_n++];
}

static uint32_t emit_jump(struct compiler *c, enum opcode op, int effect)
{
	emit(c, op, 0, effect);
	return c->out->code_n - 1;
}

static void patch(struct compiler *c, uint32_t at)
{
	c->out->code[at].a = c->out->code_n;
}

static uint32_t add_text(struct compiler *c, str s)
{
	struct program *p = c->out;

	p->texts = more(c->keep, p->texts, p->texts_n, sizeof *p->texts);
	p->texts[p->texts_n] = s;
	return p->texts_n++;
}

static void constant(struct compiler *c, struct value v)
{
	struct program *p = c->out;

	p->constants = more(c->keep, p->constants, p->constants_n, sizeof *p->constants);
	p->constants[p->constants_n] = v;
	emit(c, OP_CONST, p->constants_n++, 1);
}

static uint32_t add_chain(struct compiler *c, const struct names *names)
{
	struct program *p = c->out;
	struct chain chain = {arena_news(c->keep, names->n + 1, struct name), names->n};

	for (uint32_t i = 0; i < names->n; i++)
		chain.at[i] = (struct name){names->at[i], str_hash(names->at[i])};
	p->chains = more(c->keep, p->chains, p->chains_n, sizeof *p->chains);
	p->chains[p->chains_n] = chain;
	return p->chains_n++;
}

static uint32_t add_site(struct compiler *c, struct site site)
{
	struct program *p = c->out;

	p->sites = more(c->keep, p->sites, p->sites_n, sizeof *p->sites);
	p->sites[p->sites_n] = site;
	return p->sites_n++;
}

/* An instruction that fails, as if it had left a value. */
static void failure(struct compiler *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static void failure(struct compiler *c, const char *format, ...)
{
	va_list args;
	str text;

	va_start(args, format);
	text = arena_vprintf(c->keep, format, args);
	va_end(args);
	emit(c, OP_ERROR, add_text(c, text), 1);
}

static str node_text(struct compiler *c, const struct node *n)
{
	struct buf out;

	buf_in(&out, c->keep, 0);
	node_print(&out, n);
	return buf_str(&out);
}

/* --- variables --- */

static uint32_t declare(struct compiler *c, str name)
{
	if (c->scope_n == c->scope_room) {
		uint32_t room = c->scope_room ? c->scope_room * 2 : 16;

		c->scope = arena_grow(c->keep, c->scope, c->scope_n * sizeof *c->scope,
			room * sizeof *c->scope);
		c->scope_room = room;
	}
	c->scope[c->scope_n++] = (struct name){name, str_hash(name)};
	if (c->scope_n > c->out->variables_n)
		c->out->variables_n = c->scope_n;
	return c->scope_n - 1;
}

static int32_t slot_of(const struct compiler *c, str name)
{
	uint32_t hash = str_hash(name);

	for (uint32_t i = c->scope_n; i > 0; i--)
		if (c->scope[i - 1].hash == hash && str_eq(c->scope[i - 1].text, name))
			return (int32_t)i - 1;
	return -1;
}

/* --- literals --- */

/* An untyped number as Go's idealConstant takes it. */
static void number(struct compiler *c, const struct node *n)
{
	str s = n->source;
	bool hex = s.n > 2 && s.s[0] == '0' && (s.s[1] | 0x20) == 'x' && !str_has(s, STR("p")) &&
		!str_has(s, STR("P"));
	bool point = false;

	for (size_t i = 0; i < s.n; i++)
		point |= strchr(".eEpP", s.s[i]) && s.s[i];
	if (n->is_complex)
		failure(c, "complex numbers are not supported: %.*s", STR_ARG(s));
	else if (n->is_float && !hex && s.s[0] != '\'' && point)
		constant(c, value_float(n->real));
	else if (n->is_int)
		constant(c, value_int(n->integer));
	else
		failure(c, "%.*s overflows int", STR_ARG(s));
}

static void literal(struct compiler *c, const struct node *n)
{
	c->at = n;
	if (n->type == NODE_BOOL)
		constant(c, value_bool(n->truth));
	else if (n->type == NODE_STRING)
		constant(c, value_str(n->text));
	else
		number(c, n);
}

static bool is_literal(const struct node *n)
{
	return n->type == NODE_BOOL || n->type == NODE_NUMBER || n->type == NODE_STRING;
}

/* A literal where a parameter of a known type is wanted: Go converts it at once. */
static void literal_argument(struct compiler *c, const struct node *n, char letter)
{
	str text = node_text(c, n);
	bool integer = letter == 'i' || letter == 'I';

	c->at = n;
	if (letter == 'a' || letter == 'l')
		literal(c, n);
	else if (letter == 's' && n->type == NODE_STRING)
		constant(c, value_str(n->text));
	else if (letter == 'b' && n->type == NODE_BOOL)
		constant(c, value_bool(n->truth));
	else if (integer && n->type == NODE_NUMBER && n->is_int)
		constant(c, letter == 'i' ? value_int(n->integer) : value_int64(n->integer));
	else if (letter == 'f' && n->type == NODE_NUMBER && n->is_float)
		constant(c, value_float(n->real));
	else if (integer || letter == 's' || letter == 'f' || letter == 'b')
		failure(c, "expected %s; found %.*s", integer ? "integer" : letter == 'f' ? "float"
			: access_letter_type(letter), STR_ARG(text));
	else
		failure(c, "can't handle %.*s for arg of type %s", STR_ARG(text),
			access_letter_type(letter));
}

/* --- operands --- */

static void pipeline(struct compiler *c, const struct node *pipe);
static void call(struct compiler *c, const struct node *name, const struct node *command,
	const struct node *args, bool piped);

/* A value that ends a command loses its interface: mark the instruction that made it. */
static void unwrap(struct compiler *c)
{
	struct ins *last = &c->out->code[c->out->code_n - 1];

	if (last->op == OP_VAR || last->op == OP_FIELD || last->op == OP_CHAIN ||
		last->op == OP_VAR_FIELD || last->op == OP_DOT || last->op == OP_METHOD_CALL)
		last->b |= INS_UNWRAP;
}

static void variable(struct compiler *c, const struct node *n, const struct names *names)
{
	int32_t slot = slot_of(c, n->text);

	c->at = n;
	if (slot < 0)
		failure(c, "undefined variable: %.*s", STR_ARG(n->text));
	else if (names->n)
		emit(c, OP_VAR_FIELD, add_chain(c, names), 1)->n = (uint16_t)slot;
	else
		emit(c, OP_VAR, (uint32_t)slot, 1);
}

static void operand(struct compiler *c, const struct node *n);

/* The value of a FIELD, VARIABLE or CHAIN without the last `less` of its names. */
static void walk(struct compiler *c, const struct node *n, uint32_t less)
{
	struct names names = {n->names.at, n->names.n - less};

	c->at = n;
	if (n->type == NODE_VARIABLE) {
		variable(c, n, &names);
	} else if (n->type == NODE_FIELD) {
		if (names.n)
			emit(c, OP_FIELD, add_chain(c, &names), 1);
		else
			emit(c, OP_DOT, 0, 1);
	} else {
		operand(c, n->pipe);
		if (names.n)
			emit(c, OP_CHAIN, add_chain(c, &names), 0);
	}
}

/* Any node as an argument of any type. */
static void operand(struct compiler *c, const struct node *n)
{
	c->at = n;
	switch (n->type) {
	case NODE_DOT:
		emit(c, OP_DOT, 0, 1);
		break;
	case NODE_FIELD:
	case NODE_VARIABLE:
	case NODE_CHAIN:
		walk(c, n, 0);
		break;
	case NODE_PIPE:
		pipeline(c, n);
		break;
	case NODE_IDENTIFIER:
		call(c, n, n, NULL, false);
		break;
	case NODE_NIL:
		constant(c, VALUE_NONE);
		break;
	default:
		literal(c, n);
		break;
	}
}

static bool takes_nil(char letter)
{
	return strchr("amLlv", letter) != NULL;
}

static void argument(struct compiler *c, const struct node *n, char letter)
{
	c->at = n;
	if (is_literal(n)) {
		literal_argument(c, n, letter);
		return;
	}
	if (n->type == NODE_NIL && !takes_nil(letter)) {
		failure(c, "cannot assign nil to %s", access_letter_type(letter));
		return;
	}
	operand(c, n);
	if (letter != 'a' && letter != 'l')
		emit(c, OP_CHECK, 0, 0)->n = (uint16_t)(unsigned char)letter;
}

/* --- calls --- */

/* The first value that decides is the result. A piped value lies below and is the last one. */
static void and_or(struct compiler *c, const struct node *name, const struct node *args, bool piped)
{
	bool is_or = str_is(name->text, "or");
	uint32_t *jumps = NULL, n = 0;

	if (!args && !piped) {
		failure(c, "wrong number of args for %.*s: want at least 1 got 0",
			STR_ARG(name->text));
		return;
	}
	for (const struct node *a = args; a; a = a->next) {
		struct ins *i;

		operand(c, a);
		unwrap(c);
		if (!a->next && !piped)
			break;
		i = emit(c, OP_DECIDE, 0, -1);
		i->n = is_or;
		i->b = (uint8_t)((piped ? INS_NIP : 0) | (c->at ? INS_SURE : 0));
		jumps = more(c->keep, jumps, n, sizeof *jumps);
		jumps[n++] = c->out->code_n - 1;
	}
	if (n && c->at)
		emit(c, OP_AT, 0, 0);
	for (uint32_t i = 0; i < n; i++)
		patch(c, jumps[i]);
	if (n)
		c->at = NULL;
}

static bool changes_maps(const struct fn *fn)
{
	static const char *const names[] = {"set", "unset", "merge", "mergeOverwrite",
		"mustMerge", "mustMergeOverwrite", "include", "tpl"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(fn->name, names[i]) == 0)
			return true;
	return false;
}

static enum opcode call_opcode(const struct fn *fn)
{
	if (strcmp(fn->name, "include") == 0)
		return OP_INCLUDE;
	return strcmp(fn->name, "tpl") == 0 ? OP_TPL : OP_CALL;
}

static uint32_t count(const struct node *n)
{
	uint32_t all = 0;

	for (; n; n = n->next)
		all++;
	return all;
}

static const struct node **array_of(struct compiler *c, const struct node *n)
{
	const struct node **all = arena_news(c->keep, count(n) + 1, const struct node *);

	for (uint32_t i = 0; n; n = n->next)
		all[i++] = n;
	return all;
}

static void call(struct compiler *c, const struct node *name, const struct node *command,
	const struct node *args, bool piped)
{
	const struct fn *fn = fn_find(name->text);
	struct site site = {.fn = fn, .command = command, .n = count(args) + piped,
		.piped = piped, .args = array_of(c, args)};
	uint32_t i = 0;
	str wrong;

	c->at = name;
	if (str_is(name->text, "and") || str_is(name->text, "or")) {
		and_or(c, name, args, piped);
		return;
	}
	wrong = access_count(c->keep, fn->params, name->text, site.n, piped);
	if (wrong.n) {
		failure(c, "%.*s", STR_ARG(wrong));
		moved(c, piped ? -1 : 0);
		return;
	}
	for (const struct node *a = args; a; a = a->next)
		argument(c, a, access_letter(fn, i++));
	site.final_letter = access_letter(fn, i);
	c->changes += changes_maps(fn);
	emit(c, call_opcode(fn), add_site(c, site), 1 - (int)site.n);
}

/* A field with arguments, or with a value piped into it: only methods take that. */
static void method(struct compiler *c, const struct node *first, bool piped)
{
	str name = first->names.at[first->names.n - 1];
	struct site site = {.name = {name, str_hash(name)}, .command = first, .piped = piped,
		.n = count(first->next) + piped, .args = array_of(c, first->next)};
	uint32_t at = add_site(c, site), i = 0;

	walk(c, first, 1);
	emit(c, OP_METHOD, at, 1);
	for (const struct node *a = first->next; a; a = a->next) {
		operand(c, a);
		emit(c, OP_METHOD_CHECK, at, 0)->n = (uint16_t)i++;
	}
	c->changes++;
	emit(c, OP_METHOD_CALL, at, -1 - (int)site.n);
	c->out->sites[at].skip = c->out->code_n;
}

static void command(struct compiler *c, const struct node *cmd, bool piped)
{
	const struct node *first = cmd->commands;
	bool has_args = first->next || piped;

	if (first->type == NODE_IDENTIFIER) {
		call(c, first, cmd, first->next, piped);
	} else if (has_args && first->names.n) {
		method(c, first, piped);
	} else if (has_args) {
		if (first->type != NODE_PIPE)
			c->at = first;
		failure(c, "can't give argument to non-function %.*s",
			STR_ARG(node_text(c, first)));
		moved(c, piped ? -1 : 0);
	} else if (first->type == NODE_NIL) {
		c->at = first;
		failure(c, "nil is not a command");
	} else if (first->type == NODE_PIPE) {
		pipeline(c, first);
	} else {
		operand(c, first);
	}
}

static void pipeline(struct compiler *c, const struct node *pipe)
{
	c->at = pipe;
	for (const struct node *cmd = pipe->commands; cmd; cmd = cmd->next) {
		command(c, cmd, cmd != pipe->commands);
		unwrap(c);
	}
	for (uint32_t i = 0; i < pipe->variables_n; i++) {
		str name = pipe->variables[i]->text;
		int32_t slot = pipe->assigns ? slot_of(c, name) : (int32_t)declare(c, name);

		if (slot < 0) {
			failure(c, "undefined variable: %.*s", STR_ARG(name));
			moved(c, -1);
		} else {
			emit(c, OP_SET, (uint32_t)slot, 0);
		}
	}
}

/* --- statements --- */

static void list(struct compiler *c, const struct node_list *body);

static void branch(struct compiler *c, const struct node *n)
{
	uint32_t scope = c->scope_n, inner, skip, end;
	bool with = n->type == NODE_WITH;

	pipeline(c, n->pipe);
	inner = c->scope_n;
	skip = emit_jump(c, with ? OP_WITH : OP_UNLESS, with ? 0 : -1);
	list(c, &n->body);
	if (with)
		emit(c, OP_LEAVE, 0, -1);
	end = emit_jump(c, OP_JUMP, 0);
	patch(c, skip);
	c->scope_n = inner; /* what the body declared is not seen by else */
	list(c, &n->other);
	patch(c, end);
	c->scope_n = scope;
}

static struct iterator iterator_of(const struct compiler *c, const struct node *pipe)
{
	struct iterator it = {.index = -1, .element = -1};

	if (pipe->variables_n)
		it.element = slot_of(c, pipe->variables[pipe->variables_n - 1]->text);
	if (pipe->variables_n > 1)
		it.index = slot_of(c, pipe->variables[0]->text);
	return it;
}

static void range(struct compiler *c, const struct node *n)
{
	struct breaks loop = {.outer = c->loop};
	struct program *p = c->out;
	uint32_t scope = c->scope_n, inner, row = p->iterators_n, end, changes = c->changes;

	pipeline(c, n->pipe);
	inner = c->scope_n;
	p->iterators = more(c->keep, p->iterators, row, sizeof *p->iterators);
	p->iterators[p->iterators_n++] = iterator_of(c, n->pipe);
	emit(c, OP_RANGE, row, -1);
	loop.next = p->code_n;
	emit(c, OP_NEXT, row, 0);
	c->loop = &loop;
	list(c, &n->body);
	emit(c, OP_JUMP, loop.next, 0);
	c->loop = loop.outer;
	for (uint32_t i = 0; i < loop.n; i++)
		patch(c, loop.at[i]);
	p->iterators[row].done = p->code_n;
	p->iterators[row].mutates = c->changes != changes;
	emit(c, OP_DONE, 0, 0);
	end = emit_jump(c, OP_JUMP, 0);
	p->iterators[row].past = p->code_n;
	c->scope_n = inner;
	list(c, &n->other);
	patch(c, end);
	c->scope_n = scope;
}

/* NEXT and DONE restore the dot and the stack, whatever `with` the jump comes out of. */
static void leave_loop(struct compiler *c, const struct node *n)
{
	struct breaks *loop = c->loop;

	if (n->type == NODE_CONTINUE) {
		emit(c, OP_JUMP, loop->next, 0);
		return;
	}
	loop->at = more(c->keep, loop->at, loop->n, sizeof *loop->at);
	loop->at[loop->n++] = emit_jump(c, OP_JUMP, 0);
}

static void template(struct compiler *c, const struct node *n)
{
	emit(c, OP_FIND, add_text(c, n->text), 1);
	if (n->pipe)
		pipeline(c, n->pipe);
	else
		constant(c, VALUE_NONE);
	c->changes++;
	emit(c, OP_TEMPLATE, 0, -2);
}

static void statement(struct compiler *c, const struct node *n)
{
	c->at = n;
	switch (n->type) {
	case NODE_TEXT:
		emit(c, OP_TEXT, add_text(c, n->text), 0);
		break;
	case NODE_ACTION:
		pipeline(c, n->pipe);
		emit(c, n->pipe->variables_n ? OP_POP : OP_PRINT, 0, -1);
		break;
	case NODE_IF:
	case NODE_WITH:
		branch(c, n);
		break;
	case NODE_RANGE:
		range(c, n);
		break;
	case NODE_TEMPLATE:
		template(c, n);
		break;
	default:
		leave_loop(c, n);
		break;
	}
}

static void list(struct compiler *c, const struct node_list *body)
{
	for (const struct node *n = body->first; n; n = n->next)
		statement(c, n);
}

struct program *compile(struct arena *keep, const struct parsed *tree, str file, str source)
{
	struct compiler c = {.keep = keep, .out = arena_new(keep, struct program)};

	c.out->name = tree->name;
	c.out->file = file;
	c.out->source = source;
	c.out->empty = node_list_empty(&tree->body);
	declare(&c, STR("$"));
	list(&c, &tree->body);
	emit(&c, OP_RETURN, 0, 0);
	return c.out;
}
