/*
 * fn.c
 *		SQL: what was billed too much or too little.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "billing/tariff/value.h"
#include "compat.h"

PG_FUNCTION_INFO_V1(tripmeter_invoice_delta);

/* An amount that can be billed in the currency; its digits beyond are zeros. */
static Numeric
billed_argument(FunctionCallInfo fcinfo, int arg, const Tariff *plan)
{
	Numeric		amount = PG_GETARG_NUMERIC(arg);

	if (numeric_is_nan(amount) || numeric_is_inf(amount) ||
		DatumGetInt32(DirectFunctionCall1(numeric_min_scale, NumericGetDatum(amount))) > plan->fare_digits)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("amount is not one that is billed in %s", plan->currency),
				 errdetail("Its value is %s; an amount has at most %d digits behind the point.",
						   DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(amount))), plan->fare_digits),
				 errhint("Give the amounts of invoices as they were rounded.")));
	return amount;
}

/* (plan, already_billed, now) */
Datum
tripmeter_invoice_delta(PG_FUNCTION_ARGS)
{
	const Tariff *plan = &tariff_argument(fcinfo, 0)->tariff;
	Numeric		billed = billed_argument(fcinfo, 1, plan);
	Numeric		now = billed_argument(fcinfo, 2, plan);

	return DirectFunctionCall2(numeric_round,
							   DirectFunctionCall2(numeric_sub, NumericGetDatum(now), NumericGetDatum(billed)),
							   Int32GetDatum(plan->fare_digits));
}
