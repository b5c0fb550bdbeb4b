/*
 * The inside of one render, for the machine and for the functions that reach into it.
 *
 * Template calls, include and tpl do not recurse in C: they push a frame. What an error needs is
 * read from the frames when it happens.
 */
#ifndef RENDER_EXEC_H
#define RENDER_EXEC_H

#include "render/program.h"
#include "render/template.h"

/* Flags of a value on the operand stack (struct value.flags). A NIL without FLAG_INTERFACE is
 * reflect's zero Value: "no value", on which every field is again no value; with it, it is a nil
 * interface, on which a field is an error. */
enum { FLAG_INTERFACE = 1 };

enum frame_kind { FRAME_TOP, FRAME_TEMPLATE, FRAME_INCLUDE, FRAME_TPL };

/* Templates that tpl defined, visible inside that tpl only. */
struct overlay {
	const struct overlay *outer;
	const struct template_file *file;
};

struct frame {
	const struct program *program;
	const struct ins *ip; /* where a called frame was called from */
	const struct node *at; /* remembered by AT and DECIDE */
	struct value dot;
	const struct overlay *overlay;
	str name;	  /* INCLUDE: as given; TPL: the text */
	size_t out_from;  /* where its output starts */
	uint32_t base;	  /* its first variable on the stack */
	uint32_t loops;	  /* iterations of its callers */
	uint8_t kind;
};

struct loop {
	const struct value *list;
	struct map_entry *entries;
	struct value over, dot; /* dot: to be restored */
	uint32_t sp, at, n;
};

/* The first thing that went wrong. */
struct failure {
	str message;
	const char *function; /* "error calling X" when not NULL */
	const struct node *node;
	bool user;  /* fail and required: only the message counts */
	bool limit; /* a cap of ours */
};

struct exec {
	struct arena *arena;
	const struct template_set *set;
	struct exec_env env;
	struct value *stack;
	struct frame *frames;
	struct loop *loops;
	uint32_t stack_room, sp, frames_room, frames_n, loops_room, loops_n;
	struct buf *out;
	size_t out_start;
	uint64_t steps, reserve; /* left until the next look at env.stop, and beyond it */
	struct map *snippets; /* tpl text to its compiled file */
	struct error *call_error;
	struct failure failure;
	uint64_t random;
	const struct site *site; /* of the function that runs */
};

/* Runs a body to its end; its output is appended to x->out. False with x->failure set. */
bool vm_run(struct exec *x, const struct program *p, struct value dot);
/* Sets x->failure and returns false. */
bool vm_fail(struct exec *x, const struct node *node, str message);
/* Helm's text for x->failure and the frames around it. */
bool failure_report(struct exec *x, struct error *err);

/* Deletes "<no value>" from everything after `from`. */
void exec_erase(struct buf *out, size_t from);
/* Makes at least `need` steps ready. False: too few are left, or the render is to stop. */
bool exec_refill(struct exec *x, uint64_t need);
/* Takes steps for work that grows with its values; false when too few are left. */
static inline bool exec_charge(struct exec *x, uint64_t steps)
{
	if (!x)
		return true;
	if (x->steps < steps && !exec_refill(x, steps))
		return false;
	x->steps -= steps;
	return true;
}

/* 64 random bits: from the seed when the render has one, else the system's. */
uint64_t exec_random(struct exec *x);

/* A REF as a plain value: for range, toYaml, toJson. */
struct value access_plain(struct arena *a, struct value v);
/* The row of a receiver's method, or NULL. */
const struct fn *access_method(struct value receiver, str name);
/* One field or method without arguments. False: x->failure but for its node is set. */
bool access_field(struct exec *x, struct value receiver, const struct name *name,
		  struct value *out);
/* Calls a method that has been checked. */
bool access_call(struct exec *x, const struct fn *row, const struct value *arg, uint32_t n,
		 struct value *out);
/* Go's validateType for a parameter letter; false with *why. */
bool access_check(struct exec *x, struct value *v, char letter, str *why);
/* The Go type of a parameter letter. */
const char *access_letter_type(char letter);
/* The letter of argument i, 'a' when there is none. */
char access_letter(const struct fn *fn, uint32_t i);
/* "" or the complaint about a wrong number of arguments, `piped` being one of the n. */
str access_count(struct arena *a, const char *params, str name, uint32_t n, bool piped);

#endif
