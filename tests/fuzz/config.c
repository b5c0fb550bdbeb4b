/*
 * Any bytes as tiphys.yaml: reads or refuses with words.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/config.h"
#include "base/arena.h"

#define FUZZ_MEMORY (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(struct arena *a, const char *path)
{
	struct error err = {.kind = ERROR_NONE};
	struct config config;

	if (!config_load(a, path, &config, &err) && !err.text[0])
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("tiphys.yaml", 0);
	char path[64];
	struct arena a;
	jmp_buf env;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	arena_init(&a, FUZZ_MEMORY);
	if (setjmp(env) == 0) {
		arena_guard(&a, &env);
		run(&a, path);
	}
	arena_done(&a);
	close(fd);
	return 0;
}
