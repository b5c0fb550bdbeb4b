/*
 * Push events wake the poll of the repository they speak of. What they say is not believed: the
 * poll asks the repository itself.
 */
#include "agent/agent.h"
#include "agent/log.h"
#include "base/digest.h"
#include "base/json.h"

/* "sha256=HEX" or HEX over the body. */
static bool hmac_fits(struct request *r, str secret, str given)
{
	if (str_starts(given, STR("sha256=")))
		given = str_from(given, 7);
	return digest_equal(given, digest_hmac_hex(&r->arena, "sha256", secret, r->body));
}

static bool is_genuine(struct request *r)
{
	static const char *const signatures[] = {"X-Hub-Signature-256", "X-Gogs-Signature", "X-Gitea-Signature",
						 "X-Hub-Signature"};
	const struct config *c = &r->agent->config;
	str secret, token = request_header(r, "X-Gitlab-Token");

	if (!c->webhook_secret_file.n)
		return true; /* a poll more is all that a stranger gets */
	if (!config_read_file(&r->arena, config_path(&r->arena, c, c->webhook_secret_file), 65536, true, &secret, NULL) ||
	    !secret.n)
		return false;
	if (token.n)
		return digest_equal(token, secret);
	for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
		str given = request_header(r, signatures[i]);

		if (given.n)
			return hmac_fits(r, secret, given);
	}
	return false;
}

/* Where GitHub, Gogs, GitLab and Bitbucket (cloud and server) name the repository. */
static void find_urls(struct arena *keep, struct value event, str **out, size_t *n)
{
	struct value repo = value_path(event, "repository", NULL), project = value_path(event, "project", NULL);
	const struct list *clone = value_list(value_path(repo, "links", "clone", NULL));
	str names[] = {value_path_str(repo, "clone_url", NULL),
		      value_path_str(repo, "html_url", NULL),
		      value_path_str(repo, "ssh_url", NULL),
		      value_path_str(project, "git_http_url", NULL),
		      value_path_str(project, "git_ssh_url", NULL),
		      value_path_str(project, "web_url", NULL),
		      value_path_str(repo, "links", "html", "href", NULL)};

	*out = arena_news(keep, sizeof names / sizeof *names + list_n(clone), str);
	*n = 0;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].n)
			(*out)[(*n)++] = names[i];
	for (uint32_t i = 0; i < list_n(clone); i++)
		if (value_path_str(clone->at[i], "href", NULL).n)
			(*out)[(*n)++] = value_path_str(clone->at[i], "href", NULL);
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* GitHub's other content type: payload=JSON, as a form. */
static str form_payload(struct arena *keep, str body)
{
	char *out = arena_text(keep, body.n);
	size_t n = 0;

	body = str_cut(str_from(body, 8), '&', &(str){0});
	for (size_t i = 0; i < body.n; i++) {
		bool code = body.s[i] == '%' && i + 2 < body.n && hex_digit(body.s[i + 1]) >= 0 &&
			    hex_digit(body.s[i + 2]) >= 0;

		char c = body.s[i] == '+' ? ' ' : body.s[i];

		if (code) {
			c = (char)(hex_digit(body.s[i + 1]) * 16 + hex_digit(body.s[i + 2]));
			i += 2;
		}
		out[n++] = c;
	}
	return str_make(out, n);
}

bool webhook_urls(struct arena *keep, str body, str **urls, size_t *n, struct error *err)
{
	struct value event;

	if (str_starts(body, STR("payload=")))
		body = form_payload(keep, body);
	if (!json_read(keep, body, 0, &event, err))
		return error_wrap(err, "the webhook's body");
	if (event.type != VALUE_MAP)
		return error_set(err, ERROR_INVALID, "the webhook's body is no JSON object");
	find_urls(keep, event, urls, n);
	return true;
}

bool webhook_answer(struct request *r, unsigned *woken, struct error *err)
{
	str *urls;
	size_t n;

	if (!is_genuine(r)) {
		log_event(LOG_WARN, "a webhook with a wrong signature was refused", NULL);
		return error_set(err, ERROR_DENIED, "the webhook's signature or token is wrong");
	}
	if (!webhook_urls(&r->arena, r->body, &urls, &n, err))
		return false;
	*woken = 0;
	for (size_t i = 0; i < n; i++)
		*woken += git_poke(r->agent->git, urls[i]);
	return true;
}
