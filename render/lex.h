/*
 * Template text to tokens, by the rules of Go's text/template/parse (1.25): delimiters, trim
 * markers, comments, and the error texts of its lexer.
 */
#ifndef RENDER_LEX_H
#define RENDER_LEX_H

#include "base/str.h"

enum token_type {
	TOKEN_EOF,
	TOKEN_ERROR, /* text is the message */
	TOKEN_TEXT,
	TOKEN_LEFT, /* {{ */
	TOKEN_RIGHT,
	TOKEN_SPACE,
	TOKEN_BOOL,
	TOKEN_CHAR, /* 'a' */
	TOKEN_NUMBER,
	TOKEN_STRING,
	TOKEN_RAW,
	TOKEN_FIELD,	/* .name */
	TOKEN_VARIABLE, /* $name */
	TOKEN_IDENTIFIER,
	TOKEN_ASSIGN,  /* = */
	TOKEN_DECLARE, /* := */
	TOKEN_PIPE,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_PUNCT, /* any other printable ASCII: ',' in range */
	TOKEN_DOT,
	/* keywords */
	TOKEN_BLOCK,
	TOKEN_BREAK,
	TOKEN_CONTINUE,
	TOKEN_DEFINE,
	TOKEN_ELSE,
	TOKEN_END,
	TOKEN_IF,
	TOKEN_NIL,
	TOKEN_RANGE,
	TOKEN_TEMPLATE,
	TOKEN_WITH,
};

struct token {
	enum token_type type;
	str text;
	uint32_t pos, line; /* byte offset; line from 1 */
};

struct lexer {
	str text;
	uint32_t at, line;
	uint32_t parens;
	bool in_action, failed;
	char message[160];
};

void lex_init(struct lexer *lx, str text);
/* After TOKEN_EOF or TOKEN_ERROR it answers the same again. */
struct token lex_next(struct lexer *lx);

#endif
