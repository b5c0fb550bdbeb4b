/*
 * Which cluster: the search order of client-go.
 */
#include <stdlib.h>

#include "agent/agent.h"
#include "base/limits.h"
#include "base/path.h"
#include "render/yaml.h"

static bool read_file(struct arena *keep, str path, struct kube_config *out, struct error *err)
{
	struct value v;
	str text, dir = path_dir(path);

	if (!kube_file_read(keep, path, &text, err))
		return false;
	if (!yaml_read(keep, text, YAML_TYPED, &v, err))
		return error_wrap(err, "kubeconfig %.*s", STR_ARG(path));
	return kube_config_from_value(keep, v, dir.n ? dir : path.s[0] == '/' ? STR("/") : STR("."), STR(""), out, err) ||
	       error_wrap(err, "kubeconfig %.*s", STR_ARG(path));
}

bool kubeconfig_find(struct arena *keep, str file, struct kube_config *out, struct error *err)
{
	const char *env = getenv("KUBECONFIG"), *home = getenv("HOME");

	if (file.n)
		return read_file(keep, file, out, err);
	if (getenv("KUBERNETES_SERVICE_HOST"))
		return kube_config_in_cluster(keep, out, err);
	if (env && *env)
		return read_file(keep, str_of(env), out, err);
	if (home && *home)
		return read_file(keep, arena_printf(keep, "%s/.kube/config", home), out, err);
	return error_set(err, ERROR_INVALID, "no cluster: set kubeconfig in the configuration, or KUBECONFIG");
}
