/*
 * Completion for shells: the verbs, and for those that take an Application the names that the agent
 * knows. Each shell asks `tiphys get -o name` when it needs them.
 */
#include <stdio.h>
#include <string.h>

#include "agent/cli.h"

static const char bash[] =
	"_tiphys() {\n"
	"	local verbs='%s'\n"
	"	local word=${COMP_WORDS[COMP_CWORD]}\n"
	"	if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	"		mapfile -t COMPREPLY < <(compgen -W \"$verbs\" -- \"$word\")\n"
	"		return\n"
	"	fi\n"
	"	case ${COMP_WORDS[1]} in\n"
	"	get | diff | sync | wait | history | terminate)\n"
	"		mapfile -t COMPREPLY < <(compgen -W \"$(tiphys get -o name 2>/dev/null)\" -- \"$word\") ;;\n"
	"	help) mapfile -t COMPREPLY < <(compgen -W \"$verbs\" -- \"$word\") ;;\n"
	"	completion) mapfile -t COMPREPLY < <(compgen -W 'bash zsh fish' -- \"$word\") ;;\n"
	"	*) mapfile -t COMPREPLY < <(compgen -f -- \"$word\") ;;\n"
	"	esac\n"
	"}\n"
	"complete -F _tiphys tiphys\n";

static const char zsh[] =
	"#compdef tiphys\n"
	"_tiphys() {\n"
	"	local -a verbs=(%s)\n"
	"	if ((CURRENT == 2)); then\n"
	"		compadd -- $verbs\n"
	"		return\n"
	"	fi\n"
	"	case $words[2] in\n"
	"	get | diff | sync | wait | history | terminate) compadd -- $(tiphys get -o name 2>/dev/null) ;;\n"
	"	help) compadd -- $verbs ;;\n"
	"	completion) compadd -- bash zsh fish ;;\n"
	"	*) _files ;;\n"
	"	esac\n"
	"}\n"
	"compdef _tiphys tiphys\n";

static const char fish[] =
	"set -l verbs %s\n"
	"complete -c tiphys -f -n \"not __fish_seen_subcommand_from $verbs\" -a \"$verbs\"\n"
	"complete -c tiphys -f -n '__fish_seen_subcommand_from get diff sync wait history terminate' "
	"-a '(tiphys get -o name 2>/dev/null)'\n"
	"complete -c tiphys -f -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n"
	"complete -c tiphys -F -n '__fish_seen_subcommand_from template render agent'\n";

/* The script with the verbs in the place of %s. */
static void print_script(const char *script)
{
	const char *place = strstr(script, "%s");

	fwrite(script, 1, (size_t)(place - script), stdout);
	for (size_t i = 0; cli_verb(i); i++)
		printf("%s%s", i ? " " : "", cli_verb(i));
	fputs(place + 2, stdout);
}

int cli_completion(int argc, char **argv)
{
	const char *shell = argc == 2 ? argv[1] : "";

	if (!strcmp(shell, "--help") || !strcmp(shell, "-h")) {
		puts("Usage: tiphys completion bash|zsh|fish\n\nPrints what the shell is to read, for example:\n"
		     "  source <(tiphys completion bash)");
		return EXIT_DONE;
	}
	if (!strcmp(shell, "bash"))
		print_script(bash);
	else if (!strcmp(shell, "zsh"))
		print_script(zsh);
	else if (!strcmp(shell, "fish"))
		print_script(fish);
	else
		return cli_usage("completion", "name a shell: bash, zsh or fish");
	return EXIT_DONE;
}
