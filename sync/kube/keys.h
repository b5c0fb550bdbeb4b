/*
 * A set of 64-bit hashes of names: what is there, without what it is called. Eight to sixteen
 * bytes an object. The seed is the process's own, so nobody can aim at a collision.
 */
#ifndef SYNC_KUBE_KEYS_H
#define SYNC_KUBE_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct keys {
	uint64_t *at; /* 0: free */
	size_t room, n;
};

uint64_t keys_hash(str namespace, str name); /* never 0 */
void keys_done(struct keys *k);
bool keys_has(const struct keys *k, uint64_t hash);
bool keys_add(struct keys *k, uint64_t hash); /* false: memory is out */
void keys_del(struct keys *k, uint64_t hash);

#endif
