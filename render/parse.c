/*
 * Recursive descent in the shape of Go's parser, with its lookahead and its words.
 */
#include "render/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/limits.h"
#include "render/fn.h"
#include "render/lex.h"
#include "render/literal.h"

#define VARIABLES_MAX 1024

struct parser {
	struct arena *keep;
	struct lexer lexer;
	struct token ahead[3];
	int ahead_n;
	str name; /* of the file */
	struct parsed *trees;
	str variables[VARIABLES_MAX];
	uint32_t variables_n;
	uint32_t range_depth, depth;
	uint32_t action_line; /* of the action being read, 0 between actions */
	uint32_t line; /* of the newest token: where errors are */
	struct error *err;
	jmp_buf failed;
};

static _Noreturn void fail(struct parser *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static _Noreturn void fail(struct parser *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error_vset(p->err, ERROR_INVALID, format, args);
	va_end(args);
	error_wrap(p->err, "%.*s:%u", STR_ARG(p->name), p->line);
	longjmp(p->failed, 1);
}

static struct token next(struct parser *p)
{
	struct token t = p->ahead_n ? p->ahead[--p->ahead_n] : lex_next(&p->lexer);

	p->line = t.line;
	return t;
}

static void back(struct parser *p, struct token t)
{
	p->ahead[p->ahead_n++] = t;
}

static struct token peek(struct parser *p)
{
	struct token t = next(p);

	back(p, t);
	return t;
}

static struct token next_solid(struct parser *p)
{
	struct token t;

	do
		t = next(p);
	while (t.type == TOKEN_SPACE);
	return t;
}

static struct token peek_solid(struct parser *p)
{
	struct token t = next_solid(p);

	back(p, t);
	return t;
}

/* A token as Go's %s prints an item. */
static str show(struct parser *p, struct token t)
{
	struct buf out;

	buf_in(&out, p->keep, 0);
	if (t.type == TOKEN_EOF)
		return STR("EOF");
	if (t.type == TOKEN_ERROR)
		return t.text;
	if (t.type >= TOKEN_DOT) {
		buf_printf(&out, "<%.*s>", STR_ARG(t.text));
	} else if (t.text.n > 10) {
		print_quoted(&out, str_sub(t.text, 0, 10));
		buf_lit(&out, "...");
	} else {
		print_quoted(&out, t.text);
	}
	return buf_str(&out);
}

static _Noreturn void unexpected(struct parser *p, struct token t, const char *context)
{
	str text = show(p, t);

	if (t.type == TOKEN_ERROR && p->action_line && p->action_line != t.line)
		fail(p, "%.*s%s started at %.*s:%u", STR_ARG(t.text),
		     str_ends(t.text, STR(" action")) ? "" : " in action", STR_ARG(p->name),
		     p->action_line);
	if (t.type == TOKEN_ERROR)
		fail(p, "%.*s", STR_ARG(t.text));
	fail(p, "unexpected %.*s in %s", STR_ARG(text), context);
}

static struct token expect(struct parser *p, enum token_type type, const char *context)
{
	struct token t = next_solid(p);

	if (t.type != type)
		unexpected(p, t, context);
	return t;
}

static struct node *node_new(struct parser *p, enum node_type type, struct token at)
{
	struct node *n = arena_new(p->keep, struct node);

	n->type = type;
	n->pos = at.pos;
	n->line = at.line;
	return n;
}

static void list_append(struct node_list *list, struct node *n)
{
	if (list->last)
		list->last->next = n;
	else
		list->first = n;
	list->last = n;
}

static void deeper(struct parser *p)
{
	if (++p->depth > LIMIT_TEMPLATE_NESTING)
		fail(p, "nested deeper than %d levels", LIMIT_TEMPLATE_NESTING);
}

/* --- operands --- */

static struct node *parse_pipeline(struct parser *p, const char *context, enum token_type end);

/* ".a.b" or "$x.a.b": the lexer gives each part as a token of its own. */
static void add_name(struct parser *p, struct names *names, str name)
{
	names->at = arena_grow(p->keep, names->at, names->n * sizeof(str),
			       (names->n + 1) * sizeof(str));
	names->at[names->n++] = arena_str(p->keep, name);
}

static bool is_known_variable(const struct parser *p, str name)
{
	for (uint32_t i = 0; i < p->variables_n; i++)
		if (str_eq(p->variables[i], name))
			return true;
	return false;
}

static struct node *parse_variable(struct parser *p, struct token t)
{
	struct node *n = node_new(p, NODE_VARIABLE, t);

	if (!is_known_variable(p, t.text))
		fail(p, "undefined variable \"%.*s\"", STR_ARG(t.text));
	n->text = arena_str(p->keep, t.text);
	return n;
}

static struct node *parse_identifier(struct parser *p, struct token t)
{
	struct node *n = node_new(p, NODE_IDENTIFIER, t);

	if (!fn_find(t.text))
		fail(p, "function \"%.*s\" not defined", STR_ARG(t.text));
	n->text = arena_str(p->keep, t.text);
	return n;
}

static struct node *parse_literal(struct parser *p, struct token t)
{
	struct node *n;

	switch (t.type) {
	case TOKEN_BOOL:
		n = node_new(p, NODE_BOOL, t);
		n->truth = str_is(t.text, "true");
		return n;
	case TOKEN_CHAR:
	case TOKEN_NUMBER:
		n = node_new(p, NODE_NUMBER, t);
		n->source = arena_str(p->keep, t.text);
		if (!literal_number(n, n->source, t.type == TOKEN_CHAR, p->err))
			fail(p, "%s", (const char *)arena_cstr(p->keep, str_of(p->err->text)));
		return n;
	default:
		n = node_new(p, NODE_STRING, t);
		n->source = arena_str(p->keep, t.text);
		if (!literal_string(p->keep, n->source, &n->text, p->err))
			fail(p, "%s", (const char *)arena_cstr(p->keep, str_of(p->err->text)));
		return n;
	}
}

/* One term; NULL (and the token put back) when there is none. */
static struct node *parse_term(struct parser *p)
{
	struct token t = next_solid(p);
	struct node *n;

	switch (t.type) {
	case TOKEN_IDENTIFIER:
		return parse_identifier(p, t);
	case TOKEN_DOT:
		return node_new(p, NODE_DOT, t);
	case TOKEN_NIL:
		return node_new(p, NODE_NIL, t);
	case TOKEN_VARIABLE:
		return parse_variable(p, t);
	case TOKEN_FIELD:
		n = node_new(p, NODE_FIELD, t);
		add_name(p, &n->names, str_from(t.text, 1));
		return n;
	case TOKEN_BOOL:
	case TOKEN_CHAR:
	case TOKEN_NUMBER:
	case TOKEN_STRING:
	case TOKEN_RAW:
		return parse_literal(p, t);
	case TOKEN_OPEN:
		return parse_pipeline(p, "parenthesized pipeline", TOKEN_CLOSE);
	default:
		back(p, t);
		return NULL;
	}
}

static struct node *chain(struct parser *p, struct node *operand, struct token at)
{
	struct node *n;

	if (operand->type == NODE_FIELD || operand->type == NODE_VARIABLE) {
		/* Go makes a chain of it first: errors point at the second name. */
		if (operand->names.n == (operand->type == NODE_FIELD)) {
			operand->pos = at.pos;
			operand->line = at.line;
		}
		return operand;
	}
	if (operand->type == NODE_BOOL || operand->type == NODE_STRING ||
	    operand->type == NODE_NUMBER || operand->type == NODE_NIL ||
	    operand->type == NODE_DOT) {
		struct buf term, out;

		buf_in(&term, p->keep, 0);
		buf_in(&out, p->keep, 0);
		node_print(&term, operand);
		print_quoted(&out, buf_str(&term));
		fail(p, "unexpected . after term %s", buf_cstr(&out));
	}
	n = node_new(p, NODE_CHAIN, at);
	n->pos = at.pos;
	n->pipe = operand;
	return n;
}

static struct node *parse_operand(struct parser *p)
{
	struct node *n = parse_term(p);

	if (!n)
		return NULL;
	while (peek(p).type == TOKEN_FIELD) {
		struct token t = next(p);

		if (n->type != NODE_CHAIN)
			n = chain(p, n, t);
		add_name(p, &n->names, str_from(t.text, 1));
	}
	return n;
}

static struct node *parse_command(struct parser *p)
{
	struct node *c = node_new(p, NODE_COMMAND, peek_solid(p)), *last = NULL;

	for (;;) {
		struct node *operand = (peek_solid(p), parse_operand(p));
		struct token t;

		if (operand) {
			if (last)
				last->next = operand;
			else
				c->commands = operand;
			last = operand;
			c->commands_n++;
		}
		t = next(p);
		if (t.type == TOKEN_SPACE)
			continue;
		if (t.type == TOKEN_RIGHT || t.type == TOKEN_CLOSE)
			back(p, t);
		else if (t.type != TOKEN_PIPE)
			unexpected(p, t, "operand");
		break;
	}
	if (!c->commands)
		fail(p, "empty command");
	return c;
}

/* --- pipelines --- */

static void declare(struct parser *p, str name)
{
	if (p->variables_n == VARIABLES_MAX)
		fail(p, "more than %d variables", VARIABLES_MAX);
	p->variables[p->variables_n++] = arena_str(p->keep, name);
}

static void add_variable(struct parser *p, struct node *pipe, struct token t)
{
	struct node *n = node_new(p, NODE_VARIABLE, t);

	n->text = arena_str(p->keep, t.text);
	pipe->variables[pipe->variables_n++] = n;
	declare(p, t.text);
}

/* Reads "$x := ", "$x = " or "$k, $v := " when it stands here. */
static void parse_declarations(struct parser *p, struct node *pipe, const char *context)
{
	for (;;) {
		struct token v = peek_solid(p), after, sign;
		bool spaced;

		if (v.type != TOKEN_VARIABLE)
			return;
		next(p);
		/* Something may follow the variable directly: an operator, a space, a field. */
		after = peek(p);
		spaced = after.type == TOKEN_SPACE;
		sign = peek_solid(p);
		if (sign.type == TOKEN_ASSIGN || sign.type == TOKEN_DECLARE) {
			next_solid(p);
			pipe->assigns = sign.type == TOKEN_ASSIGN;
			add_variable(p, pipe, v);
			return;
		}
		if (sign.type == TOKEN_PUNCT && str_is(sign.text, ",")) {
			next_solid(p);
			add_variable(p, pipe, v);
			if (str_is(str_of(context), "range") && pipe->variables_n < 2) {
				struct token second = peek_solid(p);

				if (second.type == TOKEN_VARIABLE || second.type == TOKEN_RIGHT ||
				    second.type == TOKEN_CLOSE)
					continue;
				fail(p, "range can only initialize variables");
			}
			fail(p, "too many declarations in %s", context);
		}
		if (spaced)
			back(p, after);
		back(p, v);
		/* peek_solid dropped the blank that stood between. */
		return;
	}
}

static void check_pipeline(struct parser *p, struct node *pipe, const char *context)
{
	uint32_t stage = 2;

	if (!pipe->commands)
		fail(p, "missing value for %s", context);
	for (struct node *c = pipe->commands->next; c; c = c->next, stage++) {
		enum node_type type = c->commands->type;

		if (type == NODE_BOOL || type == NODE_DOT || type == NODE_NIL ||
		    type == NODE_NUMBER || type == NODE_STRING)
			fail(p, "non executable command in pipeline stage %u", stage);
	}
}

static struct node *parse_pipeline(struct parser *p, const char *context, enum token_type end)
{
	struct node *pipe = node_new(p, NODE_PIPE, peek_solid(p)), *last = NULL;

	deeper(p);
	parse_declarations(p, pipe, context);
	for (;;) {
		struct token t = next_solid(p);
		struct node *command;

		if (t.type == end) {
			check_pipeline(p, pipe, context);
			break;
		}
		if (t.type != TOKEN_BOOL && t.type != TOKEN_CHAR && t.type != TOKEN_DOT &&
		    t.type != TOKEN_FIELD && t.type != TOKEN_IDENTIFIER &&
		    t.type != TOKEN_NUMBER && t.type != TOKEN_NIL && t.type != TOKEN_RAW &&
		    t.type != TOKEN_STRING && t.type != TOKEN_VARIABLE && t.type != TOKEN_OPEN)
			unexpected(p, t, context);
		back(p, t);
		command = parse_command(p);
		if (last)
			last->next = command;
		else
			pipe->commands = command;
		last = command;
		pipe->commands_n++;
	}
	p->depth--;
	return pipe;
}

/* --- actions --- */

static struct node *parse_action(struct parser *p);

/* Text or an action; *ended is set for {{end}} and {{else}} (then the node is NULL). */
enum stop { STOP_NOT, STOP_END, STOP_ELSE };

static struct node *read_text_or_action(struct parser *p, enum stop *stop)
{
	struct token t = next_solid(p);

	*stop = STOP_NOT;
	if (t.type == TOKEN_TEXT) {
		struct node *n = node_new(p, NODE_TEXT, t);

		n->text = arena_str(p->keep, t.text);
		return n;
	}
	if (t.type != TOKEN_LEFT)
		unexpected(p, t, "input");
	p->action_line = t.line;
	t = peek_solid(p);
	if (t.type == TOKEN_END) {
		next_solid(p);
		expect(p, TOKEN_RIGHT, "end");
		*stop = STOP_END;
		return NULL;
	}
	if (t.type == TOKEN_ELSE) {
		next_solid(p);
		t = peek_solid(p);
		if (t.type != TOKEN_IF && t.type != TOKEN_WITH)
			expect(p, TOKEN_RIGHT, "else");
		*stop = STOP_ELSE;
		return NULL;
	}
	return parse_action(p);
}

static struct node *parse_text_or_action(struct parser *p, enum stop *stop)
{
	struct node *n = read_text_or_action(p, stop);

	p->action_line = 0;
	return n;
}

static enum stop parse_list(struct parser *p, struct node_list *list)
{
	deeper(p);
	while (peek_solid(p).type != TOKEN_EOF) {
		enum stop stop;
		struct node *n = parse_text_or_action(p, &stop);

		if (stop != STOP_NOT) {
			p->depth--;
			return stop;
		}
		if (n)
			list_append(list, n);
	}
	next_solid(p);
	fail(p, "unexpected EOF");
}

static struct node *parse_control(struct parser *p, enum node_type type, const char *context,
				  struct token at)
{
	struct node *n = node_new(p, type, at);
	uint32_t mark = p->variables_n;
	struct token t;

	deeper(p);
	n->pipe = parse_pipeline(p, context, TOKEN_RIGHT);
	p->range_depth += type == NODE_RANGE;
	if (parse_list(p, &n->body) == STOP_ELSE) {
		t = peek_solid(p);
		p->range_depth -= type == NODE_RANGE;
		if ((type == NODE_IF && t.type == TOKEN_IF) ||
		    (type == NODE_WITH && t.type == TOKEN_WITH)) {
			/* {{else if}} is an if inside the else, closed by the same end. */
			next_solid(p);
			list_append(&n->other, parse_control(p, type, context, t));
		} else if (t.type == TOKEN_IF || t.type == TOKEN_WITH) {
			next_solid(p);
			unexpected(p, t, "else");
		} else if (parse_list(p, &n->other) == STOP_ELSE) {
			fail(p, "expected end; found {{else}}");
		}
	} else {
		p->range_depth -= type == NODE_RANGE;
	}
	p->variables_n = mark;
	p->depth--;
	return n;
}

static str parse_name(struct parser *p, const char *context)
{
	struct token t = next_solid(p);
	str name;

	if (t.type != TOKEN_STRING && t.type != TOKEN_RAW)
		unexpected(p, t, context);
	if (!literal_string(p->keep, t.text, &name, p->err))
		fail(p, "%s", (const char *)arena_cstr(p->keep, str_of(p->err->text)));
	return arena_str(p->keep, name);
}

/* A body with variables of its own: only $. */
static void parse_definition(struct parser *p, str name, const char *context)
{
	struct parsed *tree = arena_new(p->keep, struct parsed), **at = &p->trees;
	str saved[64];
	uint32_t saved_n = p->variables_n, saved_range = p->range_depth;

	/* The names beyond the first 64 are saved by position: they are not overwritten before
	 * the define ends, because the define starts at 1. */
	memcpy(saved, p->variables, (saved_n < 64 ? saved_n : 64) * sizeof *saved);
	if (saved_n > 64)
		fail(p, "block %.*s stands inside more than 64 variables", STR_ARG(name));
	p->variables_n = 1;
	p->range_depth = 0;
	tree->name = name;
	if (parse_list(p, &tree->body) != STOP_END)
		fail(p, "unexpected {{else}} in %s", context);
	memcpy(p->variables, saved, saved_n * sizeof *saved);
	p->variables_n = saved_n;
	p->range_depth = saved_range;
	while (*at) {
		if (str_eq((*at)->name, name)) {
			if (node_list_empty(&tree->body))
				return;
			if (!node_list_empty(&(*at)->body))
				fail(p, "template: multiple definition of template \"%.*s\"",
				     STR_ARG(name));
			(*at)->body = tree->body;
			return;
		}
		at = &(*at)->next;
	}
	*at = tree;
}

static struct node *parse_block(struct parser *p, struct token at)
{
	struct node *n = node_new(p, NODE_TEMPLATE, at);

	n->text = parse_name(p, "block clause");
	n->pipe = parse_pipeline(p, "block clause", TOKEN_RIGHT);
	parse_definition(p, n->text, "block clause");
	return n;
}

static struct node *parse_template_action(struct parser *p, struct token at)
{
	struct node *n = node_new(p, NODE_TEMPLATE, at);
	struct token t;

	t = peek_solid(p);
	n->pos = t.pos; /* Go's is the name's */
	n->line = t.line;
	n->text = parse_name(p, "template clause");
	t = next_solid(p);
	if (t.type != TOKEN_RIGHT) {
		back(p, t);
		n->pipe = parse_pipeline(p, "template clause", TOKEN_RIGHT);
	}
	return n;
}

static struct node *parse_jump(struct parser *p, enum node_type type, const char *name,
			       struct token at)
{
	struct token t = next_solid(p);

	if (t.type != TOKEN_RIGHT) {
		str text = show(p, t);

		fail(p, "unexpected %.*s in {{%s}}", STR_ARG(text), name);
	}
	if (!p->range_depth)
		fail(p, "{{%s}} outside {{range}}", name);
	return node_new(p, type, at);
}

static struct node *parse_action(struct parser *p)
{
	struct token t = next_solid(p);
	struct node *n;

	switch (t.type) {
	case TOKEN_BLOCK:
		return parse_block(p, t);
	case TOKEN_BREAK:
		return parse_jump(p, NODE_BREAK, "break", t);
	case TOKEN_CONTINUE:
		return parse_jump(p, NODE_CONTINUE, "continue", t);
	case TOKEN_IF:
		return parse_control(p, NODE_IF, "if", t);
	case TOKEN_RANGE:
		return parse_control(p, NODE_RANGE, "range", t);
	case TOKEN_TEMPLATE:
		return parse_template_action(p, t);
	case TOKEN_WITH:
		return parse_control(p, NODE_WITH, "with", t);
	default:
		break;
	}
	back(p, t);
	n = node_new(p, NODE_ACTION, peek(p));
	n->pipe = parse_pipeline(p, "command", TOKEN_RIGHT);
	return n;
}

static void parse_file(struct parser *p, struct parsed *file)
{
	for (;;) {
		struct token t = peek(p);
		enum stop stop;
		struct node *n;

		if (t.type == TOKEN_EOF)
			return;
		if (t.type == TOKEN_LEFT) {
			struct token left = next(p);

			if (peek_solid(p).type == TOKEN_DEFINE) {
				str name;

				next_solid(p);
				name = parse_name(p, "define clause");
				expect(p, TOKEN_RIGHT, "define clause");
				parse_definition(p, name, "define clause");
				continue;
			}
			back(p, left);
		}
		n = parse_text_or_action(p, &stop);
		if (stop != STOP_NOT)
			fail(p, "unexpected {{%s}}", stop == STOP_END ? "end" : "else");
		if (n)
			list_append(&file->body, n);
	}
}

bool parse_template(struct arena *keep, str name, str text, struct parsed **out, struct error *err)
{
	struct parser *p = arena_new(keep, struct parser);
	struct parsed *file = arena_new(keep, struct parsed);

	if (text.n > LIMIT_TEMPLATE_BYTES)
		return error_set(err, ERROR_LIMIT, "%.*s: a template is larger than %u bytes",
				 STR_ARG(name), LIMIT_TEMPLATE_BYTES);
	p->keep = keep;
	p->name = name;
	p->err = err;
	p->line = 1;
	p->variables[0] = STR("$");
	p->variables_n = 1;
	lex_init(&p->lexer, text);
	if (setjmp(p->failed))
		return false;
	file->name = arena_str(keep, name);
	parse_file(p, file);
	file->next = p->trees;
	*out = file;
	return true;
}
