/*
 * From a kubeconfig's value, or a Pod's files, to the facts that a connection needs. Every error
 * names the entry and the field: it is read by somebody who has just edited that file.
 */
#include "sync/kube/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"

#define POD_DIR "/var/run/secrets/kubernetes.io/serviceaccount"

bool kube_file_read(struct arena *keep, str path, str *out, struct error *err)
{
	char *name = arena_cstr(keep, path);
	struct buf b;
	ssize_t n = 0;
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, "cannot read %s", name);
	buf_in(&b, keep, LIMIT_KUBECONFIG);
	while (buf_reserve(&b, 4096)) {
		n = read(fd, b.s + b.n, 4096);
		if (n <= 0)
			break;
		b.n += (size_t)n;
	}
	if (n < 0)
		error_errno(err, "cannot read %s", name);
	close(fd);
	if (n < 0)
		return false;
	if (!buf_check(&b, name, err))
		return false;
	*out = buf_str(&b);
	return true;
}

/* --- base64 of the -data fields --- */

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool base64_read(struct arena *keep, str text, str *out)
{
	char *to = arena_text(keep, text.n / 4 * 3 + 4);
	size_t n = 0, digits = 0;
	unsigned bits = 0;
	for (size_t i = 0; i < text.n; i++) {
		int d = base64_digit(text.s[i]);
		if (text.s[i] == '\n' || text.s[i] == '\r' || text.s[i] == ' ')
			continue;
		if (text.s[i] == '=')
			break;
		if (d < 0)
			return false;
		bits = bits << 6 | (unsigned)d;
		if (++digits % 4 != 1)
			to[n++] = (char)(bits >> (digits % 4 == 2   ? 4
						  : digits % 4 == 3 ? 2
								    : 0));
	}
	*out = (str){to, n};
	return digits % 4 != 1;
}

/* --- reading fields --- */

struct config_reader {
	struct arena *keep;
	str dir;
	const char *list; /* "clusters" ... */
	str name;	  /* of the entry */
	struct map *map;
	struct error *err;
};

static bool config_bad(const struct config_reader *r, const char *field, const char *why)
{
	return error_set(r->err, ERROR_INVALID, "kubeconfig: %s \"%.*s\": %s: %s", r->list,
			 STR_ARG(r->name), field, why);
}

static bool config_text(const struct config_reader *r, const char *field, str *out)
{
	struct value v = map_at(r->map, field);
	*out = STR_NONE;
	if (value_is_nil(v))
		return true;
	if (!value_is(v, VALUE_STR))
		return config_bad(r, field, "must be a text");
	*out = arena_str(r->keep, value_text(v));
	return true;
}

static str config_path(const struct config_reader *r, str path)
{
	if (path.n == 0 || path.s[0] == '/' || r->dir.n == 0)
		return path;
	return arena_printf(r->keep, "%.*s/%.*s", STR_ARG(r->dir), STR_ARG(path));
}

/* "x-data" as base64, else the file that "x" names. */
static bool config_pem(const struct config_reader *r, const char *field, str *out)
{
	str data, path;
	const char *data_field = arena_printf(r->keep, "%s-data", field).s;
	if (!config_text(r, data_field, &data) || !config_text(r, field, &path))
		return false;
	*out = STR_NONE;
	if (data.n && !base64_read(r->keep, data, out))
		return config_bad(r, data_field, "is not base64");
	if (!data.n && path.n && !kube_file_read(r->keep, config_path(r, path), out, r->err))
		return error_wrap(r->err, "kubeconfig: %s \"%.*s\": %s", r->list,
				  STR_ARG(r->name), field);
	if ((data.n || path.n) && str_find(*out, STR("-----BEGIN")) < 0)
		return config_bad(r, data.n ? data_field : field, "holds no PEM text");
	return true;
}

static bool config_bool(const struct config_reader *r, const char *field, bool *out)
{
	struct value v = map_at(r->map, field);
	*out = false;
	if (!value_is_nil(v) && !value_is(v, VALUE_BOOL))
		return config_bad(r, field, "must be true or false");
	*out = value_truth_bool(v, false);
	return true;
}

/* The entry of a list [{name, <inner>: {...}}]; *inner may be NULL (an empty entry). */
static bool config_find(struct config_reader *r, struct map *top, const char *list,
			const char *inner, str name)
{
	struct list *l = value_list(map_at(top, list));
	r->list = list;
	r->name = name;
	for (uint32_t i = 0; i < list_n(l); i++) {
		struct map *entry = value_map(l->at[i]);
		if (entry && str_eq(value_text(map_at(entry, "name")), name)) {
			r->map = value_map(map_at(entry, inner));
			return true;
		}
	}
	return error_set(r->err, ERROR_INVALID, "kubeconfig: there is no \"%.*s\" in %s",
			 STR_ARG(name), list);
}

static bool config_cluster(struct config_reader *r, struct kube_config *out)
{
	if (!config_text(r, "server", &out->server) ||
	    !config_pem(r, "certificate-authority", &out->ca_pem) ||
	    !config_text(r, "tls-server-name", &out->server_name) ||
	    !config_text(r, "proxy-url", &out->proxy) ||
	    !config_bool(r, "insecure-skip-tls-verify", &out->insecure))
		return false;
	if (!out->server.n)
		return config_bad(r, "server", "is missing");
	if (!str_starts(out->server, STR("https://")) && !str_starts(out->server, STR("http://")))
		return config_bad(r, "server", "must begin with https://");
	while (str_ends(out->server, STR("/")))
		out->server.n--;
	if (out->insecure && out->ca_pem.n)
		return config_bad(r, "insecure-skip-tls-verify",
				  "stands beside a certificate-authority: take one of them away");
	return true;
}

/* --- exec plugins --- */

static bool config_strings(const struct config_reader *r, struct value v, const char *field,
			   str **out, size_t *n)
{
	struct list *l = value_list(v);
	if (!value_is_nil(v) && !l)
		return config_bad(r, field, "must be a list of texts");
	*out = arena_news(r->keep, list_n(l) + 1, str);
	*n = 0;
	for (uint32_t i = 0; i < list_n(l); i++) {
		if (!value_is(l->at[i], VALUE_STR))
			return config_bad(r, field, "must be a list of texts");
		(*out)[(*n)++] = arena_str(r->keep, value_text(l->at[i]));
	}
	return true;
}

static bool config_exec_env(const struct config_reader *r, struct value v, struct kube_exec *e)
{
	struct list *l = value_list(v);
	e->env = arena_news(r->keep, list_n(l) + 1, str);
	for (uint32_t i = 0; i < list_n(l); i++) {
		str name = value_path_str(l->at[i], "name", NULL);
		str value = value_path_str(l->at[i], "value", NULL);
		if (!name.n || str_find_char(name, '=') >= 0)
			return config_bad(r, "exec.env", "must be a list of {name, value}");
		e->env[e->env_n++] = arena_printf(r->keep, "%.*s=%.*s", STR_ARG(name),
						  STR_ARG(value));
	}
	return true;
}

static bool config_exec(const struct config_reader *r, struct value v, struct kube_exec *e)
{
	struct map *m = value_map(v);
	if (value_is_nil(v))
		return true;
	if (!m || !value_is(map_at(m, "command"), VALUE_STR))
		return config_bad(r, "exec.command", "is missing");
	e->command = arena_str(r->keep, value_text(map_at(m, "command")));
	/* A path with a slash is relative to the kubeconfig, a bare name is looked for in PATH. */
	if (str_find_char(e->command, '/') >= 0)
		e->command = config_path(r, e->command);
	e->api_version = arena_str(r->keep, value_text(map_at(m, "apiVersion")));
	e->install_hint = arena_str(r->keep, value_text(map_at(m, "installHint")));
	e->provide_cluster_info = value_truth_bool(map_at(m, "provideClusterInfo"), false);
	if (!str_is(e->api_version, "client.authentication.k8s.io/v1") &&
	    !str_is(e->api_version, "client.authentication.k8s.io/v1beta1"))
		return config_bad(r, "exec.apiVersion",
				  "must be client.authentication.k8s.io/v1 or .../v1beta1");
	return config_strings(r, map_at(m, "args"), "exec.args", &e->args, &e->args_n) &&
	       config_exec_env(r, map_at(m, "env"), e);
}

static bool config_user(struct config_reader *r, struct kube_config *out)
{
	if (!config_pem(r, "client-certificate", &out->cert_pem) ||
	    !config_pem(r, "client-key", &out->key_pem) || !config_text(r, "token", &out->token) ||
	    !config_text(r, "tokenFile", &out->token_file) ||
	    !config_text(r, "username", &out->username) ||
	    !config_text(r, "password", &out->password) || !config_text(r, "as", &out->as) ||
	    !config_text(r, "as-uid", &out->as_uid) ||
	    !config_strings(r, map_at(r->map, "as-groups"), "as-groups", &out->as_groups,
			    &out->as_groups_n) ||
	    !config_exec(r, map_at(r->map, "exec"), &out->exec))
		return false;
	if (!value_is_nil(map_at(r->map, "auth-provider")))
		return config_bad(r, "auth-provider", "is not supported any more: use exec");
	if (map_n(value_map(map_at(r->map, "as-user-extra"))))
		return config_bad(r, "as-user-extra", "is not supported");
	if (out->cert_pem.n && !out->key_pem.n)
		return config_bad(r, "client-key", "is missing beside client-certificate");
	out->token_file = config_path(r, out->token_file);
	return true;
}

bool kube_config_from_value(struct arena *keep, struct value value, str dir, str context,
			    struct kube_config *out, struct error *err)
{
	struct map *top = value_map(value);
	struct config_reader r = {.keep = keep, .dir = dir, .err = err};
	*out = (struct kube_config){.namespace = STR("default")};
	if (!top)
		return error_set(err, ERROR_INVALID, "kubeconfig: it must be a map");
	if (!context.n)
		context = value_text(map_at(top, "current-context"));
	if (!context.n)
		return error_set(err, ERROR_INVALID, "kubeconfig: it has no current-context: "
				 "set one, or name a context");
	out->context = arena_str(keep, context);
	if (!config_find(&r, top, "contexts", "context", out->context) ||
	    !config_text(&r, "cluster", &out->cluster) || !config_text(&r, "user", &out->user))
		return false;
	str namespace;
	if (!config_text(&r, "namespace", &namespace))
		return false;
	if (namespace.n)
		out->namespace = namespace;
	if (!config_find(&r, top, "clusters", "cluster", out->cluster) || !config_cluster(&r, out))
		return false;
	if (!out->user.n)
		return true; /* anonymous */
	return config_find(&r, top, "users", "user", out->user) && config_user(&r, out);
}

bool kube_config_in_pod(struct arena *keep, const char *dir, str host, str port,
			struct kube_config *out, struct error *err)
{
	bool six = str_find_char(host, ':') >= 0;
	str namespace;
	*out = (struct kube_config){.cluster = STR("in-cluster"), .context = STR("in-cluster")};
	if (!host.n || !port.n)
		return error_set(err, ERROR_NOT_FOUND,
				 "not inside a cluster: KUBERNETES_SERVICE_HOST is not set");
	out->server = arena_printf(keep, six ? "https://[%.*s]:%.*s" : "https://%.*s:%.*s",
				   STR_ARG(host), STR_ARG(port));
	out->token_file = arena_printf(keep, "%s/token", dir);
	if (!kube_file_read(keep, arena_printf(keep, "%s/ca.crt", dir), &out->ca_pem, err) ||
	    !kube_file_read(keep, out->token_file, &out->token, err))
		return error_wrap(err, "the ServiceAccount is not mounted "
				  "(automountServiceAccountToken?)");
	out->token = str_trim(out->token);
	out->namespace = STR("default");
	if (kube_file_read(keep, arena_printf(keep, "%s/namespace", dir), &namespace, NULL) &&
	    str_trim(namespace).n)
		out->namespace = str_trim(namespace);
	return true;
}

bool kube_config_in_cluster(struct arena *keep, struct kube_config *out, struct error *err)
{
	return kube_config_in_pod(keep, POD_DIR, str_of(getenv("KUBERNETES_SERVICE_HOST")),
				  str_of(getenv("KUBERNETES_SERVICE_PORT")), out, err);
}
