/*
 * row.c
 *		A row of the aggregates of invoices: its arguments, added to the state of its group.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "billing/fare/arguments.h"
#include "billing/invoice/row.h"
#include "compat.h"
#include "track/agg_state.h"

static pg_noinline void
report_missing(const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("%s of an invoice must not be NULL", name)));
}

/* Return a varlena argument that must not be NULL, copied only if it is toasted. */
struct varlena *
invoice_required_argument(FunctionCallInfo fcinfo, int arg, const char *name)
{
	if (unlikely(PG_ARGISNULL(arg)))
		report_missing(name);
	return PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(arg));
}

static void
check_is_plan(const Tariff *tariff)
{
	if (!tariff->period.given)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("tariff is not a plan"),
				 errdetail("It has no \"period\"."),
				 errhint("Write what a period costs into the tariff's \"period\"; it may be {}.")));
}

/* Make the state of a group from its first row. */
static InvoiceState *
make_state(FunctionCallInfo fcinfo, CompiledTariff *compiled, struct varlena *attributes)
{
	struct varlena *plan = invoice_required_argument(fcinfo, ARG_PLAN, "plan");
	InvoiceState *state;

	check_is_plan(&compiled->tariff);
	state = invoice_state_make(state_context(fcinfo), plan, attributes,
							   compiled->tariff.period.has_daily_cap);
	state->row_plan = (TariffHint) {compiled->number, compiled};
	return state;
}

/* Return the state of the group: the one that there is, if the row is of the same plan. */
static InvoiceState *
state_of_row(FunctionCallInfo fcinfo, InvoiceState *state, int first, CompiledTariff *compiled)
{
	struct varlena *attributes = NULL;

	if (PG_NARGS() > first + ARG_ATTRIBUTES)
		attributes = invoice_required_argument(fcinfo, first + ARG_ATTRIBUTES, "attributes");
	if (state == NULL)
		return make_state(fcinfo, compiled, attributes);
	/* as a rule the call site has compared the plan already */
	if (state->row_plan.number != compiled->number)
	{
		invoice_state_check_plan(state, invoice_required_argument(fcinfo, ARG_PLAN, "plan"));
		state->row_plan = (TariffHint) {compiled->number, compiled};
	}
	if (attributes != NULL)
		invoice_state_check_attributes(state, attributes);
	return state;
}

/* Return any numeric in parts, slowly. */
static pg_noinline Int128
numeric_parts(Numeric amount)
{
	Datum		value = NumericGetDatum(amount);
	Datum		units;
	Datum		parts;

	if (numeric_is_nan(amount) || numeric_is_inf(amount) ||
		DatumGetInt32(DirectFunctionCall1(numeric_min_scale, value)) > 9 ||
		DatumGetBool(DirectFunctionCall2(numeric_ge, DirectFunctionCall1(numeric_abs, value),
										 NumericGetDatum(int64_to_numeric(MAX_TRIP_AMOUNT)))))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("amount of a trip is out of range"),
				 errdetail("Its value is %s.", DatumGetCString(DirectFunctionCall1(numeric_out, value))),
				 errhint("Use a number of at most 18 digits before the point and 9 behind it.")));
	units = DirectFunctionCall2(numeric_trunc, value, Int32GetDatum(0));
	parts = DirectFunctionCall2(numeric_mul, DirectFunctionCall2(numeric_sub, value, units),
								NumericGetDatum(int64_to_numeric(AMOUNT_PARTS)));
	return (Int128) DatumGetInt64(DirectFunctionCall1(numeric_int8, units)) * AMOUNT_PARTS +
		DatumGetInt64(DirectFunctionCall1(numeric_int8, parts));
}

/* Return an amount in parts.  One with more digits than they have is an error. */
static Int128
amount_argument(FunctionCallInfo fcinfo, int arg)
{
	struct varlena *amount = PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(arg));
	Int128		parts;

	if (likely(stored_amount_read(VARDATA_ANY(amount), VARSIZE_ANY_EXHDR(amount), &parts)))
		return parts;
	return numeric_parts(DatumGetNumeric(PointerGetDatum(amount)));
}

/* Return the local date of the start, which a daily cap needs. */
static int32
date_argument(FunctionCallInfo fcinfo, int arg, CompiledTariff *compiled)
{
	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("start of a trip must not be NULL under a daily cap")));
	tariff_prepare(compiled);
	return clock_date(clock_local(&compiled->clock, fare_start_argument(fcinfo, arg)));
}

/* Is it the row of a customer without trips, from an outer join? */
static bool
has_no_trip(FunctionCallInfo fcinfo, int first)
{
	return PG_ARGISNULL(first + ARG_AMOUNT) && PG_ARGISNULL(first + ARG_DURATION) &&
		PG_ARGISNULL(first + ARG_DISTANCE) && PG_ARGISNULL(first + ARG_START);
}

/*
 * Add the trip of a row, whose arguments begin at `first`, to the state of its group.  A
 * row without a trip makes the state, too, so that fee and minimum are billed; its
 * trip_count is 0.
 */
InvoiceState *
invoice_add_row(FunctionCallInfo fcinfo, int first, PeriodTotals *trip)
{
	CompiledTariff *compiled;
	InvoiceState *state = state_argument(fcinfo, ARG_STATE);

	if (unlikely(PG_ARGISNULL(ARG_PLAN)))
		report_missing("plan");
	compiled = state == NULL ? tariff_argument(fcinfo, ARG_PLAN) :
		tariff_argument_again(fcinfo, ARG_PLAN, &state->row_plan);
	state = state_of_row(fcinfo, state, first, compiled);
	*trip = (PeriodTotals) {0};
	if (has_no_trip(fcinfo, first))
		return state;
	trip->trip_count = 1;
	if (!PG_ARGISNULL(first + ARG_DISTANCE))
		trip->mm = fare_distance_argument(fcinfo, first + ARG_DISTANCE);
	if (!PG_ARGISNULL(first + ARG_DURATION))
		trip->us = fare_duration_argument(fcinfo, first + ARG_DURATION);
	if (!PG_ARGISNULL(first + ARG_AMOUNT))
		trip->amount = amount_argument(fcinfo, first + ARG_AMOUNT);
	invoice_state_add_totals(state, trip);
	if (state->by_date)
		invoice_state_add_day(state, date_argument(fcinfo, first + ARG_START, compiled),
							  trip->amount);
	return state;
}
