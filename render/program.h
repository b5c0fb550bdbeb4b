/*
 * A compiled template body: immutable, shareable, self-contained in its arena.
 */
#ifndef RENDER_PROGRAM_H
#define RENDER_PROGRAM_H

#include "render/fn.h"
#include "render/opcode.h"
#include "render/tree.h"

enum { INS_UNWRAP = 1, /* an interface's nil becomes "no value": the end of a command */
       CALL_FINAL = 2, /* the last argument was piped */
       DECIDE_NIP = 4, /* a piped value lies under the decided one */
};

struct ins {
	uint8_t op, b;
	uint16_t n;
	uint32_t a;
	const struct node *node; /* what an error points at */
};

struct name {
	str text;
	uint32_t hash;
};

struct chain {
	struct name *at;
	uint32_t n;
};

/* How a range names its variables; -1: not. */
struct range_variables {
	int32_t index, element;
};

struct program {
	str name, file; /* the template's name; the file it was parsed from */
	str source;	/* the file's text, for columns */
	struct ins *code;
	struct value *constants;
	struct chain *chains;
	str *texts;
	const struct fn **functions;
	struct range_variables *ranges;
	uint32_t code_n, constants_n, chains_n, texts_n, functions_n, ranges_n;
	uint32_t variables_n, stack_n; /* the most that are live at once */
	bool empty;
};

struct template_file {
	struct template_body *bodies; /* the file's own first, then its defines */
	uint32_t n;
};

struct template_body {
	str name;
	uint32_t hash;
	struct program *program;
};

struct template_set {
	struct arena *keep;
	struct map *names; /* to an INT: index into bodies */
	struct program **programs;
	uint32_t n, room;
};

/* The program of a name or NULL. */
const struct program *template_find(const struct template_set *set, str name);

#endif
