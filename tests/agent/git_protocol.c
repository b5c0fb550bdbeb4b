/* What servers say, whole and cut at every byte; what we ask. */
#include "tests/base/test.h"

#include "agent/git/protocol.h"

#define OID_A "1111111111111111111111111111111111111111"
#define OID_B "2222222222222222222222222222222222222222"

static struct arena a;
static struct git_reader reader;
static struct buf got;

static int begin(void **state)
{
	(void)state;
	arena_init(&a, 0);
	buf_init(&got, 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_done(&a);
	buf_done(&got);
	return 0;
}

static bool keep_pack(void *arg, str bytes, struct error *err)
{
	(void)arg;
	(void)err;
	buf_add(&got, bytes);
	return true;
}

/* Feeds in pieces of `step` bytes. */
static bool feed(str text, size_t step, struct error *err)
{
	for (size_t at = 0; at < text.n; at += step)
		if (!git_reader_feed(&reader, str_sub(text, at, at + step), err))
			return false;
	return true;
}

static str lines(const char *const *list)
{
	struct buf b;

	buf_in(&b, &a, 0);
	for (; *list; list++) {
		if (strcmp(*list, "0000") == 0 || strcmp(*list, "0001") == 0)
			buf_lit(&b, *list);
		else
			pkt_line(&b, "%s", *list);
	}
	return buf_str(&b);
}

static void reads_v2(void **state)
{
	static const char *const words[] = {"# service=git-upload-pack\n", "0000", "version 2\n",
					    "agent=git/2\n", "fetch=wait-for-done shallow filter\n",
					    "object-format=sha1\n", "0000", NULL};
	str text = lines(words);

	(void)state;
	for (size_t step = 1; step <= text.n; step++) {
		struct git_advert advert;

		git_reader_advert(&reader, &a, &advert);
		assert_true(feed(str_sub(text, 0, text.n - 1), step, NULL));
		assert_false(reader.done);
		assert_true(feed(str_from(text, text.n - 1), step, NULL));
		assert_true(reader.done && advert.shallow && advert.version == 2);
	}
}

static void reads_v0(void **state)
{
	struct git_advert advert;
	struct buf b;
	char first[] = OID_A " HEAD\0shallow side-band-64k thin-pack symref=HEAD:refs/heads/x\n";

	(void)state;
	buf_in(&b, &a, 0);
	buf_printf(&b, "%04x", (unsigned)sizeof first - 1 + 4);
	buf_add(&b, str_make(first, sizeof first - 1));
	pkt_line(&b, OID_A " refs/heads/x\n");
	pkt_line(&b, OID_B " refs/tags/v1\n");
	pkt_line(&b, OID_A " refs/tags/v1^{}\n");
	pkt_flush(&b);
	git_reader_advert(&reader, &a, &advert);
	assert_true(feed(buf_str(&b), 7, NULL) && reader.done);
	assert_true(advert.version == 0 && advert.thin && advert.shallow && !advert.ofs);
	assert_int_equal(advert.refs.n, 3);
	assert_str(git_refs_find(&advert.refs, STR("HEAD"))->target, "refs/heads/x");
	assert_str(git_refs_find(&advert.refs, STR("refs/tags/v1"))->peeled, OID_A);
	assert_null(git_refs_find(&advert.refs, STR("refs/tags/v1^{}")));
}

static void reads_refs(void **state)
{
	static const char *const words[] = {
		"unborn HEAD symref-target:refs/heads/x\n",
		OID_A " HEAD symref-target:refs/heads/main\n",
		OID_B " refs/tags/v1 peeled:" OID_A "\n", "0000", "what follows is not read", NULL};
	struct git_refs refs;

	(void)state;
	git_reader_refs(&reader, &a, &refs);
	assert_true(feed(lines(words), 1000, NULL) && reader.done);
	assert_int_equal(refs.n, 2);
	assert_str(refs.at[0].target, "refs/heads/main");
	assert_str(refs.at[1].peeled, OID_A);
}

static void reads_packs(void **state)
{
	static const char *const v2[] = {"shallow-info\n", "shallow " OID_A "\n", "0001", "packfile\n",
					 "\2progress", "\1PA", "\1CK", "0000", NULL};
	static const char *const v0[] = {"shallow " OID_A "\n", "0000", "NAK\n", "\2x", "\1PA", "\1CK",
					 "0000", NULL};

	(void)state;
	for (int version = 0; version <= 2; version += 2) {
		struct git_advert advert = {.version = version};
		str text = lines(version ? v2 : v0);

		for (size_t step = 1; step <= text.n; step++) {
			buf_clear(&got);
			git_reader_pack(&reader, &advert, keep_pack, NULL);
			assert_true(feed(text, step, NULL) && reader.done);
			assert_str(buf_str(&got), "PACK");
		}
	}
}

static bool drop_pack(void *arg, str bytes, struct error *err)
{
	(void)err;
	*(size_t *)arg += bytes.n;
	return true;
}

static void packs_end_at_their_limit(void **state)
{
	static char packet[PKT_MAX];
	struct git_advert advert = {.version = 2};
	size_t taken = 0;
	struct error err;

	(void)state;
	memcpy(packet, "fff0\1", 5);
	git_reader_pack(&reader, &advert, drop_pack, &taken);
	assert_true(git_reader_feed(&reader, STR("000dpackfile\n"), NULL));
	while (git_reader_feed(&reader, str_make(packet, sizeof packet), &err))
		assert_true(taken <= LIMIT_GIT_PACK_BYTES);
	assert_int_equal(err.kind, ERROR_LIMIT);
	assert_true(taken > LIMIT_GIT_PACK_BYTES - ((size_t)1 << 20));
}

static enum error_kind refusal(str text, enum git_reply reply)
{
	struct git_advert advert = {.version = 2};
	struct git_refs refs;
	struct error err = {0};

	if (reply == GIT_ADVERT)
		git_reader_advert(&reader, &a, &advert);
	else if (reply == GIT_LS_REFS)
		git_reader_refs(&reader, &a, &refs);
	else
		git_reader_pack(&reader, &advert, keep_pack, NULL);
	return git_reader_feed(&reader, text, &err) ? ERROR_NONE : err.kind;
}

static void refuses(void **state)
{
	static const char *const unknown[] = {"ERR upload-pack: not our ref " OID_A "\n", NULL};
	static const char *const sha256[] = {OID_A OID_A "111111111111111111111111 HEAD\n", NULL};
	static const char *const band[] = {"packfile\n", "\5x", NULL};
	static const char *const fatal[] = {"packfile\n", "\3no\n", NULL};
	str big;

	(void)state;
	assert_int_equal(refusal(STR("<html>"), GIT_ADVERT), ERROR_NETWORK);
	assert_int_equal(refusal(STR("0003"), GIT_LS_REFS), ERROR_NETWORK);
	assert_int_equal(refusal(STR("fff1"), GIT_LS_REFS), ERROR_NETWORK);
	assert_int_equal(refusal(STR("0008abcd"), GIT_LS_REFS), ERROR_NETWORK);
	assert_int_equal(refusal(STR("0000"), GIT_PACK), ERROR_NETWORK);
	assert_int_equal(refusal(lines(unknown), GIT_PACK), ERROR_NOT_FOUND);
	assert_int_equal(refusal(lines(band), GIT_PACK), ERROR_NETWORK);
	assert_int_equal(refusal(lines(fatal), GIT_PACK), ERROR_NETWORK);
	assert_int_equal(refusal(lines(sha256), GIT_LS_REFS),
			 ERROR_NETWORK); /* 104 digits are no id at all */
	big = str_make(arena_alloc(&a, LIMIT_GIT_REFS_BYTES + 1), LIMIT_GIT_REFS_BYTES + 1);
	assert_int_equal(refusal(big, GIT_LS_REFS), ERROR_LIMIT);
}

static void asks(void **state)
{
	const str wants[] = {STR(OID_A)}, haves[] = {STR(OID_B)}, prefixes[] = {STR("HEAD")};
	struct git_advert v0 = {.ofs = true, .sideband = true}, v2 = {.version = 2};
	struct buf b;

	(void)state;
	buf_in(&b, &a, 0);
	git_ask_refs(&b, prefixes, 1);
	assert_true(str_has(buf_str(&b), STR("0014command=ls-refs\n")) &&
		    str_has(buf_str(&b), STR("0014ref-prefix HEAD\n0000")));
	for (int i = 0; i < 2; i++) {
		buf_in(&b, &a, 0);
		git_ask_pack(&b, i ? &v2 : &v0, wants, 1, haves, 1);
		assert_true(str_has(buf_str(&b), STR("000ddeepen 1\n")));
		assert_true(str_has(buf_str(&b), STR("shallow " OID_B)));
		assert_true(str_has(buf_str(&b), STR("0032have " OID_B "\n0009done\n")));
	}
}

static void shows(void **state)
{
	(void)state;
	assert_str(git_printable(&a, STR("  no\x1b[31m\nway\xc3\xa4 ")), "no [31m way??");
	assert_int_equal(git_printable(&a, str_make(arena_alloc(&a, 9999), 9999)).n, 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_v2),    cmocka_unit_test(reads_v0),
		cmocka_unit_test(reads_refs),  cmocka_unit_test(reads_packs),
		cmocka_unit_test(packs_end_at_their_limit),
		cmocka_unit_test(refuses),     cmocka_unit_test(asks),
		cmocka_unit_test(shows),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
