/* What every test file needs, in the order cmocka wants it. */
#ifndef TESTS_BASE_TEST_H
#define TESTS_BASE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

#define assert_str(got, want) assert_text((got), (want), __FILE__, __LINE__)

static inline void assert_text(str got, const char *want, const char *file, int line)
{
	if (!str_is(got, want))
		print_error("%s:%d: got \"%.*s\", want \"%s\"\n", file, line, STR_ARG(got), want);
	_assert_true(str_is(got, want), "same text", file, line);
}

#endif
