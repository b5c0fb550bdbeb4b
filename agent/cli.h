/*
 * The verbs of the command line. Each gets its own arguments, argv[0] being the verb, and returns
 * the exit status: 0 done, 1 failed or differs, 2 usage.
 */
#ifndef AGENT_CLI_H
#define AGENT_CLI_H

#include "base/buf.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

int cli_template(int argc, char **argv);
int cli_render(int argc, char **argv);
int cli_agent(int argc, char **argv);
int cli_get(int argc, char **argv);
int cli_sync(int argc, char **argv);
int cli_diff(int argc, char **argv);
int cli_history(int argc, char **argv);
int cli_wait(int argc, char **argv);
int cli_terminate(int argc, char **argv);
int cli_completion(int argc, char **argv);
int cli_version(int argc, char **argv);
int cli_help(int argc, char **argv);

const char *cli_verb(size_t i); /* the names of all verbs; NULL after the last */

/* "Error: TEXT" on stderr; returns EXIT_FAILED. */
int cli_fail(const struct error *err);
/* "tiphys VERB: TEXT" and where to read more; returns EXIT_USAGE. */
int cli_usage(const char *verb, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* All of a buffer to stdout; EXIT_FAILED when it cannot be written. */
int cli_write(const struct buf *out);
/* A whole file, "-" being stdin, at most `cap` bytes. */
bool cli_read_file(struct arena *keep, const char *path, size_t cap, str *out, struct error *err);

#endif
