/*
 * Three Go structs and a string list with a method.
 */
#include "render/capabilities.h"

#include "base/num.h"
#include "render/ref.h"
#include "render/semver.h"

static const char *const default_versions =
	"v1 admissionregistration.k8s.io/v1 admissionregistration.k8s.io/v1alpha1 "
	"admissionregistration.k8s.io/v1beta1 internal.apiserver.k8s.io/v1alpha1 apps/v1 apps/v1beta1 "
	"apps/v1beta2 authentication.k8s.io/v1 authentication.k8s.io/v1alpha1 "
	"authentication.k8s.io/v1beta1 authorization.k8s.io/v1 authorization.k8s.io/v1beta1 "
	"autoscaling/v1 autoscaling/v2 autoscaling/v2beta1 autoscaling/v2beta2 batch/v1 batch/v1beta1 "
	"certificates.k8s.io/v1 certificates.k8s.io/v1beta1 certificates.k8s.io/v1alpha1 "
	"coordination.k8s.io/v1alpha2 coordination.k8s.io/v1beta1 coordination.k8s.io/v1 "
	"discovery.k8s.io/v1 discovery.k8s.io/v1beta1 events.k8s.io/v1 events.k8s.io/v1beta1 "
	"extensions/v1beta1 flowcontrol.apiserver.k8s.io/v1 flowcontrol.apiserver.k8s.io/v1beta1 "
	"flowcontrol.apiserver.k8s.io/v1beta2 flowcontrol.apiserver.k8s.io/v1beta3 "
	"networking.k8s.io/v1 networking.k8s.io/v1beta1 node.k8s.io/v1 node.k8s.io/v1alpha1 "
	"node.k8s.io/v1beta1 policy/v1 policy/v1beta1 rbac.authorization.k8s.io/v1 "
	"rbac.authorization.k8s.io/v1beta1 rbac.authorization.k8s.io/v1alpha1 resource.k8s.io/v1 "
	"resource.k8s.io/v1beta2 resource.k8s.io/v1beta1 resource.k8s.io/v1alpha3 "
	"scheduling.k8s.io/v1alpha1 scheduling.k8s.io/v1beta1 scheduling.k8s.io/v1 "
	"storage.k8s.io/v1beta1 storage.k8s.io/v1 storage.k8s.io/v1alpha1 "
	"storagemigration.k8s.io/v1beta1 apiextensions.k8s.io/v1beta1 apiextensions.k8s.io/v1";

struct capabilities {
	struct ref ref;
	struct value kube, versions, helm;
};

struct kube_version {
	struct ref ref;
	str full, text, major, minor; /* full: .Version, text: String() */
};

struct versions {
	struct ref ref;
	struct list *list;
};

struct helm_version {
	struct ref ref;
	struct map *fields;
};

/* --- KubeVersion --- */

static bool kube_field(struct call *c, struct ref *r, str name, struct value *out)
{
	struct kube_version *k = (struct kube_version *)(void *)r;

	(void)c;
	if (str_is(name, "Version") || str_is(name, "GitVersion"))
		*out = value_str(k->full);
	else if (str_is(name, "Major"))
		*out = value_str(k->major);
	else if (str_is(name, "Minor"))
		*out = value_str(k->minor);
	else
		return false;
	return true;
}

static bool kube_string(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	*out = value_str(((struct kube_version *)(void *)arg[0].ref)->text);
	return true;
}

static bool kube_git_version(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	*out = value_str(((struct kube_version *)(void *)arg[0].ref)->full);
	return true;
}

static void kube_print(struct buf *out, struct ref *r)
{
	buf_add(out, ((struct kube_version *)(void *)r)->text);
}

static struct value kube_plain(struct arena *a, struct ref *r)
{
	struct kube_version *k = (struct kube_version *)(void *)r;
	struct map *m = map_new(a, 3);

	map_set(a, m, STR("Version"), value_str(k->full));
	map_set(a, m, STR("Major"), value_str(k->major));
	map_set(a, m, STR("Minor"), value_str(k->minor));
	return value_of_map(m);
}

static const struct fn kube_methods[] = {
	{"GitVersion", "", kube_git_version}, {"String", "", kube_string}, {NULL, NULL, NULL}};

static const struct ref_class kube_class = {.type = "common.KubeVersion", .kind = "struct",
	.field = kube_field, .methods = kube_methods, .print = kube_print, .plain = kube_plain};

/* "1.33.4-gke.1" and looser ones: "1.33", "v1.28.x". */
static bool kube_make(struct arena *keep, str text, enum helm_compat compat, struct kube_version **out,
		      struct error *err)
{
	struct kube_version *k = arena_new(keep, struct kube_version);
	struct semver v;
	str bare = str_starts(text, STR("v")) ? str_from(text, 1) : text;
	bool short_form;

	if (compat != HELM_3_17 && str_ends(bare, STR(".x")))
		bare = str_sub(bare, 0, bare.n - 2);
	if (!semver_parse(bare, &v, NULL))
		return error_set(err, ERROR_INVALID, "invalid kube version '%.*s': invalid semantic version",
				 STR_ARG(text));
	short_form = compat != HELM_3_17 && str_find_char(bare, '.') == str_rfind_char(bare, '.');
	k->ref.class = &kube_class;
	k->major = arena_printf(keep, "%llu", (unsigned long long)v.major);
	k->minor = arena_printf(keep, "%llu", (unsigned long long)v.minor);
	k->text = short_form ? arena_printf(keep, "v%.*s.%.*s", STR_ARG(k->major), STR_ARG(k->minor))
			     : arena_printf(keep, "v%.*s.%.*s.%llu", STR_ARG(k->major),
					    STR_ARG(k->minor), (unsigned long long)v.patch);
	k->full = short_form ? k->text : arena_concat(keep, STR("v"), semver_text(keep, &v));
	if (compat == HELM_3_17)
		k->text = k->full;
	*out = k;
	return true;
}

/* --- APIVersions --- */

static bool versions_has(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	const struct list *l = ((struct versions *)(void *)arg[0].ref)->list;
	bool found = false;

	(void)c, (void)n;
	for (uint32_t i = 0; i < l->n && !found; i++)
		found = str_eq(value_text(l->at[i]), value_text(arg[1]));
	*out = value_bool(found);
	return true;
}

static struct value versions_plain(struct arena *a, struct ref *r)
{
	struct value v = value_of_list(((struct versions *)(void *)r)->list);

	(void)a;
	v.elem = ELEM_STRING;
	return v;
}

static void versions_print(struct buf *out, struct ref *r)
{
	print_value(out, versions_plain(NULL, r));
}

static const struct fn versions_methods[] = {{"Has", "s", versions_has}, {NULL, NULL, NULL}};

static const struct ref_class versions_class = {.type = "common.VersionSet", .kind = "slice",
	.methods = versions_methods, .print = versions_print, .plain = versions_plain};

static struct value versions_make(struct arena *keep, const struct render_options *options)
{
	struct versions *v = arena_new(keep, struct versions);
	str rest = str_of(default_versions);

	v->ref.class = &versions_class;
	v->list = list_new(keep, 64);
	while (rest.s)
		list_add(keep, v->list, value_str(str_cut(rest, ' ', &rest)));
	for (size_t i = 0; i < options->api_versions_n; i++)
		list_add(keep, v->list, value_str(options->api_versions[i]));
	return value_ref(&v->ref);
}

/* --- HelmVersion --- */

static bool helm_field(struct call *c, struct ref *r, str name, struct value *out)
{
	struct value *v = map_find(((struct helm_version *)(void *)r)->fields, name);

	(void)c;
	if (v)
		*out = *v;
	return v != NULL;
}

static struct value helm_plain(struct arena *a, struct ref *r)
{
	(void)a;
	return value_of_map(((struct helm_version *)(void *)r)->fields);
}

static const struct ref_class helm_class = {.type = "version.BuildInfo", .kind = "struct",
	.field = helm_field, .plain = helm_plain};

static struct value helm_make(struct arena *keep, enum helm_compat compat)
{
	static const struct {
		const char *version, *commit, *go;
	} known[] = {[HELM_4_1] = {"v4.1.4", "05fa37973dc9e42b76e1d2883494c87174b6074f", "go1.25.9"},
		     [HELM_3_17] = {"v3.17.3", "e4da49785aa6e6ee2b86efd5dd9e43400318262b", "go1.23.7"},
		     [HELM_4_3] = {"v4.3.0", "", "go1.26"}};
	struct helm_version *h = arena_new(keep, struct helm_version);
	struct map *m = map_new(keep, 5);

	map_set(keep, m, STR("Version"), value_str(str_of(known[compat].version)));
	map_set(keep, m, STR("GitCommit"), value_str(str_of(known[compat].commit)));
	map_set(keep, m, STR("GitTreeState"), value_lit("clean"));
	map_set(keep, m, STR("GoVersion"), value_str(str_of(known[compat].go)));
	if (compat != HELM_3_17)
		map_set(keep, m, STR("KubeClientVersion"), value_lit("v1.35"));
	h->ref.class = &helm_class;
	h->fields = m;
	return value_ref(&h->ref);
}

/* --- Capabilities --- */

static bool capabilities_field(struct call *call, struct ref *r, str name, struct value *out)
{
	struct capabilities *c = (struct capabilities *)(void *)r;

	(void)call;
	if (str_is(name, "KubeVersion"))
		*out = c->kube;
	else if (str_is(name, "APIVersions"))
		*out = c->versions;
	else if (str_is(name, "HelmVersion"))
		*out = c->helm;
	else
		return false;
	return true;
}

static struct value capabilities_plain(struct arena *a, struct ref *r)
{
	struct capabilities *c = (struct capabilities *)(void *)r;
	struct map *m = map_new(a, 3);

	map_set(a, m, STR("KubeVersion"), kube_plain(a, c->kube.ref));
	map_set(a, m, STR("APIVersions"), versions_plain(a, c->versions.ref));
	map_set(a, m, STR("HelmVersion"), helm_plain(a, c->helm.ref));
	return value_of_map(m);
}

static bool capabilities_copy(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	*out = arg[0];
	return true;
}

static const struct fn capabilities_methods[] = {{"Copy", "", capabilities_copy}, {NULL, NULL, NULL}};

static const struct ref_class capabilities_class = {.type = "*common.Capabilities", .kind = "ptr",
	.field = capabilities_field, .methods = capabilities_methods, .plain = capabilities_plain};

bool capabilities_make(struct arena *keep, const struct render_options *options, struct value *out,
		       struct error *err)
{
	static const char *const kube[] = {"v1.35.0", "v1.32.0", "v1.36.0"};
	struct capabilities *c = arena_new(keep, struct capabilities);
	struct kube_version *k = NULL;
	str version = options->kube_version.n ? options->kube_version : str_of(kube[options->compat]);

	if (!kube_make(keep, version, options->compat, &k, err))
		return false;
	c->ref.class = &capabilities_class;
	c->kube = value_ref(&k->ref);
	c->versions = versions_make(keep, options);
	c->helm = helm_make(keep, options->compat);
	*out = value_ref(&c->ref);
	return true;
}

str capabilities_kube_version(struct value capabilities)
{
	const struct capabilities *c = (const void *)capabilities.ref;

	return ((const struct kube_version *)(const void *)c->kube.ref)->text;
}
