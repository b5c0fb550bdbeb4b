/*
 * tiphys render -f APPLICATION.yaml [--repo DIR] [--revision REV] [--recurse]: the manifests of an
 * Application, and of the Applications it renders, without a cluster.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/cli.h"
#include "agent/desired.h"
#include "base/limits.h"
#include "base/path.h"
#include "render/yaml.h"

struct render_args {
	struct arena keep;
	const char *file, *repo, *revision, *kube_version;
	bool recurse, count;
	struct render_cache *cache;
	size_t apps, objects, failed;
	struct buf out;
};

static struct files *open_repo(void *arg, struct arena *keep, size_t source, struct error *err)
{
	struct render_args *a = arg;

	(void)source, (void)err;
	return files_directory(keep, a->repo);
}

static void print_object(struct render_args *a, struct value object)
{
	buf_lit(&a->out, "---\n");
	yaml_write(&a->out, object);
}

static bool render_app(struct render_args *a, struct value manifest, int depth, struct error *err);

static void render_children(struct render_args *a, struct desired *d, int depth)
{
	struct error one = {.kind = ERROR_NONE};

	for (size_t i = 0; i < d->n; i++)
		if (application_is(d->objects[i]) && !render_app(a, d->objects[i], depth + 1, &one)) {
			fprintf(stderr, "Error: %.*s: %s\n", STR_ARG(object_name(d->objects[i])), one.text);
			a->failed++;
			error_clear(&one);
		}
}

static bool render_app(struct render_args *a, struct value manifest, int depth, struct error *err)
{
	struct conditions conditions = {0};
	struct desired_input in = {.kube_version = str_of(a->kube_version)};
	struct application app;
	struct arena scratch;
	struct desired *d;
	bool ok;

	if (depth > LIMIT_APP_NESTING)
		return error_set(err, ERROR_LIMIT, "Applications are nested deeper than %d", LIMIT_APP_NESTING);
	arena_init(&scratch, 0);
	ok = application_read(&scratch, manifest, &app, &conditions, err);
	if (!ok) {
		arena_done(&scratch);
		return false;
	}
	in.app = &app;
	in.revisions = arena_news(&scratch, app.sources_n + 1, str);
	d = desired_render(a->cache, &in, open_repo, a);
	arena_done(&scratch);
	if (!d)
		return error_set(err, ERROR_MEMORY, "no memory to render");
	if (d->failed) {
		*err = d->error;
		desired_unref(d);
		return false;
	}
	a->apps++;
	a->objects += d->n;
	for (size_t i = 0; i < d->n && !a->count; i++)
		print_object(a, d->objects[i]);
	if (a->recurse)
		render_children(a, d, depth);
	desired_unref(d);
	return true;
}

/* git itself reads the revision into a directory of ours. */
static bool check_out(struct render_args *a, char *dir, struct error *err)
{
	int status;

	if (!mkdtemp(dir))
		return error_errno(err, "make %s", dir);
	if (setenv("TIPHYS_REPO", a->repo, 1) || setenv("TIPHYS_REVISION", a->revision, 1) || setenv("TIPHYS_DIR", dir, 1))
		return error_errno(err, "set the environment");
	status = system("git -C \"$TIPHYS_REPO\" archive -- \"$TIPHYS_REVISION\" | tar -x -C \"$TIPHYS_DIR\"");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return error_set(err, ERROR_NOT_FOUND, "revision %s cannot be read from %s", a->revision, a->repo);
	a->repo = dir;
	return true;
}

static int run(struct render_args *a)
{
	struct error err = {.kind = ERROR_NONE};
	char dir[] = "/tmp/tiphys-render-XXXXXX";
	struct list *all;
	bool ok;
	str text;

	if (a->revision && !check_out(a, dir, &err))
		return cli_fail(&err);
	ok = cli_read_file(&a->keep, a->file, LIMIT_YAML_BYTES, &text, &err) &&
	     yaml_read_all(&a->keep, text, YAML_TYPED, &all, &err);
	for (uint32_t i = 0; ok && i < list_n(all); i++)
		if (application_is(all->at[i]))
			ok = render_app(a, all->at[i], 0, &err);
	if (ok && !a->apps)
		ok = error_set(&err, ERROR_INVALID, "%s holds no Application", a->file);
	if (a->count)
		printf("%zu Applications, %zu objects, %zu failed\n", a->apps, a->objects, a->failed);
	else
		cli_write(&a->out);
	return ok ? (a->failed ? EXIT_FAILED : EXIT_DONE) : cli_fail(&err);
}

int cli_render(int argc, char **argv)
{
	static const struct option options[] = {{"file", required_argument, NULL, 'f'},
						{"repo", required_argument, NULL, 'r'},
						{"revision", required_argument, NULL, 'v'},
						{"recurse", no_argument, NULL, 'R'},
						{"count", no_argument, NULL, 'c'},
						{"kube-version", required_argument, NULL, 'k'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	struct render_args a = {.repo = ".", .kube_version = "v1.35.0"};
	int flag, status;

	while ((flag = getopt_long(argc, argv, "f:h", options, NULL)) != -1)
		switch (flag) {
		case 'f': a.file = optarg; break;
		case 'r': a.repo = optarg; break;
		case 'v': a.revision = optarg; break;
		case 'R': a.recurse = true; break;
		case 'c': a.count = true; break;
		case 'k': a.kube_version = optarg; break;
		case 'h':
			puts("Usage: tiphys render -f APPLICATION.yaml [--repo DIR] [--revision REV] [--recurse] [--count]\n\n"
			     "Prints what the Application wants, every source being read from DIR.");
			return EXIT_DONE;
		default: return cli_usage("render", "wrong flags");
		}
	if (!a.file || optind < argc)
		return cli_usage("render", "wants -f FILE");
	arena_init(&a.keep, 0);
	buf_init(&a.out, 0);
	a.cache = render_cache_new();
	status = a.cache ? run(&a) : EXIT_FAILED;
	render_cache_free(a.cache);
	buf_done(&a.out);
	arena_done(&a.keep);
	return status;
}
