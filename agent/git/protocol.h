/*
 * What a client of git-upload-pack says and hears: protocol v2, and v0 and v1 of servers that
 * know no other. Pure: bytes in, facts out. Nothing asks for history: every fetch is of depth 1.
 * (gitprotocol-v2, gitprotocol-pack, gitprotocol-capabilities)
 */
#ifndef AGENT_GIT_PROTOCOL_H
#define AGENT_GIT_PROTOCOL_H

#include "agent/git/pktline.h"
#include "base/arena.h"

#define GIT_HEX 40 /* digits of an object id; SHA-256 repositories are refused */

struct git_ref {
	str name, oid; /* oid: of the commit or of whatever the ref names */
	str peeled;    /* what an annotated tag leads to, or empty */
	str target;    /* of a symbolic ref, or empty */
};

struct git_refs {
	struct git_ref *at;
	size_t n, room;
};

/* The server's first words. */
struct git_advert {
	int version;		/* 0, 1 or 2 */
	bool thin, ofs, sideband; /* v0 */
	bool shallow;
	struct git_refs refs; /* v0 and v1 give them at once */
};

enum git_reply { GIT_ADVERT, GIT_LS_REFS, GIT_PACK };

typedef bool git_pack_fn(void *arg, str bytes, struct error *err);

struct git_reader {
	enum git_reply reply;
	struct arena *keep;
	struct git_advert *advert;
	struct git_refs *refs;
	git_pack_fn *on_pack;
	void *arg;
	bool done; /* the reply is whole */

	int state;
	size_t seen, cap;
	struct pkt_reader packets;
};

/* A reader of the advertisement, of refs or of a pack's reply. `advert` says which version the
 * server speaks; for GIT_ADVERT it is filled. Refs live in keep. */
void git_reader_advert(struct git_reader *r, struct arena *keep, struct git_advert *advert);
void git_reader_refs(struct git_reader *r, struct arena *keep, struct git_refs *refs);
void git_reader_pack(struct git_reader *r, struct git_advert *advert, git_pack_fn *on_pack,
		     void *arg);
/* Bytes as they come; done is set with the last one. ERROR_NETWORK for what is not git's
 * protocol, ERROR_LIMIT over a cap, ERROR_UNSUPPORTED for a server that cannot serve us, and what
 * the server itself says (ERROR_NOT_FOUND for an object that it does not have). */
bool git_reader_feed(struct git_reader *r, str bytes, struct error *err);

/* A v2 command: the refs under these prefixes. */
void git_ask_refs(struct buf *out, const str *prefixes, size_t n);
/* The wanted commits at depth 1, given that we hold others (each without its parents). */
void git_ask_pack(struct buf *out, const struct git_advert *advert, const str *wants,
		  size_t wants_n, const str *haves, size_t haves_n);

const struct git_ref *git_refs_find(const struct git_refs *refs, str name);
/* 40 lower-case hex digits. */
bool git_hex_valid(str oid);
/* Server text as it may be shown: printable, one line, not long. */
str git_printable(struct arena *keep, str text);

#endif
