/*
 * Packets out of a stream and into a buffer. A packet that lies whole in what arrived is given
 * where it lies; only one cut in two is copied.
 */
#include "agent/git/pktline.h"

#include <stdio.h>

#include "base/num.h"

void pkt_reader_init(struct pkt_reader *r)
{
	r->n = r->want = 0;
	r->stopped = false;
}

static bool read_length(const char *text, size_t *out, struct error *err)
{
	uint64_t n;

	for (int i = 0; i < 4; i++)
		if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f') ||
		      (text[i] >= 'A' && text[i] <= 'F')))
			return error_set(err, ERROR_NETWORK, "the server does not speak git");
	num_parse_hex(str_make(text, 4), &n);
	if (n == 3 || n > PKT_MAX)
		return error_set(err, ERROR_NETWORK, "a packet of impossible length %u",
				 (unsigned)n);
	*out = n < 4 ? 4 : (size_t)n;
	return true;
}

static bool give(struct pkt_reader *r, const char *packet, size_t n, pkt_fn *f, void *arg,
		 struct error *err)
{
	/* read_length made 4 of a mark; the fourth digit tells the marks and "0004" apart. */
	enum pkt_type type = n > 4 || packet[3] == '4' ? PKT_DATA : (enum pkt_type)(packet[3] - '0');

	return f(arg, type, str_make(packet + 4, n - 4), &r->stopped, err);
}

/* Moves bytes to the held packet until it has `until`. */
static bool hold(struct pkt_reader *r, str *bytes, size_t until)
{
	size_t take = until - r->n;

	if (take > bytes->n)
		take = bytes->n;
	if (take)
		memcpy(r->held + r->n, bytes->s, take);
	r->n += take;
	*bytes = str_from(*bytes, take);
	return r->n == until;
}

bool pkt_feed(struct pkt_reader *r, str bytes, pkt_fn *f, void *arg, struct error *err)
{
	while (bytes.n && !r->stopped) {
		size_t n;

		if (r->n == 0 && bytes.n >= 4) {
			if (!read_length(bytes.s, &n, err))
				return false;
			if (n <= bytes.n) {
				if (!give(r, bytes.s, n, f, arg, err))
					return false;
				bytes = str_from(bytes, n);
				continue;
			}
		}
		if (!r->want) {
			if (!hold(r, &bytes, 4))
				return true;
			if (!read_length(r->held, &r->want, err))
				return false;
		}
		if (!hold(r, &bytes, r->want))
			return true;
		n = r->want;
		r->n = r->want = 0;
		if (!give(r, r->held, n, f, arg, err))
			return false;
	}
	return true;
}

bool pkt_pending(const struct pkt_reader *r)
{
	return r->n > 0 && !r->stopped;
}

void pkt_line(struct buf *out, const char *format, ...)
{
	size_t at = out->n;
	char digits[5];
	va_list args;
	char text[2048];
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof text) {
		out->failed = true;
		return;
	}
	snprintf(digits, sizeof digits, "%04x", (unsigned)n + 4);
	buf_add(out, str_make(digits, 4));
	buf_add(out, str_make(text, (size_t)n));
	if (out->failed)
		buf_truncate(out, at);
}

void pkt_flush(struct buf *out)
{
	buf_lit(out, "0000");
}

void pkt_delim(struct buf *out)
{
	buf_lit(out, "0001");
}
