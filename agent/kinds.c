/*
 * The kinds that syncs have ever written, stored before their first write: after a restart they are
 * watched again, so that what a rendering has meanwhile left out wholly is still found and pruned.
 */
#include "agent/agent.h"
#include "base/limits.h"

static char known; /* what the table holds for a kind */

static void know(struct agent *a, str group, str kind)
{
	struct arena scratch;
	str key;

	arena_init(&scratch, 0);
	key = arena_printf(&scratch, "%.*s/%.*s", STR_ARG(group), STR_ARG(kind));
	if (!table_get(&a->kinds, key) && a->kinds.n < LIMIT_APP_KINDS && table_set(&a->kinds, key, &known, NULL))
		store_put(a->store, "kinds", key, STR("{}"));
	arena_done(&scratch);
}

void kinds_remember(struct agent *a, const struct desired *d)
{
	str group = STR_NONE, kind = STR_NONE;

	for (size_t i = 0; i < d->n; i++) {
		/* renderings are sorted by kind: most objects are of the kind before */
		if (i && str_eq(group, object_group(d->objects[i])) && str_eq(kind, object_kind(d->objects[i])))
			continue;
		group = object_group(d->objects[i]);
		kind = object_kind(d->objects[i]);
		know(a, group, kind);
	}
}

void kinds_load(void *arg, str key, str text)
{
	struct agent *a = arg;
	str kind, group = str_cut(key, '/', &kind);

	(void)text;
	if (a->kinds.n >= LIMIT_APP_KINDS || !table_set(&a->kinds, key, &known, NULL))
		return;
	a->cluster->ops->watch(a->cluster, group, kind);
}
