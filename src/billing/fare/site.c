/*
 * site.c
 *		What a call site keeps from trip to trip, to price them.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "billing/fare/attributes.h"
#include "billing/fare/datum.h"
#include "billing/fare/site.h"
#include "billing/tariff/server_memory.h"
#include "billing/tariff/value.h"

static FareSite *
make_site(MemoryContext context)
{
	FareSite   *site = MemoryContextAllocZero(context, sizeof(FareSite));

	site->context = context;
	site->provider = tariff_server_memory(context);
	return site;
}

static void
make_attribute_room(FareSite *site)
{
	const Tariff *t = &site->compiled->tariff;
	int			count = Max(t->attribute_test_count, t->amount_attribute_count);

	if (count <= site->attribute_capacity)
		return;
	site->attribute_results = tariff_resize_memory(site->context, site->attribute_results,
												   count * sizeof(bool));
	site->attribute_amounts = tariff_resize_memory(site->context, site->attribute_amounts,
												   count * sizeof(Rational));
	site->attribute_capacity = count;
}

/* Return the call site, with the tariff and the attributes of this call. */
FareSite *
fare_site(FmgrInfo *flinfo, CompiledTariff *compiled, Jsonb *attributes)
{
	void	  **kept = tariff_call_site(flinfo);
	FareSite   *site = *kept;

	if (site == NULL)
		*kept = site = make_site(flinfo->fn_mcxt);
	tariff_prepare(compiled);
	site->compiled = compiled;
	make_attribute_room(site);
	memset(&site->trip, 0, sizeof(Trip));
	fare_read_attributes(compiled, attributes, &site->trip,
						 site->attribute_results, site->attribute_amounts);
	return site;
}

/* Return the terms of this call's tariff. */
FareTerms
fare_site_terms(FareSite *site)
{
	CompiledTariff *compiled = site->compiled;

	return (FareTerms) {
		&compiled->tariff, &compiled->clock, &compiled->timeline, &site->provider
	};
}

/* Begin to price a trip of this time. */
void
fare_site_begin(FareSite *site, int64 start, int64 end)
{
	FareTerms	terms = fare_site_terms(site);

	site->trip.start = start;
	site->trip.end = end;
	fare_begin(&site->run, &terms, &site->trip);
}

/* Report why a bill could not be made. */
void
fare_report_unpriced(const FareRun *run)
{
	if (!run->edges.too_many)
		fare_report_out_of_range();
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("trip is cut into too many segments"),
			 errdetail("Windows of conditions and caps would begin or end in it more than %d times.",
					   MAX_EDGES),
			 errhint("Look for a cap by a very short time, or split the trip.")));
}
