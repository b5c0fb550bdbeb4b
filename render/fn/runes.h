/*
 * Case and classes of runes as Go's unicode package has them (Unicode 15).
 */
#ifndef RENDER_FN_RUNES_H
#define RENDER_FN_RUNES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

uint32_t rune_upper(uint32_t r);
uint32_t rune_lower(uint32_t r);
uint32_t rune_title(uint32_t r);
bool rune_is_upper(uint32_t r); /* has a lower form and is its own upper form */
bool rune_is_lower(uint32_t r);
bool rune_is_title(uint32_t r); /* one of the four digraphs and the Greek with iota */
bool rune_is_space(uint32_t r); /* White_Space */

void rune_add(struct buf *out, uint32_t r);
/* s without White_Space on both ends (strings.TrimSpace). */
str runes_trim(str s);
/* Every rune through `map`; s itself when that changes nothing. Invalid bytes become U+FFFD. */
bool runes_map(struct buf *out, str s, uint32_t (*map)(uint32_t));

#endif
