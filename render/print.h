/*
 * Details of Go's fmt that its users here share.
 */
#ifndef RENDER_PRINT_H
#define RENDER_PRINT_H

#include "render/fn.h"

/* %v prints a float in exponent form from this exponent on: 999999.5, but 1e+06. */
#define PRINT_FLOAT_BIG 6

/* strconv.Quote, QuoteToASCII; quote is '"' or '\''. */
void print_quoted_with(struct buf *out, str s, char quote, bool ascii);

/* unicode.IsPrint: graphic, and of the blanks only ' '. */
bool print_is_printable(uint32_t rune);

#endif
