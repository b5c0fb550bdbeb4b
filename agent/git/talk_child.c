/*
 * A child that carries upload-pack's bytes: `ssh HOST git-upload-pack PATH` or
 * `git upload-pack PATH`. It lives as long as its conversation; what it says on stderr is told
 * when it ends before its time. No shell is run here.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/git/talk.h"
#include "base/mem.h"

#define COMPLAINT (4u << 10) /* bytes kept of stderr */

struct talk_child {
	uv_process_t process;
	uv_pipe_t in, out, errors;
	unsigned handles;
	bool dead, spawned, exited, ended, silent; /* ended, silent: stdout and stderr are read */
	struct buf complaint;
	struct git_reader *reader; /* NULL: nothing is asked */
	talk_done_fn *done;
	void *arg;
	uint64_t received;
	const char *program;
	char chunk[64 * 1024];
};

struct child_write {
	uv_write_t write;
	struct talk_child *child;
	char bytes[];
};

/* --- ends --- */

static void child_closed(uv_handle_t *handle)
{
	struct talk_child *c = handle->data;

	if (--c->handles == 0) {
		buf_done(&c->complaint);
		mem_free(c);
	}
}

static void child_close(uv_handle_t *handle)
{
	if (!uv_is_closing(handle))
		uv_close(handle, child_closed);
}

void talk_child_free(struct talk_child *c)
{
	if (!c || c->dead)
		return;
	c->dead = true;
	c->reader = NULL;
	/* Its own group: git upload-pack has children too. The handle closes when it is reaped. */
	if (c->spawned && !c->exited)
		kill(-c->process.pid, SIGKILL);
	else
		child_close((uv_handle_t *)&c->process);
	child_close((uv_handle_t *)&c->in);
	child_close((uv_handle_t *)&c->out);
	child_close((uv_handle_t *)&c->errors);
}

static void child_finish(struct talk_child *c, const struct error *err)
{
	talk_done_fn *done = c->done;

	c->reader = NULL;
	uv_read_stop((uv_stream_t *)&c->out);
	done(c->arg, -1, err);
}

/* It ended, and all it wrote is read. */
static void child_step(struct talk_child *c)
{
	struct arena scratch;
	struct error err = {0};
	str said;

	if (!c->exited || !c->ended || !c->silent || !c->reader || c->dead)
		return;
	arena_init(&scratch, 0);
	said = git_printable(&scratch, buf_str(&c->complaint));
	error_set(&err,
		  str_has(said, STR("does not appear to be a git repository")) ? ERROR_NOT_FOUND
		  : str_has(said, STR("ermission denied")) ||
				  str_has(said, STR("Host key verification failed"))
			  ? ERROR_DENIED
			  : ERROR_NETWORK,
		  "%s ended early: %.*s", c->program, STR_ARG(said));
	arena_done(&scratch);
	child_finish(c, &err);
}

static void child_exited(uv_process_t *process, int64_t status, int number)
{
	struct talk_child *c = process->data;

	(void)status;
	(void)number;
	c->exited = true;
	if (c->dead)
		child_close((uv_handle_t *)process);
	else
		child_step(c);
}

/* --- bytes --- */

static void child_alloc(uv_handle_t *handle, size_t hint, uv_buf_t *b)
{
	struct talk_child *c = handle->data;

	(void)hint;
	*b = uv_buf_init(c->chunk, sizeof c->chunk);
}

static void child_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct talk_child *c = stream->data;
	struct error err = {0};

	if (c->dead || n == 0)
		return;
	if (n < 0) {
		c->ended = true;
		child_step(c);
		return;
	}
	c->received += (uint64_t)n;
	if (!c->reader)
		return;
	if (!git_reader_feed(c->reader, str_make(b->base, (size_t)n), &err))
		child_finish(c, &err);
	else if (c->reader->done)
		child_finish(c, NULL);
}

static void child_complains(uv_stream_t *stream, ssize_t n, const uv_buf_t *b)
{
	struct talk_child *c = stream->data;

	if (n > 0 && !c->dead)
		buf_add(&c->complaint, str_sub(str_make(b->base, (size_t)n), 0,
					       COMPLAINT - c->complaint.n));
	if (n < 0) {
		c->silent = true;
		child_step(c);
	}
}

static void child_wrote(uv_write_t *write, int status)
{
	/* A child that does not read ends soon, and says why. */
	(void)status;
	mem_free(write->data);
}

static bool child_send(struct talk_child *c, str bytes, struct error *err)
{
	struct child_write *w = mem_alloc(sizeof *w + bytes.n);
	uv_buf_t b;
	int status;

	if (!w)
		return error_set(err, ERROR_MEMORY, "out of memory to ask a git server");
	memcpy(w->bytes, bytes.s, bytes.n);
	w->write.data = w;
	b = uv_buf_init(w->bytes, (unsigned)bytes.n);
	status = uv_write(&w->write, (uv_stream_t *)&c->in, &b, 1, child_wrote);
	if (status == 0)
		return true;
	mem_free(w);
	return error_set(err, ERROR_NETWORK, "cannot write to %s: %s", c->program,
			 uv_strerror(status));
}

bool talk_child_ask(struct talk_child *c, str request, struct git_reader *reader,
		    talk_done_fn *done, void *arg, struct error *err)
{
	if (c->exited && c->ended)
		return error_set(err, ERROR_NETWORK, "%s has ended", c->program);
	if (request.n && !child_send(c, request, err))
		return false;
	c->reader = reader;
	c->done = done;
	c->arg = arg;
	uv_read_start((uv_stream_t *)&c->out, child_alloc, child_read);
	return true;
}

uint64_t talk_child_received(const struct talk_child *c)
{
	return c->received;
}

/* --- starting --- */

struct words {
	struct arena *keep;
	char *at[40];
	size_t n;
};

static void word(struct words *w, str text)
{
	if (w->n + 1 < sizeof w->at / sizeof *w->at)
		w->at[w->n++] = arena_cstr(w->keep, text);
}

static void option(struct words *w, const char *name, str value)
{
	word(w, STR("-o"));
	word(w, arena_printf(w->keep, "%s=%.*s", name, STR_ARG(value)));
}

/* As git quotes for the shell at the other end. */
static str quote(struct arena *keep, str path)
{
	struct buf b;

	buf_in(&b, keep, 0);
	buf_char(&b, '\'');
	for (size_t i = 0; i < path.n; i++) {
		if (path.s[i] == '\'' || path.s[i] == '!')
			buf_printf(&b, "'\\%c'", path.s[i]);
		else
			buf_char(&b, path.s[i]);
	}
	buf_char(&b, '\'');
	return buf_str(&b);
}

/* Nothing of the user's or the system's ssh configuration counts: keys and hosts are named. */
static bool ssh_words(struct words *w, const struct config *config,
		      const struct config_repository *r, const struct git_url *url,
		      struct error *err)
{
	bool trust = r && r->insecure;

	if (!trust && (!r || !r->known_hosts_file.n))
		return error_set(err, ERROR_DENIED, "ssh needs the host's key: name a knownHostsFile "
				 "for the repository under `repositories`");
	word(w, STR("ssh"));
	word(w, STR("-T"));
	word(w, STR("-F"));
	word(w, STR("none"));
	option(w, "BatchMode", STR("yes"));
	option(w, "ConnectTimeout", STR("20"));
	option(w, "SendEnv", STR("GIT_PROTOCOL"));
	option(w, "StrictHostKeyChecking", trust ? STR("no") : STR("yes"));
	option(w, "GlobalKnownHostsFile", STR("/dev/null"));
	option(w, "UserKnownHostsFile",
	       trust ? STR("/dev/null") : config_path(w->keep, config, r->known_hosts_file));
	if (r && r->ssh_key_file.n) {
		option(w, "IdentitiesOnly", STR("yes"));
		word(w, STR("-i"));
		word(w, config_path(w->keep, config, r->ssh_key_file));
	}
	if (url->port.n) {
		word(w, STR("-p"));
		word(w, url->port);
	}
	if (url->user.n) {
		word(w, STR("-l"));
		word(w, url->user);
	}
	word(w, STR("--"));
	word(w, str_starts(url->host, STR("[")) ? str_sub(url->host, 1, url->host.n - 1)
						: url->host);
	word(w, arena_printf(w->keep, "git-upload-pack %.*s",
			     STR_ARG(quote(w->keep, url->path))));
	return true;
}

static void local_words(struct words *w, const struct git_url *url)
{
	word(w, STR("git"));
	word(w, STR("upload-pack"));
	word(w, url->path);
}

/* Ours without GIT_*, which could lead git elsewhere. */
static char **environment_of(struct arena *keep, const struct git_url *url)
{
	size_t n = 0, at = 0;
	char **env;

	while (environ[n])
		n++;
	env = arena_news(keep, n + 8, char *);
	for (size_t i = 0; i < n; i++)
		if (!str_starts(str_of(environ[i]), STR("GIT_")) &&
		    !str_starts(str_of(environ[i]), STR("LC_ALL=")))
			env[at++] = environ[i];
	env[at++] = arena_cstr(keep, STR("GIT_PROTOCOL=version=2"));
	env[at++] = arena_cstr(keep, STR("LC_ALL=C"));
	if (url->scheme == GIT_LOCAL) {
		/* Who named this path trusts it, whoever owns it. Any commit may be wanted. */
		env[at++] = arena_cstr(keep, STR("GIT_CONFIG_COUNT=1"));
		env[at++] = arena_cstr(keep, STR("GIT_CONFIG_KEY_0=safe.directory"));
		env[at++] = arena_cstr(keep, STR("GIT_CONFIG_VALUE_0=*"));
	}
	return env;
}

static int child_spawn(struct talk_child *c, uv_loop_t *loop, char **args, char **env)
{
	uv_stdio_container_t stdio[3] = {
		{.flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&c->in},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&c->out},
		{.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
		 .data.stream = (uv_stream_t *)&c->errors},
	};
	uv_process_options_t options = {.exit_cb = child_exited,
					.file = args[0],
					.args = args,
					.env = env,
					.stdio_count = 3,
					.stdio = stdio,
					.flags = UV_PROCESS_DETACHED};
	int status;

	uv_pipe_init(loop, &c->in, 0);
	uv_pipe_init(loop, &c->out, 0);
	uv_pipe_init(loop, &c->errors, 0);
	c->in.data = c->out.data = c->errors.data = c->process.data = c;
	c->handles = 4;
	status = uv_spawn(loop, &c->process, &options);
	c->spawned = status == 0;
	return status;
}

struct talk_child *talk_child_start(uv_loop_t *loop, const struct config *config,
				    const struct config_repository *repository,
				    const struct git_url *url, struct error *err)
{
	struct talk_child *c = mem_alloc(sizeof *c);
	struct words w = {0};
	struct arena scratch;
	int status;

	if (!c) {
		error_set(err, ERROR_MEMORY, "out of memory for a git server");
		return NULL;
	}
	arena_init(&scratch, 0);
	w.keep = &scratch;
	buf_init(&c->complaint, COMPLAINT);
	c->program = url->scheme == GIT_SSH ? "ssh" : "git upload-pack";
	if (url->scheme == GIT_SSH && !ssh_words(&w, config, repository, url, err)) {
		arena_done(&scratch);
		mem_free(c);
		return NULL;
	}
	if (url->scheme == GIT_LOCAL)
		local_words(&w, url);
	status = child_spawn(c, loop, w.at, environment_of(&scratch, url));
	arena_done(&scratch);
	if (status == 0) {
		uv_read_start((uv_stream_t *)&c->errors, child_alloc, child_complains);
		return c;
	}
	error_set(err, ERROR_SYSTEM, "cannot run %s: %s", c->program, uv_strerror(status));
	talk_child_free(c);
	return NULL;
}
