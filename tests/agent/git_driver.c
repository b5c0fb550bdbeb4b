/*
 * agent/git at the end of a pipe, for tests/e2e/test_git.py: commands on stdin, events on stdout,
 * fields separated by tabs.
 *
 *   git_driver STORE CONFIG
 *   watch N URL REVISION INTERVAL_MS | unwatch N | poke [URL] | configure CONFIG
 *   list N URL COMMIT DIR | cat N URL COMMIT PATH | info N URL COMMIT | stats N | quit
 */
#include <stdio.h>
#include <stdlib.h>

#include "agent/git/git.h"
#include "base/buf.h"
#include "base/num.h"

#define WATCHES 256

struct driver {
	uv_loop_t loop;
	uv_pipe_t in;
	struct http *http;
	struct git *git;
	struct arena keep; /* configurations */
	struct config config;
	struct git_watch *watches[WATCHES];
	struct buf lines;
	char chunk[4096];
};

static struct driver d;

static void say_error(unsigned long n, const struct error *err)
{
	printf("error\t%lu\t%s\t%s\n", n, error_kind_name(err->kind), err->text);
}

static void on_update(void *arg, str commit, const struct error *err)
{
	unsigned long n = (unsigned long)(uintptr_t)arg;

	if (err)
		say_error(n, err);
	else
		printf("commit\t%lu\t%.*s\n", n, STR_ARG(commit));
	fflush(stdout);
}

static bool configure(str path, struct error *err)
{
	struct config c = {0};

	if (!config_load(&d.keep, arena_cstr(&d.keep, path), &c, err))
		return false;
	d.config = c;
	return true;
}

static bool show_list(struct arena *a, struct files *f, str dir, struct error *err)
{
	struct file_entry *entries;
	size_t n;

	if (!f->list(f, a, dir, &entries, &n, err))
		return false;
	for (size_t i = 0; i < n; i++)
		printf("%s%.*s:%c:%.*s", i ? "\t" : "", STR_ARG(entries[i].name),
		       entries[i].type == FILE_DIRECTORY ? 'd' : 'f', STR_ARG(entries[i].id));
	printf("\n");
	return true;
}

static bool show_file(struct arena *a, struct files *f, str path, struct error *err)
{
	str bytes, hex;

	if (!f->read(f, a, path, 1 << 20, &bytes, err))
		return false;
	hex = STR("");
	printf("%zu\t", bytes.n);
	for (size_t i = 0; i < bytes.n; i++)
		printf("%02x", (unsigned char)bytes.s[i]);
	printf("%.*s\n", STR_ARG(hex));
	return true;
}

static bool show_info(struct arena *a, str url, str commit, struct error *err)
{
	struct git_commit_info info;

	if (!git_commit_info(a, d.git, url, commit, &info, err))
		return false;
	printf("%.*s\t%.*s\t%lld\t%.*s\n", STR_ARG(info.author), STR_ARG(info.email),
	       (long long)(info.commit_time / 1000000000), STR_ARG(info.message));
	return true;
}

static bool content(struct arena *a, const str *words, struct error *err)
{
	struct files *f;

	if (str_is(words[0], "info"))
		return show_info(a, words[2], words[3], err);
	f = git_files(a, d.git, words[2], words[3], err);
	if (!f)
		return false;
	return str_is(words[0], "list") ? show_list(a, f, words[4], err)
					: show_file(a, f, words[4], err);
}

static void run(struct arena *a, const str *words, uint64_t n)
{
	struct error err;
	int64_t ms = 1000;

	if (str_is(words[0], "quit")) {
		git_free(d.git);
		http_free(d.http);
		uv_close((uv_handle_t *)&d.in, NULL);
	} else if (str_is(words[0], "watch")) {
		num_parse_i64(words[4], &ms);
		d.watches[n] = git_watch(d.git, words[2], words[3], ms * 1000000, on_update,
					 (void *)(uintptr_t)n, &err);
		if (!d.watches[n])
			say_error(n, &err);
	} else if (str_is(words[0], "unwatch")) {
		git_unwatch(d.watches[n]);
		d.watches[n] = NULL;
	} else if (str_is(words[0], "poke")) {
		printf("poked\t%u\n", git_poke(d.git, words[1]));
	} else if (str_is(words[0], "configure")) {
		if (configure(words[1], &err))
			git_configure(d.git, &d.config);
		else
			say_error(0, &err);
	} else if (str_is(words[0], "stats")) {
		struct git_stats s = git_stats(d.git);

		printf("stats\t%llu\t%llu\t%llu\t%llu\t%llu\t%u\t%u\n", (unsigned long long)s.polls,
		       (unsigned long long)s.fetches, (unsigned long long)s.failures,
		       (unsigned long long)s.bytes_received, (unsigned long long)s.compactions,
		       s.repositories, s.watches);
	} else {
		printf("%.*s\t", STR_ARG(words[0]));
		if (!content(a, words, &err))
			say_error(n, &err);
	}
	fflush(stdout);
}

static void command(str line)
{
	str words[5] = {{0}};
	struct arena a;
	uint64_t n = 0;

	for (size_t i = 0; i < 5; i++)
		words[i] = str_cut(line, '\t', &line);
	num_parse_u64(words[1], &n);
	arena_init(&a, 0);
	run(&a, words, n % WATCHES);
	arena_done(&a);
}

static void on_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *b)
{
	(void)handle;
	(void)hint;
	*b = uv_buf_init(d.chunk, sizeof d.chunk);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	ptrdiff_t end;

	if (n < 0 && !uv_is_closing((uv_handle_t *)stream))
		command(STR("quit"));
	if (n <= 0)
		return;
	buf_add(&d.lines, str_make(b->base, (size_t)n));
	while ((end = str_find_char(buf_str(&d.lines), '\n')) >= 0) {
		str rest;
		struct buf left;

		command(str_sub(buf_str(&d.lines), 0, (size_t)end));
		rest = str_from(buf_str(&d.lines), (size_t)end + 1);
		buf_init(&left, 0);
		buf_add(&left, rest);
		buf_done(&d.lines);
		d.lines = left;
	}
}

int main(int argc, char **argv)
{
	struct error err;

	if (argc != 3)
		return 2;
	uv_loop_init(&d.loop);
	arena_init(&d.keep, 0);
	buf_init(&d.lines, 0);
	d.http = http_new(&d.loop);
	if (!configure(str_of(argv[2]), &err) ||
	    !(d.git = git_new(&d.loop, d.http, str_of(argv[1]), &d.config, &err))) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	uv_pipe_init(&d.loop, &d.in, 0);
	uv_pipe_open(&d.in, 0);
	uv_read_start((uv_stream_t *)&d.in, on_alloc, on_read);
	uv_run(&d.loop, UV_RUN_DEFAULT);
	buf_done(&d.lines);
	arena_done(&d.keep);
	return uv_loop_close(&d.loop) == 0 ? 0 : 3;
}
