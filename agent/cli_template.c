/*
 * tiphys template [NAME] CHART: Helm's flags, Helm's output.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "agent/cli.h"
#include "base/limits.h"
#include "base/path.h"
#include "render/glob.h"
#include "render/manifest.h"
#include "render/render.h"
#include "render/tgz.h"

#define MANY 256

struct template_args {
	struct arena *keep;
	struct render_options options;
	struct values_text values[MANY];
	struct set_flag sets[MANY];
	str versions[MANY];
	str show[MANY];
	size_t show_n;
	bool generate, help;
};

enum {
	OPT_SET = 256, OPT_SET_STRING, OPT_SET_FILE, OPT_SET_JSON, OPT_SET_LITERAL, OPT_KUBE, OPT_CRDS,
	OPT_UPGRADE, OPT_SKIP_TESTS, OPT_NO_HOOKS, OPT_SKIP_SCHEMA, OPT_COMPAT, OPT_NAME, OPT_SKIP_CRDS,
	OPT_NOTHING
};

static const struct option options[] = {
	{"values", required_argument, NULL, 'f'},
	{"set", required_argument, NULL, OPT_SET},
	{"set-string", required_argument, NULL, OPT_SET_STRING},
	{"set-file", required_argument, NULL, OPT_SET_FILE},
	{"set-json", required_argument, NULL, OPT_SET_JSON},
	{"set-literal", required_argument, NULL, OPT_SET_LITERAL},
	{"namespace", required_argument, NULL, 'n'},
	{"name-template", required_argument, NULL, OPT_NAME},
	{"generate-name", no_argument, NULL, 'g'},
	{"api-versions", required_argument, NULL, 'a'},
	{"kube-version", required_argument, NULL, OPT_KUBE},
	{"include-crds", no_argument, NULL, OPT_CRDS},
	{"skip-crds", no_argument, NULL, OPT_SKIP_CRDS},
	{"is-upgrade", no_argument, NULL, OPT_UPGRADE},
	{"skip-tests", no_argument, NULL, OPT_SKIP_TESTS},
	{"no-hooks", no_argument, NULL, OPT_NO_HOOKS},
	{"skip-schema-validation", no_argument, NULL, OPT_SKIP_SCHEMA},
	{"show-only", required_argument, NULL, 's'},
	{"helm-compat", required_argument, NULL, OPT_COMPAT},
	{"debug", no_argument, NULL, OPT_NOTHING},
	{"dry-run", optional_argument, NULL, OPT_NOTHING},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static const char usage[] =
	"Usage: tiphys template [NAME] CHART [flags]\n\n"
	"Renders a chart (a directory or a .tgz) as `helm template` does.\n\n"
	"  -f, --values FILE           values from a file; may be repeated\n"
	"      --set K=V               set values; also --set-string, --set-file, --set-json, --set-literal\n"
	"  -n, --namespace NS          namespace of the release\n"
	"  -g, --generate-name         make up a name\n"
	"      --name-template NAME    name of the release\n"
	"      --kube-version V        Kubernetes version of .Capabilities\n"
	"  -a, --api-versions LIST     API versions of .Capabilities, added to the built-in ones\n"
	"      --include-crds          print the charts' crds/ too\n"
	"      --is-upgrade            .Release.IsUpgrade instead of .IsInstall\n"
	"      --no-hooks, --skip-tests\n"
	"      --skip-schema-validation\n"
	"  -s, --show-only TEMPLATE    only these templates' manifests; may be repeated\n"
	"      --helm-compat VERSION   3.17, 4.1 (the default) or 4.3\n";

static bool add_values(struct template_args *a, const char *list, struct error *err)
{
	str rest = str_of(list);

	while (rest.s) {
		str path = str_cut(rest, ',', &rest);
		struct values_text *v = &a->values[a->options.values_n];

		if (a->options.values_n == MANY)
			return error_set(err, ERROR_LIMIT, "more than %d values files", MANY);
		v->name = path;
		if (!cli_read_file(a->keep, arena_cstr(a->keep, path), LIMIT_YAML_BYTES, &v->text, err))
			return false;
		a->options.values_n++;
	}
	return true;
}

/* "a.b=path": the path becomes the file's text. */
static bool file_text(struct template_args *a, str *text, struct error *err)
{
	str path, key = str_cut(*text, '=', &path), data;

	if (!path.s)
		return error_set(err, ERROR_INVALID, "failed parsing --set-file data: key \"%.*s\" has no value",
				 STR_ARG(key));
	if (!cli_read_file(a->keep, arena_cstr(a->keep, path), LIMIT_CHART_FILE, &data, err))
		return false;
	*text = arena_printf(a->keep, "%.*s=%.*s", STR_ARG(key), STR_ARG(data));
	return true;
}

static bool add_set(struct template_args *a, enum set_kind kind, const char *text, struct error *err)
{
	struct set_flag *f = &a->sets[a->options.sets_n];

	if (a->options.sets_n == MANY)
		return error_set(err, ERROR_LIMIT, "more than %d --set flags", MANY);
	*f = (struct set_flag){kind, str_of(text)};
	if (kind == SET_FILE && !file_text(a, &f->text, err))
		return false;
	a->options.sets_n++;
	return true;
}

static bool add_list(str *into, size_t *n, const char *list, struct error *err)
{
	str rest = str_of(list);

	while (rest.s) {
		if (*n == MANY)
			return error_set(err, ERROR_LIMIT, "more than %d of a flag", MANY);
		into[(*n)++] = str_cut(rest, ',', &rest);
	}
	return true;
}

static bool compat_of(const char *text, enum helm_compat *out, struct error *err)
{
	str s = str_of(text);

	if (str_starts(s, STR("3.17")))
		*out = HELM_3_17;
	else if (str_starts(s, STR("4.1")))
		*out = HELM_4_1;
	else if (str_starts(s, STR("4.2")) || str_starts(s, STR("4.3")))
		*out = HELM_4_3;
	else
		return error_set(err, ERROR_INVALID, "--helm-compat %s: known are 3.17, 4.1 and 4.3", text);
	return true;
}

static bool take(struct template_args *a, int flag, char *arg, struct error *err)
{
	struct render_options *o = &a->options;

	switch (flag) {
	case 'f': return add_values(a, arg, err);
	case 'n': o->namespace = str_of(arg); return true;
	case 'a': return add_list(a->versions, &o->api_versions_n, arg, err);
	case 's': return add_list(a->show, &a->show_n, arg, err);
	case 'g': a->generate = true; return true;
	case 'h': a->help = true; return true;
	case OPT_SET: return add_set(a, SET_VALUE, arg, err);
	case OPT_SET_STRING: return add_set(a, SET_STRING, arg, err);
	case OPT_SET_FILE: return add_set(a, SET_FILE, arg, err);
	case OPT_SET_JSON: return add_set(a, SET_JSON, arg, err);
	case OPT_SET_LITERAL: return add_set(a, SET_LITERAL, arg, err);
	case OPT_NAME: o->release_name = str_of(arg); return true;
	case OPT_KUBE: o->kube_version = str_of(arg); return true;
	case OPT_CRDS: o->include_crds = true; return true;
	case OPT_SKIP_CRDS: o->include_crds = false; return true;
	case OPT_UPGRADE: o->is_upgrade = true; return true;
	case OPT_SKIP_TESTS: o->skip_tests = true; return true;
	case OPT_NO_HOOKS: o->no_hooks = true; return true;
	case OPT_SKIP_SCHEMA: o->skip_schema = true; return true;
	case OPT_COMPAT: return compat_of(arg, &o->compat, err);
	default: return true;
	}
}

/* --show-only: the documents whose path below the root chart matches, in the order of the flags. */
static bool show(struct template_args *a, const struct render_result *r, struct buf *out,
		 struct error *err)
{
	for (size_t i = 0; i < a->show_n; i++) {
		bool found = false, bad;

		for (size_t j = 0; j < r->n; j++) {
			const struct manifest *m = &r->manifests[j];
			str path;

			str_cut(m->source, '/', &path);
			if ((m->is_crd && !m->text.s) || !glob_match(a->show[i], path, &bad))
				continue;
			found = true;
			buf_lit(out, "---\n# Source: ");
			buf_add(out, m->source);
			buf_char(out, '\n');
			buf_add(out, m->text);
			buf_char(out, '\n');
		}
		if (!found)
			return error_set(err, ERROR_NOT_FOUND, "could not find template %.*s in chart",
					 STR_ARG(a->show[i]));
	}
	return true;
}

/* A directory, or a packed chart unpacked in memory. */
static bool open_chart(struct arena *keep, const char *path, struct files **out, struct error *err)
{
	struct chart_file *at;
	struct stat st;
	size_t n;
	str bytes;

	if (stat(path, &st))
		return error_set(err, ERROR_NOT_FOUND, "path \"%s\" not found", path);
	if (S_ISDIR(st.st_mode)) {
		*out = files_directory(keep, path);
		return true;
	}
	if (!cli_read_file(keep, path, LIMIT_CHART_BYTES, &bytes, err) ||
	    !tgz_read(keep, bytes, &at, &n, err))
		return false;
	*out = files_memory(keep);
	for (size_t i = 0; i < n; i++)
		files_memory_add(*out, at[i].name, at[i].data);
	return true;
}

static int run(struct template_args *a, const char *chart)
{
	struct error err = {.kind = ERROR_NONE};
	struct render_result result;
	struct files *files;
	struct buf out;
	int status;

	if (!open_chart(a->keep, chart, &files, &err) ||
	    !render_chart(NULL, a->keep, files, STR(""), &a->options, &result, &err))
		return cli_fail(&err);
	buf_init(&out, 0);
	if (a->show_n ? show(a, &result, &out, &err) : (render_print(&out, &result, &a->options), true))
		status = buf_check(&out, "the output", &err) ? cli_write(&out) : cli_fail(&err);
	else
		status = cli_fail(&err);
	buf_done(&out);
	return status;
}

static int parse(struct template_args *a, int argc, char **argv)
{
	struct error err = {.kind = ERROR_NONE};
	int flag;

	while ((flag = getopt_long(argc, argv, "f:n:a:s:gh", options, NULL)) != -1) {
		if (flag == '?')
			return cli_usage("template", "wrong flags");
		if (!take(a, flag, optarg, &err))
			return cli_fail(&err);
	}
	if (a->help) {
		fputs(usage, stdout);
		return EXIT_DONE;
	}
	if (argc - optind < 1 || argc - optind > 2)
		return cli_usage("template", "wants a chart and at most a name before it");
	if (argc - optind == 2)
		a->options.release_name = str_of(argv[optind]);
	return run(a, argv[argc - 1]);
}

int cli_template(int argc, char **argv)
{
	static struct template_args a;
	struct arena keep;
	int status;

	arena_init(&keep, 0);
	a = (struct template_args){.keep = &keep};
	a.options.values = a.values;
	a.options.sets = a.sets;
	a.options.api_versions = a.versions;
	status = parse(&a, argc, argv);
	arena_done(&keep);
	return status;
}
