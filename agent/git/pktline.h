/*
 * pkt-line, git's framing: four hex digits of length, themselves counted, then the data; 0000,
 * 0001 and 0002 are marks without data. (gitprotocol-common, gitprotocol-v2)
 */
#ifndef AGENT_GIT_PKTLINE_H
#define AGENT_GIT_PKTLINE_H

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

#define PKT_MAX 65520 /* the protocol's own limit, length included */

enum pkt_type { PKT_FLUSH, PKT_DELIM, PKT_END, PKT_DATA };

/* False stops the reading with *err. Setting *stop ends it too; what follows is not looked at. */
typedef bool pkt_fn(void *arg, enum pkt_type type, str data, bool *stop, struct error *err);

struct pkt_reader {
	size_t n, want; /* bytes held, bytes that the packet has; want 0: its length is not known */
	bool stopped;
	char held[PKT_MAX];
};

void pkt_reader_init(struct pkt_reader *r);
/* Takes bytes as they arrive, calls f for each whole packet. */
bool pkt_feed(struct pkt_reader *r, str bytes, pkt_fn *f, void *arg, struct error *err);
/* Is a packet cut? */
bool pkt_pending(const struct pkt_reader *r);

void pkt_line(struct buf *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void pkt_flush(struct buf *out);
void pkt_delim(struct buf *out);

#endif
