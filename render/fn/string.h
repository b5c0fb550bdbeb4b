/*
 * Bodies of string functions that stand outside string.c, whose table names them.
 */
#ifndef RENDER_FN_STRING_H
#define RENDER_FN_STRING_H

#include "render/fn.h"

/* string_words.c: functions that look at words. */
fn_body string_title, string_untitle, string_swapcase, string_camelcase, string_snakecase;
fn_body string_kebabcase, string_initials, string_nospace, string_wrap, string_wrap_with;
fn_body string_abbrev, string_abbrevboth;

/* random.c: text from exec_random. */
fn_body random_alnum, random_alpha, random_numeric, random_ascii, random_bytes, random_int;
fn_body random_shuffle, random_uuid;

#endif
