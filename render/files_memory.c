/*
 * Files in memory, and one table seen from a directory of another.
 */
#include "base/path.h"
#include "base/value.h"
#include "render/files.h"

/* A directory is a map from names to maps and texts. */
struct memory {
	struct files files;
	struct arena *keep;
	struct map *root;
};

static struct value *find(struct memory *m, str path, struct value *root)
{
	struct value *at = root;

	*root = value_of_map(m->root);
	while (path.s && path.n && at)
		at = map_find(value_map(*at), str_cut(path, '/', &path));
	return at;
}

static bool absent(str path, struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND, "open %.*s: no such file or directory", STR_ARG(path));
}

static bool memory_list(struct files *f, struct arena *keep, str path, struct file_entry **out,
			size_t *n, struct error *err)
{
	struct value root, *at = find((struct memory *)f, path, &root);

	if (!at || at->type != VALUE_MAP)
		return absent(path, err);
	map_sort(at->map);
	*n = at->map->n;
	*out = arena_news(keep, *n ? *n : 1, struct file_entry);
	for (size_t i = 0; i < *n; i++)
		(*out)[i] = (struct file_entry){
			.name = map_key(&at->map->at[i]),
			.type = at->map->at[i].value.type == VALUE_MAP ? FILE_DIRECTORY : FILE_REGULAR};
	return true;
}

static bool memory_read(struct files *f, struct arena *keep, str path, size_t cap, str *out,
			struct error *err)
{
	struct value root, *at = find((struct memory *)f, path, &root);

	(void)keep;
	if (!at || at->type == VALUE_MAP)
		return absent(path, err);
	if (at->n > cap)
		return error_set(err, ERROR_LIMIT, "%.*s is larger than the maximum file size %zu",
				 STR_ARG(path), cap);
	*out = value_text(*at);
	return true;
}

static bool memory_stat(struct files *f, struct arena *keep, str path, struct file_entry *out,
			struct error *err)
{
	struct value root, *at = find((struct memory *)f, path, &root);

	(void)keep;
	if (!at)
		return absent(path, err);
	*out = (struct file_entry){
		.name = path_base(path),
		.type = at->type == VALUE_MAP ? FILE_DIRECTORY : FILE_REGULAR};
	return true;
}

struct files *files_memory(struct arena *keep)
{
	struct memory *m = arena_new(keep, struct memory);

	m->files = (struct files){memory_list, memory_read, memory_stat};
	m->keep = keep;
	m->root = map_new(keep, 8);
	return &m->files;
}

void files_memory_add(struct files *f, str path, str bytes)
{
	struct memory *m = (struct memory *)f;
	struct map *dir = m->root;
	str rest, name = str_cut(path, '/', &rest);

	for (; rest.s; name = str_cut(rest, '/', &rest)) {
		struct value *at = map_find(dir, name);

		if (!at || at->type != VALUE_MAP)
			map_set(m->keep, dir, name, value_of_map(map_new(m->keep, 4)));
		dir = map_find(dir, name)->map;
	}
	if (name.n)
		map_set(m->keep, dir, name, value_bytes(bytes));
}

struct below {
	struct files files;
	struct files *over;
	str dir;
};

static bool below_list(struct files *f, struct arena *keep, str path, struct file_entry **out,
		       size_t *n, struct error *err)
{
	struct below *b = (struct below *)f;

	return b->over->list(b->over, keep, path_below(keep, b->dir, path), out, n, err);
}

static bool below_read(struct files *f, struct arena *keep, str path, size_t cap, str *out,
		       struct error *err)
{
	struct below *b = (struct below *)f;

	return b->over->read(b->over, keep, path_below(keep, b->dir, path), cap, out, err);
}

static bool below_stat(struct files *f, struct arena *keep, str path, struct file_entry *out,
		       struct error *err)
{
	struct below *b = (struct below *)f;

	return b->over->stat(b->over, keep, path_below(keep, b->dir, path), out, err);
}

struct files *files_below(struct arena *keep, struct files *f, str dir)
{
	struct below *b = arena_new(keep, struct below);

	b->files = (struct files){below_list, below_read, below_stat};
	b->over = f;
	b->dir = arena_str(keep, dir);
	return &b->files;
}
