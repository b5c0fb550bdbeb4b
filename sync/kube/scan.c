/*
 * A walk over JSON text by counting brackets outside of strings. No recursion, no memory.
 */
#include "sync/kube/scan.h"

static size_t scan_blank(str t, size_t at)
{
	while (at < t.n && (t.s[at] == ' ' || t.s[at] == '\n' || t.s[at] == '\r' || t.s[at] == '\t'))
		at++;
	return at;
}

/* at is behind the opening quote; the result behind the closing one. */
static size_t scan_string_end(str t, size_t at)
{
	while (at < t.n) {
		if (t.s[at] == '"')
			return at + 1;
		at += t.s[at] == '\\' ? 2 : 1;
	}
	return 0;
}

static size_t scan_nested_end(str t, size_t at)
{
	size_t depth = 0;
	while (at < t.n) {
		char c = t.s[at++];
		if (c == '"') {
			at = scan_string_end(t, at);
			if (!at)
				return 0;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if ((c == '}' || c == ']') && --depth == 0) {
			return at;
		}
	}
	return 0;
}

size_t scan_value_end(str t, size_t at)
{
	size_t from = at;
	if (at >= t.n)
		return 0;
	if (t.s[at] == '"')
		return scan_string_end(t, at + 1);
	if (t.s[at] == '{' || t.s[at] == '[')
		return scan_nested_end(t, at);
	while (at < t.n && !strchr(",]} \n\r\t", t.s[at]))
		at++;
	return at == from ? 0 : at;
}

bool scan_start(struct scan *s, str text)
{
	*s = (struct scan){.text = text};
	s->at = scan_blank(text, 0);
	if (s->at >= text.n || text.s[s->at] != '{')
		return false;
	s->at = scan_blank(text, s->at + 1);
	return true;
}

bool scan_next(struct scan *s, str *key, str *value)
{
	size_t from, end;
	s->bad = true;
	if (s->at >= s->text.n)
		return false;
	if (s->text.s[s->at] == '}') {
		s->bad = false;
		return false;
	}
	if (s->text.s[s->at] != '"' || !(end = scan_string_end(s->text, s->at + 1)))
		return false;
	*key = str_sub(s->text, s->at + 1, end - 1);
	from = scan_blank(s->text, end);
	if (from >= s->text.n || s->text.s[from] != ':')
		return false;
	from = scan_blank(s->text, from + 1);
	end = scan_value_end(s->text, from);
	if (!end || end > s->text.n)
		return false;
	*value = str_sub(s->text, from, end);
	s->at = scan_blank(s->text, end);
	if (s->at < s->text.n && s->text.s[s->at] == ',')
		s->at = scan_blank(s->text, s->at + 1);
	s->bad = false;
	return true;
}

str scan_member(str text, const char *key)
{
	struct scan s;
	str name, value, found = STR_NONE;
	if (!scan_start(&s, text))
		return STR_NONE;
	while (scan_next(&s, &name, &value))
		if (str_is(name, key))
			found = value; /* the last of doubles wins, as with every reader here */
	return found;
}

str scan_string(str text, const char *key)
{
	str value = scan_member(text, key);
	if (value.n < 2 || value.s[0] != '"' || str_find_char(value, '\\') >= 0)
		return STR_NONE;
	return str_sub(value, 1, value.n - 1);
}
