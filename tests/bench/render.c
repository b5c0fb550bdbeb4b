/*
 * Renders an Application and all that it brings ROUNDS times in one process, with one cache, and
 * prints the CPU time of the first and of the best round: "cold 150.1 ms warm 40.2 ms 68 apps 1037
 * objects 3145728 bytes".
 *
 *     bench_render REPOSITORY APPLICATION.yaml ROUNDS
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agent/cli.h"
#include "agent/desired.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/mem.h"
#include "render/yaml.h"

/* A directory read once, with content ids as a git tree has them. */
struct frozen {
	struct files files;
	struct files *disk, *memory;
	struct arena *keep;
	struct map *ids;
};

static bool frozen_list(struct files *f, struct arena *keep, str dir, struct file_entry **out, size_t *n,
			struct error *err)
{
	struct frozen *z = (struct frozen *)f;

	if (!z->memory->list(z->memory, keep, dir, out, n, err))
		return false;
	for (size_t i = 0; i < *n; i++) {
		char path[4096];
		int len = snprintf(path, sizeof path, "%.*s%s%.*s", STR_ARG(dir), dir.n ? "/" : "", STR_ARG((*out)[i].name));

		(*out)[i].id = value_text(map_get(z->ids, str_make(path, (size_t)len)));
	}
	return true;
}

static bool frozen_read(struct files *f, struct arena *keep, str path, size_t cap, str *out, struct error *err)
{
	struct frozen *z = (struct frozen *)f;

	return z->memory->read(z->memory, keep, path, cap, out, err);
}

static bool frozen_stat(struct files *f, struct arena *keep, str path, struct file_entry *out, struct error *err)
{
	struct frozen *z = (struct frozen *)f;

	if (!z->memory->stat(z->memory, keep, path, out, err))
		return false;
	out->id = value_text(map_get(z->ids, path));
	return true;
}

static bool freeze(struct frozen *z, str dir, struct error *err)
{
	struct file_entry *entries;
	size_t n;

	if (!z->disk->list(z->disk, z->keep, dir, &entries, &n, err))
		return false;
	for (size_t i = 0; i < n; i++) {
		str path = arena_printf(z->keep, "%.*s%s%.*s", STR_ARG(dir), dir.n ? "/" : "", STR_ARG(entries[i].name)), text;

		if (entries[i].type == FILE_DIRECTORY) {
			if (str_is(entries[i].name, ".git"))
				continue;
			if (!freeze(z, path, err))
				return false;
			continue;
		}
		if (!z->disk->read(z->disk, z->keep, path, LIMIT_CHART_FILE, &text, err))
			return false;
		files_memory_add(z->memory, path, text);
		map_set(z->keep, z->ids, path, value_str(digest_hex(z->keep, "sha1", text)));
	}
	return true;
}

struct round {
	struct frozen *files;
	struct render_cache *cache;
	size_t apps, objects;
};

static struct files *open_source(void *arg, struct arena *keep, size_t source, struct error *err)
{
	struct round *r = arg;

	(void)keep, (void)source, (void)err;
	return &r->files->files;
}

static void render(struct round *r, struct value manifest)
{
	struct conditions conditions = {0};
	struct error err = {.kind = ERROR_NONE};
	struct desired_input in = {.kube_version = STR("v1.35.0")};
	struct application app;
	struct arena scratch;
	struct desired *d;

	arena_init(&scratch, 0);
	if (!application_read(&scratch, manifest, &app, &conditions, &err)) {
		arena_done(&scratch);
		return;
	}
	in.app = &app;
	in.revisions = arena_news(&scratch, app.sources_n + 1, str);
	d = desired_render(r->cache, &in, open_source, r);
	arena_done(&scratch);
	if (d && !d->failed) {
		r->apps++;
		r->objects += d->n;
		for (size_t i = 0; i < d->n; i++)
			if (application_is(d->objects[i]))
				render(r, d->objects[i]);
	}
	desired_unref(d);
}

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	struct error err = {.kind = ERROR_NONE};
	struct arena keep;
	struct frozen z = {.files = {frozen_list, frozen_read, frozen_stat}, .keep = &keep};
	struct round r = {.files = &z};
	struct value manifest;
	double cold = 0, warm = 1e9;
	str text;

	if (argc != 4)
		return 2;
	arena_init(&keep, 0);
	z.disk = files_directory(&keep, argv[1]);
	z.memory = files_memory(&keep);
	z.ids = map_new(&keep, 256);
	if (!freeze(&z, STR("charts"), &err) || !cli_read_file(&keep, argv[2], LIMIT_YAML_BYTES, &text, &err) ||
	    !yaml_read(&keep, text, YAML_TYPED, &manifest, &err))
		return cli_fail(&err);
	r.cache = render_cache_new();
	for (int i = 0; i < atoi(argv[3]); i++) {
		double from = cpu_ms(), took;

		r.apps = r.objects = 0;
		render(&r, manifest);
		took = cpu_ms() - from;
		if (!i)
			cold = took;
		else if (took < warm)
			warm = took;
	}
	printf("cold %.1f ms warm %.1f ms %zu apps %zu objects\n", cold, warm, r.apps, r.objects);
	render_cache_free(r.cache);
	arena_done(&keep);
	return 0;
}
