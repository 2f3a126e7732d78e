/*
 * fare.h
 *		What a trip costs under a tariff, line by line.  Pure C.
 *
 * fare_begin() cuts the time of a trip into pieces, fare_add_leg() fills them with what
 * was driven, fare_finish() makes the bill.  doc/billing.md has the order of evaluation.
 */
#ifndef TRIPMETER_FARE_H
#define TRIPMETER_FARE_H

#include "billing/fare/bill.h"
#include "billing/fare/edges.h"
#include "billing/fare/limits.h"
#include "billing/fare/meter.h"
#include "billing/fare/pieces.h"
#include "billing/fare/rates.h"
#include "billing/fare/trip.h"

/*
 * A trip that is being priced.  The trip itself is in the edges, the pieces and the meter's
 * judge; the steps of fare_finish() only read them.  A step works in its own room and adds
 * to the bill.  All arrays serve one trip after the other.
 */
typedef struct FareRun
{
	FareEdges	edges;
	FarePieces	pieces;
	FareMeter	meter;
	bool		judged;			/* is the meter's cross-over speed in range? */
	FareRates	rates;			/* room for steps 4 to 7 */
	FareLimits	limits;			/* room for step 10 */
	FareBill	bill;
} FareRun;

extern void fare_begin(FareRun *run, const FareTerms *terms, const Trip *trip);
extern void fare_add_leg(FareRun *run, const TripLeg *leg);
extern bool fare_finish(FareRun *run);
extern bool fare_finish_until(FareRun *run, int64_t instant);
extern void fare_allocate(FareRun *run);

/* A bill without a trip, from quantities. */
extern void fare_begin_quantities(FareRun *run, const FareTerms *terms,
								  const bool *attribute_results);
extern bool fare_price_quantities(FareRun *run, const int64_t *quantities);

#endif							/* TRIPMETER_FARE_H */
