/*
 * Helm's engine.files: a map from path to bytes with methods.
 */
#include "render/chart_files.h"

#include "base/path.h"
#include "render/fn/body.h"
#include "render/glob.h"
#include "render/ref.h"
#include "render/yaml.h"

struct chart_files {
	struct ref ref;
	const struct chart_file *at;
	size_t n;
};

static const struct ref_class files_class;

static struct value make(struct arena *keep, const struct chart_file *at, size_t n)
{
	struct chart_files *f = arena_new(keep, struct chart_files);

	*f = (struct chart_files){.ref.class = &files_class, .at = at, .n = n};
	return value_ref(&f->ref);
}

struct value chart_files_value(struct arena *keep, const struct chart_file *at, size_t n)
{
	return make(keep, at, n);
}

static const struct chart_files *files_of(struct value v)
{
	return (const struct chart_files *)(const void *)v.ref;
}

static bool get(const struct chart_files *f, str name, str *out)
{
	for (size_t i = 0; i < f->n; i++)
		if (str_eq(f->at[i].name, name)) {
			*out = f->at[i].data;
			return true;
		}
	*out = STR("");
	return false;
}

static bool files_field(struct call *c, struct ref *r, str name, struct value *out)
{
	str data;

	(void)c;
	if (!get((struct chart_files *)(void *)r, name, &data))
		return false;
	*out = value_bytes(data);
	return true;
}

static bool files_get(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	str data;

	(void)c, (void)n;
	get(files_of(arg[0]), value_text(arg[1]), &data);
	return give_str(out, data);
}

static bool files_get_bytes(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	str data;

	(void)c, (void)n;
	get(files_of(arg[0]), value_text(arg[1]), &data);
	*out = value_bytes(data);
	return true;
}

static bool files_lines(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct list *l = list_new(c->arena, 8);
	str data;

	(void)n;
	if (!get(files_of(arg[0]), value_text(arg[1]), &data))
		return give_list(out, l, ELEM_STRING);
	if (!data.n)
		return call_fail(c, "runtime error: index out of range [-1]");
	if (data.s[data.n - 1] == '\n')
		data.n--;
	while (data.s)
		list_add(c->arena, l, value_str(str_cut(data, '\n', &data)));
	return give_list(out, l, ELEM_STRING);
}

static bool files_glob(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	const struct chart_files *f = files_of(arg[0]);
	struct chart_file *hits = arena_news(c->arena, f->n + 1, struct chart_file);
	size_t count = 0;

	(void)n;
	for (size_t i = 0; i < f->n; i++)
		if (glob_deep(value_text(arg[1]), f->at[i].name))
			hits[count++] = f->at[i];
	*out = make(c->arena, hits, count);
	return true;
}

static bool as_yaml(struct call *c, struct map *m, struct value *out)
{
	struct buf b;

	body_buf(c, &b);
	if (!yaml_write(&b, value_of_map(m)) && !buf_failed(&b))
		return give_str(out, STR(""));
	if (b.n)
		b.n--;
	return body_text(c, &b, out);
}

static bool files_as_config(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	const struct chart_files *f = files_of(arg[0]);
	struct map *m = map_new(c->arena, (uint32_t)f->n);

	(void)n;
	for (size_t i = 0; i < f->n; i++)
		map_set(c->arena, m, path_base(f->at[i].name), value_str(f->at[i].data));
	return as_yaml(c, m, out);
}

static bool files_as_secrets(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	const struct fn *encode = fn_find(STR("b64enc"));
	const struct chart_files *f = files_of(arg[0]);
	struct map *m = map_new(c->arena, (uint32_t)f->n);

	(void)n;
	for (size_t i = 0; i < f->n; i++) {
		struct value data = value_str(f->at[i].data), text;

		if (!encode->body(c, &data, 1, &text))
			return false;
		map_set(c->arena, m, path_base(f->at[i].name), text);
	}
	return as_yaml(c, m, out);
}

static struct value files_plain(struct arena *a, struct ref *r)
{
	const struct chart_files *f = (const struct chart_files *)(const void *)r;
	struct map *m = map_new(a, (uint32_t)f->n);

	for (size_t i = 0; i < f->n; i++)
		map_set(a, m, f->at[i].name, value_bytes(f->at[i].data));
	return value_of_map(m);
}

static void files_print(struct buf *out, struct ref *r)
{
	struct arena scratch;

	arena_init(&scratch, 0);
	print_value(out, files_plain(&scratch, r));
	arena_done(&scratch);
}

static const struct fn files_methods[] = {
	{"AsConfig", "", files_as_config}, {"AsSecrets", "", files_as_secrets},
	{"Get", "s", files_get},	   {"GetBytes", "s", files_get_bytes},
	{"Glob", "s", files_glob},	   {"Lines", "s", files_lines},
	{NULL, NULL, NULL},
};

static const struct ref_class files_class = {.type = "engine.files", .kind = "map",
	.field = files_field, .methods = files_methods, .print = files_print,
	.plain = files_plain, .map_like = true};
