/*
 * settle.c
 *		The bill of a state: an invoice.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "billing/fare/attributes.h"
#include "billing/fare/datum.h"
#include "billing/fare/site.h"
#include "billing/invoice/settle.h"
#include "compat.h"

/* Return a number of people or days; 1 if it is not there. */
static int64
count_attribute(Jsonb *attributes, const char *name)
{
	JsonbValue	room;
	Rational	count;

	if (getKeyJsonValueFromContainer(&attributes->root, name, strlen(name), &room) == NULL || room.type == jbvNull)
		return 1;
	count = rational_reduce(fare_decimal_attribute(&attributes->root, name));
	if (!in_range(count) || count.den != 1 || count.num < 0 || count.num > PG_INT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("attribute \"%s\" of an invoice is not a whole number", name),
				 errhint("Give a number from 0 to %d.", PG_INT32_MAX)));
	return (int64) count.num;
}

static PeriodShare
read_share(Jsonb *attributes)
{
	PeriodShare share = {
		.members = count_attribute(attributes, "members"),
		.days = count_attribute(attributes, "days"),
		.period_days = count_attribute(attributes, "period_days"),
	};

	if (share.period_days == 0 || share.days > share.period_days)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("attribute \"days\" of an invoice is more than its \"period_days\""),
				 errdetail("They are %lld and %lld.", (long long) share.days, (long long) share.period_days),
				 errhint("Give both, as in {\"days\": 20, \"period_days\": 31}.")));
	return share;
}

static Jsonb *
no_attributes(void)
{
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));
}

/* Make the bill of a state, which is left as it is. */
FareRun *
invoice_settle(FmgrInfo *flinfo, const InvoiceState *state)
{
	Jsonb	   *attributes = state->attributes != NULL ? state->attributes : no_attributes();
	CompiledTariff *plan = tariff_of_value(flinfo, state->plan);
	FareSite   *site = fare_site(flinfo, plan, attributes);
	FareTerms	terms = fare_site_terms(site);
	PeriodTotals totals = state->totals;
	PeriodShare share = read_share(attributes);

	if (state->by_date &&
		!day_amounts_over(&state->days, invoice_daily_cap(&plan->tariff.period), &totals.over_cap))
		invoice_report_out_of_range("amount");
	if (!invoice_finish(&site->run, palloc(sizeof(Tariff)), &terms, site->attribute_results,
						&totals, &share))
		fare_report_out_of_range();
	return &site->run;
}
