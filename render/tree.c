/*
 * Nodes back to source, the way Go re-serialises them.
 */
#include "render/tree.h"

#include "render/fn.h"

static void print_names(struct buf *out, const struct names *names)
{
	for (uint32_t i = 0; i < names->n; i++) {
		buf_char(out, '.');
		buf_add(out, names->at[i]);
	}
}

static void print_operand(struct buf *out, const struct node *n)
{
	if (n->type == NODE_PIPE) {
		buf_char(out, '(');
		node_print(out, n);
		buf_char(out, ')');
	} else {
		node_print(out, n);
	}
}

static void print_pipe(struct buf *out, const struct node *n)
{
	for (uint32_t i = 0; i < n->variables_n; i++) {
		if (i)
			buf_lit(out, ", ");
		node_print(out, n->variables[i]);
	}
	if (n->variables_n)
		buf_lit(out, n->assigns ? " = " : " := ");
	for (const struct node *c = n->commands; c; c = c->next) {
		if (c != n->commands)
			buf_lit(out, " | ");
		node_print(out, c);
	}
}

static void print_list(struct buf *out, const struct node_list *list)
{
	for (const struct node *n = list->first; n; n = n->next)
		node_print(out, n);
}

static void print_branch(struct buf *out, const struct node *n, const char *name)
{
	buf_printf(out, "{{%s ", name);
	node_print(out, n->pipe);
	buf_lit(out, "}}");
	print_list(out, &n->body);
	if (n->other.first) {
		buf_lit(out, "{{else}}");
		print_list(out, &n->other);
	}
	buf_lit(out, "{{end}}");
}

static void print_template(struct buf *out, const struct node *n)
{
	buf_lit(out, "{{template ");
	print_quoted(out, n->text);
	if (n->pipe) {
		buf_char(out, ' ');
		node_print(out, n->pipe);
	}
	buf_lit(out, "}}");
}

void node_print(struct buf *out, const struct node *n)
{
	switch (n->type) {
	case NODE_TEXT:
		buf_add(out, n->text);
		break;
	case NODE_ACTION:
		buf_lit(out, "{{");
		node_print(out, n->pipe);
		buf_lit(out, "}}");
		break;
	case NODE_IF:
		print_branch(out, n, "if");
		break;
	case NODE_WITH:
		print_branch(out, n, "with");
		break;
	case NODE_RANGE:
		print_branch(out, n, "range");
		break;
	case NODE_TEMPLATE:
		print_template(out, n);
		break;
	case NODE_BREAK:
		buf_lit(out, "{{break}}");
		break;
	case NODE_CONTINUE:
		buf_lit(out, "{{continue}}");
		break;
	case NODE_PIPE:
		print_pipe(out, n);
		break;
	case NODE_COMMAND:
		for (const struct node *a = n->commands; a; a = a->next) {
			if (a != n->commands)
				buf_char(out, ' ');
			print_operand(out, a);
		}
		break;
	case NODE_FIELD:
		print_names(out, &n->names);
		break;
	case NODE_VARIABLE:
		buf_add(out, n->text);
		print_names(out, &n->names);
		break;
	case NODE_CHAIN:
		print_operand(out, n->pipe);
		print_names(out, &n->names);
		break;
	case NODE_IDENTIFIER:
		buf_add(out, n->text);
		break;
	case NODE_DOT:
		buf_char(out, '.');
		break;
	case NODE_NIL:
		buf_lit(out, "nil");
		break;
	case NODE_BOOL:
		buf_lit(out, n->truth ? "true" : "false");
		break;
	case NODE_NUMBER:
	case NODE_STRING:
		buf_add(out, n->source);
		break;
	}
}

bool node_list_empty(const struct node_list *list)
{
	for (const struct node *n = list->first; n; n = n->next)
		if (n->type != NODE_TEXT || str_trim(n->text).n)
			return false;
	return true;
}
