/*
 * site.h
 *		Trips of SQL, priced.
 */
#ifndef TRIPMETER_FARE_SITE_H
#define TRIPMETER_FARE_SITE_H

#include "billing/fare/fare.h"
#include "billing/tariff/value.h"

/* What a call site keeps from trip to trip. */
typedef struct FareSite
{
	MemoryContext context;
	Provider	provider;
	FareRun		run;
	CompiledTariff *compiled;	/* of this call */
	Trip		trip;
	int			attribute_capacity;
	bool	   *attribute_results;
	Rational   *attribute_amounts;
	int			leg_count;		/* of this call's track */
	int			leg_capacity;
	TripLeg    *legs;
} FareSite;

extern FareSite *fare_site(FunctionCallInfo fcinfo, int attributes_arg);
extern void fare_site_begin(FareSite *site, int64 start, int64 end);
extern Rational decimal_member(JsonbContainer *object, const char *name);
extern pg_noinline void report_unpriced(const FareRun *run);
extern pg_noinline void report_fare_out_of_range(void);

/* Arguments that describe a trip, checked; millimetres and microseconds. */
extern int64 distance_argument(FunctionCallInfo fcinfo, int arg);
extern int64 duration_argument(FunctionCallInfo fcinfo, int arg);
extern int64 start_argument(FunctionCallInfo fcinfo, int arg);

/* As SQL has them. */
extern Datum amount_datum(const FareRun *run, int64 units);
extern Datum rational_datum(Rational value);

#endif							/* TRIPMETER_FARE_SITE_H */
