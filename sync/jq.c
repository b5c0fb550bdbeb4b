/*
 * `[path(EXPRESSION)]` over the object's JSON. libjq looks at its halted flag before each step of a
 * program; the signal of a timer sets it, on the thread that runs the program.
 */
#include "sync/jq.h"

#include <jq.h>
#include <signal.h>
#include <time.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"

struct program {
	char *text;
	size_t n;
	jq_state *jq; /* NULL: does not compile */
};

static _Thread_local struct program programs[LIMIT_JQ_CACHE];
static _Thread_local size_t programs_n;
static _Thread_local jq_state *volatile running;

static void program_free(struct program *p)
{
	if (p->jq)
		jq_teardown(&p->jq);
	mem_free(p->text);
}

void jq_forget(void)
{
	while (programs_n)
		program_free(&programs[--programs_n]);
}

/* Without one of our own, jq writes to stderr. */
static void unheard(void *arg, jv message)
{
	(void)arg;
	jv_free(message);
}

static jq_state *compile(str expression)
{
	struct arena scratch;
	jq_state *jq = jq_init();

	if (!jq)
		return NULL;
	arena_init(&scratch, 0);
	jq_set_error_cb(jq, unheard, NULL);
	if (!jq_compile(jq, arena_cstr(&scratch, arena_printf(&scratch, "[path(%.*s)]", STR_ARG(expression)))))
		jq_teardown(&jq); /* sets it to NULL */
	arena_done(&scratch);
	return jq;
}

/* Compiling reads jq's library of builtins, which takes tens of milliseconds. */
static struct program *program_of(str expression)
{
	struct program *p;

	for (size_t i = 0; i < programs_n; i++)
		if (str_eq(str_make(programs[i].text, programs[i].n), expression))
			return &programs[i];
	if (programs_n == LIMIT_JQ_CACHE) {
		program_free(&programs[0]);
		programs[0] = programs[--programs_n];
	}
	p = &programs[programs_n];
	*p = (struct program){.text = mem_strndup(expression.s, expression.n), .n = expression.n};
	if (!p->text)
		return NULL;
	p->jq = compile(expression);
	programs_n++;
	return p;
}

/* --- the limit --- */

static void halt(int number)
{
	(void)number;
	if (running && !jq_halted(running))
		jq_halt(running, jv_invalid(), jv_invalid());
}

static bool watch(timer_t *timer)
{
	struct sigaction action = {.sa_handler = halt, .sa_flags = SA_RESTART};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 4};
	struct itimerspec once = {.it_value = {.tv_nsec = LIMIT_JQ_MS * 1000000L}};

	event._sigev_un._tid = gettid();
	sigemptyset(&action.sa_mask);
	return sigaction(event.sigev_signo, &action, NULL) == 0 && timer_create(CLOCK_MONOTONIC, &event, timer) == 0 &&
	       timer_settime(*timer, 0, &once, NULL) == 0;
}

/* The first result; *stopped: there was no time for it. */
static jv run(jq_state *jq, str text, bool *stopped)
{
	timer_t timer;
	jv out;

	*stopped = true;
	jq_start(jq, jv_parse_sized(text.s, (int)text.n), 0);
	running = jq;
	if (!watch(&timer)) {
		running = NULL;
		return jv_invalid();
	}
	out = jq_next(jq);
	running = NULL;
	timer_delete(timer);
	*stopped = jq_halted(jq);
	return out;
}

bool jq_paths(struct arena *keep, str expression, struct value object, struct list **paths,
	      struct error *err)
{
	struct program *p = program_of(expression);
	struct value v = VALUE_NONE;
	bool stopped, ok;
	jv out, shown;

	if (!p || !p->jq)
		return error_set(err, ERROR_INVALID, "the jq expression %.*s does not compile", STR_ARG(expression));
	out = run(p->jq, json_text(keep, object, 0), &stopped);
	ok = !stopped && jv_get_kind(out) == JV_KIND_ARRAY;
	if (ok) {
		shown = jv_dump_string(out, 0); /* takes out */
		ok = json_read(keep, arena_str(keep, str_make(jv_string_value(shown),
							      (size_t)jv_string_length_bytes(jv_copy(shown)))), 0, &v, err);
		jv_free(shown);
	} else {
		jv_free(out);
	}
	*paths = value_list(v);
	return ok ? *paths != NULL
		  : error_set(err, stopped ? ERROR_LIMIT : ERROR_INVALID,
			      stopped ? "the jq expression %.*s took longer than %d ms"
				      : "the jq expression %.*s does not name paths of the object",
			      STR_ARG(expression), LIMIT_JQ_MS);
}
