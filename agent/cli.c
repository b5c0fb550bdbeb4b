/*
 * What the verbs share.
 */
#include "agent/cli.h"

#include <errno.h>
#include <stdio.h>

int cli_fail(const struct error *err)
{
	fprintf(stderr, "Error: %s\n", err->text);
	return EXIT_FAILED;
}

int cli_usage(const char *verb, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "tiphys %s: ", verb);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nSee \"tiphys help %s\".\n", verb);
	return EXIT_USAGE;
}

int cli_write(const struct buf *out)
{
	if (fwrite(out->s, 1, out->n, stdout) == out->n && fflush(stdout) == 0)
		return EXIT_DONE;
	fprintf(stderr, "Error: standard output: %s\n", strerror(errno));
	return EXIT_FAILED;
}

bool cli_read_file(struct arena *keep, const char *path, size_t cap, str *out, struct error *err)
{
	bool in = !strcmp(path, "-");
	FILE *f = in ? stdin : fopen(path, "rb");
	struct buf b;
	size_t n;
	bool bad;

	if (!f)
		return error_errno(err, "open %s", path);
	buf_in(&b, keep, cap + 1);
	while (buf_reserve(&b, 1) && (n = fread(b.s + b.n, 1, b.room - b.n, f)) > 0)
		b.n += n;
	bad = ferror(f);
	if (!in)
		fclose(f);
	if (bad)
		return error_errno(err, "read %s", path);
	if (b.n > cap || buf_failed(&b))
		return error_set(err, ERROR_LIMIT, "%s is larger than %zu bytes", path, cap);
	*out = buf_str(&b);
	return true;
}
