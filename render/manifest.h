/*
 * From rendered files to documents: split, parsed once, hooks told from the rest, sorted
 * (reference "helm template", 4.6).
 */
#ifndef RENDER_MANIFEST_H
#define RENDER_MANIFEST_H

#include "render/render.h"

enum hook_event {
	HOOK_PRE_INSTALL = 1,
	HOOK_POST_INSTALL = 2,
	HOOK_PRE_DELETE = 4,
	HOOK_POST_DELETE = 8,
	HOOK_PRE_UPGRADE = 16,
	HOOK_POST_UPGRADE = 32,
	HOOK_PRE_ROLLBACK = 64,
	HOOK_POST_ROLLBACK = 128,
	HOOK_TEST = 256,
};

struct manifest_list {
	struct manifest *at;
	size_t n, room;
};

/* Splits one rendered file and adds its documents. They borrow text. Documents with a hook event
 * that Helm does not know are dropped, as Helm does. */
bool manifest_add_file(struct arena *keep, struct manifest_list *l, str source, str text,
		       struct error *err);
/* A file of crds/: the first entry has the whole text, further documents have none. */
bool manifest_add_crds(struct arena *keep, struct manifest_list *l, str source, str text,
		       struct error *err);
/* CRDs, then manifests, then hooks, the last two by kind. Stable. */
void manifest_sort(struct manifest_list *l, enum helm_compat compat);
/* The next document of a text as Helm up to 4.1 splits it; false at the end. */
bool manifest_next(str *text, str *document);

#endif
