/*
 * The answers of /api, /apis and /apis/GROUP/VERSION as rows. Rules: apidiscovery.k8s.io/v2 and
 * metav1.APIGroupList; client-go's SplitGroupsAndResources (discovery/aggregated_discovery.go).
 */
#include "base/json.h"
#include "sync/kube/discovery.h"

#define DISCOVERY_MEMORY (1024u << 20) /* values of LIMIT_KUBE_REPLY bytes; 2,000 kinds need 20 MB */

static bool row_verb(struct value resource, const char *verb)
{
	struct list *verbs = value_list(value_path(resource, "verbs", NULL));
	for (uint32_t i = 0; i < list_n(verbs); i++)
		if (str_is(value_text(verbs->at[i]), verb))
			return true;
	return false;
}

static void row_verbs(struct resource_row *row, struct value resource)
{
	row->can_watch = row_verb(resource, "list") && row_verb(resource, "watch");
	row->can_patch = row_verb(resource, "patch");
}

static str api_version(struct arena *keep, str group, str version)
{
	if (!group.n)
		return arena_str(keep, version);
	return arena_printf(keep, "%.*s/%.*s", STR_ARG(group), STR_ARG(version));
}

static void version_rows(struct arena *keep, struct value version, struct group_version *out)
{
	struct list *resources = value_list(value_path(version, "resources", NULL));
	uint32_t most = 0;
	for (uint32_t i = 0; i < list_n(resources); i++)
		most += 1 + list_n(value_list(value_path(resources->at[i], "subresources", NULL)));
	out->rows = arena_news(keep, most + 1, struct resource_row);
	for (uint32_t i = 0; i < list_n(resources); i++) {
		struct value r = resources->at[i];
		struct list *subs = value_list(value_path(r, "subresources", NULL));
		struct resource_row *row = &out->rows[out->n];
		row->kind = arena_str(keep, value_path_str(r, "responseKind", "kind", NULL));
		row->plural = arena_str(keep, value_path_str(r, "resource", NULL));
		row->namespaced = str_is(value_path_str(r, "scope", NULL), "Namespaced");
		row_verbs(row, r);
		/* A group whose server is broken may list resources without a kind. */
		if (row->kind.n && row->plural.n)
			out->n++;
		for (uint32_t k = 0; k < list_n(subs); k++) {
			str kind = value_path_str(subs->at[k], "responseKind", "kind", NULL);
			if (kind.n)
				out->rows[out->n++] = (struct resource_row){
					.kind = arena_str(keep, kind), .subresource = true};
		}
	}
}

static bool read_aggregated(struct arena *keep, struct list *groups, struct group_list *out)
{
	uint32_t most = 0;
	for (uint32_t i = 0; i < list_n(groups); i++)
		most += list_n(value_list(value_path(groups->at[i], "versions", NULL)));
	out->at = arena_news(keep, most + 1, struct group_version);
	out->aggregated = true;
	for (uint32_t i = 0; i < list_n(groups); i++) {
		struct list *versions = value_list(value_path(groups->at[i], "versions", NULL));
		str group = arena_str(keep, value_path_str(groups->at[i], "metadata", "name", NULL));
		for (uint32_t k = 0; k < list_n(versions); k++) {
			struct group_version *g = &out->at[out->n++];
			g->group = group;
			g->version = arena_str(keep, value_path_str(versions->at[k], "version", NULL));
			g->api_version = api_version(keep, group, g->version);
			g->stale = str_is(value_path_str(versions->at[k], "freshness", NULL),
					  "Stale");
			version_rows(keep, versions->at[k], g);
		}
	}
	return true;
}

/* The preferred version first, then the others in their order. */
static void group_versions(struct arena *keep, struct value group, struct group_list *out)
{
	struct list *versions = value_list(value_path(group, "versions", NULL));
	str name = arena_str(keep, value_path_str(group, "name", NULL));
	str preferred = value_path_str(group, "preferredVersion", "version", NULL);
	for (int first = 1; first >= 0; first--)
		for (uint32_t i = 0; i < list_n(versions); i++) {
			str version = value_path_str(versions->at[i], "version", NULL);
			if (str_eq(version, preferred) != (first == 1))
				continue;
			struct group_version *g = &out->at[out->n++];
			g->group = name;
			g->version = arena_str(keep, version);
			g->api_version = api_version(keep, name, g->version);
		}
}

static bool read_groups(struct arena *keep, struct list *groups, struct group_list *out)
{
	uint32_t most = 0;
	for (uint32_t i = 0; i < list_n(groups); i++)
		most += list_n(value_list(value_path(groups->at[i], "versions", NULL)));
	out->at = arena_news(keep, most + 1, struct group_version);
	for (uint32_t i = 0; i < list_n(groups); i++)
		group_versions(keep, groups->at[i], out);
	return true;
}

static bool read_core(struct arena *keep, struct list *versions, struct group_list *out)
{
	out->at = arena_news(keep, list_n(versions) + 1, struct group_version);
	for (uint32_t i = 0; i < list_n(versions); i++) {
		struct group_version *g = &out->at[out->n++];
		g->group = STR("");
		g->version = g->api_version = arena_str(keep, value_text(versions->at[i]));
	}
	return true;
}

static bool read_any(struct arena *keep, struct value v, struct group_list *out, struct error *err)
{
	str kind = value_path_str(v, "kind", NULL);
	if (str_is(kind, "APIGroupDiscoveryList"))
		return read_aggregated(keep, value_list(value_path(v, "items", NULL)), out);
	if (str_is(kind, "APIGroupList"))
		return read_groups(keep, value_list(value_path(v, "groups", NULL)), out);
	if (str_is(kind, "APIVersions"))
		return read_core(keep, value_list(value_path(v, "versions", NULL)), out);
	return error_set(err, ERROR_INVALID, "the API server's discovery is of an unknown kind");
}

bool discovery_read(struct arena *keep, str body, struct group_list *out, struct error *err)
{
	struct arena scratch;
	struct value v;
	jmp_buf env;
	volatile bool fine = false;
	*out = (struct group_list){0};
	arena_init(&scratch, DISCOVERY_MEMORY);
	if (setjmp(env)) {
		error_set(err, ERROR_LIMIT, "the API server's discovery is too big");
	} else {
		arena_guard(&scratch, &env);
		fine = json_read(&scratch, body, 0, &v, err) && read_any(keep, v, out, err);
	}
	arena_done(&scratch);
	return fine;
}

static void resource_row(struct arena *keep, struct value r, struct resource_row *row)
{
	str name = value_path_str(r, "name", NULL);
	row->kind = arena_str(keep, value_path_str(r, "kind", NULL));
	row->plural = arena_str(keep, name);
	row->namespaced = value_truth_bool(value_path(r, "namespaced", NULL), false);
	row->subresource = str_find_char(name, '/') >= 0;
	row_verbs(row, r);
}

bool discovery_read_resources(struct arena *keep, str body, struct group_version *out,
			      struct error *err)
{
	struct arena scratch;
	struct value v;
	struct list *resources;
	bool fine;
	arena_init(&scratch, 0);
	fine = json_read(&scratch, body, 0, &v, err);
	if (fine && !str_is(value_path_str(v, "kind", NULL), "APIResourceList"))
		fine = error_set(err, ERROR_INVALID, "the API server's discovery of %.*s is of "
				 "an unknown kind", STR_ARG(out->api_version));
	resources = fine ? value_list(value_path(v, "resources", NULL)) : NULL;
	out->rows = arena_news(keep, list_n(resources) + 1, struct resource_row);
	for (uint32_t i = 0; i < list_n(resources); i++)
		resource_row(keep, resources->at[i], &out->rows[out->n++]);
	arena_done(&scratch);
	return fine;
}
