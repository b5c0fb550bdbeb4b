/*
 * The registry of functions: all tables behind one sorted index, made once.
 */
#include "render/fn.h"

#include <pthread.h>
#include <stdlib.h>

#define ROWS_MAX 512

static const struct fn *rows[ROWS_MAX];
static size_t rows_n;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static int by_name(const void *x, const void *y)
{
	const struct fn *const *a = x, *const *b = y;

	return strcmp((*a)->name, (*b)->name);
}

static void gather(void)
{
	static const struct fn *const tables[] = {
		fn_core, fn_string, fn_list,   fn_dict, fn_math,    fn_type,
		fn_regex, fn_path,  fn_crypto, fn_date, fn_version, fn_encode,
	};

	for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
		for (const struct fn *row = tables[t]; row->name && rows_n < ROWS_MAX; row++)
			rows[rows_n++] = row;
	qsort(rows, rows_n, sizeof *rows, by_name);
}

const struct fn *fn_find(str name)
{
	size_t low = 0, high;

	pthread_once(&once, gather);
	for (high = rows_n; low < high;) {
		size_t middle = low + (high - low) / 2;
		int order = str_cmp(name, str_of(rows[middle]->name));

		if (order == 0)
			return rows[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

bool call_fail(struct call *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	error_vset(c->err, ERROR_INVALID, format, args);
	va_end(args);
	return false;
}
