/*
 * libmicrohttpd with an epoll descriptor of its own, driven by the loop: no thread. One daemon for
 * the address of the configuration, one for the Unix socket in the state directory.
 */
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/log.h"
#include "base/limits.h"
#include "base/mem.h"

struct listener {
	struct server *server;
	struct MHD_Daemon *daemon;
	uv_poll_t poll;
	uv_timer_t timer;
	bool trusted, open;
};

struct server {
	struct agent *agent;
	struct listener at[2];
	size_t n;
	str certificate, key;
	struct arena arena;
	int handles;
	size_t received; /* bytes of bodies that are not answered yet */
	bool outside; /* reachable from beyond loopback */
};

/* --- requests --- */

struct upload {
	struct request request;
	struct buf body;
	struct server *server;
	size_t received;
	struct reply early; /* status not 0: the answer, whatever the body says */
};

str request_header(const struct request *r, const char *name)
{
	return str_of(MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name));
}

str request_query(const struct request *r, const char *name)
{
	return str_of(MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name));
}

static enum MHD_Result send_reply(struct MHD_Connection *c, const struct reply *reply)
{
	struct MHD_Response *r;
	enum MHD_Result ok;

	r = MHD_create_response_from_buffer(reply->body.n, (void *)(uintptr_t)reply->body.s, MHD_RESPMEM_MUST_COPY);
	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, "Content-Type", reply->type ? reply->type : "application/json");
	MHD_add_response_header(r, "Cache-Control", "no-store");
	MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	if (reply->status == 401)
		MHD_add_response_header(r, "WWW-Authenticate", "Bearer");
	ok = MHD_queue_response(c, (unsigned)reply->status, r);
	MHD_destroy_response(r);
	return ok;
}

/* All bodies that are being received share one bound. */
static void keep_body(struct upload *u, str data)
{
	if (u->early.status)
		return;
	if (u->server->received + data.n > LIMIT_HTTP_BODIES) {
		u->early = (struct reply){503, STR("{\"error\":\"too many requests at once\",\"code\":503,"
						   "\"message\":\"too many requests at once\"}"), NULL};
		return;
	}
	if (buf_failed(&u->body))
		return;
	u->server->received += data.n;
	u->received += data.n;
	buf_add(&u->body, data);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *url, const char *method,
				  const char *version, const char *data, size_t *n, void **state)
{
	struct listener *l = arg;
	struct upload *u = *state;
	struct reply reply = {.status = 500};

	(void)version;
	if (!u) {
		u = mem_alloc(sizeof *u);
		if (!u)
			return MHD_NO;
		*u = (struct upload){.request = {.agent = l->server->agent, .method = method, .path = url,
						 .connection = c, .trusted = l->trusted}, .server = l->server};
		arena_init(&u->request.arena, 0);
		buf_init(&u->body, LIMIT_HTTP_BODY);
		*state = u;
		routes_refuse(&u->request, &u->early); /* before a stranger's body takes room */
		return MHD_YES;
	}
	if (*n) {
		keep_body(u, str_make(data, *n));
		*n = 0;
		return MHD_YES;
	}
	if (u->early.status)
		return send_reply(c, &u->early);
	u->request.body = buf_str(&u->body);
	u->request.method = method;
	u->request.path = url;
	if (buf_failed(&u->body))
		reply = (struct reply){413, STR("{\"error\":\"the body is too large\",\"code\":413,"
						"\"message\":\"the body is too large\"}"), NULL};
	else
		routes_answer(&u->request, &reply);
	return send_reply(c, &reply);
}

static void on_completed(void *arg, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode why)
{
	struct upload *u = *state;

	(void)arg, (void)c, (void)why;
	if (!u)
		return;
	u->server->received -= u->received;
	arena_done(&u->request.arena);
	buf_done(&u->body);
	mem_free(u);
	*state = NULL;
}

/* --- the loop --- */

static void on_timer(uv_timer_t *timer);

static void run(struct listener *l)
{
	MHD_UNSIGNED_LONG_LONG wait;

	MHD_run(l->daemon);
	if (MHD_get_timeout(l->daemon, &wait) == MHD_YES)
		uv_timer_start(&l->timer, on_timer, wait, 0);
	else
		uv_timer_stop(&l->timer);
}

static void on_timer(uv_timer_t *timer)
{
	run(timer->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	(void)status, (void)events;
	run(poll->data);
}

static bool listen_with(struct server *s, int fd, bool trusted, struct error *err)
{
	struct listener *l = &s->at[s->n];
	const union MHD_DaemonInfo *info;
	struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)s->key.s},
				       {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)s->certificate.s},
				       {MHD_OPTION_END, 0, NULL}};
	struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};
	bool secure = !trusted && s->key.n;

	*l = (struct listener){.server = s, .trusted = trusted};
	l->daemon = MHD_start_daemon(
		(unsigned)MHD_USE_EPOLL | (secure ? (unsigned)MHD_USE_TLS : 0), 0, NULL, NULL,
		on_request, l, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, LIMIT_HTTP_CONNECTIONS,
		MHD_OPTION_CONNECTION_TIMEOUT, 15u,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, trusted ? 0u : (unsigned)LIMIT_HTTP_CONNECTIONS / 2, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)LIMIT_HTTP_HEADER * 4,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_ARRAY, secure ? tls : plain,
		MHD_OPTION_END);
	if (!l->daemon) {
		close(fd);
		return error_set(err, ERROR_SYSTEM, "the HTTP server does not start%s",
				 secure ? ": are server.tls.certificate and key right?" : "");
	}
	info = MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	uv_poll_init(s->agent->loop, &l->poll, info->epoll_fd);
	uv_timer_init(s->agent->loop, &l->timer);
	l->poll.data = l->timer.data = l;
	uv_poll_start(&l->poll, UV_READABLE, on_poll);
	l->open = true;
	s->handles += 2;
	s->n++;
	return true;
}

/* --- addresses --- */

static bool is_loopback(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		return (ntohl(((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr) >> 24) == 127;
	return a->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr);
}

/* What is reachable from outside is encrypted and asks for a token. */
static bool is_safe(struct server *s, const struct config *c, str address, struct error *err)
{
	return !s->outside || (c->tls_certificate.n && c->token_file.n) ||
	       error_set(err, ERROR_INVALID, "server.listen: %.*s is reachable from outside: server.tls and "
			 "server.tokenFile are required", STR_ARG(address));
}

static bool same_place(const struct config *a, const struct config *b)
{
	return str_eq(a->listen, b->listen) && str_eq(a->socket, b->socket) && str_eq(a->state, b->state) &&
	       str_eq(a->tls_certificate, b->tls_certificate) && str_eq(a->tls_key, b->tls_key) &&
	       str_eq(a->kubeconfig, b->kubeconfig);
}

bool server_may_reload(struct server *s, const struct config *fresh, struct error *err)
{
	if (!same_place(&s->agent->config, fresh))
		return error_set(err, ERROR_UNSUPPORTED, "server.listen, server.tls, server.socket, state and kubeconfig "
				 "change with a restart only");
	return is_safe(s, fresh, fresh->listen, err);
}

static bool open_tcp(struct server *s, str address, struct error *err)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
	char host[256], port[16];
	ptrdiff_t colon = str_rfind_char(address, ':');
	str name = str_sub(address, 0, colon < 0 ? 0 : (size_t)colon);
	int fd, yes = 1;
	bool ok;

	if (str_starts(name, STR("[")))
		name = str_sub(name, 1, name.n - 1);
	snprintf(host, sizeof host, "%.*s", STR_ARG(name));
	snprintf(port, sizeof port, "%.*s", STR_ARG(str_from(address, (size_t)(colon + 1))));
	if (colon < 0 || getaddrinfo(host[0] ? host : NULL, port, &hints, &found) || !found)
		return error_set(err, ERROR_INVALID, "server.listen: %.*s is no address:port", STR_ARG(address));
	s->outside = !is_loopback(found->ai_addr);
	if (!is_safe(s, &s->agent->config, address, err)) {
		freeaddrinfo(found);
		return false;
	}
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	ok = fd >= 0 && !bind(fd, found->ai_addr, found->ai_addrlen) && !listen(fd, 128);
	freeaddrinfo(found);
	if (!ok) {
		error_errno(err, "listen on %.*s", STR_ARG(address));
		close(fd);
		return false;
	}
	return listen_with(s, fd, false, err);
}

static bool open_unix(struct server *s, str path, struct error *err)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	mode_t before;
	bool ok;
	int fd;

	if (path.n >= sizeof a.sun_path)
		return error_set(err, ERROR_INVALID, "the path of the Unix socket is longer than %zu bytes: %.*s",
				 sizeof a.sun_path - 1, STR_ARG(path));
	memcpy(a.sun_path, path.s, path.n);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	unlink(a.sun_path);
	before = umask(0177);
	ok = fd >= 0 && !bind(fd, (struct sockaddr *)&a, sizeof a) && !listen(fd, 128);
	umask(before);
	if (!ok) {
		error_errno(err, "listen on %.*s", STR_ARG(path));
		close(fd);
		return false;
	}
	return listen_with(s, fd, true, err);
}

static bool read_tls(struct server *s, struct error *err)
{
	const struct config *c = &s->agent->config;

	return !c->tls_certificate.n ||
	       (config_read_file(&s->arena, config_path(&s->arena, c, c->tls_certificate), 1 << 20, false,
				 &s->certificate, err) &&
		config_read_file(&s->arena, config_path(&s->arena, c, c->tls_key), 1 << 20, false, &s->key, err));
}

struct server *server_new(struct agent *a, struct error *err)
{
	struct server *s = mem_alloc(sizeof *s);
	str path;

	if (!s) {
		error_set(err, ERROR_MEMORY, "no memory for the server");
		return NULL;
	}
	*s = (struct server){.agent = a};
	arena_init(&s->arena, 0);
	path = a->config.socket.n ? config_path(&s->arena, &a->config, a->config.socket)
				  : arena_printf(&s->arena, "%.*s/tiphys.sock",
						 STR_ARG(config_path(&s->arena, &a->config, a->config.state)));
	if (!read_tls(s, err) || (a->config.listen.n && !open_tcp(s, a->config.listen, err)) ||
	    !open_unix(s, path, err)) {
		server_free(s);
		return NULL;
	}
	return s;
}

static void on_closed(uv_handle_t *h)
{
	struct listener *l = h->data;

	if (--l->server->handles == 0)
		mem_free(l->server);
}

void server_free(struct server *s)
{
	if (!s)
		return;
	arena_done(&s->arena);
	if (!s->n) {
		mem_free(s);
		return;
	}
	for (size_t i = 0; i < s->n; i++) {
		uv_poll_stop(&s->at[i].poll);
		MHD_stop_daemon(s->at[i].daemon);
		uv_close((uv_handle_t *)&s->at[i].poll, on_closed);
		uv_close((uv_handle_t *)&s->at[i].timer, on_closed);
	}
}
