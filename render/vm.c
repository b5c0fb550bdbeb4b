/*
 * The loop that runs programs. Operands live on one stack for the whole render; each body gets a
 * frame of variables on it. Template calls recurse in C, bounded by LIMIT_TEMPLATE_DEPTH.
 */
#include "render/exec.h"

#include "base/limits.h"

#define STACK_VALUES (1u << 16)

struct iteration {
	struct iteration *outer;
	struct value over; /* LIST, MAP or an INT count */
	struct value dot;  /* to be restored */
	struct map_entry *entries; /* a snapshot: the body may change the map */
	uint32_t sp, at, n;
};

struct frame {
	struct exec *x;
	const struct program *p;
	struct value dot;
	struct iteration *iteration;
	uint32_t variables; /* first slot on the stack */
};

static bool vm_fail(struct frame *f, const struct ins *i, str message, bool plain)
{
	struct exec *x = f->x;
	struct trace *t = arena_new(x->arena, struct trace);

	*t = (struct trace){NULL, f->p, i->node, message, plain};
	if (x->trace_last)
		x->trace_last->outer = t;
	else
		x->trace = t;
	x->trace_last = t;
	return false;
}

static struct value unwrapped(struct value v, uint8_t b)
{
	if (b & INS_UNWRAP)
		v.flags = 0;
	return v;
}

static bool walk_chain(struct frame *f, const struct ins *i, struct value v, struct value *out)
{
	const struct chain *chain = &f->p->chains[i->a];
	str why;

	for (uint32_t k = 0; k < chain->n; k++) {
		const struct value *hit;

		/* The common case: a plain map has the key. */
		if (v.type == VALUE_MAP && v.elem == ELEM_ANY && v.map &&
		    (hit = map_find_hashed(v.map, chain->at[k].text, chain->at[k].hash))) {
			v = *hit;
			v.flags = FLAG_INTERFACE;
			continue;
		}
		if (!access_field(f->x, v, &chain->at[k], &v, &why))
			return vm_fail(f, i, why, false);
	}
	*out = unwrapped(v, i->b);
	return true;
}

/* --- calls --- */

static bool do_call(struct frame *f, const struct ins *i)
{
	const struct fn *fn = f->p->functions[i->a];
	struct exec *x = f->x;
	struct value *args = &x->stack[x->sp - i->n], final, out = VALUE_NONE;
	struct error *err = NULL;
	struct call call = {x, x->arena, fn, NULL};
	bool has_final = i->b & CALL_FINAL;
	str why;

	if (!access_count(x, fn, i->n, has_final, &why))
		return vm_fail(f, i, why, false);
	if (has_final) { /* it was evaluated first and lies at the bottom; Go passes it last */
		final = args[0];
		memmove(args, args + 1, (i->n - 1u) * sizeof *args);
		final.flags = 0;
		args[i->n - 1] = final;
		if (!access_check(x, &args[i->n - 1],
				  fn->params[strlen(fn->params) -
					     (strchr(fn->params, '*') ? 2u : 1u)],
				  &why))
			return vm_fail(f, i, why, false);
	}
	err = arena_new(x->arena, struct error);
	call.err = err;
	if (!fn->body(&call, args, i->n, &out)) {
		bool nested = x->trace != NULL;

		return vm_fail(f, i,
			       nested ? arena_printf(x->arena, "error calling %s:", fn->name)
				      : arena_printf(x->arena, "error calling %s: %s", fn->name,
						     err->text),
			       !nested);
	}
	x->sp -= i->n;
	out.flags = 0;
	x->stack[x->sp++] = out;
	return true;
}

static bool do_method(struct frame *f, const struct ins *i)
{
	struct exec *x = f->x;
	bool has_final = i->b & CALL_FINAL, plain = false;
	uint32_t n = i->n;
	struct value *base = &x->stack[x->sp - n - 1 - (has_final ? 1 : 0)];
	struct value receiver = base[has_final ? 1 : 0], out = VALUE_NONE;
	struct value *args = base + (has_final ? 2 : 1);
	str why;

	if (has_final) {
		struct value final = base[0];

		memmove(base, args, n * sizeof *args);
		final.flags = 0;
		base[n++] = final;
		args = base;
	}
	if (!access_method(x, receiver, &f->p->chains[i->a].at[0], args, n, &out, &why, &plain))
		return vm_fail(f, i, why, plain);
	x->sp = (uint32_t)(base - x->stack);
	x->stack[x->sp++] = unwrapped(out, i->b);
	return true;
}

static bool do_template(struct frame *f, const struct ins *i)
{
	struct exec *x = f->x;
	const struct program *p = exec_find(x, f->p->texts[i->a]);

	if (!p) {
		struct buf b;

		buf_in(&b, x->arena, 0);
		buf_lit(&b, "template ");
		print_quoted(&b, f->p->texts[i->a]);
		buf_lit(&b, " not defined");
		return vm_fail(f, i, buf_str(&b), false);
	}
	x->sp--;
	return exec_run(x, p, unwrapped(x->stack[x->sp], INS_UNWRAP));
}

/* --- range --- */

static bool range_start(struct frame *f, const struct ins *i, struct iteration *it)
{
	struct exec *x = f->x;
	struct value v = it->over;
	struct buf shown;
	int64_t count;

	if (v.type == VALUE_REF && v.ref) {
		v = access_plain(x->arena, v);
		it->over = v;
	}
	switch (v.type) {
	case VALUE_NIL:
		return true;
	case VALUE_LIST:
		it->n = list_n(v.list);
		return true;
	case VALUE_BYTES:
		it->n = v.n;
		return true;
	case VALUE_MAP:
		it->n = map_n(v.map);
		if (it->n) {
			map_sort(v.map);
			it->entries = arena_news(x->arena, it->n, struct map_entry);
			memcpy(it->entries, v.map->at, it->n * sizeof *it->entries);
		}
		return true;
	default:
		break;
	}
	if (v.type >= VALUE_INT && v.type <= VALUE_BYTE && value_to_i64(v, &count) && !x->env.helm3) {
		if (f->p->ranges[i->n].index >= 0) {
			buf_in(&shown, x->arena, 0);
			buf_lit(&shown, "can't use ");
			print_value(&shown, v);
			buf_lit(&shown, " to iterate over more than one variable");
			return vm_fail(f, i, buf_str(&shown), false);
		}
		it->n = count <= 0 ? 0 : count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
		return true;
	}
	buf_in(&shown, x->arena, 0);
	buf_lit(&shown, "range can't iterate over ");
	print_value(&shown, v);
	return vm_fail(f, i, buf_str(&shown), false);
}

static void element(const struct iteration *it, uint8_t elem, struct value *index,
		    struct value *value)
{
	switch (it->over.type) {
	case VALUE_LIST:
		*index = value_int(it->at);
		*value = it->over.list->at[it->at];
		value->flags = elem == ELEM_ANY ? FLAG_INTERFACE : 0;
		break;
	case VALUE_BYTES:
		*index = value_int(it->at);
		*value = (struct value){.type = VALUE_BYTE,
					.i = (unsigned char)it->over.s[it->at]};
		break;
	case VALUE_MAP:
		*index = value_str(map_key(&it->entries[it->at]));
		*value = it->entries[it->at].value;
		value->flags = elem == ELEM_STRING ? 0 : FLAG_INTERFACE;
		break;
	default:
		*index = value_int(it->at);
		*value = it->over;
		value->i = it->at;
		value->flags = 0;
		break;
	}
}

/* Sets the dot and the variables to the next element; false when there is none. */
static bool range_next(struct frame *f, const struct ins *i)
{
	struct iteration *it = f->iteration;
	const struct range_variables *vars = &f->p->ranges[i->n];
	struct value *slots = &f->x->stack[f->variables];
	struct value index, value;

	f->x->sp = it->sp;
	if (it->at >= it->n || (it->over.type == VALUE_LIST && it->at >= it->over.list->n))
		return false;
	element(it, it->over.elem, &index, &value);
	it->at++;
	f->dot = value;
	if (vars->element >= 0)
		slots[vars->element] = value;
	if (vars->index >= 0)
		slots[vars->index] = index;
	return true;
}

static bool do_range(struct frame *f, const struct ins *i, bool *empty)
{
	struct iteration *it = arena_new(f->x->arena, struct iteration);

	it->over = f->x->stack[--f->x->sp];
	it->dot = f->dot;
	it->sp = f->x->sp;
	if (!range_start(f, i, it))
		return false;
	*empty = it->n == 0;
	if (!*empty) {
		it->outer = f->iteration;
		f->iteration = it;
	}
	return true;
}

/* --- the loop --- */

static bool loop(struct frame *f)
{
	struct exec *x = f->x;
	const struct program *p = f->p;
	const struct ins *i = p->code;
	struct value *slots = &x->stack[f->variables], v;
	bool flag;
	str why;

	for (;; i++) {
		if (!x->steps--)
			return vm_fail(f, i, STR("the render takes too many steps"), false);
		switch ((enum opcode)i->op) {
		case OP_TEXT:
			buf_add(x->out, p->texts[i->a]);
			break;
		case OP_PRINT:
			v = x->stack[--x->sp];
			if (v.type == VALUE_STR)
				buf_add(x->out, value_text(v));
			else if (v.type == VALUE_NIL)
				buf_add(x->out, STR("<no value>"));
			else
				print_value(x->out, v);
			if (x->out->failed)
				return vm_fail(f, i, STR("the render's output is too large"), false);
			break;
		case OP_POP:
			x->sp--;
			break;
		case OP_DOT:
			x->stack[x->sp++] = unwrapped(f->dot, i->b);
			break;
		case OP_CONST:
			x->stack[x->sp++] = p->constants[i->a];
			break;
		case OP_VAR:
			x->stack[x->sp++] = unwrapped(slots[i->a], i->b);
			break;
		case OP_SET:
			slots[i->a] = x->stack[x->sp - 1];
			break;
		case OP_FIELD:
			if (!walk_chain(f, i, f->dot, &x->stack[x->sp]))
				return false;
			x->sp++;
			break;
		case OP_CHAIN:
			if (!walk_chain(f, i, x->stack[x->sp - 1], &x->stack[x->sp - 1]))
				return false;
			break;
		case OP_METHOD:
			if (!do_method(f, i))
				return false;
			break;
		case OP_CHECK:
			if (!access_check(x, &x->stack[x->sp - 1], (char)i->n, &why))
				return vm_fail(f, i, why, false);
			break;
		case OP_CALL:
			if (!do_call(f, i))
				return false;
			break;
		case OP_DECIDE:
			if (value_truth(x->stack[x->sp - 1]) == (bool)i->n) {
				if (i->b & DECIDE_NIP) {
					x->stack[x->sp - 2] = x->stack[x->sp - 1];
					x->sp--;
				}
				i = &p->code[i->a] - 1;
			} else {
				x->sp--;
			}
			break;
		case OP_JUMP:
			i = &p->code[i->a] - 1;
			break;
		case OP_UNLESS:
			if (!value_truth(x->stack[--x->sp]))
				i = &p->code[i->a] - 1;
			break;
		case OP_WITH:
			v = x->stack[x->sp - 1];
			if (value_truth(v)) {
				x->stack[x->sp - 1] = f->dot;
				f->dot = v;
			} else {
				x->sp--;
				i = &p->code[i->a] - 1;
			}
			break;
		case OP_LEAVE:
			f->dot = x->stack[--x->sp];
			break;
		case OP_RANGE:
			if (!do_range(f, i, &flag))
				return false;
			if (flag)
				i = &p->code[i->a] - 1;
			break;
		case OP_NEXT:
			f->dot = f->iteration->dot;
			if (!range_next(f, i))
				i = &p->code[i->a] - 1;
			break;
		case OP_DONE:
			f->dot = f->iteration->dot;
			x->sp = f->iteration->sp;
			f->iteration = f->iteration->outer;
			break;
		case OP_TEMPLATE:
			if (!do_template(f, i))
				return false;
			break;
		case OP_ERROR:
			return vm_fail(f, i, p->texts[i->a], false);
		case OP_RETURN:
			return true;
		}
	}
}

bool exec_run(struct exec *x, const struct program *p, struct value dot)
{
	struct frame f = {.x = x, .p = p, .dot = dot, .variables = x->sp};
	struct ins start = {.node = NULL};
	bool ok;

	if (x->depth >= LIMIT_TEMPLATE_DEPTH ||
	    x->sp + p->variables_n + p->stack_n + 2 > STACK_VALUES)
		return vm_fail(&f, &start,
			       arena_printf(x->arena, "exceeded maximum template depth (%d)",
					    LIMIT_TEMPLATE_DEPTH),
			       false);
	x->depth++;
	x->stack[x->sp] = dot;
	for (uint32_t i = 1; i < p->variables_n; i++)
		x->stack[x->sp + i] = VALUE_NONE;
	x->sp += p->variables_n;
	ok = loop(&f);
	x->sp = f.variables;
	x->depth--;
	return ok;
}

/* The output of a body is appended to the one buffer and then cut off again: one copy. */
bool exec_capture(struct exec *x, const struct program *p, struct value dot, str *out)
{
	size_t from = x->out->n;

	if (!exec_run(x, p, dot))
		return false;
	*out = arena_str(x->arena, str_from(buf_str(x->out), from));
	buf_truncate(x->out, from);
	return true;
}

struct value *exec_stack(struct arena *a)
{
	return (struct value *)arena_alloc(a, STACK_VALUES * sizeof(struct value));
}
