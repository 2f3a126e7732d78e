/*
 * limits.h
 *		Step 10: the minimum, the maximum, and caps by windows of time.  Pure C.
 */
#ifndef TRIPMETER_FARE_LIMITS_H
#define TRIPMETER_FARE_LIMITS_H

#include "billing/fare/bill.h"
#include "billing/fare/pieces.h"

/* What is charged in a cell of FarePieces. */
typedef struct CellCharge
{
	Rational	amount;
	Rational	kept;			/* what the caps would leave of it */
} CellCharge;

/* The array serves one trip after the other. */
typedef struct FareLimits
{
	int			capacity;
	CellCharge *cells;			/* by FarePieces.cells */
} FareLimits;

extern void fare_apply_limits(FareLimits *limits, const FarePieces *pieces, FareBill *bill);

#endif							/* TRIPMETER_FARE_LIMITS_H */
