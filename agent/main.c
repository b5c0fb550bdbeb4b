/*
 * The one program: a table of verbs.
 */
#include <stdio.h>
#include <string.h>

#include "agent/cli.h"
#include "agent/version.h"

struct verb {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
};

static const struct verb verbs[] = {
	{"template", cli_template, "render a chart as `helm template` does"},
	{"render", cli_render, "render an Application, and those it brings, offline"},
	{"agent", cli_agent, "keep a cluster as its repository wants it"},
	{"get", cli_get, "show the applications, or one of them"},
	{"diff", cli_diff, "show what differs between repository and cluster"},
	{"sync", cli_sync, "sync an application now"},
	{"wait", cli_wait, "wait until an application is synced and healthy"},
	{"history", cli_history, "list an application's syncs"},
	{"terminate", cli_terminate, "end a running sync"},
	{"completion", cli_completion, "print a shell's completion"},
	{"version", cli_version, "print the version"},
	{"help", cli_help, "say what the verbs do"},
};
#define VERBS_N (sizeof verbs / sizeof *verbs)

int cli_version(int argc, char **argv)
{
	(void)argc, (void)argv;
	puts("tiphys " TIPHYS_VERSION);
	return EXIT_DONE;
}

const char *cli_verb(size_t i)
{
	return i < VERBS_N ? verbs[i].name : NULL;
}

static const struct verb *find(const char *name)
{
	for (size_t i = 0; i < VERBS_N; i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static void print_help(FILE *f)
{
	fputs("tiphys keeps Kubernetes clusters as a Git repository of Helm charts wants them.\n\n"
	      "Usage: tiphys VERB [arguments]\n\n", f);
	for (size_t i = 0; i < VERBS_N; i++)
		fprintf(f, "  %-10s %s\n", verbs[i].name, verbs[i].summary);
	fputs("\n\"tiphys VERB --help\" lists a verb's flags.\n", f);
}

int cli_help(int argc, char **argv)
{
	const struct verb *v = argc > 1 ? find(argv[1]) : NULL;
	char *help[] = {argc > 1 ? argv[1] : NULL, (char[]){"--help"}, NULL};

	if (v && v->run != cli_help)
		return v->run(2, help);
	print_help(stdout);
	return EXIT_DONE;
}

int main(int argc, char **argv)
{
	const struct verb *v;

	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return cli_help(0, NULL);
	if (!strcmp(argv[1], "--version"))
		return cli_version(0, NULL);
	v = find(argv[1]);
	if (!v) {
		fprintf(stderr, "tiphys: there is no verb \"%s\". See \"tiphys help\".\n", argv[1]);
		return EXIT_USAGE;
	}
	return v->run(argc - 1, argv + 1);
}
