/*
 * Each question is written down once, with a digest of its answer.
 */
#include "render/files_record.h"

#include "base/digest.h"
#include "base/limits.h"
#include "base/value.h"

enum question { ASKED_LIST, ASKED_READ, ASKED_STAT };

struct asked {
	struct asked *next;
	enum question question;
	str path;
	unsigned char answer[DIGEST_SHA256];
};

struct record {
	struct arena *keep;
	struct asked *all;
	struct map *known; /* question letter and path */
	bool broken;
};

struct recorder {
	struct files files;
	struct files *over;
	struct record *record;
};

struct record *record_new(struct arena *keep)
{
	struct record *r = arena_new(keep, struct record);

	r->keep = keep;
	r->known = map_new(keep, 16);
	return r;
}

static void hash_entry(struct digest *d, const struct file_entry *e)
{
	digest_field(d, e->name);
	digest_field(d, e->type == FILE_DIRECTORY ? STR("d") : STR("f"));
	digest_field(d, e->id);
}

static void hash_absent(unsigned char out[DIGEST_SHA256])
{
	digest_sha256(STR("absent"), out);
}

static void hash_list(const struct file_entry *at, size_t n, unsigned char out[DIGEST_SHA256])
{
	struct digest d;

	digest_start(&d);
	for (size_t i = 0; i < n; i++)
		hash_entry(&d, &at[i]);
	digest_end(&d, out);
}

static void note(struct record *r, enum question q, str path, bool ok, const struct error *err,
		 const unsigned char answer[DIGEST_SHA256])
{
	str key = arena_printf(r->keep, "%c%.*s", "lrs"[q], STR_ARG(path));
	struct asked *a;

	if (!ok && err->kind != ERROR_NOT_FOUND)
		r->broken = true;
	if (map_find(r->known, key))
		return;
	map_set(r->keep, r->known, key, value_bool(true));
	a = arena_new(r->keep, struct asked);
	*a = (struct asked){.next = r->all, .question = q, .path = str_from(key, 1)};
	if (ok)
		memcpy(a->answer, answer, sizeof a->answer);
	else
		hash_absent(a->answer);
	r->all = a;
}

static bool recorder_list(struct files *f, struct arena *keep, str path, struct file_entry **out,
			  size_t *n, struct error *err)
{
	struct recorder *r = (struct recorder *)f;
	struct error mine;
	unsigned char answer[DIGEST_SHA256];
	bool ok;

	error_clear(&mine); /* an initializer would zero its 8 kB of text */
	ok = r->over->list(r->over, keep, path, out, n, &mine);
	if (ok)
		hash_list(*out, *n, answer);
	note(r->record, ASKED_LIST, path, ok, &mine, answer);
	if (!ok && err)
		*err = mine;
	return ok;
}

static bool stat_answer(struct files *f, struct arena *keep, str path, struct file_entry *out,
			unsigned char answer[DIGEST_SHA256], struct error *err)
{
	if (!f->stat(f, keep, path, out, err))
		return false;
	hash_list(out, 1, answer);
	return true;
}

static bool recorder_stat(struct files *f, struct arena *keep, str path, struct file_entry *out,
			  struct error *err)
{
	struct recorder *r = (struct recorder *)f;
	struct error mine;
	unsigned char answer[DIGEST_SHA256];
	bool ok;

	error_clear(&mine);
	ok = stat_answer(r->over, keep, path, out, answer, &mine);
	note(r->record, ASKED_STAT, path, ok, &mine, answer);
	if (!ok && err)
		*err = mine;
	return ok;
}

/* The content id when there is one; else the bytes. */
static bool read_answer(struct files *f, struct arena *keep, str path, const str *bytes,
			unsigned char answer[DIGEST_SHA256], struct error *err)
{
	struct file_entry entry;
	str text;

	if (!f->stat(f, keep, path, &entry, err))
		return false;
	if (entry.id.n) {
		digest_sha256(entry.id, answer);
		return entry.type == FILE_REGULAR || error_set(err, ERROR_NOT_FOUND, "a directory");
	}
	if (bytes)
		text = *bytes;
	else if (!f->read(f, keep, path, LIMIT_CHART_BYTES, &text, err))
		return false;
	digest_sha256(text, answer);
	return true;
}

static bool recorder_read(struct files *f, struct arena *keep, str path, size_t cap, str *out,
			  struct error *err)
{
	struct recorder *r = (struct recorder *)f;
	struct error mine;
	unsigned char answer[DIGEST_SHA256];
	bool ok;

	error_clear(&mine);
	ok = r->over->read(r->over, keep, path, cap, out, &mine) && read_answer(r->over, keep, path, out, answer, &mine);
	note(r->record, ASKED_READ, path, ok, &mine, answer);
	if (!ok && err)
		*err = mine;
	return ok;
}

struct files *files_record(struct arena *keep, struct files *f, struct record *record)
{
	struct recorder *r = arena_new(keep, struct recorder);

	r->files = (struct files){recorder_list, recorder_read, recorder_stat};
	r->over = f;
	r->record = record;
	return &r->files;
}

static bool ask(const struct asked *a, struct arena *scratch, struct files *f,
		unsigned char answer[DIGEST_SHA256], struct error *err)
{
	struct file_entry *list, one;
	size_t n;

	if (a->question == ASKED_STAT)
		return stat_answer(f, scratch, a->path, &one, answer, err);
	if (a->question == ASKED_READ)
		return read_answer(f, scratch, a->path, NULL, answer, err);
	if (!f->list(f, scratch, a->path, &list, &n, err))
		return false;
	hash_list(list, n, answer);
	return true;
}

bool files_replay(const struct record *record, struct arena *scratch, struct files *f)
{
	if (record->broken)
		return false;
	for (const struct asked *a = record->all; a; a = a->next) {
		struct error err = {.kind = ERROR_NONE};
		unsigned char answer[DIGEST_SHA256];

		if (!ask(a, scratch, f, answer, &err)) {
			if (err.kind != ERROR_NOT_FOUND)
				return false;
			hash_absent(answer);
		}
		if (memcmp(answer, a->answer, sizeof answer) != 0)
			return false;
	}
	return true;
}
