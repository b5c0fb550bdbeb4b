/*
 * A hand-written lexer in Go's order of decisions, so that its errors come out the same.
 */
#include "render/lex.h"

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <wctype.h>

#include "base/utf8.h"

void lex_init(struct lexer *lx, str text)
{
	*lx = (struct lexer){.text = text, .line = 1};
}

static str rest(const struct lexer *lx)
{
	return str_from(lx->text, lx->at);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static char peek(const struct lexer *lx, size_t ahead)
{
	return lx->at + ahead < lx->text.n ? lx->text.s[lx->at + ahead] : '\0';
}

static struct token emit(struct lexer *lx, enum token_type type, size_t n)
{
	struct token t = {type, str_sub(lx->text, lx->at, lx->at + n), lx->at, lx->line};

	for (size_t i = 0; i < t.text.n; i++)
		lx->line += t.text.s[i] == '\n';
	lx->at += (uint32_t)n;
	return t;
}

static struct token fail(struct lexer *lx, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static struct token fail(struct lexer *lx, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(lx->message, sizeof lx->message, format, args);
	va_end(args);
	lx->failed = true;
	return (struct token){TOKEN_ERROR, str_of(lx->message), lx->at, lx->line};
}

/* --- text and delimiters --- */

static bool left_trims(str s)
{
	return s.n >= 4 && s.s[2] == '-' && is_blank(s.s[3]);
}

/* "-}}" with a blank before it. */
static bool right_trims(str s)
{
	return s.n >= 4 && is_blank(s.s[0]) && s.s[1] == '-' && s.s[2] == '}' && s.s[3] == '}';
}

static void skip(struct lexer *lx, size_t n)
{
	emit(lx, TOKEN_TEXT, n);
}

static void skip_blanks(struct lexer *lx)
{
	size_t n = 0;

	while (is_blank(peek(lx, n)))
		n++;
	skip(lx, n);
}

/* After "{{" or "{{- ": a comment, up to and with its closing delimiter. */
static bool lex_comment(struct lexer *lx, struct token *out)
{
	ptrdiff_t end = str_find(rest(lx), STR("*/"));
	bool trim;

	if (end < 0) {
		*out = fail(lx, "unclosed comment");
		return false;
	}
	skip(lx, (size_t)end + 2);
	trim = right_trims(rest(lx));
	if (!trim && !str_starts(rest(lx), STR("}}"))) {
		*out = fail(lx, "comment ends before closing delimiter");
		return false;
	}
	skip(lx, trim ? 4 : 2);
	if (trim)
		skip_blanks(lx);
	return true;
}

/* Text up to the next action, or the action's opening. Comments vanish in here. */
static struct token lex_text(struct lexer *lx)
{
	for (;;) {
		ptrdiff_t left = str_find(rest(lx), STR("{{"));
		struct token t;
		size_t open;
		bool trim;

		if (left < 0)
			return rest(lx).n ? emit(lx, TOKEN_TEXT, rest(lx).n) : emit(lx, TOKEN_EOF, 0);
		trim = left_trims(str_from(rest(lx), (size_t)left));
		if (left > 0) {
			size_t keep = (size_t)left;

			while (trim && keep && is_blank(lx->text.s[lx->at + keep - 1]))
				keep--;
			t = emit(lx, TOKEN_TEXT, keep);
			skip(lx, (size_t)left - keep);
			if (keep)
				return t;
		}
		open = trim ? 4 : 2;
		if (str_starts(str_from(rest(lx), open), STR("/*"))) {
			skip(lx, open);
			if (!lex_comment(lx, &t))
				return t;
			continue;
		}
		t = emit(lx, TOKEN_LEFT, 2);
		skip(lx, open - 2);
		lx->in_action = true;
		lx->parens = 0;
		return t;
	}
}

/* --- inside an action --- */

static bool at_right(const struct lexer *lx)
{
	return right_trims(rest(lx)) || str_starts(rest(lx), STR("}}")) ||
	       (str_starts(rest(lx), STR("-}}")) && lx->at > 0 &&
		is_blank(lx->text.s[lx->at - 1]));
}

static struct token lex_right(struct lexer *lx)
{
	bool trim = right_trims(rest(lx)) || peek(lx, 0) == '-';
	struct token t;

	if (trim)
		skip(lx, right_trims(rest(lx)) ? 2 : 1);
	t = emit(lx, TOKEN_RIGHT, 2);
	if (trim)
		skip_blanks(lx);
	lx->in_action = false;
	return t;
}

/* Letters and digits beyond ASCII, by the C library's tables. */
static locale_t unicode;

static void __attribute__((constructor)) unicode_load(void)
{
	unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

static bool name_rune(str s, size_t *width)
{
	uint32_t r;

	if (!s.n)
		return false;
	r = utf8_rune(s, width);
	if (r < 0x80)
		return r == '_' || (r >= '0' && r <= '9') || ((r | 0x20) >= 'a' && (r | 0x20) <= 'z');
	return r != UTF8_ERROR && unicode && iswalnum_l((wint_t)r, unicode);
}

static size_t name_length(str s)
{
	size_t n = 0, width;

	while (name_rune(str_from(s, n), &width))
		n += width;
	return n;
}

/* What may follow a name: blank, end, . , | : ) ( or the right delimiter. */
static bool at_terminator(const struct lexer *lx, size_t ahead)
{
	char c = peek(lx, ahead);

	if (lx->at + ahead >= lx->text.n)
		return true;
	return is_blank(c) || strchr(".,|:)(", c) ||
	       str_starts(str_from(rest(lx), ahead), STR("}}"));
}

static struct token bad_character(struct lexer *lx, size_t ahead)
{
	size_t width;
	str s = str_from(rest(lx), ahead);
	uint32_t r = utf8_rune(s, &width);

	lx->at += (uint32_t)ahead;
	if (r >= 0x20 && r != 0x7F)
		return fail(lx, "bad character U+%04X '%.*s'", r, (int)width, s.s);
	return fail(lx, "bad character U+%04X", r);
}

static const struct {
	const char *name;
	enum token_type type;
} keywords[] = {
	{"block", TOKEN_BLOCK},	  {"break", TOKEN_BREAK}, {"continue", TOKEN_CONTINUE},
	{"define", TOKEN_DEFINE}, {"else", TOKEN_ELSE},	  {"end", TOKEN_END},
	{"if", TOKEN_IF},	  {"nil", TOKEN_NIL},	  {"range", TOKEN_RANGE},
	{"template", TOKEN_TEMPLATE}, {"with", TOKEN_WITH}, {"true", TOKEN_BOOL},
	{"false", TOKEN_BOOL},
};

static struct token lex_name(struct lexer *lx)
{
	size_t n = name_length(rest(lx));
	str word = str_sub(rest(lx), 0, n);

	if (!at_terminator(lx, n))
		return bad_character(lx, n);
	for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
		if (str_is(word, keywords[i].name))
			return emit(lx, keywords[i].type, n);
	return emit(lx, TOKEN_IDENTIFIER, n);
}

static struct token lex_field_or_variable(struct lexer *lx, enum token_type type)
{
	size_t n = 1;

	if (at_terminator(lx, 1))
		return emit(lx, type == TOKEN_FIELD ? TOKEN_DOT : TOKEN_VARIABLE, 1);
	n += name_length(str_from(rest(lx), 1));
	if (!at_terminator(lx, n))
		return bad_character(lx, n);
	return emit(lx, type, n);
}

static struct token lex_quote(struct lexer *lx, char quote, enum token_type type, const char *what)
{
	size_t n = 1;

	for (;; n++) {
		char c = peek(lx, n);

		if (lx->at + n >= lx->text.n || (c == '\n' && quote != '`'))
			return fail(lx, "unterminated %s", what);
		if (c == '\\' && quote != '`') {
			n++;
			if (lx->at + n >= lx->text.n || peek(lx, n) == '\n')
				return fail(lx, "unterminated %s", what);
			continue;
		}
		if (c == quote)
			return emit(lx, type, n + 1);
	}
}

static size_t run_of(const struct lexer *lx, size_t n, const char *set)
{
	while (peek(lx, n) && strchr(set, peek(lx, n)))
		n++;
	return n;
}

/* A rough scan; the parser's number reader decides. */
static size_t scan_number(const struct lexer *lx)
{
	const char *digits = "0123456789_";
	bool hex = false;
	size_t n = 0;

	n += peek(lx, n) == '+' || peek(lx, n) == '-';
	if (peek(lx, n) == '0') {
		n++;
		if (peek(lx, n) == 'x' || peek(lx, n) == 'X') {
			digits = "0123456789abcdefABCDEF_";
			hex = true;
			n++;
		} else if (peek(lx, n) == 'o' || peek(lx, n) == 'O') {
			digits = "01234567_";
			n++;
		} else if (peek(lx, n) == 'b' || peek(lx, n) == 'B') {
			digits = "01_";
			n++;
		}
	}
	n = run_of(lx, n, digits);
	if (peek(lx, n) == '.')
		n = run_of(lx, n + 1, digits);
	if (peek(lx, n) && strchr(hex ? "pP" : "eE", peek(lx, n)) && (hex || strlen(digits) == 11)) {
		n++;
		n += peek(lx, n) == '+' || peek(lx, n) == '-';
		n = run_of(lx, n, "0123456789_");
	}
	n += peek(lx, n) == 'i';
	return n;
}

static struct token lex_number(struct lexer *lx)
{
	size_t n = scan_number(lx), width;

	if (name_rune(str_from(rest(lx), n), &width))
		return fail(lx, "bad number syntax: \"%.*s\"", (int)(n + width), rest(lx).s);
	if (peek(lx, n) == '+' || peek(lx, n) == '-') {
		struct lexer second = *lx;

		second.at += (uint32_t)n;
		n += scan_number(&second);
		if (lx->text.s[lx->at + n - 1] != 'i')
			return fail(lx, "bad number syntax: \"%.*s\"", (int)n, rest(lx).s);
	}
	return emit(lx, TOKEN_NUMBER, n);
}

static struct token lex_blanks(struct lexer *lx)
{
	size_t n = 0;

	while (is_blank(peek(lx, n))) {
		/* The blank of a trim marker belongs to the marker. */
		if (n && right_trims(str_from(rest(lx), n)))
			break;
		n++;
	}
	return emit(lx, TOKEN_SPACE, n);
}

static struct token lex_punctuation(struct lexer *lx, char c)
{
	switch (c) {
	case '=':
		return emit(lx, TOKEN_ASSIGN, 1);
	case '|':
		return emit(lx, TOKEN_PIPE, 1);
	case '(':
		lx->parens++;
		return emit(lx, TOKEN_OPEN, 1);
	case ')':
		if (!lx->parens)
			return fail(lx, "unexpected right paren");
		lx->parens--;
		return emit(lx, TOKEN_CLOSE, 1);
	case ':':
		if (peek(lx, 1) != '=')
			return fail(lx, "expected :=");
		return emit(lx, TOKEN_DECLARE, 2);
	default:
		break;
	}
	if (c > 0x20 && c < 0x7F)
		return emit(lx, TOKEN_PUNCT, 1);
	{
		size_t width;
		uint32_t r = utf8_rune(rest(lx), &width);

		if (r < 0x20 || r == 0x7F)
			return fail(lx, "unrecognized character in action: U+%04X", r);
		return fail(lx, "unrecognized character in action: U+%04X '%.*s'", r, (int)width,
			    rest(lx).s);
	}
}

static struct token lex_action(struct lexer *lx)
{
	char c = peek(lx, 0);
	size_t width;

	if (at_right(lx))
		return lx->parens ? fail(lx, "unclosed left paren") : lex_right(lx);
	if (lx->at >= lx->text.n)
		return fail(lx, "unclosed action");
	if (is_blank(c))
		return lex_blanks(lx);
	if (c == '"')
		return lex_quote(lx, c, TOKEN_STRING, "quoted string");
	if (c == '`')
		return lex_quote(lx, c, TOKEN_RAW, "raw quoted string");
	if (c == '\'')
		return lex_quote(lx, c, TOKEN_CHAR, "character constant");
	if (c == '$')
		return lex_field_or_variable(lx, TOKEN_VARIABLE);
	if (c == '.' && !(peek(lx, 1) >= '0' && peek(lx, 1) <= '9'))
		return lex_field_or_variable(lx, TOKEN_FIELD);
	if (c == '.' || c == '+' || c == '-' || (c >= '0' && c <= '9'))
		return lex_number(lx);
	if (name_rune(rest(lx), &width))
		return lex_name(lx);
	return lex_punctuation(lx, c);
}

struct token lex_next(struct lexer *lx)
{
	if (lx->failed)
		return (struct token){TOKEN_ERROR, str_of(lx->message), lx->at, lx->line};
	return lx->in_action ? lex_action(lx) : lex_text(lx);
}
