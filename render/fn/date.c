/*
 * Dates as sprig has them: what is no time, no int and no date means "now".
 */
#include "base/time.h"
#include "render/exec.h"
#include "render/fn/body.h"
#include "render/gotime.h"
#include "render/ref.h"

#define HTML_DATE STR("2006-01-02")
#define YEAR_ONE INT64_C(-62135596800)

struct time_ref {
	struct ref ref;
	struct gotime t;
};

static const struct ref_class time_class;

static struct gotime *time_of(struct value v)
{
	if (v.type != VALUE_REF || v.ref->class != &time_class)
		return NULL;
	return &((struct time_ref *)(void *)v.ref)->t;
}

static bool give_time(struct call *c, struct value *out, const struct gotime *t)
{
	struct time_ref *r = arena_new(c->arena, struct time_ref);

	r->ref.class = &time_class;
	r->t = *t;
	*out = value_ref(&r->ref);
	return true;
}

static struct gotime now(struct call *c)
{
	int64_t ns = c->exec->env.now_ns ? c->exec->env.now_ns : time_wall();
	struct gotime t = {.sec = ns / TIME_SECOND, .nsec = (int32_t)(ns % TIME_SECOND)};

	gotime_in(&t, STR("Local"));
	return t;
}

static struct gotime any_time(struct call *c, struct value v)
{
	struct gotime *t = time_of(v), at = {0};

	if (t)
		return *t;
	if (v.type != VALUE_INT && v.type != VALUE_INT64)
		return now(c);
	at.sec = v.i;
	return at;
}

static bool format(struct call *c, const struct gotime *t, str layout, struct value *out)
{
	struct buf b;

	body_buf(c, &b);
	gotime_format(&b, t, layout);
	return body_text(c, &b, out);
}

static bool in_zone(struct call *c, str layout, struct value v, str zone, struct value *out)
{
	struct gotime t = any_time(c, v);

	gotime_in(&t, zone); /* unknown: UTC */
	return format(c, &t, layout, out);
}

static bool date_now(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct gotime t = now(c);

	(void)arg, (void)n;
	return give_time(c, out, &t);
}

static bool date_date(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return in_zone(c, value_text(arg[0]), arg[1], STR("Local"), out);
}

static bool date_in_zone(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return in_zone(c, value_text(arg[0]), arg[1], value_text(arg[2]), out);
}

static bool date_html(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return in_zone(c, HTML_DATE, arg[0], STR("Local"), out);
}

static bool date_html_in_zone(struct call *c, const struct value *arg, uint32_t n,
			      struct value *out)
{
	(void)n;
	return in_zone(c, HTML_DATE, arg[0], value_text(arg[1]), out);
}

/* A duration of Go: units are needed, but for "0". */
static bool parse_duration(str s, int64_t *ns)
{
	bool minus = s.n && s.s[0] == '-', plus = s.n && s.s[0] == '+';
	str body = minus || plus ? str_from(s, 1) : s;
	char last = body.n ? body.s[body.n - 1] : '0';

	if (str_is(body, "0")) {
		*ns = 0;
		return true;
	}
	if (!body.n || (last >= '0' && last <= '9') || body.s[0] == '-' ||
	    !num_parse_duration(body, ns))
		return false;
	if (minus)
		*ns = -*ns;
	return true;
}

static struct gotime time_add(struct gotime t, int64_t ns)
{
	int64_t nsec = t.nsec + ns % TIME_SECOND;

	t.sec += ns / TIME_SECOND + (nsec >= TIME_SECOND) - (nsec < 0);
	t.nsec = (int32_t)((nsec + TIME_SECOND) % TIME_SECOND);
	return t;
}

static bool date_modify(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct gotime t = *time_of(arg[1]);
	int64_t ns;

	(void)n;
	if (parse_duration(value_text(arg[0]), &ns))
		t = time_add(t, ns);
	return give_time(c, out, &t);
}

static bool invalid_duration(struct call *c, str text)
{
	struct buf b;

	body_buf(c, &b);
	print_quoted(&b, text);
	return call_fail(c, "time: invalid duration %.*s", STR_ARG(buf_str(&b)));
}

static bool date_must_modify(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	int64_t ns;

	if (!parse_duration(value_text(arg[0]), &ns))
		return invalid_duration(c, value_text(arg[0]));
	return date_modify(c, arg, n, out);
}

static bool date_to_date(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct gotime t;

	(void)n;
	if (!gotime_parse(value_text(arg[0]), value_text(arg[1]), &t))
		t = (struct gotime){.sec = YEAR_ONE, .zone = "UTC"};
	return give_time(c, out, &t);
}

static bool date_must_to_date(struct call *c, const struct value *arg, uint32_t n,
			      struct value *out)
{
	struct gotime t;
	struct buf b;

	(void)n;
	if (gotime_parse(value_text(arg[0]), value_text(arg[1]), &t))
		return give_time(c, out, &t);
	body_buf(c, &b);
	buf_lit(&b, "parsing time ");
	print_quoted(&b, value_text(arg[1]));
	buf_lit(&b, " as ");
	print_quoted(&b, value_text(arg[0]));
	return call_fail(c, "%.*s: cannot parse", STR_ARG(buf_str(&b)));
}

static bool date_epoch(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return give_str(out, arena_printf(c->arena, "%lld", (long long)time_of(arg[0])->sec));
}

static bool give_duration(struct call *c, int64_t ns, struct value *out)
{
	struct buf b;

	body_buf(c, &b);
	gotime_duration(&b, ns);
	return body_text(c, &b, out);
}

/* Rounded to seconds. */
static bool date_ago(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct gotime t = any_time(c, arg[0]), at = now(c);
	int64_t seconds = at.sec - t.sec, nsec = at.nsec - t.nsec;

	(void)n;
	if (seconds > INT64_MAX / TIME_SECOND || seconds < INT64_MIN / TIME_SECOND)
		return give_duration(c, seconds > 0 ? INT64_MAX : INT64_MIN, out);
	seconds += nsec >= TIME_SECOND / 2 ? 1 : nsec < -TIME_SECOND / 2 ? -1 : 0;
	return give_duration(c, seconds * TIME_SECOND, out);
}

/* Seconds as text or int64; an int literal is no int64 and gives 0. */
static bool date_duration(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	int64_t seconds = 0;

	(void)n;
	if (arg[0].type == VALUE_INT64)
		seconds = arg[0].i;
	else if (arg[0].type == VALUE_STR && !num_parse_i64(value_text(arg[0]), &seconds))
		seconds = 0;
	return give_duration(c, (int64_t)((uint64_t)seconds * (uint64_t)TIME_SECOND), out);
}

static bool date_round(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	static const struct {
		uint64_t seconds;
		const char *unit;
	} units[] = {{31536000, "y"}, {2592000, "mo"}, {86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}};
	struct gotime *t = time_of(arg[0]), at = now(c);
	bool minus;
	int64_t ns = 0;
	uint64_t u;

	(void)n;
	if (t)
		ns = (int64_t)((uint64_t)(at.sec - t->sec) * (uint64_t)TIME_SECOND) + at.nsec - t->nsec;
	else if (arg[0].type == VALUE_INT64)
		ns = arg[0].i;
	else if (arg[0].type == VALUE_STR && !parse_duration(value_text(arg[0]), &ns))
		ns = 0;
	minus = ns < 0;
	u = (minus ? -(uint64_t)ns : (uint64_t)ns) / (uint64_t)TIME_SECOND;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (i == 5 ? u > 0 : u > units[i].seconds)
			return give_str(out, arena_printf(c->arena, "%s%llu%s", minus ? "-" : "",
							  (unsigned long long)(u / units[i].seconds),
							  units[i].unit));
	return give_str(out, STR("0s"));
}

/* --- methods --- */

static bool time_format(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return format(c, time_of(arg[0]), value_text(arg[1]), out);
}

static bool time_unix(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)c, (void)n;
	*out = value_int64(time_of(arg[0])->sec);
	return true;
}

static bool time_unix_nano(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	const struct gotime *t = time_of(arg[0]);

	(void)c, (void)n;
	*out = value_int64((int64_t)((uint64_t)t->sec * (uint64_t)TIME_SECOND + (uint64_t)t->nsec));
	return true;
}

static bool time_utc(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	struct gotime t = *time_of(arg[0]);

	(void)n;
	gotime_in(&t, STR("UTC"));
	return give_time(c, out, &t);
}

/* A number that a layout shows. */
static bool time_part(struct call *c, struct value v, const char *layout, struct value *out)
{
	int64_t i = 0;

	if (!format(c, time_of(v), str_of(layout), out))
		return false;
	num_parse_i64(value_text(*out), &i);
	*out = value_int(i);
	return true;
}

static bool time_year(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return time_part(c, arg[0], "2006", out);
}

static bool time_month(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return format(c, time_of(arg[0]), STR("January"), out);
}

static bool time_day(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return time_part(c, arg[0], "2", out);
}

static bool time_hour(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return time_part(c, arg[0], "15", out);
}

static bool time_minute(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return time_part(c, arg[0], "4", out);
}

static bool time_second(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return time_part(c, arg[0], "5", out);
}

static bool time_weekday(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return format(c, time_of(arg[0]), STR("Monday"), out);
}

static bool time_yearday(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return time_part(c, arg[0], "002", out);
}

static void time_print(struct buf *out, struct ref *r)
{
	gotime_format(out, &((struct time_ref *)(void *)r)->t,
		      STR("2006-01-02 15:04:05.999999999 -0700 MST"));
}

static bool time_string(struct call *c, const struct value *arg, uint32_t n, struct value *out)
{
	(void)n;
	return format(c, time_of(arg[0]), STR("2006-01-02 15:04:05.999999999 -0700 MST"), out);
}

static struct value time_plain(struct arena *a, struct ref *r)
{
	struct buf b;

	buf_in(&b, a, 256);
	gotime_format(&b, &((struct time_ref *)(void *)r)->t,
		      STR("2006-01-02T15:04:05.999999999Z07:00"));
	return value_str(buf_str(&b));
}

static const struct fn time_methods[] = {
	{"Day", "", time_day},	       {"Format", "s", time_format}, {"Hour", "", time_hour},
	{"Minute", "", time_minute},   {"Month", "", time_month},    {"Second", "", time_second},
	{"String", "", time_string},   {"UTC", "", time_utc},	     {"Unix", "", time_unix},
	{"UnixNano", "", time_unix_nano}, {"Weekday", "", time_weekday}, {"Year", "", time_year},
	{"YearDay", "", time_yearday}, {NULL, NULL, NULL},
};

static const struct ref_class time_class = {.type = "time.Time", .kind = "struct",
	.methods = time_methods, .print = time_print, .plain = time_plain};

const struct fn fn_date[] = {
	{"ago", "a", date_ago},
	{"date", "sa", date_date},
	{"dateInZone", "sas", date_in_zone},
	{"dateModify", "st", date_modify},
	{"date_in_zone", "sas", date_in_zone},
	{"date_modify", "st", date_modify},
	{"duration", "a", date_duration},
	{"durationRound", "a", date_round},
	{"htmlDate", "a", date_html},
	{"htmlDateInZone", "as", date_html_in_zone},
	{"mustDateModify", "st", date_must_modify},
	{"mustToDate", "ss", date_must_to_date},
	{"must_date_modify", "st", date_must_modify},
	{"now", "", date_now},
	{"toDate", "ss", date_to_date},
	{"unixEpoch", "t", date_epoch},
	{NULL, NULL, NULL},
};
