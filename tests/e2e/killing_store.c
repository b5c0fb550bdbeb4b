/*
 * Loaded before the agent (LD_PRELOAD): ends it by SIGKILL before or after a chosen commit of its
 * store. $KILL_STORE names a file with "before N" or "after N"; N commits pass, the next is the
 * last. Without the file nothing happens. The choice made is added to the file's name + ".killed".
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sqlite3.h>
#include <unistd.h>

typedef int exec_fn(sqlite3 *, const char *, int (*)(void *, int, char **, char **), void *, char **);

/* Counts this commit. True: it is the last. */
static int is_last(const char *path, char moment[16])
{
	FILE *f = fopen(path, "r");
	int left = -1, got = f ? fscanf(f, "%15s %d", moment, &left) : 0;

	if (f)
		fclose(f);
	if (got != 2)
		return 0;
	if (left == 0) {
		remove(path);
		return 1;
	}
	f = fopen(path, "w");
	if (f) {
		fprintf(f, "%s %d\n", moment, left - 1);
		fclose(f);
	}
	return 0;
}

static void end(const char *path, const char *moment)
{
	char name[4096];
	FILE *f;

	snprintf(name, sizeof name, "%s.killed", path);
	f = fopen(name, "a");
	if (f) {
		fprintf(f, "%s\n", moment);
		fclose(f);
	}
	kill(getpid(), SIGKILL);
}

int sqlite3_exec(sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **), void *arg, char **why)
{
	const char *path = getenv("KILL_STORE");
	char moment[16] = "";
	int last = path && sql && strcmp(sql, "COMMIT") == 0 && is_last(path, moment), result;
	exec_fn *real;

	*(void **)&real = dlsym(RTLD_NEXT, "sqlite3_exec");
	if (last && strcmp(moment, "before") == 0)
		end(path, moment);
	result = real(db, sql, row, arg, why);
	if (last)
		end(path, moment);
	return result;
}
