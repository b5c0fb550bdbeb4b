/*
 * The loop that runs programs. Operands and variables live on one stack for the whole render;
 * each template call, include and tpl has a frame of its own and none of C's.
 */
#include "base/limits.h"
#include "render/compile.h"
#include "render/exec.h"
#include "render/ref.h"

bool vm_fail(struct exec *x, const struct node *node, str message)
{
	x->failure = (struct failure){.message = message, .node = node};
	return false;
}

static bool over_limit(struct exec *x, const struct node *node, str message)
{
	vm_fail(x, node, message);
	x->failure.limit = true;
	return false;
}

#define SLICE 65536 /* steps between two looks: well under a millisecond */

static bool is_stopped(const struct exec *x)
{
	return x->env.stop && atomic_load_explicit(x->env.stop, memory_order_relaxed);
}

bool exec_refill(struct exec *x, uint64_t need)
{
	uint64_t more = need + SLICE;

	if (is_stopped(x) || x->steps + x->reserve < need)
		return false;
	more = more < x->reserve ? more : x->reserve;
	x->steps += more;
	x->reserve -= more;
	return true;
}

static bool out_of_steps(struct exec *x, const struct node *node)
{
	x->steps = x->reserve = 0;
	if (is_stopped(x))
		return over_limit(x, node, STR("the render took too long and was stopped"));
	return over_limit(x, node, arena_printf(x->arena,
		"the render takes more than %llu steps", LIMIT_TEMPLATE_STEPS));
}

/* What an error of this instruction points at. */
static const struct node *place(const struct frame *f, const struct ins *i)
{
	return i->node ? i->node : f->at;
}

static inline struct value unwrapped(struct value v, unsigned b)
{
	if (b & INS_UNWRAP)
		v.flags = 0;
	return v;
}

static inline bool truth(struct value v)
{
	if (v.type == VALUE_BOOL)
		return v.b;
	if (v.type == VALUE_STR)
		return v.n > 0;
	return v.type != VALUE_NIL && value_truth(v);
}

static str quoted(struct exec *x, const char *before, str s, const char *after)
{
	struct buf b;

	buf_in(&b, x->arena, 0);
	buf_lit(&b, before);
	print_quoted(&b, s);
	buf_lit(&b, after);
	return buf_str(&b);
}

static str shown(struct exec *x, const char *before, struct value v, const char *after)
{
	struct buf b;

	buf_in(&b, x->arena, LIMIT_ERROR_TEXT);
	buf_lit(&b, before);
	print_value(&b, v);
	buf_lit(&b, after);
	return buf_str(&b);
}

/* --- fields --- */

static bool walk_chain(struct exec *x, const struct frame *f, const struct ins *i, struct value v,
	struct value *out)
{
	const struct chain *chain = &f->program->chains[i->a];

	for (uint32_t k = 0; k < chain->n; k++) {
		const struct value *hit;

		/* The common case: a plain map has the key. */
		if (v.type == VALUE_MAP && v.elem == ELEM_ANY &&
			(hit = map_find_hashed(v.map, chain->at[k].text, chain->at[k].hash))) {
			v = *hit;
			v.flags = FLAG_INTERFACE;
		} else if (!access_field(x, v, &chain->at[k], &v)) {
			x->failure.node = place(f, i);
			return false;
		}
	}
	*out = unwrapped(v, i->b);
	return true;
}

/* --- frames --- */

static void stack_reserve(struct exec *x, uint32_t more)
{
	uint32_t want = x->sp + more, room = x->stack_room ? x->stack_room : 256;

	if (want <= x->stack_room)
		return;
	while (room < want)
		room *= 2;
	x->stack = arena_grow(x->arena, x->stack, x->sp * sizeof *x->stack,
		room * sizeof *x->stack);
	x->stack_room = room;
}

static void frames_reserve(struct exec *x)
{
	uint32_t room = x->frames_room ? x->frames_room * 2 : 16;

	if (x->frames_n < x->frames_room)
		return;
	x->frames = arena_grow(x->arena, x->frames, x->frames_n * sizeof *x->frames,
		room * sizeof *x->frames);
	x->frames_room = room;
}

static struct frame *enter(struct exec *x, const struct program *p, struct value dot,
	enum frame_kind kind)
{
	const struct overlay *overlay = x->frames_n ? x->frames[x->frames_n - 1].overlay : NULL;
	struct frame *f;

	frames_reserve(x);
	stack_reserve(x, p->variables_n + p->stack_n + 2);
	dot.flags = 0;
	f = &x->frames[x->frames_n++];
	*f = (struct frame){.program = p, .ip = p->code, .dot = dot, .overlay = overlay,
		.out_from = x->out->n, .base = x->sp, .loops = x->loops_n, .kind = (uint8_t)kind};
	x->stack[x->sp] = dot; /* $ */
	memset(&x->stack[x->sp + 1], 0, (p->variables_n - 1) * sizeof *x->stack);
	x->sp += p->variables_n;
	return f;
}

static const struct program *find(const struct exec *x, const struct frame *f, str name)
{
	for (const struct overlay *o = f->overlay; o; o = o->outer)
		for (uint32_t i = o->file->n; i > 0; i--) {
			const struct template_body *body = &o->file->bodies[i - 1];

			if (str_eq(body->name, name) && !body->program->empty)
				return body->program;
		}
	return template_find(x->set, name);
}

static bool too_deep(struct exec *x, const struct node *node)
{
	if (x->frames_n < LIMIT_TEMPLATE_DEPTH)
		return false;
	over_limit(x, node, arena_printf(x->arena, "exceeded maximum template depth (%d)",
		LIMIT_TEMPLATE_DEPTH));
	return true;
}

/* --- calls --- */

static bool call_fails(struct exec *x, const struct site *site, str message)
{
	vm_fail(x, site->command, message);
	x->failure.function = site->fn->name;
	return false;
}

/* The arguments of a site in order: a piped one was evaluated first and comes last. */
static bool gather(struct exec *x, const struct frame *f, const struct ins *i,
	const struct site *site, struct value **args)
{
	struct value *arg = &x->stack[x->sp - site->n], final;
	str why;

	*args = arg;
	if (!site->piped)
		return true;
	final = arg[0];
	memmove(arg, arg + 1, (site->n - 1u) * sizeof *arg);
	if (site->final_letter != 'a' && !access_check(x, &final, site->final_letter, &why))
		return vm_fail(x, place(f, i), why);
	arg[site->n - 1] = final;
	return true;
}

/* A function may look at every byte of its arguments. */
static uint64_t work(const struct value *arg, uint32_t n)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		if (arg[i].type == VALUE_STR)
			sum += arg[i].n / 64;
		else if (arg[i].type == VALUE_LIST)
			sum += list_n(arg[i].list) / 8;
		else if (arg[i].type == VALUE_MAP)
			sum += map_n(arg[i].map) / 8;
	return sum;
}

static bool do_call(struct exec *x, const struct frame *f, const struct ins *i)
{
	const struct site *site = &f->program->sites[i->a];
	struct call call = {x, x->arena, site->fn, x->call_error};
	struct value out = VALUE_NONE, *args;

	if (!gather(x, f, i, site, &args))
		return false;
	if (!exec_charge(x, work(args, site->n)))
		return out_of_steps(x, site->command);
	x->site = site;
	if (!site->fn->body(&call, args, site->n, &out)) {
		bool limit = x->call_error->kind == ERROR_LIMIT;

		if (!x->failure.user)
			call_fails(x, site, arena_str(x->arena, str_of(x->call_error->text)));
		x->failure.node = site->command;
		x->failure.limit = limit;
		return false;
	}
	out.flags = 0;
	x->sp -= site->n;
	x->stack[x->sp++] = out;
	return true;
}

/* Helm counts per name; nobody gets there without as many frames. */
static bool nested_too_often(const struct exec *x, str name)
{
	uint32_t n = 0;

	if (x->frames_n <= LIMIT_TEMPLATE_INCLUDE)
		return false;
	for (uint32_t i = 0; i < x->frames_n; i++)
		n += x->frames[i].kind == FRAME_INCLUDE && str_eq(x->frames[i].name, name);
	return n > LIMIT_TEMPLATE_INCLUDE;
}

static bool do_include(struct exec *x, struct frame *f, const struct ins *i)
{
	const struct site *site = &f->program->sites[i->a];
	const struct program *p;
	struct value *args;
	str name;

	if (!gather(x, f, i, site, &args))
		return false;
	name = value_text(args[0]);
	if (nested_too_often(x, name))
		return call_fails(x, site, arena_printf(x->arena,
			"rendering template has a nested reference name: %.*s: unable to execute "
			"template", STR_ARG(name)));
	p = find(x, f, name);
	if (!p)
		return call_fails(x, site, quoted(x, "template: no template ", name,
			" associated with template \"gotpl\""));
	if (too_deep(x, place(f, i)))
		return false;
	f->ip = i;
	x->sp -= site->n;
	enter(x, p, args[1], FRAME_INCLUDE)->name = name;
	return true;
}

/* Compiles a snippet once per render. */
static bool snippet(struct exec *x, const struct site *site, str text, struct template_file **file)
{
	uint32_t hash = str_hash(text);
	struct value *known = map_find_hashed(x->snippets, text, hash);

	if (known) {
		*file = (struct template_file *)(void *)known->ref;
		return true;
	}
	if (!template_file_compile(x->arena, STR("gotpl"), text, file, x->call_error)) {
		str why = quoted(x, "cannot parse template ", text, ": ");

		return call_fails(x, site, arena_concat(x->arena, why,
			str_of(x->call_error->text)));
	}
	map_set(x->arena, x->snippets, text,
		(struct value){.type = VALUE_REF, .ref = (struct ref *)(void *)*file});
	return true;
}

static str erased(struct exec *x, str text)
{
	struct buf b;

	if (str_find(text, STR("<no value>")) < 0)
		return text;
	buf_in(&b, x->arena, 0);
	buf_add(&b, text);
	exec_erase(&b, 0);
	return buf_str(&b);
}

static bool do_tpl(struct exec *x, struct frame *f, const struct ins *i, bool *entered)
{
	const struct site *site = &f->program->sites[i->a];
	struct overlay *overlay;
	struct template_file *file;
	struct value *args, dot;
	struct frame *callee;
	str text;

	if (!gather(x, f, i, site, &args))
		return false;
	text = value_text(args[0]);
	dot = args[1];
	*entered = str_find(text, STR("{{")) >= 0;
	if (!*entered) {
		x->sp -= site->n;
		x->stack[x->sp++] = value_str(erased(x, text));
		return true;
	}
	if (!snippet(x, site, text, &file) || too_deep(x, place(f, i)))
		return false;
	overlay = arena_new(x->arena, struct overlay);
	*overlay = (struct overlay){f->overlay, file};
	f->ip = i;
	x->sp -= site->n;
	callee = enter(x, file->bodies[0].program, dot, FRAME_TPL);
	callee->name = text;
	callee->overlay = overlay;
	return true;
}

/* --- methods --- */

static bool no_method(struct exec *x, const struct frame *f, const struct ins *i,
	struct value receiver, str name)
{
	struct name key = {name, str_hash(name)};
	bool map = receiver.type == VALUE_MAP ||
		(receiver.type == VALUE_REF && receiver.ref && receiver.ref->class->map_like);
	struct value out;

	if (map || access_field(x, receiver, &key, &out))
		vm_fail(x, NULL, arena_printf(x->arena, map ? "%.*s is not a method but has arguments"
			: "%.*s has arguments but cannot be invoked as function", STR_ARG(name)));
	x->failure.node = place(f, i);
	return false;
}

/* The receiver becomes receiver and row; *skip when it is no value: then the result is none. */
static bool do_method(struct exec *x, const struct frame *f, const struct ins *i, bool *skip)
{
	const struct site *site = &f->program->sites[i->a];
	struct value receiver = x->stack[x->sp - 1];
	const struct fn *row;
	str why;

	*skip = receiver.type == VALUE_NIL && !(receiver.flags & FLAG_INTERFACE);
	if (*skip) {
		x->sp -= site->piped;
		x->stack[x->sp - 1] = VALUE_NONE;
		return true;
	}
	row = access_method(receiver, site->name.text);
	if (!row)
		return no_method(x, f, i, receiver, site->name.text);
	why = access_count(x->arena, row->params, site->name.text, site->n, site->piped);
	if (why.n)
		return vm_fail(x, place(f, i), why);
	x->stack[x->sp - 1].flags = 0;
	x->stack[x->sp++] = (struct value){.type = VALUE_REF,
		.s = (const char *)(const void *)row};
	return true;
}

static const struct fn *row_at(const struct value *v)
{
	return (const struct fn *)(const void *)v->s;
}

/* A literal takes the type of its parameter, which only the row knows. */
static bool method_literal(struct exec *x, const struct node *n, struct value *v, char letter)
{
	bool number = n->type == NODE_NUMBER;

	if (letter == 's' && n->type != NODE_STRING)
		return vm_fail(x, n, shown(x, "expected string; found ", *v, ""));
	if ((letter == 'i' || letter == 'I') && !(number && n->is_int))
		return vm_fail(x, n, shown(x, "expected integer; found ", *v, ""));
	if (letter == 'f' && !(number && n->is_float))
		return vm_fail(x, n, shown(x, "expected float; found ", *v, ""));
	if (letter == 'i' || letter == 'I')
		*v = letter == 'i' ? value_int(n->integer) : value_int64(n->integer);
	if (letter == 'f')
		*v = value_float(n->real);
	return true;
}

static bool do_method_check(struct exec *x, const struct frame *f, const struct ins *i)
{
	const struct site *site = &f->program->sites[i->a];
	const struct node *n = site->args[i->n];
	const struct fn *row = row_at(&x->stack[x->sp - i->n - 2]);
	struct value *v = &x->stack[x->sp - 1];
	char letter = access_letter(row, i->n);
	str why;

	if ((n->type == NODE_NUMBER || n->type == NODE_STRING || n->type == NODE_BOOL) &&
		!method_literal(x, n, v, letter))
		return false;
	return access_check(x, v, letter, &why) || vm_fail(x, place(f, i), why);
}

static bool do_method_call(struct exec *x, const struct frame *f, const struct ins *i)
{
	const struct site *site = &f->program->sites[i->a];
	uint32_t own = site->n - site->piped, base = x->sp - own - 2;
	const struct fn *row = row_at(&x->stack[base + 1]);
	struct value *args = &x->stack[base + 1], out = VALUE_NONE;
	str why;

	args[0] = x->stack[base];
	if (site->piped) {
		args[own + 1] = x->stack[--base];
		if (!access_check(x, &args[own + 1], access_letter(row, own), &why))
			return vm_fail(x, place(f, i), why);
	}
	if (!access_call(x, row, args, site->n + 1, &out)) {
		x->failure.node = site->command;
		return false;
	}
	x->stack[base] = unwrapped(out, i->b);
	x->sp = base + 1;
	return true;
}

/* --- range --- */

static bool range_number(struct exec *x, const struct frame *f, const struct ins *i,
	struct loop *loop)
{
	struct value v = loop->over;
	int64_t count;
	int minor = x->env.go_minor ? x->env.go_minor : x->env.helm3 ? 23 : 25;

	if (v.type < VALUE_INT || v.type > VALUE_BYTE || minor < 24)
		return vm_fail(x, place(f, i), shown(x, "range can't iterate over ", v, ""));
	if (f->program->iterators[i->a].index >= 0)
		return vm_fail(x, place(f, i), shown(x, "can't use ", v,
			" to iterate over more than one variable"));
	if (!value_to_i64(v, &count))
		count = INT64_MAX;
	loop->n = count <= 0 ? 0 : count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
	return true;
}

static bool range_start(struct exec *x, const struct frame *f, const struct ins *i,
	struct loop *loop)
{
	struct map *m;

	loop->over = access_plain(x->arena, loop->over);
	switch (loop->over.type) {
	case VALUE_NIL:
		return true;
	case VALUE_LIST:
		loop->n = list_n(loop->over.list);
		loop->list = loop->n ? loop->over.list->at : NULL;
		return true;
	case VALUE_BYTES:
		loop->n = loop->over.n;
		return true;
	case VALUE_MAP:
		m = loop->over.map;
		loop->n = map_n(m);
		if (!loop->n)
			return true;
		map_sort(m);
		loop->entries = m->at;
		if (f->program->iterators[i->a].mutates) {
			loop->entries = arena_news(x->arena, loop->n, struct map_entry);
			memcpy(loop->entries, m->at, loop->n * sizeof *loop->entries);
		}
		return true;
	default:
		return range_number(x, f, i, loop);
	}
}

static struct loop *loop_new(struct exec *x)
{
	if (x->loops_n == x->loops_room) {
		uint32_t room = x->loops_room ? x->loops_room * 2 : 16;

		x->loops = arena_grow(x->arena, x->loops, x->loops_n * sizeof *x->loops,
			room * sizeof *x->loops);
		x->loops_room = room;
	}
	x->loops[x->loops_n] = (struct loop){.n = 0};
	return &x->loops[x->loops_n];
}

static bool do_range(struct exec *x, const struct frame *f, const struct ins *i, bool *some)
{
	struct loop *loop = loop_new(x);

	loop->over = x->stack[--x->sp];
	loop->dot = f->dot;
	loop->sp = x->sp;
	if (!range_start(x, f, i, loop))
		return false;
	*some = loop->n > 0;
	x->loops_n += *some;
	return true;
}

static void element(const struct loop *loop, struct value *index, struct value *value)
{
	*index = value_int(loop->at);
	switch (loop->over.type) {
	case VALUE_LIST:
		*value = loop->list[loop->at];
		value->flags = loop->over.elem == ELEM_ANY ? FLAG_INTERFACE : 0;
		break;
	case VALUE_BYTES:
		*value = (struct value){.type = VALUE_BYTE,
			.i = (unsigned char)loop->over.s[loop->at]};
		break;
	case VALUE_MAP:
		*index = value_str(map_key(&loop->entries[loop->at]));
		*value = loop->entries[loop->at].value;
		value->flags = loop->over.elem == ELEM_STRING ? 0 : FLAG_INTERFACE;
		break;
	default:
		*value = loop->over;
		value->i = loop->at;
		value->flags = 0;
		break;
	}
}

/* Sets the dot and the variables to the next element; false when there is none. */
static bool range_next(struct exec *x, struct frame *f, const struct iterator *it)
{
	struct loop *loop = &x->loops[x->loops_n - 1];
	struct value *slots = &x->stack[f->base], index, value;

	x->sp = loop->sp;
	if (loop->at >= loop->n)
		return false;
	element(loop, &index, &value);
	loop->at++;
	f->dot = value;
	if (it->element >= 0)
		slots[it->element] = value;
	if (it->index >= 0)
		slots[it->index] = index;
	return true;
}

/* --- the loop --- */

/* Ends the newest frame and goes on in its caller; false when there is none. */
static bool leave(struct exec *x, const struct ins **i)
{
	struct frame *f = &x->frames[--x->frames_n];
	struct buf *out = x->out;

	x->sp = f->base;
	if (f->kind == FRAME_TOP)
		return false;
	*i = f[-1].ip;
	if (f->kind == FRAME_TEMPLATE)
		return true;
	if (f->kind == FRAME_TPL)
		exec_erase(out, f->out_from);
	if ((*i)[1].op == OP_PRINT) { /* what would be printed stands there already */
		++*i;
		return true;
	}
	x->stack[x->sp++] = value_str(arena_str(x->arena, str_from(buf_str(out), f->out_from)));
	buf_truncate(out, f->out_from);
	return true;
}

static bool print(struct exec *x, const struct node *node, struct value v)
{
	if (v.type == VALUE_STR)
		buf_add(x->out, value_text(v));
	else if (v.type == VALUE_NIL)
		buf_add(x->out, STR("<no value>"));
	else
		print_value(x->out, v);
	if (x->out->failed || x->out->n - x->out_start > LIMIT_TEMPLATE_OUTPUT)
		return over_limit(x, node, arena_printf(x->arena,
			"the output is larger than %u bytes", LIMIT_TEMPLATE_OUTPUT));
	return true;
}

static bool do_find(struct exec *x, const struct frame *f, const struct ins *i)
{
	str name = f->program->texts[i->a];
	const struct program *p = find(x, f, name);

	if (!p)
		return vm_fail(x, place(f, i), quoted(x, "template ", name, " not defined"));
	x->stack[x->sp++] = (struct value){.type = VALUE_REF,
		.s = (const char *)(const void *)p};
	return true;
}

static bool do_template(struct exec *x, struct frame *f, const struct ins *i)
{
	struct value dot = x->stack[x->sp - 1];
	const struct program *p = (const void *)x->stack[x->sp - 2].s;

	if (too_deep(x, place(f, i)))
		return false;
	f->ip = i;
	x->sp -= 2;
	enter(x, p, dot, FRAME_TEMPLATE);
	return true;
}

static bool run(struct exec *x)
{
	struct frame *f = &x->frames[x->frames_n - 1];
	const struct program *p = f->program;
	const struct ins *i = p->code;
	struct value v;
	bool flag;
	str why;

	for (;; i++) {
		if (!x->steps && !exec_refill(x, 1))
			return out_of_steps(x, place(f, i));
		x->steps--;
		switch ((enum opcode)i->op) {
		case OP_TEXT:
			buf_add(x->out, p->texts[i->a]);
			break;
		case OP_PRINT:
			if (!print(x, place(f, i), x->stack[--x->sp]))
				return false;
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
			x->stack[x->sp++] = unwrapped(x->stack[f->base + i->a], i->b);
			break;
		case OP_SET:
			x->stack[f->base + i->a] = x->stack[x->sp - 1];
			break;
		case OP_FIELD:
			if (!walk_chain(x, f, i, f->dot, &x->stack[x->sp]))
				return false;
			x->sp++;
			break;
		case OP_VAR_FIELD:
			if (!walk_chain(x, f, i, x->stack[f->base + i->n], &x->stack[x->sp]))
				return false;
			x->sp++;
			break;
		case OP_CHAIN:
			if (!walk_chain(x, f, i, x->stack[x->sp - 1], &x->stack[x->sp - 1]))
				return false;
			break;
		case OP_CHECK:
			if (!access_check(x, &x->stack[x->sp - 1], (char)i->n, &why))
				return vm_fail(x, place(f, i), why);
			break;
		case OP_CALL:
			if (!do_call(x, f, i))
				return false;
			break;
		case OP_INCLUDE:
			if (!do_include(x, f, i))
				return false;
			goto entered;
		case OP_TPL:
			if (!do_tpl(x, f, i, &flag))
				return false;
			if (flag)
				goto entered;
			break;
		case OP_METHOD:
			if (!do_method(x, f, i, &flag))
				return false;
			if (flag)
				i = &p->code[p->sites[i->a].skip] - 1;
			break;
		case OP_METHOD_CHECK:
			if (!do_method_check(x, f, i))
				return false;
			break;
		case OP_METHOD_CALL:
			if (!do_method_call(x, f, i))
				return false;
			break;
		case OP_DECIDE:
			if (i->b & INS_SURE)
				f->at = i->node;
			x->sp--;
			if (truth(x->stack[x->sp]) == (bool)i->n) {
				if (i->b & INS_NIP)
					x->stack[x->sp - 1] = x->stack[x->sp];
				else
					x->sp++;
				i = &p->code[i->a] - 1;
			}
			break;
		case OP_AT:
			f->at = i->node;
			break;
		case OP_JUMP:
			i = &p->code[i->a] - 1;
			break;
		case OP_UNLESS:
			if (!truth(x->stack[--x->sp]))
				i = &p->code[i->a] - 1;
			break;
		case OP_WITH:
			v = x->stack[x->sp - 1];
			if (truth(v)) {
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
			if (!do_range(x, f, i, &flag))
				return false;
			if (!flag)
				i = &p->code[p->iterators[i->a].past] - 1;
			break;
		case OP_NEXT:
			if (!range_next(x, f, &p->iterators[i->a]))
				i = &p->code[p->iterators[i->a].done] - 1;
			break;
		case OP_DONE:
			x->loops_n--;
			f->dot = x->loops[x->loops_n].dot;
			x->sp = x->loops[x->loops_n].sp;
			break;
		case OP_FIND:
			if (!do_find(x, f, i))
				return false;
			break;
		case OP_TEMPLATE:
			if (!do_template(x, f, i))
				return false;
			goto entered;
		case OP_ERROR:
			return vm_fail(x, place(f, i), p->texts[i->a]);
		case OP_RETURN:
			if (!leave(x, &i))
				return true;
			f = &x->frames[x->frames_n - 1];
			p = f->program;
			break;
		case OPCODE_N:
			break;
		}
		continue;
entered:
		f = &x->frames[x->frames_n - 1];
		p = f->program;
		i = p->code - 1;
	}
}

bool vm_run(struct exec *x, const struct program *p, struct value dot)
{
	x->sp = x->frames_n = x->loops_n = 0;
	x->out_start = x->out->n;
	x->failure = (struct failure){.message = STR_NONE};
	enter(x, p, dot, FRAME_TOP);
	return run(x);
}
