/*
 * A layout is cut into fields once for both directions; zones are read from the tz database's
 * files (RFC 8536), the 64-bit part, since the C library's zone is one per process.
 */
#include "render/gotime.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/num.h"

enum field {
	F_TEXT, F_YEAR, F_YEAR2, F_MONTH_LONG, F_MONTH, F_MONTH0, F_MONTH_N, F_DAY_LONG, F_DAY,
	F_DAY0, F_DAY_, F_DAY_N, F_YEARDAY, F_HOUR, F_HOUR12_0, F_HOUR12, F_MIN0, F_MIN, F_SEC0,
	F_SEC, F_PM, F_pm, F_ZONE, F_Z0700, F_Z07_00, F_Z07, F_0700, F_07_00, F_07, F_FRACTION
};

/* The longest first where one is a prefix of another. */
static const struct {
	const char *text;
	enum field field;
} fields[] = {
	{"2006", F_YEAR}, {"06", F_YEAR2}, {"January", F_MONTH_LONG}, {"Jan", F_MONTH},
	{"01", F_MONTH0}, {"002", F_YEARDAY}, {"02", F_DAY0}, {"03", F_HOUR12_0},
	{"04", F_MIN0}, {"05", F_SEC0}, {"15", F_HOUR}, {"1", F_MONTH_N},
	{"Monday", F_DAY_LONG}, {"Mon", F_DAY}, {"MST", F_ZONE}, {"_2", F_DAY_}, {"2", F_DAY_N},
	{"3", F_HOUR12}, {"4", F_MIN}, {"5", F_SEC}, {"PM", F_PM}, {"pm", F_pm},
	{"Z07:00", F_Z07_00}, {"Z0700", F_Z0700}, {"Z07", F_Z07}, {"-07:00", F_07_00},
	{"-0700", F_0700}, {"-07", F_07},
};
static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July",
	"August", "September", "October", "November", "December"};
static const char *const days[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday",
	"Friday", "Saturday"};

/* The field at the layout's start and its width; F_TEXT is one byte. "_2006" is '_' and a year;
 * "Month" is not "Mon" and "th" (a lower-case letter may not follow). */
static enum field field_at(str layout, size_t *width)
{
	*width = 1;
	if ((layout.s[0] == '.' || layout.s[0] == ',') && layout.n > 1 &&
	    (layout.s[1] == '0' || layout.s[1] == '9')) {
		size_t i = 1;

		while (i < layout.n && layout.s[i] == layout.s[1])
			i++;
		if (i == layout.n || layout.s[i] < '0' || layout.s[i] > '9') {
			*width = i;
			return F_FRACTION;
		}
	}
	if (str_starts(layout, STR("_2006")))
		return F_TEXT;
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		str text = str_of(fields[i].text);

		if (!str_starts(layout, text))
			continue;
		if ((fields[i].field == F_MONTH || fields[i].field == F_DAY) && layout.n > text.n &&
		    layout.s[text.n] >= 'a' && layout.s[text.n] <= 'z')
			continue;
		*width = text.n;
		return fields[i].field;
	}
	return F_TEXT;
}

/* --- civil dates (proleptic Gregorian) --- */

static int64_t days_of(int64_t y, int m, int d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

struct civil {
	int64_t year, yearday;
	int month, day, weekday, hour, min, sec;
};

static struct civil civil_of(int64_t sec)
{
	int64_t day = sec / 86400, rest = sec % 86400, era, doe, yoe, doy, mp;
	struct civil c;

	if (rest < 0)
		rest += 86400, day--;
	c.hour = (int)(rest / 3600), c.min = (int)(rest / 60 % 60), c.sec = (int)(rest % 60);
	c.weekday = (int)(((day + 4) % 7 + 7) % 7);
	era = (day + 719468 >= 0 ? day + 719468 : day + 719468 - 146096) / 146097;
	doe = day + 719468 - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	c.day = (int)(doy - (153 * mp + 2) / 5 + 1);
	c.month = (int)(mp < 10 ? mp + 3 : mp - 9);
	c.year = yoe + era * 400 + (c.month <= 2);
	c.yearday = day - days_of(c.year, 1, 1) + 1;
	return c;
}

/* --- formatting --- */

static void put_offset(struct buf *out, int32_t offset, const char *form)
{
	int32_t a = offset < 0 ? -offset : offset;

	buf_printf(out, "%c%02d", offset < 0 ? '-' : '+', (int)(a / 3600));
	if (form)
		buf_printf(out, "%s%02d", form, (int)(a / 60 % 60));
}

static void put_fraction(struct buf *out, const struct gotime *t, str field)
{
	char text[10];
	size_t n = field.n - 1 > 9 ? 9 : field.n - 1;

	snprintf(text, sizeof text, "%09" PRId32, t->nsec);
	if (field.s[1] == '9')
		while (n && text[n - 1] == '0')
			n--;
	if (!n)
		return;
	buf_char(out, field.s[0]);
	buf_add(out, str_make(text, n));
}

static void put_field(struct buf *out, const struct gotime *t, const struct civil *c, enum field f)
{
	int hour12 = c->hour % 12 ? c->hour % 12 : 12;

	switch (f) {
	case F_YEAR: buf_printf(out, "%04" PRId64, c->year); break;
	case F_YEAR2: buf_printf(out, "%02d", (int)(c->year % 100)); break;
	case F_MONTH_LONG: buf_lit(out, months[c->month - 1]); break;
	case F_MONTH: buf_printf(out, "%.3s", months[c->month - 1]); break;
	case F_MONTH0: buf_printf(out, "%02d", c->month); break;
	case F_MONTH_N: buf_printf(out, "%d", c->month); break;
	case F_DAY_LONG: buf_lit(out, days[c->weekday]); break;
	case F_DAY: buf_printf(out, "%.3s", days[c->weekday]); break;
	case F_DAY0: buf_printf(out, "%02d", c->day); break;
	case F_DAY_: buf_printf(out, "%2d", c->day); break;
	case F_DAY_N: buf_printf(out, "%d", c->day); break;
	case F_YEARDAY: buf_printf(out, "%03" PRId64, c->yearday); break;
	case F_HOUR: buf_printf(out, "%02d", c->hour); break;
	case F_HOUR12_0: buf_printf(out, "%02d", hour12); break;
	case F_HOUR12: buf_printf(out, "%d", hour12); break;
	case F_MIN0: buf_printf(out, "%02d", c->min); break;
	case F_MIN: buf_printf(out, "%d", c->min); break;
	case F_SEC0: buf_printf(out, "%02d", c->sec); break;
	case F_SEC: buf_printf(out, "%d", c->sec); break;
	case F_PM: buf_lit(out, c->hour >= 12 ? "PM" : "AM"); break;
	case F_pm: buf_lit(out, c->hour >= 12 ? "pm" : "am"); break;
	case F_ZONE: buf_lit(out, t->zone); break;
	case F_Z07_00: case F_Z0700: case F_Z07:
		if (!t->offset)
			buf_char(out, 'Z');
		else
			put_offset(out, t->offset, f == F_Z07_00 ? ":" : f == F_Z0700 ? "" : NULL);
		break;
	case F_07_00: put_offset(out, t->offset, ":"); break;
	case F_0700: put_offset(out, t->offset, ""); break;
	case F_07: put_offset(out, t->offset, NULL); break;
	default: break;
	}
}

void gotime_format(struct buf *out, const struct gotime *t, str layout)
{
	struct civil c = civil_of(t->sec + t->offset);
	size_t width;

	for (; layout.n; layout = str_from(layout, width)) {
		enum field f = field_at(layout, &width);

		if (f == F_TEXT)
			buf_char(out, layout.s[0]);
		else if (f == F_FRACTION)
			put_fraction(out, t, str_sub(layout, 0, width));
		else
			put_field(out, t, &c, f);
	}
}

/* --- parsing --- */

struct parsed {
	int64_t year;
	int month, day, hour, min, sec, nsec, yearday;
	bool pm, pm_set, offset_set;
	int32_t offset;
};

static bool take_digits(str *s, size_t least, size_t most, int64_t *out)
{
	size_t n = 0;

	*out = 0;
	while (n < most && n < s->n && s->s[n] >= '0' && s->s[n] <= '9')
		*out = *out * 10 + (s->s[n++] - '0');
	*s = str_from(*s, n);
	return n >= least;
}

static bool take_int(str *s, size_t least, size_t most, int *out)
{
	int64_t n;
	bool ok = take_digits(s, least, most, &n);

	*out = (int)n;
	return ok;
}

static bool take_name(str *s, const char *const *names, int n, bool whole, int *out)
{
	for (int i = 0; i < n; i++) {
		size_t len = whole ? strlen(names[i]) : 3;

		if (s->n >= len && str_eq_nocase(str_sub(*s, 0, len), str_make(names[i], len))) {
			*s = str_from(*s, len);
			*out = i + 1;
			return true;
		}
	}
	return false;
}

static bool take_offset(str *s, enum field f, struct parsed *p)
{
	bool z = f == F_Z07_00 || f == F_Z0700 || f == F_Z07, minus;
	int h, m = 0;

	p->offset_set = true;
	if (z && s->n && s->s[0] == 'Z') {
		*s = str_from(*s, 1);
		return true;
	}
	if (!s->n || (s->s[0] != '+' && s->s[0] != '-'))
		return false;
	minus = s->s[0] == '-';
	*s = str_from(*s, 1);
	if (!take_int(s, 2, 2, &h))
		return false;
	if (f == F_Z07_00 || f == F_07_00) {
		if (!s->n || s->s[0] != ':')
			return false;
		*s = str_from(*s, 1);
	}
	if (f != F_Z07 && f != F_07 && !take_int(s, 2, 2, &m))
		return false;
	p->offset = (h * 3600 + m * 60) * (minus ? -1 : 1);
	return h <= 24 && m < 60;
}

static void take_fraction(str *s, struct parsed *p)
{
	int scale = 100000000;

	if (s->n < 2 || (s->s[0] != '.' && s->s[0] != ',') || s->s[1] < '0' || s->s[1] > '9')
		return;
	*s = str_from(*s, 1);
	p->nsec = 0;
	for (; s->n && s->s[0] >= '0' && s->s[0] <= '9'; *s = str_from(*s, 1)) {
		p->nsec += (s->s[0] - '0') * scale;
		scale /= 10;
	}
}

static bool take_pm(str *s, struct parsed *p)
{
	if (s->n < 2 || (s->s[1] | 0x20) != 'm' || ((s->s[0] | 0x20) != 'a' && (s->s[0] | 0x20) != 'p'))
		return false;
	p->pm_set = true;
	p->pm = (s->s[0] | 0x20) == 'p';
	*s = str_from(*s, 2);
	return true;
}

static bool take_field(str *s, enum field f, struct parsed *p)
{
	int64_t year;
	int ignored;

	switch (f) {
	case F_YEAR: return take_digits(s, 4, 4, &p->year);
	case F_YEAR2:
		if (!take_digits(s, 2, 2, &year))
			return false;
		p->year = year + (year >= 69 ? 1900 : 2000);
		return true;
	case F_MONTH_LONG: return take_name(s, months, 12, true, &p->month);
	case F_MONTH: return take_name(s, months, 12, false, &p->month);
	case F_MONTH0: return take_int(s, 2, 2, &p->month);
	case F_MONTH_N: return take_int(s, 1, 2, &p->month);
	case F_DAY_LONG: return take_name(s, days, 7, true, &ignored);
	case F_DAY: return take_name(s, days, 7, false, &ignored);
	case F_DAY0: return take_int(s, 2, 2, &p->day);
	case F_DAY_:
		if (s->n && s->s[0] == ' ')
			*s = str_from(*s, 1);
		return take_int(s, 1, 2, &p->day);
	case F_DAY_N: return take_int(s, 1, 2, &p->day);
	case F_YEARDAY: return take_int(s, 3, 3, &p->yearday);
	case F_HOUR: return take_int(s, 1, 2, &p->hour);
	case F_HOUR12_0: return take_int(s, 2, 2, &p->hour) && p->hour <= 12;
	case F_HOUR12: return take_int(s, 1, 2, &p->hour) && p->hour <= 12;
	case F_MIN0: return take_int(s, 2, 2, &p->min);
	case F_MIN: return take_int(s, 1, 2, &p->min);
	case F_SEC0: return take_int(s, 2, 2, &p->sec);
	case F_SEC: return take_int(s, 1, 2, &p->sec);
	case F_PM: case F_pm: return take_pm(s, p);
	case F_ZONE:
		if (s->n < 3)
			return false;
		*s = str_from(*s, s->n > 3 && s->s[3] >= 'A' && s->s[3] <= 'Z' ? 4 : 3);
		return true;
	default: return take_offset(s, f, p);
	}
}

static int days_in(int64_t year, int month)
{
	static const int n[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : n[month - 1];
}

static bool parsed_done(struct parsed *p, struct gotime *out)
{
	if (p->pm_set)
		p->hour = p->hour % 12 + (p->pm ? 12 : 0);
	if (p->month < 1 || p->month > 12 || p->day < 1 || p->day > days_in(p->year, p->month) ||
	    p->hour > 23 || p->min > 59 || p->sec > 59)
		return false;
	*out = (struct gotime){.nsec = p->nsec, .offset = p->offset, .zone = "UTC"};
	out->sec = (days_of(p->year, p->month, p->day) + (p->yearday ? p->yearday - 1 : 0)) * 86400 +
		   p->hour * 3600 + p->min * 60 + p->sec - p->offset;
	if (p->offset)
		snprintf(out->zone, sizeof out->zone, "%+03d%02d", (int)(p->offset / 3600),
			 abs((int)(p->offset / 60 % 60)));
	return true;
}

bool gotime_parse(str layout, str text, struct gotime *out)
{
	struct parsed p = {.month = 1, .day = 1};
	size_t width;

	for (; layout.n; layout = str_from(layout, width)) {
		enum field f = field_at(layout, &width);

		if (f == F_FRACTION) {
			take_fraction(&text, &p);
		} else if (f == F_TEXT) {
			if (!text.n || text.s[0] != layout.s[0])
				return false;
			text = str_from(text, 1);
		} else {
			if (!take_field(&text, f, &p))
				return false;
			/* seconds may carry a fraction that the layout does not name */
			if ((f == F_SEC || f == F_SEC0) && (layout.n == width || layout.s[width] != '.'))
				take_fraction(&text, &p);
		}
	}
	return !text.n && parsed_done(&p, out);
}

/* --- zones --- */

static int64_t big_endian(const unsigned char *p, int n)
{
	uint64_t v = n == 4 && (p[0] & 0x80) ? UINT64_MAX : 0;

	for (int i = 0; i < n; i++)
		v = v << 8 | p[i];
	return (int64_t)v;
}

struct tz_head {
	int64_t isut, isstd, leap, times, types, chars;
};

static bool tz_head(const unsigned char *p, size_t n, struct tz_head *h)
{
	if (n < 44 || memcmp(p, "TZif", 4))
		return false;
	h->isut = big_endian(p + 20, 4), h->isstd = big_endian(p + 24, 4);
	h->leap = big_endian(p + 28, 4), h->times = big_endian(p + 32, 4);
	h->types = big_endian(p + 36, 4), h->chars = big_endian(p + 40, 4);
	return h->times >= 0 && h->times < 5000 && h->types > 0 && h->types < 256 && h->chars > 0 &&
	       h->chars < 1000 && h->leap >= 0 && h->leap < 1000 && h->isut >= 0 && h->isut < 256 &&
	       h->isstd >= 0 && h->isstd < 256;
}

static bool tz_apply(struct gotime *t, const unsigned char *p, size_t n)
{
	const unsigned char *types, *names;
	struct tz_head h;
	int64_t skip, type = 0, name;

	if (!tz_head(p, n, &h))
		return false;
	skip = 44 + h.times * 5 + h.types * 6 + h.chars + h.leap * 8 + h.isstd + h.isut;
	if ((size_t)skip > n || !tz_head(p + skip, n - (size_t)skip, &h))
		return false;
	p += skip + 44;
	n -= (size_t)skip + 44;
	if ((int64_t)n < h.times * 9 + h.types * 6 + h.chars)
		return false;
	for (int64_t i = 0; i < h.times && big_endian(p + i * 8, 8) <= t->sec; i++)
		type = p[h.times * 8 + i];
	types = p + h.times * 9;
	names = types + h.types * 6;
	if (type >= h.types || (name = types[type * 6 + 5]) >= h.chars)
		return false;
	t->offset = (int32_t)big_endian(types + type * 6, 4);
	snprintf(t->zone, sizeof t->zone, "%.*s", (int)(h.chars - name), (const char *)names + name);
	return true;
}

static bool tz_local(struct gotime *t)
{
	time_t sec = (time_t)t->sec;
	struct tm tm;

	if (!localtime_r(&sec, &tm))
		return false;
	t->offset = (int32_t)tm.tm_gmtoff;
	snprintf(t->zone, sizeof t->zone, "%s", tm.tm_zone);
	return true;
}

bool gotime_in(struct gotime *t, str zone)
{
	unsigned char data[65536];
	char path[256];
	size_t n;
	FILE *f;

	t->offset = 0;
	memcpy(t->zone, "UTC", 4);
	if (!zone.n || str_is(zone, "UTC"))
		return true;
	if (str_is(zone, "Local"))
		return tz_local(t);
	if (zone.n > 100 || str_has(zone, STR("..")) || zone.s[0] == '/' || str_find_char(zone, '\0') >= 0)
		return false;
	snprintf(path, sizeof path, "/usr/share/zoneinfo/%.*s", STR_ARG(zone));
	f = fopen(path, "rb");
	if (!f)
		return false;
	n = fread(data, 1, sizeof data, f);
	fclose(f);
	return tz_apply(t, data, n);
}

void gotime_duration(struct buf *out, int64_t ns)
{
	uint64_t u = ns < 0 ? -(uint64_t)ns : (uint64_t)ns, whole = u / 1000000000;
	char frac[16];
	int n;

	if (ns < 0)
		buf_char(out, '-');
	if (u < 1000000000) {
		const char *unit = u < 1000 ? "ns" : u < 1000000 ? "\xC2\xB5s" : "ms";
		uint64_t scale = u < 1000 ? 1 : u < 1000000 ? 1000 : 1000000;

		if (!u) {
			buf_lit(out, "0s");
			return;
		}
		buf_printf(out, "%" PRIu64, u / scale);
		if (u % scale) {
			n = snprintf(frac, sizeof frac, scale == 1000 ? "%03" PRIu64 : "%06" PRIu64, u % scale);
			while (n && frac[n - 1] == '0')
				n--;
			buf_printf(out, ".%.*s", n, frac);
		}
		buf_lit(out, unit);
		return;
	}
	if (whole >= 3600)
		buf_printf(out, "%" PRIu64 "h", whole / 3600);
	if (whole >= 60)
		buf_printf(out, "%" PRIu64 "m", whole / 60 % 60);
	buf_printf(out, "%" PRIu64, whole % 60);
	n = snprintf(frac, sizeof frac, "%09" PRIu64, u % 1000000000);
	while (n && frac[n - 1] == '0')
		n--;
	if (n)
		buf_printf(out, ".%.*s", n, frac);
	buf_char(out, 's');
}
