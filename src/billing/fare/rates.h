/*
 * rates.h
 *		Steps 4 to 7: the rates of each dimension, as lines of the bill.  Pure C.
 */
#ifndef TRIPMETER_FARE_RATES_H
#define TRIPMETER_FARE_RATES_H

#include "billing/fare/bill.h"
#include "billing/fare/pieces.h"

/* Some of a dimension's quantity that has one rate and one factor. */
typedef struct Part
{
	const Rate *rate;
	int			first_piece;
	int			last_piece;
	uint32_t	multipliers;	/* those that apply, as 1 << index */
	Rational	quantity;		/* as it was, in mm or us */
	Rational	billed;			/* rounded to the step */
} Part;

/* What has been billed of a rate so far. */
typedef struct RateState
{
	Rational	place;			/* where the next part begins; the rental's earlier trips count */
	Rational	total;			/* billed in this trip */
	bool		priced;			/* has it priced a part of this trip? */
} RateState;

/* Room for the work on one dimension after the other.  Nothing of it outlives a bill. */
typedef struct FareRates
{
	int			part_count;
	int			part_capacity;
	Part	   *parts;			/* along the dimension */
	int			rate_capacity;
	RateState  *states;			/* by Tariff.rates */
	const Rate **candidates;	/* room for as many */
	int			position_capacity;
	int64_t    *positions;		/* by piece: the quantity before it; at last, the total */
} FareRates;

extern void fare_price_rates(FareRates *rates, const FarePieces *pieces, FareBill *bill);

#endif							/* TRIPMETER_FARE_RATES_H */
