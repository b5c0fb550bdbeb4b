/*
 * The one value model, from YAML through templates to the API server. Sixteen bytes, passed by
 * value; strings, lists and maps point into an arena that outlives them.
 *
 * The types are Go's dynamic types, since templates show them (typeOf, printf "%T", errors):
 * a values-file number is VALUE_FLOAT, a literal VALUE_INT, --set gives VALUE_INT64.
 * Lists and maps are references: two values may name the same map, and `set` is seen by both.
 * A nil list or map of a known Go type (a typed nil) has the type and a NULL pointer.
 */
#ifndef BASE_VALUE_H
#define BASE_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

enum value_type {
	VALUE_NIL,
	VALUE_BOOL,
	VALUE_INT,    /* Go int */
	VALUE_INT64,  /* Go int64 */
	VALUE_UINT64, /* Go uint64, uint */
	VALUE_BYTE,   /* Go uint8: an element of bytes, `index "abc" 0` */
	VALUE_FLOAT,  /* Go float64 */
	VALUE_STR,
	VALUE_BYTES, /* Go []byte */
	VALUE_LIST,
	VALUE_MAP,
	VALUE_REF, /* anything else: a Go struct with fields and methods (render/access.h) */
};

/* The Go type of a list's elements, of a map's values. */
enum value_elem {
	ELEM_ANY,    /* []interface {}, map[string]interface {} */
	ELEM_STRING, /* []string, map[string]string */
	ELEM_INT,    /* []int */
	ELEM_LIST,   /* [][]interface {} */
	ELEM_VALUES, /* map only: Helm's named type common.Values */
};

struct list;
struct map;
struct ref;

struct value {
	uint8_t type; /* enum value_type */
	uint8_t elem; /* enum value_elem, for LIST and MAP */
	uint16_t flags; /* VALUE_*, free for the renderer */
	uint32_t n;	/* bytes of STR and BYTES */
	union {
		bool b;
		int64_t i; /* INT, INT64, BYTE */
		uint64_t u;
		double f;
		const char *s;
		struct list *list;
		struct map *map;
		struct ref *ref;
	};
};

struct list {
	struct value *at;
	uint32_t n, room;
};

struct map_entry {
	const char *key;
	uint32_t key_n, hash;
	struct value value;
};

/* Entries in insertion order until map_sort; an index from eight entries on. */
struct map {
	struct map_entry *at;
	uint32_t n, room;
	uint32_t *index; /* entry number + 1 by hash, open addressing; NULL for small maps */
	uint32_t index_room;
	bool sorted; /* bytewise by key, as Go prints and ranges maps */
};

/* --- making --- */
#define VALUE_NONE ((struct value){.type = VALUE_NIL})
static inline struct value value_bool(bool b)
{
	return (struct value){.type = VALUE_BOOL, .b = b};
}
static inline struct value value_int(int64_t i)
{
	return (struct value){.type = VALUE_INT, .i = i};
}
static inline struct value value_int64(int64_t i)
{
	return (struct value){.type = VALUE_INT64, .i = i};
}
static inline struct value value_uint64(uint64_t u)
{
	return (struct value){.type = VALUE_UINT64, .u = u};
}
static inline struct value value_float(double f)
{
	return (struct value){.type = VALUE_FLOAT, .f = f};
}
/* Borrows; strings over 4 GiB do not exist here (all readers are capped). */
static inline struct value value_str(str s)
{
	return (struct value){.type = VALUE_STR, .n = (uint32_t)s.n, .s = s.n ? s.s : ""};
}
#define value_lit(lit) value_str(STR(lit))
static inline struct value value_bytes(str s)
{
	return (struct value){.type = VALUE_BYTES, .n = (uint32_t)s.n, .s = s.n ? s.s : ""};
}
static inline struct value value_of_list(struct list *l)
{
	return (struct value){.type = VALUE_LIST, .list = l};
}
static inline struct value value_of_map(struct map *m)
{
	return (struct value){.type = VALUE_MAP, .map = m};
}

/* --- looking --- */
static inline bool value_is(struct value v, enum value_type type)
{
	return v.type == (uint8_t)type;
}
static inline bool value_is_nil(struct value v)
{
	return v.type == VALUE_NIL;
}
/* The bytes of STR and BYTES; empty for anything else. */
static inline str value_text(struct value v)
{
	if (v.type != VALUE_STR && v.type != VALUE_BYTES)
		return STR_NONE;
	return (str){v.s, v.n};
}
/* The map, or NULL when it is none. Lookups below take NULL and answer "absent". */
static inline struct map *value_map(struct value v)
{
	return v.type == VALUE_MAP ? v.map : NULL;
}
static inline struct list *value_list(struct value v)
{
	return v.type == VALUE_LIST ? v.list : NULL;
}
/* INT, INT64, UINT64, BYTE, or a FLOAT with an integral value in range. */
bool value_to_i64(struct value v, int64_t *out);
bool value_truth_bool(struct value v, bool fallback); /* BOOL, else fallback */

/* --- lists --- */
struct list *list_new(struct arena *a, uint32_t room);
void list_add(struct arena *a, struct list *l, struct value v);
static inline uint32_t list_n(const struct list *l)
{
	return l ? l->n : 0;
}

/* --- maps (keys are borrowed: they must live as long as the map) --- */
struct map *map_new(struct arena *a, uint32_t room);
/* NULL when absent, or m is NULL. The pointer is good until the next change of the map. */
struct value *map_find(const struct map *m, str key);
struct value *map_find_hashed(const struct map *m, str key, uint32_t hash);
/* VALUE_NIL when absent. */
struct value map_get(const struct map *m, str key);
static inline struct value map_at(const struct map *m, const char *key)
{
	return map_get(m, str_of(key));
}
void map_set(struct arena *a, struct map *m, str key, struct value v);
bool map_del(struct map *m, str key); /* was it there? */
void map_sort(struct map *m);	      /* bytewise; does nothing when sorted */
static inline uint32_t map_n(const struct map *m)
{
	return m ? m->n : 0;
}
static inline str map_key(const struct map_entry *e)
{
	return (str){e->key, e->key_n};
}

/* --- whole trees --- */
/* A deep copy: maps and lists are new, strings copied only when `strings`. Depth-capped:
 * what lies deeper than LIMIT_VALUE_DEPTH is shared. REFs are shared. */
struct value value_copy(struct arena *a, struct value v, bool strings);
/* Same JSON meaning: numbers by value whatever their type, maps whatever their order. */
bool value_equal(struct value x, struct value y);
/* Walks maps by the keys given, NULL-terminated: value_path(v, "spec", "replicas", NULL). */
struct value value_path(struct value v, ...) __attribute__((sentinel));
/* The text at a path of maps, or STR_NONE. */
str value_path_str(struct value v, ...) __attribute__((sentinel));

#endif
