/*
 * Variables become slots, names become hashes, functions become rows, and/or become jumps.
 * The order of evaluation, and which node an error points at, is that of Go's exec.go.
 */
#include "render/compile.h"

#include <stdio.h>

#include "base/limits.h"

struct loop {
	struct loop *outer;
	uint32_t next; /* address of NEXT */
	uint32_t *breaks;
	uint32_t breaks_n;
};

struct compiler {
	struct arena *keep;
	struct program *out;
	uint32_t code_room, depth; /* of the operand stack */
	str *scope;		   /* variable names by slot */
	uint32_t scope_n, scope_room;
	struct loop *loop;
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

static uint32_t emit(struct compiler *c, enum opcode op, uint32_t a, const struct node *node,
		     int effect)
{
	struct program *p = c->out;

	p->code = more(c->keep, p->code, p->code_n, sizeof *p->code);
	p->code[p->code_n] = (struct ins){.op = (uint8_t)op, .a = a, .node = node};
	moved(c, effect);
	return p->code_n++;
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

static void constant(struct compiler *c, struct value v, const struct node *node)
{
	struct program *p = c->out;

	p->constants = more(c->keep, p->constants, p->constants_n, sizeof *p->constants);
	p->constants[p->constants_n] = v;
	emit(c, OP_CONST, p->constants_n++, node, 1);
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

static void failure(struct compiler *c, const struct node *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void failure(struct compiler *c, const struct node *node, const char *format, ...)
{
	va_list args;
	str text;

	va_start(args, format);
	text = arena_vprintf(c->keep, format, args);
	va_end(args);
	emit(c, OP_ERROR, add_text(c, text), node, 1); /* as if it had left a value */
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
	c->scope[c->scope_n++] = name;
	if (c->scope_n > c->out->variables_n)
		c->out->variables_n = c->scope_n;
	return c->scope_n - 1;
}

static int32_t slot_of(const struct compiler *c, str name)
{
	for (uint32_t i = c->scope_n; i > 0; i--)
		if (str_eq(c->scope[i - 1], name))
			return (int32_t)i - 1;
	return -1;
}

/* --- expressions --- */

static void pipeline(struct compiler *c, const struct node *pipe);
static void command(struct compiler *c, const struct node *cmd, bool final);

/* The node that Go's state points at once a node has been evaluated as an argument. */
static const struct node *last_at(const struct node *n)
{
	const struct node *last;

	switch (n->type) {
	case NODE_PIPE:
		last = n->commands;
		if (!last)
			return n;
		while (last->next)
			last = last->next;
		return last_at(last);
	case NODE_COMMAND:
		last = n->commands;
		if (last->type != NODE_IDENTIFIER && last->type != NODE_FIELD &&
		    last->type != NODE_VARIABLE && last->type != NODE_CHAIN)
			return last_at(last);
		while (last->next)
			last = last->next;
		return last_at(last);
	case NODE_CHAIN:
		return n->pipe ? last_at(n->pipe) : n;
	default:
		return n;
	}
}

static struct value number(const struct node *n, bool *overflow)
{
	*overflow = false;
	if (n->is_float && n->source.s[0] != '\'' && !str_starts(n->source, STR("0x")) &&
	    !str_starts(n->source, STR("0X")) &&
	    (str_has(n->source, STR(".")) || str_has(n->source, STR("e")) ||
	     str_has(n->source, STR("E")) || str_has(n->source, STR("p"))))
		return value_float(n->real);
	if (n->is_float && (str_has(n->source, STR("p")) || str_has(n->source, STR("P")) ||
			    (str_has(n->source, STR(".")) && n->source.s[0] != '\'')))
		return value_float(n->real);
	if (n->is_int)
		return value_int(n->integer);
	*overflow = true;
	return VALUE_NONE;
}

static void literal(struct compiler *c, const struct node *n)
{
	bool overflow = false;
	struct value v;

	switch (n->type) {
	case NODE_BOOL:
		constant(c, value_bool(n->truth), n);
		return;
	case NODE_STRING:
		constant(c, value_str(n->text), n);
		return;
	default:
		v = number(n, &overflow);
		if (overflow)
			failure(c, n, "%.*s overflows int", STR_ARG(n->source));
		else
			constant(c, v, n);
	}
}

static const char *letter_type(char letter)
{
	switch (letter) {
	case 's':
		return "string";
	case 'i':
		return "int";
	case 'I':
		return "int64";
	case 'f':
		return "float64";
	case 'b':
		return "bool";
	case 'm':
		return "map[string]interface {}";
	case 'L':
	case 'l':
		return "[]interface {}";
	default:
		return "interface {}";
	}
}

static bool takes_nil(char letter)
{
	return letter == 'a' || letter == 'm' || letter == 'L' || letter == 'l' || letter == 'v';
}

/* A literal where a parameter of a known type is wanted: Go converts it while compiling. */
static void literal_argument(struct compiler *c, const struct node *n, char letter)
{
	str text = node_text(c, n);

	if (letter == 'a') {
		literal(c, n);
	} else if (letter == 's' && n->type == NODE_STRING) {
		constant(c, value_str(n->text), n);
	} else if (letter == 'b' && n->type == NODE_BOOL) {
		constant(c, value_bool(n->truth), n);
	} else if ((letter == 'i' || letter == 'I') && n->type == NODE_NUMBER && n->is_int) {
		constant(c, letter == 'i' ? value_int(n->integer) : value_int64(n->integer), n);
	} else if (letter == 'f' && n->type == NODE_NUMBER && n->is_float) {
		constant(c, value_float(n->real), n);
	} else if (strchr("siIfb", letter)) {
		failure(c, n, "expected %s; found %.*s",
			letter == 'i' || letter == 'I' ? "integer"
			: letter == 'f'		       ? "float"
						       : letter_type(letter),
			STR_ARG(text));
	} else {
		failure(c, n, "can't handle %.*s for arg of type %s", STR_ARG(text),
			letter_type(letter));
	}
}

static void check(struct compiler *c, const struct node *n, char letter)
{
	if (letter == 'a')
		return;
	emit(c, OP_CHECK, 0, last_at(n), 0);
	c->out->code[c->out->code_n - 1].n = (uint16_t)(unsigned char)letter;
}

/* A value that ends a command loses its interface: mark the instruction that made it. */
static void unwrap(struct compiler *c)
{
	struct ins *last = &c->out->code[c->out->code_n - 1];

	if (last->op == OP_VAR || last->op == OP_FIELD || last->op == OP_CHAIN ||
	    last->op == OP_DOT || last->op == OP_METHOD)
		last->b |= INS_UNWRAP;
}

static void variable(struct compiler *c, const struct node *n)
{
	int32_t slot = slot_of(c, n->text);

	if (slot < 0)
		failure(c, n, "undefined variable: %.*s", STR_ARG(n->text));
	else
		emit(c, OP_VAR, (uint32_t)slot, n, 1);
}

static void operand(struct compiler *c, const struct node *n);

/* The receiver of names, without the last `less` of them. */
static void receiver(struct compiler *c, const struct node *n, uint32_t less)
{
	struct names names = {n->names.at, n->names.n - less};

	if (n->type == NODE_FIELD) {
		if (names.n)
			emit(c, OP_FIELD, add_chain(c, &names), n, 1);
		else
			emit(c, OP_DOT, 0, n, 1);
		return;
	}
	if (n->type == NODE_VARIABLE)
		variable(c, n);
	else if (n->pipe->type == NODE_NIL)
		failure(c, n, "indirection through explicit nil in %.*s", STR_ARG(node_text(c, n)));
	else
		operand(c, n->pipe);
	if (names.n)
		emit(c, OP_CHAIN, add_chain(c, &names), n, 0);
}

/* A function without arguments of its own, or nothing piped. */
static void call(struct compiler *c, const struct node *name, const struct node *args, bool final);

/* Any node as an argument of unknown type. */
static void operand(struct compiler *c, const struct node *n)
{
	switch (n->type) {
	case NODE_DOT:
		emit(c, OP_DOT, 0, n, 1);
		break;
	case NODE_FIELD:
	case NODE_VARIABLE:
	case NODE_CHAIN:
		receiver(c, n, 0);
		break;
	case NODE_PIPE:
		pipeline(c, n);
		break;
	case NODE_IDENTIFIER:
		call(c, n, NULL, false);
		break;
	case NODE_NIL:
		constant(c, VALUE_NONE, n);
		break;
	default:
		literal(c, n);
		break;
	}
}

static void argument(struct compiler *c, const struct node *n, char letter)
{
	if (n->type == NODE_BOOL || n->type == NODE_NUMBER || n->type == NODE_STRING) {
		literal_argument(c, n, letter);
		return;
	}
	if (n->type == NODE_NIL && !takes_nil(letter)) {
		failure(c, n, "cannot assign nil to %s", letter_type(letter));
		return;
	}
	operand(c, n);
	check(c, n, letter);
}

/* The letter of parameter i; 'a' beyond the row (the count is checked when it runs). */
static char parameter(const struct fn *fn, uint32_t i)
{
	size_t n = strlen(fn->params);
	bool variadic = n && fn->params[n - 1] == '*';

	n -= variadic;
	if (i < n)
		return fn->params[i];
	return variadic && n ? fn->params[n - 1] : 'a';
}

static void and_or(struct compiler *c, const struct node *name, const struct node *args,
		   bool final)
{
	bool is_or = str_is(name->text, "or");
	uint32_t jumps[64], n = 0;

	if (!args && !final) {
		failure(c, name, "wrong number of args for %.*s: want at least 1 got 0",
			STR_ARG(name->text));
		return;
	}
	for (const struct node *a = args; a; a = a->next) {
		operand(c, a);
		unwrap(c);
		if ((!a->next && !final) || n == 64)
			break;
		jumps[n] = emit(c, OP_DECIDE, 0, a, -1);
		c->out->code[jumps[n]].n = is_or;
		c->out->code[jumps[n]].b = final ? DECIDE_NIP : 0;
		n++;
	}
	for (uint32_t i = 0; i < n; i++)
		patch(c, jumps[i]);
}

static void call(struct compiler *c, const struct node *name, const struct node *args, bool final)
{
	struct program *p = c->out;
	const struct fn *fn = fn_find(name->text);
	uint32_t n = 0, at;

	if (str_is(name->text, "and") || str_is(name->text, "or")) {
		and_or(c, name, args, final);
		return;
	}
	/* With a wrong number of arguments Go fails before it evaluates any; CALL says so. */
	for (const struct node *a = args; a; a = a->next)
		argument(c, a, parameter(fn, n++));
	p->functions = more(c->keep, p->functions, p->functions_n, sizeof *p->functions);
	p->functions[p->functions_n] = fn;
	at = emit(c, OP_CALL, p->functions_n++, name, 1 - (int)n - (final ? 1 : 0));
	p->code[at].n = (uint16_t)(n + (final ? 1 : 0));
	p->code[at].b = final ? CALL_FINAL : 0;
}

/* A field with arguments, or with a value piped into it: only methods take that. */
static void method(struct compiler *c, const struct node *first, bool final)
{
	struct names last = {first->names.at + first->names.n - 1, 1};
	uint32_t n = 0, at;

	receiver(c, first, 1);
	for (const struct node *a = first->next; a; a = a->next, n++)
		operand(c, a);
	at = emit(c, OP_METHOD, add_chain(c, &last), first, -(int)n - (final ? 1 : 0));
	c->out->code[at].n = (uint16_t)n;
	c->out->code[at].b = final ? CALL_FINAL : 0;
}

static void command(struct compiler *c, const struct node *cmd, bool final)
{
	const struct node *first = cmd->commands;
	bool has_args = first->next || final;

	if (first->type == NODE_IDENTIFIER) {
		call(c, first, first->next, final);
		return;
	}
	if (has_args && (first->type == NODE_FIELD || first->type == NODE_CHAIN ||
			 (first->type == NODE_VARIABLE && first->names.n))) {
		method(c, first, final);
		return;
	}
	if (has_args) {
		failure(c, first, "can't give argument to non-function %.*s",
			STR_ARG(node_text(c, first)));
		moved(c, final ? -1 : 0);
		return;
	}
	if (first->type == NODE_NIL)
		failure(c, first, "nil is not a command");
	else
		operand(c, first);
}

static void pipeline(struct compiler *c, const struct node *pipe)
{
	for (const struct node *cmd = pipe->commands; cmd; cmd = cmd->next) {
		command(c, cmd, cmd != pipe->commands);
		unwrap(c);
	}
	for (uint32_t i = 0; i < pipe->variables_n; i++) {
		str name = pipe->variables[i]->text;
		int32_t slot = pipe->assigns ? slot_of(c, name) : (int32_t)declare(c, name);

		if (slot < 0) {
			failure(c, pipe, "undefined variable: %.*s", STR_ARG(name));
			moved(c, -1);
		} else {
			emit(c, OP_SET, (uint32_t)slot, pipe, 0);
		}
	}
}

/* --- statements --- */

static void list(struct compiler *c, const struct node_list *body);

static void branch(struct compiler *c, const struct node *n)
{
	uint32_t scope = c->scope_n, skip, end;
	bool with = n->type == NODE_WITH;

	pipeline(c, n->pipe);
	skip = emit(c, with ? OP_WITH : OP_UNLESS, 0, n, with ? 0 : -1);
	list(c, &n->body);
	if (with)
		emit(c, OP_LEAVE, 0, n, -1);
	end = emit(c, OP_JUMP, 0, n, 0);
	patch(c, skip);
	list(c, &n->other);
	patch(c, end);
	c->scope_n = scope;
}

/* The pipe's variables are set by NEXT, not by the pipe. */
static struct range_variables range_variables(struct compiler *c, const struct node *pipe)
{
	struct range_variables v = {-1, -1};

	for (uint32_t i = 0; i < pipe->variables_n; i++) {
		str name = pipe->variables[i]->text;
		int32_t slot = pipe->assigns ? slot_of(c, name) : (int32_t)declare(c, name);

		if (slot < 0) {
			failure(c, pipe, "undefined variable: %.*s", STR_ARG(name));
			moved(c, -1);
		}
		if (i + 1 == pipe->variables_n)
			v.element = slot;
		else
			v.index = slot;
	}
	return v;
}

static void range(struct compiler *c, const struct node *n)
{
	struct node source = *n->pipe;
	struct loop loop = {.outer = c->loop};
	struct program *p = c->out;
	uint32_t scope = c->scope_n, start, end;
	uint16_t row = (uint16_t)p->ranges_n;

	source.variables_n = 0;
	pipeline(c, &source);
	p->ranges = more(c->keep, p->ranges, p->ranges_n, sizeof *p->ranges);
	p->ranges[p->ranges_n++] = range_variables(c, n->pipe);
	start = emit(c, OP_RANGE, 0, n, -1);
	p->code[start].n = row;
	loop.next = emit(c, OP_NEXT, 0, n, 0);
	p->code[loop.next].n = row;
	c->loop = &loop;
	list(c, &n->body);
	emit(c, OP_JUMP, loop.next, n, 0);
	c->loop = loop.outer;
	patch(c, loop.next);
	for (uint32_t i = 0; i < loop.breaks_n; i++)
		patch(c, loop.breaks[i]);
	emit(c, OP_DONE, 0, n, 0);
	end = emit(c, OP_JUMP, 0, n, 0);
	patch(c, start);
	c->scope_n = scope;
	list(c, &n->other);
	patch(c, end);
	c->scope_n = scope;
}

static void leave_loop(struct compiler *c, const struct node *n)
{
	struct loop *loop = c->loop;

	/* NEXT and DONE restore the dot and the stack, whatever `with` the jump comes out of. */
	if (n->type == NODE_CONTINUE) {
		emit(c, OP_JUMP, loop->next, n, 0);
		return;
	}
	loop->breaks = more(c->keep, loop->breaks, loop->breaks_n, sizeof *loop->breaks);
	loop->breaks[loop->breaks_n++] = emit(c, OP_JUMP, 0, n, 0);
}

static void statement(struct compiler *c, const struct node *n)
{
	switch (n->type) {
	case NODE_TEXT:
		emit(c, OP_TEXT, add_text(c, n->text), n, 0);
		break;
	case NODE_ACTION:
		pipeline(c, n->pipe);
		emit(c, n->pipe->variables_n ? OP_POP : OP_PRINT, 0, n, -1);
		break;
	case NODE_IF:
	case NODE_WITH:
		branch(c, n);
		break;
	case NODE_RANGE:
		range(c, n);
		break;
	case NODE_TEMPLATE:
		if (n->pipe)
			pipeline(c, n->pipe);
		else
			constant(c, VALUE_NONE, n);
		emit(c, OP_TEMPLATE, add_text(c, n->text), n, -1);
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
	emit(&c, OP_RETURN, 0, tree->body.last, 0);
	return c.out;
}
