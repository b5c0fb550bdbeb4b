/*
 * Any bytes as a kubeconfig: reads or refuses. What is accepted has a server.
 */
#include <stdint.h>
#include <stdlib.h>

#include "render/yaml.h"
#include "sync/kube/config.h"

#define FUZZ_MEMORY (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run(struct arena *a, str text)
{
	struct error err = {.kind = ERROR_NONE};
	struct kube_config config;
	struct value v;

	if (!yaml_read(a, text, YAML_TYPED, &v, &err))
		return;
	if (kube_config_from_value(a, v, STR("/nonexistent"), STR(""), &config, &err)) {
		if (!config.server.n || config.server.s[config.server.n - 1] == '/')
			abort();
	} else if (!err.text[0]) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	jmp_buf env;

	arena_init(&a, FUZZ_MEMORY);
	if (setjmp(env) == 0) {
		arena_guard(&a, &env);
		run(&a, str_make((const char *)data, size));
	}
	arena_done(&a);
	return 0;
}
