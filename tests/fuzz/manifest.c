/*
 * Any bytes as Application and AppProject manifests: each is read or refused with words, and a
 * project that was read answers for any object.
 */
#include <stdint.h>
#include <stdlib.h>

#include "agent/application.h"
#include "agent/project.h"
#include "render/yaml.h"
#include "sync/policy.h"

#define FUZZ_MEMORY (64u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void application(struct arena *a, struct value v)
{
	struct conditions conditions = {0};
	struct error err = {.kind = ERROR_NONE};
	struct application app;
	struct policy policy;

	if (!application_read(a, v, &app, &conditions, &err)) {
		if (!err.text[0])
			abort();
		return;
	}
	if (!app.name.n || !app.sources_n)
		abort();
	for (size_t i = 0; i < app.sources_n; i++)
		application_expand(a, &app, &app.sources[i], STR("0123"), app.sources[i].helm.values);
	policy_read(a, app.spec, &policy, &err);
}

static void project(struct arena *a, struct value v)
{
	struct object_key key = {STR("apps"), STR("Deployment"), STR("web"), STR("frontend")};
	struct conditions conditions = {0};
	struct error err = {.kind = ERROR_NONE};
	struct project p;

	if (!project_read(a, v, &p, &conditions, &err))
		return;
	project_permits_source(&p, STR("https://git.example.org/charts.git"), STR("git.example.org/charts"));
	project_permits_destination(&p, STR("web"));
	project_permits(&p, &key, true, &err);
	project_permits(&p, &key, false, NULL);
}

static void run(struct arena *a, str text)
{
	struct error err = {.kind = ERROR_NONE};
	struct list *all;

	if (!yaml_read_all(a, text, YAML_TYPED, &all, &err))
		return;
	for (uint32_t i = 0; i < list_n(all); i++) {
		application(a, all->at[i]);
		project(a, all->at[i]);
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
