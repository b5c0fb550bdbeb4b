/*
 * tiphys agent -c tiphys.yaml
 */
#include <getopt.h>
#include <stdio.h>

#include "agent/agent.h"
#include "agent/cli.h"

int cli_agent(int argc, char **argv)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	const char *config = NULL;
	int flag;

	while ((flag = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (flag == 'c') {
			config = optarg;
		} else if (flag == 'h') {
			puts("Usage: tiphys agent -c tiphys.yaml\n\nRuns the agent until SIGTERM; SIGHUP reloads the configuration.");
			return EXIT_DONE;
		} else {
			return cli_usage("agent", "wrong flags");
		}
	}
	if (!config || optind < argc)
		return cli_usage("agent", "wants -c FILE and nothing else");
	return agent_run(config);
}
