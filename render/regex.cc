// The one C++ file: RE2 behind four C functions. Nothing here leaps, and no arena is touched.
#include "render/regex.h"

#include <re2/re2.h>

#include <cstdio>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/limits.h"

struct regex {
	re2::RE2 re;
	regex(const std::string &pattern, const re2::RE2::Options &options) : re(pattern, options)
	{
	}
};

namespace
{

using cache = std::unordered_map<std::string, std::unique_ptr<regex>>;

cache &patterns()
{
	static thread_local cache c;
	return c;
}

// Go's words for RE2's error codes.
const char *complaint(re2::RE2::ErrorCode code)
{
	switch (code) {
	case re2::RE2::ErrorBadEscape:
		return "invalid escape sequence";
	case re2::RE2::ErrorBadCharClass:
		return "invalid character class";
	case re2::RE2::ErrorBadCharRange:
		return "invalid character class range";
	case re2::RE2::ErrorMissingBracket:
		return "missing closing ]";
	case re2::RE2::ErrorMissingParen:
		return "missing closing )";
	case re2::RE2::ErrorUnexpectedParen:
		return "unexpected )";
	case re2::RE2::ErrorTrailingBackslash:
		return "trailing backslash at end of expression";
	case re2::RE2::ErrorRepeatArgument:
		return "missing argument to repetition operator";
	case re2::RE2::ErrorRepeatSize:
		return "invalid repeat count";
	case re2::RE2::ErrorRepeatOp:
		return "invalid nested repetition operator";
	case re2::RE2::ErrorBadPerlOp:
		return "invalid or unsupported Perl syntax";
	case re2::RE2::ErrorBadUTF8:
		return "invalid UTF-8";
	case re2::RE2::ErrorBadNamedCapture:
		return "invalid named capture";
	default:
		return "expression too large";
	}
}

// Go says "unexpected )" and "trailing backslash" with the whole pattern or with nothing.
std::string culprit(const re2::RE2 &re)
{
	if (re.error_code() == re2::RE2::ErrorTrailingBackslash)
		return "";
	if (re.error_code() == re2::RE2::ErrorUnexpectedParen ||
		re.error_code() == re2::RE2::ErrorMissingParen)
		return re.pattern();
	if (re.error_code() == re2::RE2::ErrorBadNamedCapture &&
		re.error_arg().compare(0, 4, "(?P<") == 0)
		return "(?" + re.error_arg().substr(3);
	return re.error_arg();
}

// Go takes (?<name>...) too; older RE2 only (?P<name>...). Escapes and classes are stepped over.
std::string with_named_groups(const std::string &p)
{
	std::string out;
	bool in_class = false;

	for (size_t i = 0; i < p.size(); i++) {
		out += p[i];
		if (p[i] == '\\' && i + 1 < p.size())
			out += p[++i];
		else if (p[i] == '[')
			in_class = true;
		else if (p[i] == ']')
			in_class = false;
		else if (!in_class && p.compare(i, 3, "(?<") == 0 && i + 3 < p.size() &&
			 p[i + 3] != '=' && p[i + 3] != '!')
			out += "?P<", i += 2;
	}
	return out;
}

std::unique_ptr<regex> compile(const std::string &pattern)
{
	re2::RE2::Options options;

	options.set_log_errors(false);
	auto r = std::make_unique<regex>(pattern, options);
	if (r->re.ok() || pattern.find("(?<") == std::string::npos)
		return r;
	auto second = std::make_unique<regex>(with_named_groups(pattern), options);
	bool known = second->re.ok() || r->re.error_code() == re2::RE2::ErrorBadPerlOp;
	return known ? std::move(second) : std::move(r);
}

} // namespace

extern "C" const struct regex *regex_compile(
	const char *pattern, size_t n, char complaint_text[REGEX_COMPLAINT])
{
	std::string text(pattern, n);
	cache &c = patterns();
	auto found = c.find(text);

	if (found != c.end())
		return found->second.get();
	auto r = compile(text);
	if (!r->re.ok()) {
		if (complaint_text)
			std::snprintf(complaint_text, REGEX_COMPLAINT,
				"error parsing regexp: %s: `%s`", complaint(r->re.error_code()),
				culprit(r->re).c_str());
		return nullptr;
	}
	if (c.size() >= LIMIT_REGEX_CACHE)
		c.clear();
	return (c[text] = std::move(r)).get();
}

extern "C" bool regex_match(const struct regex *r, const char *text, size_t n, size_t at,
	struct regex_span *spans, unsigned count)
{
	re2::StringPiece all(text, n), part[REGEX_GROUPS];

	if (count > REGEX_GROUPS)
		count = REGEX_GROUPS;
	if (!r->re.Match(all, at, n, re2::RE2::UNANCHORED, part, static_cast<int>(count)))
		return false;
	for (unsigned i = 0; i < count; i++) {
		spans[i].from = part[i].data() ? part[i].data() - text : -1;
		spans[i].to = spans[i].from + static_cast<ptrdiff_t>(part[i].size());
	}
	return true;
}

extern "C" unsigned regex_groups(const struct regex *r)
{
	return static_cast<unsigned>(r->re.NumberOfCapturingGroups());
}

extern "C" int regex_group(const struct regex *r, const char *name, size_t n)
{
	const auto &groups = r->re.NamedCapturingGroups();
	auto found = groups.find(std::string(name, n));

	return found == groups.end() ? -1 : found->second;
}
