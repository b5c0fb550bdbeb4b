/*
 * The instructions of a compiled template, one row each: name, pops, pushes, meaning.
 * pops -1: as many as the call site `a` says.
 */
#ifndef RENDER_OPCODE_H
#define RENDER_OPCODE_H

#define OPCODES(OP)                                                                              \
	OP(TEXT, 0, 0, "append text a")                                                          \
	OP(PRINT, 1, 0, "append the value as fmt prints it")                                     \
	OP(POP, 1, 0, "drop the value")                                                          \
	OP(DOT, 0, 1, "the dot")                                                                 \
	OP(CONST, 0, 1, "constant a")                                                            \
	OP(VAR, 0, 1, "variable a")                                                              \
	OP(SET, 0, 0, "variable a becomes the top value, which stays")                           \
	OP(FIELD, 0, 1, "the dot's fields by name chain a")                                      \
	OP(VAR_FIELD, 0, 1, "variable n's fields by name chain a")                               \
	OP(CHAIN, 1, 1, "the value's fields by name chain a")                                    \
	OP(CHECK, 1, 1, "the value as an argument for parameter letter n")                       \
	OP(CALL, -1, 1, "the function of call site a")                                           \
	OP(INCLUDE, -1, 1, "call site a as include: run a body, its output is the value")        \
	OP(TPL, -1, 1, "call site a as tpl: compile and run a text, its output is the value")    \
	OP(METHOD, 1, 2, "the method of site a over its receiver; past the call when it is nil") \
	OP(METHOD_CHECK, 1, 1, "the value as argument n of the method below it, site a")         \
	OP(METHOD_CALL, -1, 1, "the method of site a")                                           \
	OP(DECIDE, 1, 0, "and/or: jump to a with the value when its truth is n, else drop it")   \
	OP(AT, 0, 0, "remember the node for an error behind the end of an and/or")               \
	OP(JUMP, 0, 0, "go on at a")                                                             \
	OP(UNLESS, 1, 0, "go on at a when the value is false")                                   \
	OP(WITH, 1, 1, "the value becomes the dot, the old dot is kept; at a when it is false")  \
	OP(LEAVE, 1, 0, "the kept value becomes the dot again")                                  \
	OP(RANGE, 1, 0, "start iteration a over the value; past it when there is nothing")       \
	OP(NEXT, 0, 0, "the next element of iteration a; past the body when there is none")      \
	OP(DONE, 0, 0, "end the iteration")                                                      \
	OP(FIND, 0, 1, "template a, which must exist")                                           \
	OP(TEMPLATE, 2, 0, "execute the template below with the value as its dot")               \
	OP(ERROR, 0, 1, "fail with text a")                                                      \
	OP(RETURN, 0, 0, "the end of the body")

enum opcode {
#define OP(name, pops, pushes, meaning) OP_##name,
	OPCODES(OP)
#undef OP
		OPCODE_N
};

#endif
