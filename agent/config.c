/*
 * Reading tiphys.yaml with a table of keys for each block.
 */
#include "agent/config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/num.h"
#include "base/path.h"
#include "render/yaml.h"

struct reader {
	struct arena *keep;
	struct error *err;
};

enum field_type { FIELD_STR, FIELD_BOOL, FIELD_STRS, FIELD_DURATION, FIELD_BLOCK };

struct field {
	const char *key;
	enum field_type type;
	size_t offset; /* into the block's struct */
	size_t count_offset; /* FIELD_STRS */
};

bool config_read_file(struct arena *keep, str path, size_t cap, bool trim, str *out,
		      struct error *err)
{
	int fd = open(arena_cstr(keep, path), O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t got;
	char *text;

	if (fd < 0)
		return error_errno(err, "cannot open %.*s", STR_ARG(path));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (size_t)st.st_size > cap) {
		close(fd);
		return error_set(err, ERROR_LIMIT, "%.*s is not a regular file of at most %zu bytes",
				 STR_ARG(path), cap);
	}
	text = arena_text(keep, (size_t)st.st_size + 1);
	got = read(fd, text, (size_t)st.st_size);
	close(fd);
	if (got != st.st_size)
		return error_errno(err, "cannot read %.*s", STR_ARG(path));
	text[got] = 0;
	*out = str_make(text, (size_t)got);
	if (trim)
		*out = str_trim(*out);
	return true;
}

str config_path(struct arena *keep, const struct config *c, str path)
{
	if (!path.n || path.s[0] == '/' || !c->dir.n)
		return path;
	return arena_printf(keep, "%.*s/%.*s", STR_ARG(c->dir), STR_ARG(path));
}

static bool read_strs(struct reader *r, struct value v, const char *where, str **out, size_t *n)
{
	const struct list *l = value_list(v);

	if (!l)
		return error_set(r->err, ERROR_INVALID, "%s must be a list of strings", where);
	*out = arena_news(r->keep, l->n + 1, str);
	for (*n = 0; *n < l->n; (*n)++) {
		if (!value_is(l->at[*n], VALUE_STR))
			return error_set(r->err, ERROR_INVALID, "%s[%zu] must be a string", where, *n);
		(*out)[*n] = value_text(l->at[*n]);
	}
	return true;
}

static bool read_field(struct reader *r, const struct field *f, struct value v, const char *where,
		       char *base)
{
	switch (f->type) {
	case FIELD_STR:
		if (!value_is(v, VALUE_STR))
			return error_set(r->err, ERROR_INVALID, "%s must be a string", where);
		*(str *)(void *)(base + f->offset) = value_text(v);
		return true;
	case FIELD_BOOL:
		if (!value_is(v, VALUE_BOOL))
			return error_set(r->err, ERROR_INVALID, "%s must be true or false", where);
		*(bool *)(base + f->offset) = v.b;
		return true;
	case FIELD_STRS:
		return read_strs(r, v, where, (str **)(void *)(base + f->offset),
				 (size_t *)(void *)(base + f->count_offset));
	case FIELD_DURATION: {
		int64_t *ns = (int64_t *)(void *)(base + f->offset);

		if (value_is(v, VALUE_INT64) && v.i >= 0 && v.i < INT64_C(1000000000)) {
			*ns = v.i * INT64_C(1000000000);
			return true;
		}
		if (num_parse_duration(value_text(v), ns) && *ns >= 0)
			return true;
		return error_set(r->err, ERROR_INVALID, "%s must be a duration such as 10s", where);
	}
	default:
		return true; /* FIELD_BLOCK: its owner reads it */
	}
}

/* Reads every key of a block by its table; a key that is not there is an error. */
static bool read_block(struct reader *r, struct value block, const char *path,
		       const struct field *fields, void *out)
{
	const struct map *m = value_map(block);

	if (value_is_nil(block))
		return true;
	if (!m)
		return error_set(r->err, ERROR_INVALID, "%s must be a block of keys", path);
	for (uint32_t i = 0; i < m->n; i++) {
		str key = map_key(&m->at[i]);
		str where = arena_printf(r->keep, "%s%s%.*s", path, *path ? "." : "", STR_ARG(key));
		const struct field *f = fields;

		while (f->key && !str_is(key, f->key))
			f++;
		if (!f->key)
			return error_set(r->err, ERROR_INVALID, "unknown key %.*s", STR_ARG(where));
		if (!read_field(r, f, m->at[i].value, where.s, out))
			return false;
	}
	return true;
}

#define AT(type, member) offsetof(struct type, member)

static const struct field root_fields[] = {
	{"environment", FIELD_STR, AT(config, environment), 0},
	{"kubeconfig", FIELD_STR, AT(config, kubeconfig), 0},
	{"state", FIELD_STR, AT(config, state), 0},
	{"applications", FIELD_STRS, AT(config, applications), AT(config, applications_n)},
	{"clusterApplications", FIELD_BOOL, AT(config, cluster_applications), 0},
	{"poll", FIELD_BLOCK, 0, 0},
	{"server", FIELD_BLOCK, 0, 0},
	{"repositories", FIELD_BLOCK, 0, 0},
	{"rewrite", FIELD_BLOCK, 0, 0},
	{"callbacks", FIELD_BLOCK, 0, 0},
	{"log", FIELD_BLOCK, 0, 0},
	{NULL, FIELD_STR, 0, 0},
};
static const struct field poll_fields[] = {
	{"interval", FIELD_DURATION, AT(config, poll_ns), 0},
	{NULL, FIELD_STR, 0, 0},
};
static const struct field server_fields[] = {
	{"listen", FIELD_STR, AT(config, listen), 0},
	{"socket", FIELD_STR, AT(config, socket), 0},
	{"tokenFile", FIELD_STR, AT(config, token_file), 0},
	{"webhookSecretFile", FIELD_STR, AT(config, webhook_secret_file), 0},
	{"tls", FIELD_BLOCK, 0, 0},
	{NULL, FIELD_STR, 0, 0},
};
static const struct field tls_fields[] = {
	{"certificate", FIELD_STR, AT(config, tls_certificate), 0},
	{"key", FIELD_STR, AT(config, tls_key), 0},
	{NULL, FIELD_STR, 0, 0},
};
static const struct field log_fields[] = {
	{"format", FIELD_STR, AT(config, log_format), 0},
	{"debug", FIELD_BOOL, AT(config, log_debug), 0},
	{NULL, FIELD_STR, 0, 0},
};
static const struct field repository_fields[] = {
	{"url", FIELD_STR, AT(config_repository, url), 0},
	{"username", FIELD_STR, AT(config_repository, username), 0},
	{"passwordFile", FIELD_STR, AT(config_repository, password_file), 0},
	{"bearerTokenFile", FIELD_STR, AT(config_repository, bearer_file), 0},
	{"sshKeyFile", FIELD_STR, AT(config_repository, ssh_key_file), 0},
	{"knownHostsFile", FIELD_STR, AT(config_repository, known_hosts_file), 0},
	{"caFile", FIELD_STR, AT(config_repository, ca_file), 0},
	{"insecure", FIELD_BOOL, AT(config_repository, insecure), 0},
	{NULL, FIELD_STR, 0, 0},
};
static const struct field rewrite_fields[] = {
	{"from", FIELD_STR, AT(config_rewrite, from), 0},
	{"to", FIELD_STR, AT(config_rewrite, to), 0},
	{NULL, FIELD_STR, 0, 0},
};
static const struct field callback_fields[] = {
	{"name", FIELD_STR, AT(config_callback, name), 0},
	{"url", FIELD_STR, AT(config_callback, url), 0},
	{"body", FIELD_STR, AT(config_callback, body), 0},
	{"contentType", FIELD_STR, AT(config_callback, content_type), 0},
	{"bearerTokenFile", FIELD_STR, AT(config_callback, bearer_file), 0},
	{"headers", FIELD_STRS, AT(config_callback, headers), AT(config_callback, headers_n)},
	{"applications", FIELD_STRS, AT(config_callback, applications),
	 AT(config_callback, applications_n)},
	{NULL, FIELD_STR, 0, 0},
};

/* A list of blocks: each element read into one struct of `size` bytes. */
static bool read_blocks(struct reader *r, struct value v, const char *path,
			const struct field *fields, size_t size, void **out, size_t *n)
{
	const struct list *l = value_list(v);

	if (value_is_nil(v))
		return true;
	if (!l)
		return error_set(r->err, ERROR_INVALID, "%s must be a list", path);
	*out = arena_array(r->keep, l->n + 1, size);
	for (*n = 0; *n < l->n; (*n)++) {
		str where = arena_printf(r->keep, "%s[%zu]", path, *n);

		if (!read_block(r, l->at[*n], where.s, fields, (char *)*out + *n * size))
			return false;
	}
	return true;
}

static bool read_lists(struct reader *r, struct value root, struct config *c)
{
	const struct map *m = value_map(root);
	void *repositories = NULL, *rewrites = NULL, *callbacks = NULL;

	if (!read_blocks(r, map_at(m, "repositories"), "repositories", repository_fields,
			 sizeof *c->repositories, &repositories, &c->repositories_n) ||
	    !read_blocks(r, map_at(m, "rewrite"), "rewrite", rewrite_fields, sizeof *c->rewrites,
			 &rewrites, &c->rewrites_n) ||
	    !read_blocks(r, map_at(m, "callbacks"), "callbacks", callback_fields,
			 sizeof *c->callbacks, &callbacks, &c->callbacks_n))
		return false;
	c->repositories = repositories;
	c->rewrites = rewrites;
	c->callbacks = callbacks;
	return true;
}

static bool check_callback(struct reader *r, const struct config *c, size_t i)
{
	const struct config_callback *x = &c->callbacks[i];

	if (!x->url.n || !x->name.n)
		return error_set(r->err, ERROR_INVALID, "callbacks[%zu] needs a name and a url", i);
	if (!str_starts(x->url, STR("http://")) && !str_starts(x->url, STR("https://")))
		return error_set(r->err, ERROR_INVALID, "callbacks[%zu].url must begin with http:// or https://", i);
	for (size_t j = 0; j < i; j++)
		if (str_eq(c->callbacks[j].name, x->name))
			return error_set(r->err, ERROR_INVALID, "callbacks[%zu] and callbacks[%zu] are both called %.*s", j,
					 i, STR_ARG(x->name));
	return true;
}

static bool check_repository(struct reader *r, const struct config *c, size_t i)
{
	const struct config_repository *x = &c->repositories[i];

	if (!x->url.n)
		return error_set(r->err, ERROR_INVALID, "repositories[%zu] needs a url", i);
	return !x->username.n || x->password_file.n || x->ssh_key_file.n ||
	       error_set(r->err, ERROR_INVALID, "repositories[%zu] has a username and no passwordFile", i);
}

static bool check(struct reader *r, struct config *c)
{
	if (!c->environment.n)
		return error_set(r->err, ERROR_INVALID, "environment is required");
	if (c->poll_ns < INT64_C(100000000))
		return error_set(r->err, ERROR_INVALID, "poll.interval must be at least 100ms");
	if (c->cluster_applications)
		return error_set(r->err, ERROR_UNSUPPORTED,
				 "clusterApplications: Application objects in the cluster are not read by this "
				 "version; name manifests in `applications`");
	if (!c->applications_n)
		return error_set(r->err, ERROR_INVALID, "nothing to do: name root manifests in `applications`");
	if (!str_is(c->log_format, "text") && !str_is(c->log_format, "json"))
		return error_set(r->err, ERROR_INVALID, "log.format must be text or json");
	for (size_t i = 0; i < c->callbacks_n; i++)
		if (!check_callback(r, c, i))
			return false;
	for (size_t i = 0; i < c->repositories_n; i++)
		if (!check_repository(r, c, i))
			return false;
	for (size_t i = 0; i < c->rewrites_n; i++)
		if (!c->rewrites[i].from.n || !c->rewrites[i].to.n)
			return error_set(r->err, ERROR_INVALID, "rewrite[%zu] needs from and to", i);
	return true;
}

static bool read_root(struct reader *r, struct value root, struct config *c)
{
	const struct map *m = value_map(root);
	struct value server = map_at(m, "server");

	return read_block(r, root, "", root_fields, c) &&
	       read_block(r, map_at(m, "poll"), "poll", poll_fields, c) &&
	       read_block(r, server, "server", server_fields, c) &&
	       read_block(r, map_at(value_map(server), "tls"), "server.tls", tls_fields, c) &&
	       read_block(r, map_at(m, "log"), "log", log_fields, c) && read_lists(r, root, c) &&
	       check(r, c);
}

bool config_load(struct arena *keep, const char *path, struct config *out, struct error *err)
{
	struct reader r = {keep, err};
	struct config c = {.file = arena_str(keep, str_of(path)),
			   .state = STR("/var/lib/tiphys"),
			   .poll_ns = INT64_C(10000000000),
			   .listen = STR("127.0.0.1:8080"),
			   .log_format = STR("text")};
	struct value root;
	str text;

	c.dir = path_dir(c.file);
	if (!config_read_file(keep, c.file, LIMIT_KUBECONFIG, false, &text, err))
		return false;
	if (!yaml_read(keep, text, YAML_TYPED, &root, err) || !read_root(&r, root, &c))
		return error_wrap(err, "%s", path);
	c.kubeconfig = config_path(keep, &c, c.kubeconfig);
	c.state = config_path(keep, &c, c.state);
	if (!c.socket.n)
		c.socket = arena_printf(keep, "%.*s/tiphys.sock", STR_ARG(c.state));
	*out = c;
	return true;
}
