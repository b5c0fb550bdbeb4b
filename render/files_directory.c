/*
 * A directory as a files table. Every path is resolved by the kernel and must end inside the root,
 * so a link that leaves it is refused.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/path.h"
#include "render/files.h"

struct directory {
	struct files files;
	struct arena *keep;
	char *root; /* resolved; NULL with `failed` set when it could not be */
	const char *given;
	int failed;
};

/* No part of the path below the root is a link, so that it needs no resolving: the root has been. */
static bool is_direct(char *full, size_t root)
{
	char target[1];

	if (strstr(full + root, "/.") || strstr(full + root, "//"))
		return false;
	for (char *at = full + root; *at; *at = '/') {
		at = strchrnul(at + 1, '/');
		if (!*at)
			return readlink(full, target, sizeof target) < 0 && errno == EINVAL;
		*at = '\0';
		if (readlink(full, target, sizeof target) >= 0 || errno != EINVAL)
			return *at = '/', false;
	}
	return true;
}

/* The resolved path, from malloc, or NULL. */
static char *resolve(struct directory *d, str path, struct error *err)
{
	char full[8192], *real;
	size_t n;

	if (!d->root) {
		errno = d->failed;
		error_errno(err, "open %s", d->given);
		if (err && d->failed == ENOENT)
			err->kind = ERROR_NOT_FOUND;
		return NULL;
	}
	if (path.n + strlen(d->root) + 2 > sizeof full) {
		error_set(err, ERROR_LIMIT, "the path %.100s... is too long", path.s);
		return NULL;
	}
	snprintf(full, sizeof full, "%s%s%.*s", d->root, path.n ? "/" : "", STR_ARG(path));
	real = is_direct(full, strlen(d->root)) ? mem_strdup(full) : realpath(full, NULL);
	if (!real) {
		bool absent = errno == ENOENT || errno == ENOTDIR;

		error_errno(err, "open %s", full);
		if (err && absent)
			err->kind = ERROR_NOT_FOUND;
		return NULL;
	}
	n = strlen(d->root);
	if (strcmp(d->root, "/") && (strncmp(real, d->root, n) || (real[n] && real[n] != '/'))) {
		error_set(err, ERROR_INVALID, "%s is a symbolic link that leaves %s", full, d->root);
		free(real);
		return NULL;
	}
	return real;
}

/* The id is as good as the file system's clock: enough for a process that renders and ends. */
static bool describe(struct arena *keep, const struct stat *st, const char *path, struct file_entry *out,
		     struct error *err)
{
	if (!S_ISDIR(st->st_mode) && !S_ISREG(st->st_mode))
		return error_set(err, ERROR_INVALID,
				 "cannot load irregular file %s as it has file mode type bits set", path);
	out->type = S_ISDIR(st->st_mode) ? FILE_DIRECTORY : FILE_REGULAR;
	if (out->type == FILE_REGULAR)
		out->id = arena_printf(keep, "%jx:%jx:%jx:%jx.%lx:%jx.%lx", (uintmax_t)st->st_dev,
				       (uintmax_t)st->st_ino, (uintmax_t)st->st_size, (uintmax_t)st->st_mtim.tv_sec,
				       (unsigned long)st->st_mtim.tv_nsec, (uintmax_t)st->st_ctim.tv_sec,
				       (unsigned long)st->st_ctim.tv_nsec);
	return true;
}

static bool look_at(struct directory *d, struct arena *keep, str path, struct file_entry *out, struct error *err)
{
	char *real = resolve(d, path, err);
	struct stat st;
	bool ok;

	if (!real)
		return false;
	ok = !stat(real, &st) ? describe(keep, &st, real, out, err) : error_errno(err, "stat %s", real);
	free(real);
	return ok;
}

static int by_name(const void *x, const void *y)
{
	const struct file_entry *a = x, *b = y;

	return str_cmp(a->name, b->name);
}

/* What is no link lies where the directory does, which has been resolved. */
static bool list_entry(struct directory *d, DIR *dir, struct arena *keep, str path, struct file_entry *out,
		       struct error *err)
{
	str full = path_below(keep, path, out->name);
	struct stat st;

	if (fstatat(dirfd(dir), out->name.s, &st, AT_SYMLINK_NOFOLLOW) || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return look_at(d, keep, full, out, err);
	return describe(keep, &st, full.s, out, err);
}

static bool list_entries(struct directory *d, DIR *dir, struct arena *keep, str path,
			 struct file_entry **out, size_t *n, struct error *err)
{
	size_t room = 0;
	struct dirent *e;

	while ((e = readdir(dir))) {
		str name = str_of(e->d_name);

		if (str_is(name, ".") || str_is(name, ".."))
			continue;
		if (*n == LIMIT_GIT_TREE_ENTRIES)
			return error_set(err, ERROR_LIMIT, "%.*s holds more than %d entries",
					 STR_ARG(path), LIMIT_GIT_TREE_ENTRIES);
		if (*n == room) {
			size_t want = room ? room * 2 : 16;

			*out = arena_grow(keep, *out, room * sizeof **out, want * sizeof **out);
			room = want;
		}
		(*out)[*n] = (struct file_entry){.name = arena_str(keep, name)};
		if (!list_entry(d, dir, keep, path, &(*out)[*n], err))
			return false;
		++*n;
	}
	return true;
}

static bool directory_list(struct files *f, struct arena *keep, str path, struct file_entry **out,
			   size_t *n, struct error *err)
{
	struct directory *d = (struct directory *)f;
	char *real = resolve(d, path, err);
	DIR *dir;
	bool ok;

	if (!real)
		return false;
	dir = opendir(real);
	free(real);
	if (!dir)
		return error_errno(err, "open %.*s", STR_ARG(path));
	*n = 0;
	*out = arena_alloc(keep, 16);
	ok = list_entries(d, dir, keep, path, out, n, err);
	closedir(dir);
	if (ok)
		qsort(*out, *n, sizeof **out, by_name);
	return ok;
}

static bool read_all(int fd, struct arena *keep, str path, size_t cap, str *out, struct error *err)
{
	struct stat st;
	size_t n = 0;
	char *text;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return error_set(err, ERROR_INVALID, "%.*s is not a regular file", STR_ARG(path));
	if ((size_t)st.st_size > cap)
		return error_set(err, ERROR_LIMIT, "%.*s is larger than the maximum file size %zu",
				 STR_ARG(path), cap);
	text = arena_text(keep, (size_t)st.st_size + 1);
	while (n < (size_t)st.st_size) {
		ssize_t got = read(fd, text + n, (size_t)st.st_size - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(err, "read %.*s", STR_ARG(path));
		if (!got)
			break;
		n += (size_t)got;
	}
	text[n] = '\0';
	*out = str_make(text, n);
	return true;
}

static bool directory_read(struct files *f, struct arena *keep, str path, size_t cap, str *out,
			   struct error *err)
{
	struct directory *d = (struct directory *)f;
	char *real = resolve(d, path, err);
	bool ok;
	int fd;

	if (!real)
		return false;
	fd = open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	free(real);
	if (fd < 0)
		return error_errno(err, "open %.*s", STR_ARG(path));
	ok = read_all(fd, keep, path, cap, out, err);
	close(fd);
	return ok;
}

static bool directory_stat(struct files *f, struct arena *keep, str path, struct file_entry *out,
			   struct error *err)
{
	struct directory *d = (struct directory *)f;

	*out = (struct file_entry){.name = arena_str(keep, path_base(path))};
	return look_at(d, keep, path, out, err);
}

struct files *files_directory(struct arena *keep, const char *root)
{
	struct directory *d = arena_new(keep, struct directory);
	char *real = realpath(root, NULL);

	d->files = (struct files){directory_list, directory_read, directory_stat};
	d->given = arena_cstr(keep, str_of(root));
	d->failed = real ? 0 : errno;
	d->root = real ? arena_cstr(keep, str_of(real)) : NULL;
	free(real);
	return &d->files;
}
