/*
 * One lock guards the tables and the arena of a generation: charts and templates are made under
 * it, which happens once each; renders only look up.
 */
#include "render/render_cache.h"

#include <pthread.h>

#include "base/digest.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/path.h"

struct generation {
	struct arena arena;
	struct map *charts, *templates; /* keys: digests; values: pointers */
	unsigned users;
	bool old;
	struct render_cache *cache;
};

struct render_cache {
	pthread_mutex_t lock;
	struct generation *now;
};

static struct generation *generation_new(struct render_cache *cache)
{
	struct generation *g = mem_alloc(sizeof *g);

	if (!g)
		return NULL;
	memset(g, 0, sizeof *g);
	arena_init(&g->arena, LIMIT_RENDER_MEMORY);
	g->charts = map_new(&g->arena, 64);
	g->templates = map_new(&g->arena, 256);
	g->cache = cache;
	return g;
}

static void generation_free(struct generation *g)
{
	arena_done(&g->arena);
	mem_free(g);
}

struct render_cache *render_cache_new(void)
{
	struct render_cache *cache = mem_alloc(sizeof *cache);

	if (!cache)
		return NULL;
	pthread_mutex_init(&cache->lock, NULL);
	cache->now = generation_new(cache);
	if (!cache->now) {
		mem_free(cache);
		return NULL;
	}
	return cache;
}

void render_cache_free(struct render_cache *cache)
{
	if (!cache)
		return;
	generation_free(cache->now);
	pthread_mutex_destroy(&cache->lock);
	mem_free(cache);
}

struct generation *render_cache_begin(struct render_cache *cache)
{
	struct generation *g, *fresh;

	pthread_mutex_lock(&cache->lock);
	g = cache->now;
	if (g->arena.used > LIMIT_RENDER_CACHE && (fresh = generation_new(cache))) {
		g->old = true;
		if (!g->users)
			generation_free(g);
		cache->now = g = fresh;
	}
	g->users++;
	pthread_mutex_unlock(&cache->lock);
	return g;
}

void render_cache_end(struct render_cache *cache, struct generation *g)
{
	bool last;

	pthread_mutex_lock(&cache->lock);
	last = --g->users == 0 && g->old;
	pthread_mutex_unlock(&cache->lock);
	if (last)
		generation_free(g);
}

/* A pointer in a table of values. */
static struct value boxed(void *p)
{
	return (struct value){.type = VALUE_REF, .ref = p};
}

static void *lookup(const struct map *m, str key)
{
	struct value *v = map_find(m, key);

	return v ? (void *)v->ref : NULL;
}

/* False when a file has no id. */
static bool chart_key(struct arena *scratch, const struct chart_file *at, size_t n, str *out)
{
	struct digest d;
	bool known = true;

	digest_start(&d);
	for (size_t i = 0; i < n; i++) {
		known &= at[i].id.n > 0;
		digest_field(&d, at[i].name);
		digest_field(&d, at[i].id);
	}
	*out = digest_end_hex(&d, scratch);
	return known;
}

static bool out_of_memory(struct error *err)
{
	return error_set(err, ERROR_LIMIT, "charts and templates take more than %u bytes of memory",
			 LIMIT_RENDER_MEMORY);
}

/* Reads and builds inside the generation's arena, which leaps when it is full. */
static bool make_chart(struct generation *g, struct files *files, str dir, struct chart_file *at,
		       size_t n, struct chart **out, struct error *err)
{
	struct chart_file *kept;
	jmp_buf env, *outer;
	bool ok;

	outer = arena_guard(&g->arena, &env);
	if (setjmp(env)) {
		arena_guard(&g->arena, outer);
		return out_of_memory(err);
	}
	kept = arena_news(&g->arena, n + 1, struct chart_file);
	for (size_t i = 0; i < n; i++)
		kept[i] = (struct chart_file){.name = arena_str(&g->arena, at[i].name),
					      .id = arena_str(&g->arena, at[i].id)};
	ok = chart_read(&g->arena, files, dir, kept, n, err) &&
	     chart_build(&g->arena, kept, n, out, err);
	arena_guard(&g->arena, outer);
	return ok;
}

bool render_cache_chart(struct generation *g, struct arena *scratch, struct files *files, str dir,
			struct chart **out, struct error *err)
{
	struct chart_file *at;
	bool keyed, ok = true;
	size_t n;
	str key;

	if (!chart_walk(scratch, files, dir, &at, &n, err))
		return false;
	keyed = chart_key(scratch, at, n, &key);
	pthread_mutex_lock(&g->cache->lock);
	*out = keyed ? lookup(g->charts, key) : NULL;
	if (!*out) {
		ok = make_chart(g, files, dir, at, n, out, err);
		if (ok && keyed)
			map_set(&g->arena, g->charts, arena_str(&g->arena, key), boxed(*out));
	}
	pthread_mutex_unlock(&g->cache->lock);
	return ok;
}

static bool make_template(struct generation *g, str name, const struct chart_file *file,
			  struct template_file **out, struct error *err)
{
	jmp_buf env, *outer;
	bool ok;

	outer = arena_guard(&g->arena, &env);
	if (setjmp(env)) {
		arena_guard(&g->arena, outer);
		return out_of_memory(err);
	}
	ok = template_compile(&g->arena, arena_str(&g->arena, name), file->data, out, err);
	arena_guard(&g->arena, outer);
	return ok;
}

bool render_cache_template(struct generation *g, struct arena *scratch, str name,
			   const struct chart_file *file, const struct template_file **out,
			   struct error *err)
{
	struct template_file *made;
	bool ok = true;
	str key, id = file->id.n ? file->id : digest_hex(scratch, "sha256", file->data);

	key = path_below(scratch, id, name);
	pthread_mutex_lock(&g->cache->lock);
	*out = lookup(g->templates, key);
	if (!*out) {
		ok = make_template(g, name, file, &made, err);
		if (ok) {
			map_set(&g->arena, g->templates, arena_str(&g->arena, key), boxed(made));
			*out = made;
		}
	}
	pthread_mutex_unlock(&g->cache->lock);
	return ok;
}
