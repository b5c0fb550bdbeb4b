/*
 * Helm's standard output: CRDs and manifests as one trimmed text, hooks behind it.
 */
#include "render/manifest.h"

static void print_one(struct buf *out, const struct manifest *m)
{
	buf_lit(out, "---\n# Source: ");
	buf_add(out, m->source);
	buf_char(out, '\n');
	buf_add(out, m->text);
	buf_char(out, '\n');
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

void render_print(struct buf *out, const struct render_result *result,
		  const struct render_options *options)
{
	size_t from = out->n;

	for (size_t i = 0; i < result->n; i++) {
		const struct manifest *m = &result->manifests[i];

		if (!m->is_hook && !(m->is_crd && !m->text.s))
			print_one(out, m);
	}
	while (out->n > from && is_blank(out->s[out->n - 1]))
		out->n--;
	buf_char(out, '\n');
	for (size_t i = 0; !options->no_hooks && i < result->n; i++) {
		const struct manifest *m = &result->manifests[i];

		if (m->is_hook && !(options->skip_tests && (m->hook_events & HOOK_TEST)))
			print_one(out, m);
	}
}
