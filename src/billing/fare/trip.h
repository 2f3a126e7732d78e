/*
 * trip.h
 *		A trip, its legs, and the terms on which it is priced.  Pure C.
 */
#ifndef TRIPMETER_FARE_TRIP_H
#define TRIPMETER_FARE_TRIP_H

#include "billing/tariff/clock.h"
#include "billing/tariff/memory.h"
#include "billing/tariff/tariff.h"
#include "billing/tariff/timeline.h"

/* Trips are shorter, so that no product of whole numbers overflows. */
#define MAX_TRIP_MILLIMETRES	INT64_C(1000000000000000)	/* 10^9 km */
#define MAX_TRIP_MICROSECONDS	INT64_C(3155760000000000)	/* a century */

/* What stays the same from trip to trip under one tariff. */
typedef struct FareTerms
{
	const Tariff *tariff;
	Clock	   *clock;			/* of the tariff's zone */
	Timeline   *timeline;		/* of the tariff; NULL: each condition is asked by itself */
	const Provider *provider;	/* of the memory of the run */
} FareTerms;

/* What a trip brings with it besides its legs. */
typedef struct Trip
{
	int64_t		start;
	int64_t		end;
	int64_t		reserved;		/* microseconds before the start */
	int64_t		used[DIMENSION_COUNT];	/* in mm or us: of the rental, before this trip */
	const bool *attribute_results;	/* by Tariff.attribute_tests */
	const Rational *attribute_amounts;	/* by Tariff.amount_attributes */
} Trip;

/* What was driven from one instant to another; `moving` and `stopped` are parts of its time. */
typedef struct TripLeg
{
	int64_t		from;
	int64_t		to;
	int64_t		mm;
	int64_t		moving;
	int64_t		stopped;
	bool		gap;			/* it was not recorded */
} TripLeg;

#endif							/* TRIPMETER_FARE_TRIP_H */
