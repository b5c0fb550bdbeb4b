/*
 * Strings as words: title, camelcase and its kin, wrapping, abbreviating. The rules are those of
 * Go's strings.Title, xstrings 1.5 and goutils 1.1 as sprig 3.3 calls them.
 */
#include "base/utf8.h"
#include "render/fn/body.h"
#include "render/fn/runes.h"
#include "render/fn/string.h"

/* Between words for strings.Title: ASCII but letters, digits and '_'; else White_Space. */
static bool is_title_gap(uint32_t r)
{
	if (r < 0x80)
		return !(
			rune_is_upper(r) || rune_is_lower(r) || (r >= '0' && r <= '9') || r == '_');
	return rune_is_space(r);
}

bool string_title(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	uint32_t former = ' ', r;
	struct buf b;
	size_t width;

	(void)n;
	body_buf(c, &b);
	for (str s = value_text(arg[0]); s.n; s = str_from(s, width)) {
		r = utf8_rune(s, &width);
		rune_add(&b, is_title_gap(former) ? rune_title(r) : r);
		former = r;
	}
	return body_text(c, &b, out);
}

bool string_untitle(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	bool first = true;
	struct buf b;
	size_t width;

	(void)n;
	body_buf(c, &b);
	for (str s = value_text(arg[0]); s.n; s = str_from(s, width)) {
		uint32_t r = utf8_rune(s, &width);

		if (rune_is_space(r)) {
			first = true;
		} else if (first) {
			r = rune_lower(r);
			first = false;
		}
		rune_add(&b, r);
	}
	return body_text(c, &b, out);
}

bool string_swapcase(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	bool after_space = true;
	struct buf b;
	size_t width;

	(void)n;
	body_buf(c, &b);
	for (str s = value_text(arg[0]); s.n; s = str_from(s, width)) {
		uint32_t r = utf8_rune(s, &width);

		if (rune_is_upper(r) || rune_is_title(r)) {
			rune_add(&b, rune_lower(r));
			after_space = false;
		} else if (rune_is_lower(r)) {
			rune_add(&b, after_space ? rune_title(r) : rune_upper(r));
			after_space = false;
		} else {
			rune_add(&b, r);
			after_space = rune_is_space(r);
		}
	}
	return body_text(c, &b, out);
}

/* goutils takes each byte for a rune, so what is not ASCII comes out as Latin-1 read again. */
bool string_initials(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	str s = value_text(arg[0]);
	bool gap = true;
	struct buf b;

	(void)n;
	body_buf(c, &b);
	for (size_t i = 0; i < s.n; i++) {
		unsigned char byte = (unsigned char)s.s[i];

		if (rune_is_space(byte)) {
			gap = true;
		} else if (gap) {
			rune_add(&b, byte);
			gap = false;
		}
	}
	return body_text(c, &b, out);
}

bool string_nospace(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	str s = value_text(arg[0]);
	bool any = false;
	struct buf b;

	(void)n;
	body_buf(c, &b);
	for (size_t i = 0; i < s.n; i++) {
		unsigned char byte = (unsigned char)s.s[i];

		if (rune_is_space(byte))
			any = true;
		else
			rune_add(&b, byte);
	}
	return any ? body_text(c, &b, out) : give_str(out, s);
}

/* --- camel, snake, kebab --- */

static bool is_connector(uint32_t r)
{
	return r == '-' || r == '_' || rune_is_space(r);
}

/* Connectors in front, in runs and at the end stay; one between words goes. A run of capitals
 * that starts a word is lowered behind its first. */
static void camel_write(struct buf *b, str s)
{
	bool upper_start = false;
	uint32_t r0 = 0, r1;
	size_t width = 0;

	while (s.n) {
		r0 = utf8_rune(s, &width);
		s = str_from(s, width);
		if (!is_connector(r0)) {
			upper_start = rune_is_upper(r0);
			r0 = rune_upper(r0);
			break;
		}
		rune_add(b, r0);
	}
	if (s.n == 0) {
		if (width)
			rune_add(b, r0);
		return;
	}
	for (; s.n; s = str_from(s, width)) {
		r1 = r0;
		r0 = utf8_rune(s, &width);
		if (is_connector(r1) && is_connector(r0)) {
			rune_add(b, r1);
		} else if (is_connector(r1)) {
			upper_start = rune_is_upper(r0);
			r0 = rune_upper(r0);
		} else {
			upper_start = upper_start && rune_is_upper(r0);
			if (upper_start)
				r0 = rune_lower(r0);
			rune_add(b, r1);
		}
	}
	rune_add(b, r0);
}

bool string_camelcase(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct buf b;

	(void)n;
	body_buf(c, &b);
	camel_write(&b, value_text(arg[0]));
	return body_text(c, &b, out);
}

enum word {
	WORD_NONE,
	WORD_NUMBER,
	WORD_UPPER,
	WORD_LETTERS,
	WORD_CONNECTOR,
	WORD_PUNCT,
	WORD_OTHER,
};

static bool is_number(uint32_t r)
{
	return (r >= '0' && r <= '9') || r == 0xB2 || r == 0xB3 || r == 0xB9 ||
	       (r >= 0xBC && r <= 0xBE) || (r >= 0x2150 && r <= 0x2189) ||
	       (r >= 0x2460 && r <= 0x249B) || (r >= 0xFF10 && r <= 0xFF19);
}

static bool is_punct(uint32_t r)
{
	if (r < 0x80)
		return r > 0 && strchr("!\"#%&'()*,-./:;?@[\\]_{}", (int)r);
	return r == 0xA1 || r == 0xA7 || r == 0xAB || r == 0xB6 || r == 0xB7 || r == 0xBB ||
	       r == 0xBF || (r >= 0x2010 && r <= 0x2027) || (r >= 0x2030 && r <= 0x205E) ||
	       (r >= 0x3001 && r <= 0x3003) || (r >= 0x3008 && r <= 0x3011);
}

/* Letters, the common CJK characters left out: those make words of their own kind. */
static bool is_letter(uint32_t r)
{
	if (r < 0xAA)
		return rune_is_upper(r) || rune_is_lower(r);
	if (rune_is_upper(r) || rune_is_lower(r) || rune_is_title(r))
		return true;
	return r < 0x3400 && !is_punct(r) && !is_number(r) && !rune_is_space(r) &&
	       !(r >= 0x2000 && r < 0x2C00) && r != 0xAC && r != 0xAE && r != 0xAF && r != 0xB0 &&
	       r != 0xB1 && r != 0xB4 && r != 0xB8 && r != 0xD7 && r != 0xF7;
}

/* The next rune that is none of the invalid ones, which count as part of it; `former` at the end.
 */
static uint32_t rune_next(str s, uint32_t former, size_t *size)
{
	size_t width;

	*size = 0;
	while (s.n) {
		uint32_t r = utf8_rune(s, &width);

		*size += width;
		if (r != UTF8_ERROR)
			return r;
		s = str_from(s, width);
	}
	return former;
}

static enum word word_of(uint32_t r)
{
	if (r == UTF8_ERROR)
		return WORD_NONE;
	if (is_connector(r))
		return WORD_CONNECTOR;
	if (is_punct(r))
		return WORD_PUNCT;
	if (rune_is_upper(r))
		return WORD_UPPER;
	if (is_letter(r))
		return WORD_LETTERS;
	return is_number(r) ? WORD_NUMBER : WORD_OTHER;
}

static bool goes_on(enum word kind, uint32_t r)
{
	switch (kind) {
	case WORD_CONNECTOR:
		return is_connector(r);
	case WORD_PUNCT:
		return is_punct(r);
	case WORD_LETTERS:
		return is_letter(r) && !rune_is_upper(r);
	case WORD_NUMBER:
		return is_number(r);
	case WORD_UPPER:
		return rune_is_upper(r);
	default:
		return !is_connector(r) && !is_letter(r) && !is_number(r) && !is_punct(r);
	}
}

/* Bytes of the word at s.s[0] once its first `at` are known to belong to it. The rune that ended
 * it is left in *r, the size of the last one taken in *last. */
static size_t word_run(str s, size_t at, enum word kind, uint32_t *r, size_t *last)
{
	size_t size;

	while (at < s.n) {
		*r = rune_next(str_from(s, at), *r, &size);
		if (!goes_on(kind, *r))
			break;
		at += size;
		*last = size;
	}
	return at;
}

/* A capital takes the small letters behind it; a run of capitals leaves its last one to the small
 * letters that follow: HTTP|Status. */
static size_t upper_run(str s, size_t first, uint32_t r)
{
	size_t size, last = 0, at;

	if (first == s.n)
		return first;
	r = rune_next(str_from(s, first), r, &size);
	if (!rune_is_upper(r))
		return is_letter(r) ? word_run(s, first, WORD_LETTERS, &r, &last) : first;
	at = word_run(s, first, WORD_UPPER, &r, &last);
	return at < s.n && is_letter(r) ? at - last : at;
}

static enum word word_next(str *rest, str *word)
{
	str s = *rest;
	size_t size, last = 0;
	uint32_t r;
	enum word kind;

	*word = STR("");
	if (s.n == 0)
		return WORD_NONE;
	r = rune_next(s, UTF8_ERROR, &size);
	kind = word_of(r);
	if (kind == WORD_UPPER)
		size = upper_run(s, size, r);
	else if (kind != WORD_NONE)
		size = word_run(s, size, kind, &r, &last);
	*word = str_sub(s, 0, size);
	*rest = str_from(s, size);
	return kind;
}

static void word_write(struct buf *b, enum word kind, str s, char connector)
{
	size_t width;

	if (kind != WORD_UPPER && kind != WORD_CONNECTOR) {
		buf_add(b, s);
		return;
	}
	for (; s.n; s = str_from(s, width)) {
		uint32_t r = utf8_rune(s, &width);

		rune_add(b, is_connector(r) ? (uint32_t)connector : rune_lower(r));
	}
}

struct words {
	struct buf *b;
	str rest, word;
	enum word kind;
	char connector;
};

static void words_next(struct words *w)
{
	w->kind = word_next(&w->rest, &w->word);
}

/* Digits hold together with what follows them: 20xOK is 20x and OK. */
static void words_after_number(struct words *w)
{
	while (w->kind == WORD_LETTERS || w->kind == WORD_NUMBER) {
		word_write(w->b, w->kind, w->word, w->connector);
		words_next(w);
	}
	if (w->kind != WORD_NONE && w->kind != WORD_PUNCT && w->kind != WORD_CONNECTOR)
		buf_char(w->b, w->connector);
}

static bool joins(enum word kind)
{
	return kind == WORD_CONNECTOR || kind == WORD_PUNCT;
}

/* Digits behind letters belong to the letters, unless small letters come behind the digits. */
static void words_after_letters(struct words *w)
{
	str number;

	if (w->kind != WORD_NUMBER) {
		if (!joins(w->kind))
			buf_char(w->b, w->connector);
		return;
	}
	if (w->rest.n == 0)
		return;
	number = w->word;
	words_next(w);
	if (w->kind != WORD_LETTERS) {
		buf_add(w->b, number);
		if (!joins(w->kind))
			buf_char(w->b, w->connector);
		return;
	}
	buf_char(w->b, w->connector);
	buf_add(w->b, number);
	words_after_number(w);
}

static bool give_words(struct call *c, str s, char connector, struct value *out)
{
	struct buf b;
	struct words w = {.b = &b, .rest = s, .connector = connector};

	body_buf(c, &b);
	words_next(&w);
	while (w.rest.n) {
		enum word former = w.kind;
		str last = w.word;

		if (former != WORD_CONNECTOR)
			word_write(&b, former, last, connector);
		words_next(&w);
		if (former == WORD_NUMBER)
			words_after_number(&w);
		else if (former == WORD_CONNECTOR)
			word_write(&b, former, last, connector);
		else if (former != WORD_PUNCT)
			words_after_letters(&w);
	}
	word_write(&b, w.kind, w.word, connector);
	return body_text(c, &b, out);
}

bool string_snakecase(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_words(c, value_text(arg[0]), '_', out);
}

bool string_kebabcase(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_words(c, value_text(arg[0]), '-', out);
}

/* --- wrapping --- */

static ptrdiff_t last_blank(str s)
{
	return str_rfind_char(s, ' ');
}

static void wrap_write(struct buf *b, str s, size_t width, str line_end, bool split_long)
{
	while (s.n > width) {
		size_t stop;
		ptrdiff_t at;

		if (s.s[0] == ' ') {
			s = str_from(s, 1);
			continue;
		}
		at = last_blank(str_sub(s, 0, width + 1));
		if (at < 0 && split_long) {
			buf_add(b, str_sub(s, 0, width));
			buf_add(b, line_end);
			s = str_from(s, width);
			continue;
		}
		if (at < 0) {
			at = str_find_char(str_from(s, width), ' ');
			if (at < 0)
				break;
			at += (ptrdiff_t)width;
		}
		stop = (size_t)at;
		buf_add(b, str_sub(s, 0, stop));
		buf_add(b, line_end);
		s = str_from(s, stop + 1);
	}
	buf_add(b, s);
}

static bool give_wrapped(
	struct call *c, int64_t width, str line_end, str s, bool split_long, struct value *out)
{
	struct buf b;

	body_buf(c, &b);
	wrap_write(&b, s, width < 1 ? 1 : (size_t)width, line_end.n ? line_end : STR("\n"),
		split_long);
	return body_text(c, &b, out);
}

bool string_wrap(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_wrapped(c, arg[0].i, STR("\n"), value_text(arg[1]), false, out);
}

bool string_wrap_with(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_wrapped(c, arg[0].i, value_text(arg[1]), value_text(arg[2]), true, out);
}

/* --- abbreviating: Apache's StringUtils, by bytes --- */

static str abbreviate(struct arena *a, str s, int64_t offset, int64_t width)
{
	int64_t length = (int64_t)s.n;

	if (length <= width)
		return s;
	if (offset > length)
		offset = length;
	if (length - offset < width - 3)
		offset = length - (width - 3);
	if (offset <= 4)
		return arena_concat(a, str_sub(s, 0, (size_t)width - 3), STR("..."));
	if (offset + width - 3 < length)
		s = abbreviate(a, str_from(s, (size_t)offset), 0, width - 3);
	else
		s = str_from(s, (size_t)(length - (width - 3)));
	return arena_concat(a, STR("..."), s);
}

bool string_abbrev(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	if (arg[0].i < 4)
		*out = arg[1];
	else
		give_str(out, abbreviate(c->arena, value_text(arg[1]), 0, arg[0].i));
	return true;
}

bool string_abbrevboth(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	int64_t left = arg[0].i, right = arg[1].i;

	(void)n;
	if (right < 4 || (left > 0 && right < 7))
		*out = arg[2];
	else if (left < -(1 << 30)) /* far left is left; and no sum below overflows */
		give_str(out, abbreviate(c->arena, value_text(arg[2]), 0, right));
	else
		give_str(out, abbreviate(c->arena, value_text(arg[2]), left, right));
	return true;
}
