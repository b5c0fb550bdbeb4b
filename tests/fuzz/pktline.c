/*
 * Any bytes as packets, in pieces whose size the input says: however they are cut, the same
 * packets come out.
 */
#include <stdint.h>
#include <stdlib.h>

#include "agent/git/pktline.h"
#include "base/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pkt_reader reader;

static bool note(void *arg, enum pkt_type type, str data, bool *stop, struct error *err)
{
	struct digest *d = arg;
	char kind = (char)type;

	(void)stop;
	(void)err;
	digest_field(d, str_make(&kind, 1));
	digest_field(d, data);
	return true;
}

static bool run(str bytes, size_t step, unsigned char out[DIGEST_SHA256])
{
	struct digest d;
	bool fine = true;

	pkt_reader_init(&reader);
	digest_start(&d);
	for (size_t at = 0; fine && at < bytes.n; at += step)
		fine = pkt_feed(&reader, str_sub(bytes, at, at + step), note, &d, NULL);
	digest_end(&d, out);
	return fine;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char whole[DIGEST_SHA256], cut[DIGEST_SHA256];
	str bytes;

	if (size < 1)
		return 0;
	bytes = str_make((const char *)data + 1, size - 1);
	if (run(bytes, bytes.n + 1, whole) != run(bytes, (size_t)data[0] + 1, cut) ||
	    memcmp(whole, cut, sizeof whole) != 0)
		abort();
	return 0;
}
