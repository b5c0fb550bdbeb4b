/*
 * The store by itself: packs made here, some of them lacking what they should hold; readers in
 * other threads while packs come and go.
 */
#include "tests/base/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <git2.h>
#include <uv.h>

#include "agent/git/files.h"
#include "agent/git/store.h"
#include "base/limits.h"
#include "base/buf.h"
#include "base/mem.h"

#define COMMITS 120

static char root[64];
static struct arena a;
static git_repository *source;

static int begin(void **state)
{
	char path[128];

	(void)state;
	git_libgit2_init();
	arena_init(&a, 0);
	snprintf(root, sizeof root, "/tmp/git_store_XXXXXX");
	assert_non_null(mkdtemp(root));
	snprintf(path, sizeof path, "%s/source", root);
	return git_repository_init(&source, path, 1);
}

static int end(void **state)
{
	char command[128];

	(void)state;
	git_repository_free(source);
	arena_done(&a);
	snprintf(command, sizeof command, "rm -rf %s", root);
	git_libgit2_shutdown();
	return system(command);
}

static git_oid put(const void *bytes, size_t n, git_object_t type)
{
	git_odb *odb;
	git_oid id;

	assert_int_equal(git_repository_odb(&odb, source), 0);
	assert_int_equal(git_odb_write(&id, odb, bytes, n, type), 0);
	git_odb_free(odb);
	return id;
}

static git_oid put_tree(const char *name, const char *mode, const git_oid *entry)
{
	char text[256];
	int n = snprintf(text, 200, "%s %s", mode, name) + 1;

	memcpy(text + n, entry->id, GIT_OID_RAWSZ);
	return put(text, (size_t)n + GIT_OID_RAWSZ, GIT_OBJECT_TREE);
}

static git_oid put_commit(const git_oid *tree, int number)
{
	char text[512];
	int n = snprintf(text, sizeof text,
			 "tree %s\nparent %040d\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\n%d\n",
			 git_oid_tostr_s(tree), 7, number);

	return put(text, (size_t)n, GIT_OBJECT_COMMIT);
}

/* A pack of exactly these objects, as a file of the store. */
static char *pack_of(struct git_store *s, const git_oid *ids, size_t n)
{
	git_packbuilder *builder;
	git_buf bytes = {0};
	char *path;
	int fd = git_store_spool(s, &path, NULL);

	assert_true(fd >= 0);
	assert_int_equal(git_packbuilder_new(&builder, source), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(git_packbuilder_insert(builder, &ids[i], NULL), 0);
	assert_int_equal(git_packbuilder_write_buf(&bytes, builder), 0);
	assert_int_equal(write(fd, bytes.ptr, bytes.size), (ssize_t)bytes.size);
	close(fd);
	git_buf_dispose(&bytes);
	git_packbuilder_free(builder);
	return path;
}

static str hex(const git_oid *id)
{
	return arena_str(&a, str_of(git_oid_tostr_s(id)));
}

static enum error_kind take(struct git_store *s, const git_oid *ids, size_t n)
{
	str commit = hex(&ids[0]);
	struct error err = {0};
	char *path = pack_of(s, ids, n);
	bool fine = git_store_take(s, path, &commit, 1, NULL, &err);

	assert_int_equal(access(path, F_OK), -1);
	mem_free(path);
	assert_true(fine == git_store_holds(s, commit));
	return fine ? ERROR_NONE : err.kind;
}

static struct git_store *store_in(const char *name)
{
	struct git_store *s =
		git_store_open(arena_printf(&a, "%s/%s", root, name), NULL);

	assert_non_null(s);
	return s;
}

static void holds_only_what_is_whole(void **state)
{
	struct git_store *s = store_in("whole");
	git_oid blob = put("text", 4, GIT_OBJECT_BLOB), deep, ids[4];

	(void)state;
	ids[3] = blob;
	ids[2] = put_tree("file", "100644", &blob);
	ids[1] = put_tree("dir", "40000", &ids[2]);
	ids[0] = put_commit(&ids[1], 1);
	assert_int_equal(take(s, ids, 1), ERROR_CORRUPT);
	assert_int_equal(take(s, ids, 3), ERROR_CORRUPT);
	assert_int_equal(take(s, ids, 4), ERROR_NONE);
	/* A tree where a file should be one, and names that no tree may have. */
	ids[1] = put_tree("..", "40000", &ids[2]);
	ids[0] = put_commit(&ids[1], 2);
	assert_int_equal(take(s, ids, 4), ERROR_CORRUPT);
	ids[1] = put_tree("a/b", "100644", &blob);
	ids[0] = put_commit(&ids[1], 3);
	assert_int_equal(take(s, ids, 4), ERROR_CORRUPT);
	/* A submodule's commit is nobody's business. */
	ids[1] = put_tree("sub", "160000", &ids[0]);
	ids[0] = put_commit(&ids[1], 4);
	assert_int_equal(take(s, ids, 2), ERROR_NONE);
	git_store_free(s);

	s = store_in("deep");
	{
		git_oid all[LIMIT_GIT_TREE_DEPTH + 8];
		size_t n = sizeof all / sizeof *all;

		all[n - 1] = blob;
		deep = put_tree("f", "100644", &blob);
		for (size_t i = n - 2; i > 0; i--) {
			all[i] = deep;
			deep = put_tree("d", "40000", &deep);
		}
		all[0] = put_commit(&all[1], 5);
		assert_int_equal(take(s, all, n), ERROR_LIMIT);
	}
	git_store_free(s);
}

/* So many entries that only their number is wrong. */
static git_oid put_wide_tree(size_t entries)
{
	struct buf b;
	git_oid id;

	buf_init(&b, 0);
	for (size_t i = 0; i < entries; i++) {
		buf_printf(&b, "160000 %07zu", i);
		buf_fill(&b, '\0', 1);
		buf_fill(&b, 'x', GIT_OID_RAWSZ);
	}
	id = put(b.s, b.n, GIT_OBJECT_TREE);
	buf_done(&b);
	return id;
}

static void trees_have_limits(void **state)
{
	struct git_store *s = store_in("wide");
	git_oid ids[2];

	(void)state;
	ids[1] = put_wide_tree(LIMIT_GIT_TREE_ENTRIES);
	ids[0] = put_commit(&ids[1], 1);
	assert_int_equal(take(s, ids, 2), ERROR_NONE);
	ids[1] = put_wide_tree(LIMIT_GIT_TREE_ENTRIES + 1);
	ids[0] = put_commit(&ids[1], 2);
	assert_int_equal(take(s, ids, 2), ERROR_LIMIT);
	ids[1] = put_wide_tree(LIMIT_GIT_TREE / 35 + 1);
	ids[0] = put_commit(&ids[1], 3);
	assert_int_equal(take(s, ids, 2), ERROR_LIMIT);
	git_store_free(s);
}

static atomic_bool over;
static atomic_int reads;

struct reader {
	struct git_store *store;
	str commit;
	int wrong;
};

static void read_on(void *arg)
{
	struct reader *r = arg;

	while (!atomic_load(&over)) {
		struct arena own;
		struct error err;
		struct files *f;
		str text;

		arena_init(&own, 0);
		f = git_files_open(&own, r->store, r->commit, &err);
		r->wrong += !f || !f->read(f, &own, STR("dir/file"), 100, &text, &err) ||
			    !str_is(text, "constant");
		r->wrong += f && (f->read(f, &own, STR("dir/none"), 100, &text, &err) ||
				  err.kind != ERROR_NOT_FOUND);
		arena_done(&own);
		atomic_fetch_add(&reads, 1);
	}
}

static void reads_while_packs_come_and_go(void **state)
{
	struct git_store *s = store_in("busy");
	git_oid blob = put("constant", 8, GIT_OBJECT_BLOB), ids[4];
	struct reader readers[2];
	uv_thread_t threads[2];
	str kept;
	size_t n;

	(void)state;
	ids[3] = blob;
	ids[2] = put_tree("file", "100644", &blob);
	ids[1] = put_tree("dir", "40000", &ids[2]);
	ids[0] = put_commit(&ids[1], 0);
	assert_int_equal(take(s, ids, 4), ERROR_NONE);
	kept = hex(&ids[0]);
	for (int i = 0; i < 2; i++) {
		readers[i] = (struct reader){s, kept, 0};
		uv_thread_create(&threads[i], read_on, &readers[i]);
	}
	for (int i = 1; i <= COMMITS; i++) {
		ids[0] = put_commit(&ids[1], i);
		assert_int_equal(take(s, ids, 1), ERROR_NONE);
		if (git_store_crowded(s, LIMIT_GIT_PACKS))
			assert_true(git_store_compact(s, &kept, 1, NULL));
	}
	assert_true(git_store_compact(s, &kept, 1, NULL));
	atomic_store(&over, true);
	for (int i = 0; i < 2; i++) {
		uv_thread_join(&threads[i]);
		assert_int_equal(readers[i].wrong, 0);
	}
	assert_true(atomic_load(&reads) > 0);
	assert_false(git_store_damaged(s));
	git_store_held(s, &a, COMMITS, &n);
	assert_int_equal(n, LIMIT_GIT_HELD + 1);
	git_store_free(s);

	/* And after a restart. */
	s = store_in("busy");
	assert_true(git_store_holds(s, kept));
	assert_true(git_store_holds(s, hex(&ids[0])));
	git_store_free(s);
}

static void expires(void **state)
{
	char path[256];
	str dir = arena_printf(&a, "%s/%032d", root, 1);
	struct git_store *s = git_store_open(dir, NULL);

	(void)state;
	assert_non_null(s);
	git_store_free(s);
	snprintf(path, sizeof path, "%s/packs", dir.s);
	git_store_expire(root, 1000);
	assert_int_equal(access(path, F_OK), 0);
	git_store_expire(root, -1);
	assert_int_equal(access(path, F_OK), -1);
	snprintf(path, sizeof path, "%s/source", root);
	assert_int_equal(access(path, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_only_what_is_whole),
		cmocka_unit_test(trees_have_limits),
		cmocka_unit_test(reads_while_packs_come_and_go),
		cmocka_unit_test(expires),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
