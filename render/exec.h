/*
 * The inside of one render, for the functions that reach into it (include, tpl, lookup, random).
 */
#ifndef RENDER_EXEC_H
#define RENDER_EXEC_H

#include "render/program.h"
#include "render/template.h"

/* Flags of a value on the operand stack (struct value.flags). A NIL without FLAG_INTERFACE is
 * reflect's zero Value: "no value", on which every field is again no value; with it, it is a nil
 * interface, on which a field is an error. */
enum { FLAG_INTERFACE = 1 };

/* Where an error happened, innermost first. */
struct trace {
	struct trace *outer;
	const struct program *program;
	const struct node *node;
	str message;
	bool plain; /* a function's own error, not the template engine's */
};

struct exec {
	struct arena *arena;
	const struct template_set *set;
	struct exec_env env;
	struct value *stack;
	uint32_t sp;
	struct buf *out;
	uint64_t steps;	 /* left */
	uint32_t depth;	 /* of template calls */
	struct map *includes; /* name to nesting: Helm's recursion guard */
	struct overlay *overlay; /* defines made by tpl, newest first */
	struct map *snippets;	 /* tpl text to its compiled file */
	struct trace *trace, *trace_last;
	str user_message; /* of fail and required */
	bool has_user_message;
	uint64_t random;
};

/* Templates that tpl defined, visible inside that tpl only. */
struct overlay {
	struct overlay *outer;
	const struct template_file *file;
};

const struct program *exec_find(struct exec *x, str name);
/* Runs a body; its output goes to x->out. False with x->trace filled. */
bool exec_run(struct exec *x, const struct program *p, struct value dot);
/* include: a body's output as a string. */
bool exec_capture(struct exec *x, const struct program *p, struct value dot, str *out);
/* Deletes "<no value>" from everything after `from`. */
void exec_erase(struct buf *out, size_t from);
/* 64 random bits: from the seed when the render has one, else the system's. */
uint64_t exec_random(struct exec *x);

struct value *exec_stack(struct arena *a);

/* A REF as a plain value: for range, toYaml, toJson. */
struct value access_plain(struct arena *a, struct value v);
/* access.c: one field or method without arguments. False: the message is in *why. */
bool access_field(struct exec *x, struct value receiver, const struct name *name,
		  struct value *out, str *why);
/* With arguments; piped is among them. */
bool access_method(struct exec *x, struct value receiver, const struct name *name,
		   const struct value *arg, uint32_t n, struct value *out, str *why, bool *plain);
/* Go's validateType for a parameter letter: false with *why. */
bool access_check(struct exec *x, struct value *v, char letter, str *why);
/* Checks the count of arguments against a row: false with *why. */
bool access_count(struct exec *x, const struct fn *fn, uint32_t n, bool final, str *why);

#endif
