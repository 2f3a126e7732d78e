/*
 * site.h
 *		What a call site keeps from trip to trip, to price them.
 */
#ifndef TRIPMETER_FARE_SITE_H
#define TRIPMETER_FARE_SITE_H

#include "compat.h"

#include "billing/fare/fare.h"
#include "billing/tariff/compiled.h"

typedef struct FareSite
{
	MemoryContext context;		/* of the call site; all arrays are in it */
	Provider	provider;		/* of memory there */
	FareRun		run;
	CompiledTariff *compiled;	/* of this call */
	Trip		trip;			/* of this call */
	int			attribute_capacity;
	bool	   *attribute_results;
	Rational   *attribute_amounts;
	int			leg_count;		/* of this call's track */
	int			leg_capacity;
	TripLeg    *legs;
} FareSite;

extern FareSite *fare_site(FmgrInfo *flinfo, CompiledTariff *compiled, Jsonb *attributes);
extern FareTerms fare_site_terms(FareSite *site);
extern void fare_site_begin(FareSite *site, int64 start, int64 end);
extern void fare_report_unpriced(const FareRun *run) pg_attribute_noreturn();

#endif							/* TRIPMETER_FARE_SITE_H */
