/*
 * stored_amount.h
 *		An amount, read from the bytes in which PostgreSQL stores a numeric.  Pure C.
 */
#ifndef TRIPMETER_MONEY_STORED_AMOUNT_H
#define TRIPMETER_MONEY_STORED_AMOUNT_H

#include <stddef.h>

#include "billing/money/exact.h"

/* Amounts of trips are whole numbers of such parts, */
#define AMOUNT_PARTS	INT64_C(1000000000)
/* and, in units, smaller than this: 2^37 of them can be added. */
#define MAX_TRIP_AMOUNT	INT64_C(1000000000000000000)

extern bool stored_amount_read(const void *bytes, size_t size, Int128 *parts);

#endif							/* TRIPMETER_MONEY_STORED_AMOUNT_H */
