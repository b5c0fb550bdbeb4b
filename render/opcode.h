/*
 * The instructions of a compiled template, one row each: name, pops, pushes, meaning.
 * pops -1: as many as operand n says (and one more when operand b has CALL_FINAL).
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
	OP(CHAIN, 1, 1, "the value's fields by name chain a")                                    \
	OP(METHOD, -1, 1, "the field or method chain a of the value under n arguments")          \
	OP(CHECK, 1, 1, "the value as an argument for parameter letter n")                       \
	OP(CALL, -1, 1, "function a with n arguments, the last one piped when b says so")        \
	OP(DECIDE, 1, 0, "and/or: jump to a with the value when its truth is n, else drop it")   \
	OP(JUMP, 0, 0, "go on at a")                                                             \
	OP(UNLESS, 1, 0, "go on at a when the value is false")                                   \
	OP(WITH, 1, 1, "the value becomes the dot, the old dot is kept; at a when it is false")  \
	OP(LEAVE, 1, 0, "the kept value becomes the dot again")                                  \
	OP(RANGE, 1, 0, "start an iteration over the value; at a when there is nothing")         \
	OP(NEXT, 0, 0, "the next element becomes the dot (and variables); at a when there is none") \
	OP(DONE, 0, 0, "end the iteration")                                                      \
	OP(TEMPLATE, 1, 0, "execute template a with the value as its dot")                       \
	OP(ERROR, 0, 0, "fail with text a")                                                      \
	OP(RETURN, 0, 0, "the end of the body")

enum opcode {
#define OP(name, pops, pushes, meaning) OP_##name,
	OPCODES(OP)
#undef OP
};

#endif
