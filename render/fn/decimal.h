/*
 * Decimal arithmetic of addf, subf, mulf, divf: each operand is the shortest decimal of its
 * float64, sums and products are exact, quotients have 16 places rounded half away from zero
 * (shopspring/decimal 1.4), and the result is the nearest float64.
 */
#ifndef RENDER_FN_DECIMAL_H
#define RENDER_FN_DECIMAL_H

#include <stdbool.h>

enum decimal_op { DECIMAL_ADD, DECIMAL_SUB, DECIMAL_MUL, DECIMAL_DIV };

/* A running value. */
struct decimal;

/* Both take finite floats; NULL when memory is out. */
struct decimal *decimal_new(double f);
/* False on division by zero (the value is kept) and when the number has more than 100,000 digits
 * or memory is out (*big is set). */
bool decimal_apply(struct decimal *d, enum decimal_op op, double f, bool *big);
double decimal_float(const struct decimal *d);
void decimal_free(struct decimal *d);

#endif
