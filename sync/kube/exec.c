/*
 * A credential plugin as a child process: its output is read to the end or the deadline, then
 * parsed. Its process group is killed when it outlives its time.
 */
#include "sync/kube/exec.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/time.h"

#define EXEC_ERRORS 512 /* bytes of its standard error that are shown */

extern char **environ;

struct kube_exec_run {
	uv_process_t process;
	uv_pipe_t out, errors;
	uv_timer_t timer;
	struct arena keep;
	str command, api_version, install_hint;
	struct buf output, complaint;
	char chunk[4096];
	unsigned handles;
	bool exited, ended, timed_out, over;
	int64_t status;
	int signal;
	kube_exec_done_fn *done;
	void *arg;
};

bool kube_credential_read(struct arena *keep, str api_version, str text,
			  struct kube_credential *out, struct error *err)
{
	struct value v, status;
	str expires;
	*out = (struct kube_credential){0};
	if (!json_read(keep, text, 0, &v, err))
		return error_wrap(err, "the credential plugin's output");
	if (!str_is(value_path_str(v, "kind", NULL), "ExecCredential") ||
	    !str_eq(value_path_str(v, "apiVersion", NULL), api_version))
		return error_set(err, ERROR_INVALID, "the credential plugin did not print an "
				 "ExecCredential of %.*s", STR_ARG(api_version));
	status = value_path(v, "status", NULL);
	out->token = value_path_str(status, "token", NULL);
	out->cert_pem = value_path_str(status, "clientCertificateData", NULL);
	out->key_pem = value_path_str(status, "clientKeyData", NULL);
	if (!out->token.n && !(out->cert_pem.n && out->key_pem.n))
		return error_set(err, ERROR_INVALID,
				 "the credential plugin gave neither a token nor a certificate "
				 "with its key");
	expires = value_path_str(status, "expirationTimestamp", NULL);
	if (expires.n && !time_parse_rfc3339(expires, &out->expires))
		return error_set(err, ERROR_INVALID,
				 "the credential plugin's expirationTimestamp is not RFC 3339");
	return true;
}

static void exec_closed(uv_handle_t *handle)
{
	struct kube_exec_run *run = handle->data;
	if (--run->handles)
		return;
	if (run->output.s)
		explicit_bzero(run->output.s, run->output.n);
	buf_done(&run->output);
	buf_done(&run->complaint);
	arena_done(&run->keep);
	mem_free(run);
}

static void exec_close(struct kube_exec_run *run)
{
	uv_handle_t *handles[] = {(uv_handle_t *)&run->process, (uv_handle_t *)&run->out,
				  (uv_handle_t *)&run->errors, (uv_handle_t *)&run->timer};
	if (run->over)
		return;
	run->over = true;
	for (size_t i = 0; i < sizeof handles / sizeof *handles; i++)
		if (handles[i]->data && !uv_is_closing(handles[i]))
			uv_close(handles[i], exec_closed);
}

static void exec_kill(struct kube_exec_run *run)
{
	if (!run->exited && run->process.pid > 0)
		kill(-run->process.pid, SIGKILL);
}

static void exec_report(struct kube_exec_run *run)
{
	struct kube_credential c;
	struct error err = {0};
	str said = str_trim(buf_str(&run->complaint));
	bool fine = false;
	if (run->timed_out)
		error_set(&err, ERROR_NETWORK, "the credential plugin %.*s did not end in time",
			  STR_ARG(run->command));
	else if (run->status != 0 || run->signal)
		error_set(&err, ERROR_NETWORK, "the credential plugin %.*s failed (%s %lld): %.*s",
			  STR_ARG(run->command), run->signal ? "signal" : "exit status",
			  (long long)(run->signal ? run->signal : run->status), STR_ARG(said));
	else if (buf_check(&run->output, "the credential plugin's output", &err))
		fine = kube_credential_read(&run->keep, run->api_version, buf_str(&run->output),
					    &c, &err);
	run->done(run->arg, fine ? &c : NULL, fine ? NULL : &err);
}

static void exec_step(struct kube_exec_run *run)
{
	if (run->over || !((run->exited && run->ended) || run->timed_out))
		return;
	exec_close(run); /* before the callback: it may start the next one */
	exec_report(run);
}

static void exec_exited(uv_process_t *process, int64_t status, int signal_number)
{
	struct kube_exec_run *run = process->data;
	run->exited = true;
	run->status = status;
	run->signal = signal_number;
	exec_step(run);
}

static void exec_timeout(uv_timer_t *timer)
{
	struct kube_exec_run *run = timer->data;
	run->timed_out = true;
	exec_kill(run);
	exec_step(run);
}

static void exec_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *b)
{
	struct kube_exec_run *run = handle->data;
	(void)hint;
	*b = uv_buf_init(run->chunk, sizeof run->chunk);
}

static void exec_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct kube_exec_run *run = stream->data;
	bool output = stream == (uv_stream_t *)&run->out;
	if (n > 0) {
		buf_add(output ? &run->output : &run->complaint, str_make(b->base, (size_t)n));
		return;
	}
	if (n < 0 && output) {
		run->ended = true;
		exec_step(run);
	}
}

/* --- starting --- */

static str exec_info(struct arena *keep, const struct kube_config *config)
{
	struct map *top = map_new(keep, 4), *spec = map_new(keep, 4);
	map_set(keep, top, STR("apiVersion"), value_str(config->exec.api_version));
	map_set(keep, top, STR("kind"), value_lit("ExecCredential"));
	map_set(keep, spec, STR("interactive"), value_bool(false));
	if (config->exec.provide_cluster_info) {
		struct map *cluster = map_new(keep, 4);
		map_set(keep, cluster, STR("server"), value_str(config->server));
		if (config->server_name.n)
			map_set(keep, cluster, STR("tls-server-name"),
				value_str(config->server_name));
		if (config->insecure)
			map_set(keep, cluster, STR("insecure-skip-tls-verify"), value_bool(true));
		if (config->ca_pem.n)
			map_set(keep, cluster, STR("certificate-authority-data"),
				value_bytes(config->ca_pem));
		map_set(keep, spec, STR("cluster"), value_of_map(cluster));
	}
	map_set(keep, top, STR("spec"), value_of_map(spec));
	return arena_concat(keep, STR("KUBERNETES_EXEC_INFO="),
			    json_text(keep, value_of_map(top), 0));
}

static char **exec_environment(struct arena *keep, const struct kube_config *config)
{
	const struct kube_exec *e = &config->exec;
	size_t n = 0, at = 0;
	while (environ[n])
		n++;
	char **env = arena_news(keep, n + e->env_n + 2, char *);
	/* The first of two equal names wins in most programs: ours stand before. */
	env[at++] = arena_cstr(keep, exec_info(keep, config));
	for (size_t i = 0; i < e->env_n; i++)
		env[at++] = arena_cstr(keep, e->env[i]);
	for (size_t i = 0; i < n; i++) {
		str name = str_cut(str_of(environ[i]), '=', &(str){0});
		bool ours = str_is(name, "KUBERNETES_EXEC_INFO");
		for (size_t k = 0; k < e->env_n; k++)
			ours = ours || str_eq(name, str_cut(e->env[k], '=', &(str){0}));
		if (!ours)
			env[at++] = environ[i];
	}
	return env;
}

static char **exec_arguments(struct arena *keep, const struct kube_exec *e)
{
	char **args = arena_news(keep, e->args_n + 2, char *);
	args[0] = arena_cstr(keep, e->command);
	for (size_t i = 0; i < e->args_n; i++)
		args[i + 1] = arena_cstr(keep, e->args[i]);
	return args;
}

static void exec_handles(struct kube_exec_run *run, uv_loop_t *loop)
{
	uv_pipe_init(loop, &run->out, 0);
	uv_pipe_init(loop, &run->errors, 0);
	uv_timer_init(loop, &run->timer);
	run->out.data = run->errors.data = run->timer.data = run;
	run->handles = 3;
}

static int exec_spawn(struct kube_exec_run *run, uv_loop_t *loop, const struct kube_config *config)
{
	uv_stdio_container_t stdio[3] = {
		{.flags = UV_IGNORE},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&run->out},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		 .data.stream = (uv_stream_t *)&run->errors},
	};
	uv_process_options_t options = {.exit_cb = exec_exited, .stdio_count = 3, .stdio = stdio,
					.flags = UV_PROCESS_DETACHED};
	options.args = exec_arguments(&run->keep, &config->exec);
	options.file = options.args[0];
	options.env = exec_environment(&run->keep, config);
	run->process.data = run; /* libuv wants the handle closed even when it could not spawn */
	run->handles++;
	return uv_spawn(loop, &run->process, &options);
}

struct kube_exec_run *kube_exec_start(uv_loop_t *loop, const struct kube_config *config,
				      int64_t timeout_ms, kube_exec_done_fn *done, void *arg,
				      struct error *err)
{
	struct kube_exec_run *run = mem_alloc(sizeof *run);
	int status;
	if (!run) {
		error_set(err, ERROR_MEMORY, "out of memory for a credential plugin");
		return NULL;
	}
	arena_init(&run->keep, 0);
	buf_init(&run->output, LIMIT_KUBECONFIG);
	buf_init(&run->complaint, EXEC_ERRORS);
	run->command = arena_str(&run->keep, config->exec.command);
	run->api_version = arena_str(&run->keep, config->exec.api_version);
	run->done = done;
	run->arg = arg;
	exec_handles(run, loop);
	status = exec_spawn(run, loop, config);
	if (status != 0) {
		error_set(err, ERROR_INVALID, "cannot run the credential plugin %.*s: %s. %.*s",
			  STR_ARG(config->exec.command), uv_strerror(status),
			  STR_ARG(config->exec.install_hint));
		run->exited = true;
		exec_close(run);
		return NULL;
	}
	uv_read_start((uv_stream_t *)&run->out, exec_alloc, exec_read);
	uv_read_start((uv_stream_t *)&run->errors, exec_alloc, exec_read);
	uv_timer_start(&run->timer, exec_timeout, (uint64_t)timeout_ms, 0);
	return run;
}

void kube_exec_cancel(struct kube_exec_run *run)
{
	if (!run || run->over)
		return;
	exec_kill(run);
	exec_close(run);
}
