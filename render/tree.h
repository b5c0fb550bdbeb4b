/*
 * What the parser makes of a template: nodes as in Go's text/template/parse, in one arena. The
 * program keeps them, since an error shows the node's source as Go would print it.
 */
#ifndef RENDER_TREE_H
#define RENDER_TREE_H

#include "base/buf.h"
#include "base/value.h"

enum node_type {
	NODE_TEXT,
	NODE_ACTION,
	NODE_IF,
	NODE_WITH,
	NODE_RANGE,
	NODE_TEMPLATE,
	NODE_BREAK,
	NODE_CONTINUE,
	NODE_PIPE,
	NODE_COMMAND,
	NODE_FIELD,    /* .A.B: names */
	NODE_VARIABLE, /* $v.A.B: name is "$v", names the rest */
	NODE_CHAIN,    /* (pipe).A: left is the operand */
	NODE_IDENTIFIER,
	NODE_DOT,
	NODE_NIL,
	NODE_BOOL,
	NODE_NUMBER,
	NODE_STRING,
};

struct names {
	str *at;
	uint32_t n;
};

struct node_list {
	struct node *first, *last;
};

struct node {
	enum node_type type;
	uint32_t pos, line;
	struct node *next; /* in a list */
	str text; /* TEXT: bytes; STRING: the value; IDENTIFIER, VARIABLE: the name; TEMPLATE: its
		   * name; NUMBER, STRING: see source */
	str source; /* NUMBER, STRING: as written */
	struct names names;
	/* PIPE */
	struct node *variables[2];
	uint32_t variables_n;
	bool assigns; /* = instead of := */
	struct node *commands; /* PIPE: commands; COMMAND: operands */
	uint32_t commands_n;
	/* ACTION, IF, WITH, RANGE, TEMPLATE: the pipe; CHAIN: the operand */
	struct node *pipe;
	struct node_list body, other;
	/* BOOL and NUMBER: every Go type the literal fits */
	bool truth, is_int, is_uint, is_float, is_complex;
	int64_t integer;
	uint64_t unsigned_integer;
	double real;
};

/* As Go's String methods print a node: for "at <...>" in errors. */
void node_print(struct buf *out, const struct node *n);
/* Only blanks and nothing: such a define replaces nothing. */
bool node_list_empty(const struct node_list *list);

#endif
