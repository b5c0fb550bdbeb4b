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
static unsigned poke_all(struct agent *a, struct value event)
{
	struct value repo = value_path(event, "repository", NULL), project = value_path(event, "project", NULL);
	const struct list *clone = value_list(value_path(repo, "links", "clone", NULL));
	str urls[] = {value_path_str(repo, "clone_url", NULL),
		      value_path_str(repo, "html_url", NULL),
		      value_path_str(repo, "ssh_url", NULL),
		      value_path_str(project, "git_http_url", NULL),
		      value_path_str(project, "git_ssh_url", NULL),
		      value_path_str(project, "web_url", NULL),
		      value_path_str(repo, "links", "html", "href", NULL)};
	unsigned n = 0;

	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
		if (urls[i].n)
			n += git_poke(a->git, urls[i]);
	for (uint32_t i = 0; i < list_n(clone); i++)
		if (value_path_str(clone->at[i], "href", NULL).n)
			n += git_poke(a->git, value_path_str(clone->at[i], "href", NULL));
	return n;
}

bool webhook_answer(struct request *r, struct reply *out)
{
	struct error err = {.kind = ERROR_NONE};
	struct value event;
	unsigned n;

	if (!is_genuine(r)) {
		log_event(LOG_WARN, "a webhook with a wrong signature was refused", NULL);
		return false;
	}
	if (!json_read(&r->arena, r->body, 0, &event, &err) || event.type != VALUE_MAP) {
		*out = (struct reply){400, STR("{\"error\":\"the webhook's body is no JSON object\",\"code\":400,"
					       "\"message\":\"the webhook's body is no JSON object\"}"), NULL};
		return true;
	}
	n = poke_all(r->agent, event);
	*out = (struct reply){200, arena_printf(&r->arena, "{\"repositories\":%u}", n), NULL};
	return true;
}
