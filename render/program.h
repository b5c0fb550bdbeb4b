/*
 * A compiled template body: immutable, shareable between threads, in the arena it was compiled
 * into with a copy of its source.
 */
#ifndef RENDER_PROGRAM_H
#define RENDER_PROGRAM_H

#include "base/buf.h"
#include "render/fn.h"
#include "render/opcode.h"
#include "render/tree.h"

enum ins_flags {
	INS_UNWRAP = 1, /* an interface's nil becomes "no value": the end of a command */
	INS_NIP = 2,	/* DECIDE: a piped value lies under the decided one */
	INS_SURE = 4,	/* DECIDE: the node of this instruction is known, remember it */
};

struct ins {
	uint8_t op, b;
	uint16_t n;
	uint32_t a;
	const struct node *node; /* what an error points at; NULL: what AT or DECIDE remembered */
};

struct name {
	str text;
	uint32_t hash;
};

struct chain {
	struct name *at;
	uint32_t n;
};

/* A call in the source. */
struct site {
	const struct fn *fn; /* NULL for a method, which only its receiver knows */
	struct name name;
	const struct node *command; /* what "error calling" points at */
	const struct node **args;   /* the argument nodes, without a piped one */
	uint32_t n;		    /* arguments on the stack, a piped one included */
	bool piped;		    /* the last argument lies below the others */
	char final_letter;	    /* its parameter */
	uint32_t skip;		    /* METHOD: where it goes on without a receiver */
};

/* A range; variables are slots or -1. */
struct iterator {
	int32_t index, element;
	uint32_t past;	 /* the else branch */
	uint32_t done;	 /* where DONE stands */
	bool mutates;	 /* the body may change the map that is ranged over */
};

struct program {
	str name, file; /* the template's name; the file it was parsed from */
	str source;	/* the file's text, for columns */
	struct ins *code;
	struct value *constants;
	struct chain *chains;
	str *texts;
	struct site *sites;
	struct iterator *iterators;
	uint32_t code_n, constants_n, chains_n, texts_n, sites_n, iterators_n;
	uint32_t variables_n, stack_n; /* the most that are live at once */
	bool empty;
};

struct template_body {
	str name;
	uint32_t hash;
	struct program *program;
};

struct template_file {
	struct template_body *bodies; /* the file's own first, then its defines */
	uint32_t n;
};

struct template_set {
	struct arena *keep;
	struct map *names; /* to an INT: index into programs */
	struct program **programs;
	uint32_t n, room;
};

/* The program of a name or NULL. */
const struct program *template_find(const struct template_set *set, str name);
const struct program *template_find_hashed(const struct template_set *set, str name, uint32_t hash);

/* The instructions as text, one a line; for tests and for people. */
void program_print(struct buf *out, const struct program *p);
/* Are all operands in range, all jumps inside, and the stack never below its start nor above
 * stack_n? False with the reason. The machine relies on it. */
bool program_check(const struct program *p, struct error *err);

#endif
