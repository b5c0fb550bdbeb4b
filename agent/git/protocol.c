/*
 * Three replies, each a small machine over packets. Text of the server is data: it reaches a
 * person only through git_printable.
 */
#include "agent/git/protocol.h"

#include "base/limits.h"

enum { START, LISTING, SHALLOW_INFO, WAIT_PACK, IN_PACK };

static bool not_git(struct error *err, const char *why)
{
	return error_set(err, ERROR_NETWORK, "the server's answer is not git's protocol: %s", why);
}

bool git_hex_valid(str oid)
{
	if (oid.n != GIT_HEX)
		return false;
	for (size_t i = 0; i < oid.n; i++)
		if (!((oid.s[i] >= '0' && oid.s[i] <= '9') || (oid.s[i] >= 'a' && oid.s[i] <= 'f')))
			return false;
	return true;
}

#define SHOWN 300 /* bytes of a server's message that a person is shown */

str git_printable(struct arena *keep, str text)
{
	char *out = arena_text(keep, SHOWN + 1);
	size_t n = 0;

	text = str_trim(text);
	for (size_t i = 0; i < text.n && n < SHOWN; i++) {
		unsigned char c = (unsigned char)text.s[i];

		out[n++] = c < 32 || c == 127 ? ' ' : c > 127 ? '?' : (char)c;
	}
	out[n] = 0;
	return str_make(out, n);
}

/* "not our ref" is upload-pack's word for an object that it does not have or does not give. */
static bool server_says(str text, struct error *err)
{
	struct arena scratch;
	enum error_kind kind = ERROR_NETWORK;

	arena_init(&scratch, 0);
	if (str_has(text, STR("not our ref")) || str_has(text, STR("unadvertised object")))
		kind = ERROR_NOT_FOUND;
	else if (str_has(text, STR("access denied")) || str_has(text, STR("not exported")))
		kind = ERROR_DENIED;
	text = git_printable(&scratch, text);
	error_set(err, kind, "the server says: %.*s", STR_ARG(text));
	arena_done(&scratch);
	return false;
}

static str line_of(str data)
{
	return str_ends(data, STR("\n")) ? str_sub(data, 0, data.n - 1) : data;
}

/* --- refs --- */

static struct git_ref *refs_add(struct arena *keep, struct git_refs *refs, str name, str oid)
{
	struct git_ref *ref;

	if (refs->n == refs->room) {
		size_t room = refs->room ? refs->room * 2 : 8;

		refs->at = arena_grow(keep, refs->at ? refs->at : arena_alloc(keep, 1),
				      refs->room * sizeof *ref, room * sizeof *ref);
		refs->room = room;
	}
	ref = &refs->at[refs->n++];
	*ref = (struct git_ref){.name = arena_str(keep, name), .oid = arena_str(keep, oid)};
	return ref;
}

const struct git_ref *git_refs_find(const struct git_refs *refs, str name)
{
	for (size_t i = 0; i < refs->n; i++)
		if (str_eq(refs->at[i].name, name))
			return &refs->at[i];
	return NULL;
}

/* OID SP NAME, with what follows in *rest. */
static bool ref_line(str line, str *oid, str *name, str *rest, struct error *err)
{
	*oid = str_cut(line, ' ', &line);
	*name = str_cut(line, ' ', rest);
	if (oid->n == 64)
		return error_set(err, ERROR_UNSUPPORTED,
				 "the repository has SHA-256 object ids, which are not served");
	if (!git_hex_valid(*oid) || !name->n)
		return not_git(err, "a line that names no ref");
	return true;
}

static bool refs_packet(struct git_reader *r, str data, struct error *err)
{
	str oid, name, rest, line = line_of(data);
	struct git_ref *ref;

	if (str_starts(line, STR("unborn ")))
		return true;
	if (!ref_line(line, &oid, &name, &rest, err))
		return false;
	ref = refs_add(r->keep, r->refs, name, oid);
	while (rest.n) {
		str word = str_cut(rest, ' ', &rest);

		if (str_starts(word, STR("symref-target:")))
			ref->target = arena_str(r->keep, str_from(word, 14));
		else if (str_starts(word, STR("peeled:")) && git_hex_valid(str_from(word, 7)))
			ref->peeled = arena_str(r->keep, str_from(word, 7));
	}
	return true;
}

/* --- the advertisement --- */

static bool capability_v2(struct git_advert *a, str word, struct error *err)
{
	str value, key = str_cut(word, '=', &value);

	if (str_is(key, "object-format") && !str_is(value, "sha1"))
		return error_set(err, ERROR_UNSUPPORTED,
				 "the repository has other object ids than SHA-1");
	if (str_is(key, "fetch"))
		while (value.n)
			if (str_is(str_cut(value, ' ', &value), "shallow"))
				a->shallow = true;
	return true;
}

static bool capabilities_v0(struct git_reader *r, str words, str *head, struct error *err)
{
	struct git_advert *a = r->advert;

	while (words.n) {
		str word = str_cut(words, ' ', &words);

		if (str_is(word, "shallow"))
			a->shallow = true;
		else if (str_is(word, "thin-pack"))
			a->thin = true;
		else if (str_is(word, "ofs-delta"))
			a->ofs = true;
		else if (str_is(word, "side-band-64k"))
			a->sideband = true;
		else if (str_starts(word, STR("symref=HEAD:")))
			*head = str_from(word, 12);
		else if (str_starts(word, STR("object-format=")) &&
			 !str_is(word, "object-format=sha1"))
			return error_set(err, ERROR_UNSUPPORTED,
					 "the repository has other object ids than SHA-1");
	}
	return true;
}

/* A ref of v0; the first one carries the capabilities behind a NUL. */
static bool advert_ref(struct git_reader *r, str line, struct error *err)
{
	struct git_refs *refs = &r->advert->refs;
	str oid, name, rest, words, head = {0};
	struct git_ref *ref;

	line = str_cut(line, '\0', &words);
	if (str_starts(line, STR("shallow ")))
		return true;
	if (!ref_line(line, &oid, &name, &rest, err))
		return false;
	if (words.n && !capabilities_v0(r, words, &head, err))
		return false;
	if (str_is(name, "capabilities^{}"))
		return true; /* an empty repository */
	if (str_ends(name, STR("^{}"))) {
		if (refs->n && str_eq(refs->at[refs->n - 1].name, str_sub(name, 0, name.n - 3)))
			refs->at[refs->n - 1].peeled = arena_str(r->keep, oid);
		return true;
	}
	ref = refs_add(r->keep, refs, name, oid);
	if (str_is(name, "HEAD") && head.n)
		ref->target = arena_str(r->keep, head);
	return true;
}

static bool advert_packet(struct git_reader *r, enum pkt_type type, str data, struct error *err)
{
	str line = line_of(data);

	if (type == PKT_FLUSH) {
		/* Over HTTP a flush follows "# service=...". */
		r->done = r->state == LISTING;
		if (r->done && (!r->advert->shallow ||
				(r->advert->version != 2 && r->advert->refs.n &&
				 !r->advert->sideband)))
			return error_set(err, ERROR_UNSUPPORTED,
					 "the server cannot give a commit without its history");
		return true;
	}
	if (type != PKT_DATA)
		return not_git(err, "an unexpected mark");
	if (r->state == START) {
		if (str_starts(line, STR("# service=")))
			return true;
		r->state = LISTING;
		if (str_is(line, "version 2") || str_is(line, "version 1")) {
			r->advert->version = line.s[8] - '0';
			return true;
		}
	}
	return r->advert->version == 2 ? capability_v2(r->advert, line, err)
				       : advert_ref(r, line, err);
}

/* --- packs --- */

static bool band(struct git_reader *r, str data, struct error *err)
{
	if (!data.n)
		return not_git(err, "an empty packet in a pack");
	switch (data.s[0]) {
	case 1:
		return r->on_pack(r->arg, str_from(data, 1), err);
	case 2:
		return true; /* progress */
	case 3:
		return server_says(str_from(data, 1), err);
	default:
		return not_git(err, "an unknown side band");
	}
}

static bool pack_v2(struct git_reader *r, enum pkt_type type, str data, struct error *err)
{
	str line = line_of(data);

	if (r->state == IN_PACK) {
		r->done = type == PKT_FLUSH;
		return type == PKT_DATA ? band(r, data, err) : true;
	}
	if (type == PKT_FLUSH)
		return not_git(err, "no pack");
	if (type != PKT_DATA)
		return true;
	if (str_is(line, "packfile"))
		r->state = IN_PACK;
	/* Headings and lines of acknowledgments and shallow-info: all we hold is of depth 1. */
	return true;
}

/* shallow lines, a flush, ACK or NAK, then the side bands. */
static bool pack_v0(struct git_reader *r, enum pkt_type type, str data, struct error *err)
{
	if (type == PKT_FLUSH) {
		r->done = r->state == IN_PACK;
		return true;
	}
	if (type != PKT_DATA)
		return not_git(err, "an unexpected mark");
	if (r->state != IN_PACK && (str_starts(data, STR("shallow ")) ||
				    str_starts(data, STR("unshallow ")) ||
				    str_starts(data, STR("ACK ")) || str_starts(data, STR("NAK"))))
		return true;
	r->state = IN_PACK;
	return band(r, data, err);
}

static bool on_packet(void *arg, enum pkt_type type, str data, bool *stop, struct error *err)
{
	struct git_reader *r = arg;
	bool fine;

	if (type == PKT_DATA && str_starts(data, STR("ERR ")))
		return server_says(str_from(data, 4), err);
	if (r->reply == GIT_ADVERT)
		fine = advert_packet(r, type, data, err);
	else if (r->reply == GIT_PACK)
		fine = r->advert->version == 2 ? pack_v2(r, type, data, err)
					       : pack_v0(r, type, data, err);
	else if (type == PKT_DATA)
		fine = refs_packet(r, data, err);
	else
		fine = r->done = true;
	*stop = r->done;
	return fine;
}

static void reader_init(struct git_reader *r, enum git_reply reply, size_t cap)
{
	r->reply = reply;
	r->done = false;
	r->state = START;
	r->seen = 0;
	r->cap = cap;
	pkt_reader_init(&r->packets);
}

void git_reader_advert(struct git_reader *r, struct arena *keep, struct git_advert *advert)
{
	reader_init(r, GIT_ADVERT, LIMIT_GIT_REFS_BYTES);
	r->keep = keep;
	r->advert = advert;
	*advert = (struct git_advert){0};
}

void git_reader_refs(struct git_reader *r, struct arena *keep, struct git_refs *refs)
{
	reader_init(r, GIT_LS_REFS, LIMIT_GIT_REFS_BYTES);
	r->keep = keep;
	r->refs = refs;
	*refs = (struct git_refs){0};
}

void git_reader_pack(struct git_reader *r, struct git_advert *advert, git_pack_fn *on_pack,
		     void *arg)
{
	reader_init(r, GIT_PACK, LIMIT_GIT_PACK_BYTES);
	r->advert = advert;
	r->on_pack = on_pack;
	r->arg = arg;
}

bool git_reader_feed(struct git_reader *r, str bytes, struct error *err)
{
	r->seen += bytes.n;
	if (r->seen > r->cap)
		return error_set(err, ERROR_LIMIT,
				 "the server's answer is larger than %zu bytes (%s)", r->cap,
				 r->reply == GIT_PACK ? "LIMIT_GIT_PACK_BYTES"
						      : "LIMIT_GIT_REFS_BYTES");
	return pkt_feed(&r->packets, bytes, on_packet, r, err);
}

/* --- requests --- */

#define AGENT "agent=git/tiphys"

void git_ask_refs(struct buf *out, const str *prefixes, size_t n)
{
	pkt_line(out, "command=ls-refs\n");
	pkt_line(out, AGENT "\n");
	pkt_line(out, "object-format=sha1\n");
	pkt_delim(out);
	pkt_line(out, "peel\n");
	pkt_line(out, "symrefs\n");
	for (size_t i = 0; i < n; i++)
		pkt_line(out, "ref-prefix %.*s\n", STR_ARG(prefixes[i]));
	pkt_flush(out);
}

static void ask_pack_v2(struct buf *out, const str *wants, size_t wants_n, const str *haves,
			size_t haves_n)
{
	pkt_line(out, "command=fetch");
	pkt_line(out, AGENT);
	pkt_line(out, "object-format=sha1");
	pkt_delim(out);
	pkt_line(out, "thin-pack");
	pkt_line(out, "no-progress");
	pkt_line(out, "ofs-delta");
	for (size_t i = 0; i < haves_n; i++)
		pkt_line(out, "shallow %.*s\n", STR_ARG(haves[i]));
	pkt_line(out, "deepen 1\n");
	for (size_t i = 0; i < wants_n; i++)
		pkt_line(out, "want %.*s\n", STR_ARG(wants[i]));
	for (size_t i = 0; i < haves_n; i++)
		pkt_line(out, "have %.*s\n", STR_ARG(haves[i]));
	pkt_line(out, "done\n");
	pkt_flush(out);
}

void git_ask_pack(struct buf *out, const struct git_advert *advert, const str *wants,
		  size_t wants_n, const str *haves, size_t haves_n)
{
	if (advert->version == 2) {
		ask_pack_v2(out, wants, wants_n, haves, haves_n);
		return;
	}
	for (size_t i = 0; i < wants_n; i++)
		pkt_line(out, "want %.*s%s%s%s%s\n", STR_ARG(wants[i]),
			 i ? "" : " " AGENT " no-progress", !i && advert->thin ? " thin-pack" : "",
			 !i && advert->ofs ? " ofs-delta" : "",
			 !i && advert->sideband ? " side-band-64k" : "");
	for (size_t i = 0; i < haves_n; i++)
		pkt_line(out, "shallow %.*s\n", STR_ARG(haves[i]));
	pkt_line(out, "deepen 1\n");
	pkt_flush(out);
	for (size_t i = 0; i < haves_n; i++)
		pkt_line(out, "have %.*s\n", STR_ARG(haves[i]));
	pkt_line(out, "done\n");
}
