/*
 * fn.c
 *		SQL: fares, their lines and bounds, and the live meter.
 */
#include "postgres.h"

#include "common/int.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "billing/fare/arguments.h"
#include "billing/fare/datum.h"
#include "billing/fare/monotone.h"
#include "billing/fare/site.h"
#include "billing/fare/track_legs.h"
#include "billing/tariff/value.h"
#include "compat.h"
#include "mileage/policy_io.h"

PG_FUNCTION_INFO_V1(tripmeter_fare);
PG_FUNCTION_INFO_V1(tripmeter_fare_moving);
PG_FUNCTION_INFO_V1(tripmeter_fare_track);
PG_FUNCTION_INFO_V1(tripmeter_fare_lines);
PG_FUNCTION_INFO_V1(tripmeter_fare_lines_moving);
PG_FUNCTION_INFO_V1(tripmeter_fare_lines_track);
PG_FUNCTION_INFO_V1(tripmeter_fare_bounds);
PG_FUNCTION_INFO_V1(tripmeter_meter_reading);

/* Return the call site, with the tariff (argument 0) and the attributes of this call. */
static FareSite *
call_site(FunctionCallInfo fcinfo, int attributes_arg)
{
	CompiledTariff *compiled = tariff_argument(fcinfo, 0);
	Jsonb	   *attributes = PG_GETARG_JSONB_P(attributes_arg);
	FareSite   *site = fare_site(fcinfo->flinfo, compiled, attributes);

	PG_FREE_IF_COPY(attributes, attributes_arg);
	return site;
}

static void
check_meter_needs_no_legs(const Tariff *t)
{
	if (t->has_meter && t->meter.mode != METER_D)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a taximeter in mode %s needs the legs of a trip", t->meter.mode == METER_S ? "S" : "K"),
				 errdetail("The tariff that applies depends on the speed of each leg."),
				 errhint("Use fare(tariff, track), or fare_bounds() for what such a trip may have cost.")));
}

static void
check_needs_no_stops(const Tariff *t)
{
	for (int i = 0; i < t->rate_count; i++)
		if (t->rates[i].dimension == MOVING || t->rates[i].dimension == STOPPED)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("tariff prices the time in motion or at rest, which is not known"),
					 errdetail("Its rate \"%s\" is for the dimension \"%s\".", t->rates[i].name, tariff_dimension_names[t->rates[i].dimension]),
					 errhint("Give the durations moving and stopped, or a track.")));
}

/* A trip by its totals: one leg, of which so much is at rest. */
static TripLeg
totals_leg(int64 start, int64 mm, int64 moving, int64 stopped)
{
	int64		end;

	fare_check_duration(moving + stopped);
	if (pg_add_s64_overflow(start, moving + stopped, &end) || end >= END_TIMESTAMP)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("end of a trip is out of range"),
				 errdetail("It is later than any timestamp.")));
	return (TripLeg) {.from = start, .to = end, .mm = mm, .moving = moving, .stopped = stopped};
}

static FareRun *
price_leg(FareSite *site, const TripLeg *leg, MeterKnowledge knowledge)
{
	fare_site_begin(site, leg->from, leg->to);
	site->run.meter.knowledge = knowledge;
	fare_add_leg(&site->run, leg);
	if (!fare_finish(&site->run))
		fare_report_unpriced(&site->run);
	return &site->run;
}

/* (tariff, distance_m, duration, started_at, attributes) */
static TripLeg
duration_leg(FunctionCallInfo fcinfo, const Tariff *t)
{
	TripLeg		leg = totals_leg(fare_start_argument(fcinfo, 3), fare_distance_argument(fcinfo, 1), fare_duration_argument(fcinfo, 2), 0);

	check_needs_no_stops(t);
	leg.moving = 0;				/* not known */
	return leg;
}

static FareRun *
price_duration(FunctionCallInfo fcinfo)
{
	FareSite   *site = call_site(fcinfo, 4);
	TripLeg		leg = duration_leg(fcinfo, &site->compiled->tariff);

	check_meter_needs_no_legs(&site->compiled->tariff);
	return price_leg(site, &leg, METER_KNOWN);
}

/* (tariff, distance_m, moving, stopped, started_at, attributes) */
static FareRun *
price_moving(FunctionCallInfo fcinfo)
{
	FareSite   *site = call_site(fcinfo, 5);
	int64		moving = fare_duration_argument(fcinfo, 2);
	int64		stopped = fare_duration_argument(fcinfo, 3);
	TripLeg		leg = totals_leg(fare_start_argument(fcinfo, 4), fare_distance_argument(fcinfo, 1), moving, stopped);

	check_meter_needs_no_legs(&site->compiled->tariff);
	return price_leg(site, &leg, METER_KNOWN);
}

/* Price what the legs show until an instant. */
static FareRun *
price_legs(FareSite *site, int64 start, int64 end)
{
	fare_site_begin(site, start, end);
	for (int i = 0; i < site->leg_count; i++)
		fare_add_leg(&site->run, &site->legs[i]);
	if (!fare_finish(&site->run))
		fare_report_unpriced(&site->run);
	return &site->run;
}

/* (tariff, track, policy, attributes); NULL without a usable fix. */
static FareRun *
price_track(FunctionCallInfo fcinfo)
{
	FareSite   *site = call_site(fcinfo, 3);
	int64		start,
				end;

	if (!fare_read_track(site, PG_GETARG_DATUM(1), DatumGetMileagePolicyP(PG_GETARG_DATUM(2)), &start, &end))
		return NULL;
	return price_legs(site, start, end);
}

static Datum
fare_datum(FunctionCallInfo fcinfo, const FareRun *run)
{
	if (run == NULL)
		PG_RETURN_NULL();
	return fare_amount_datum(&run->bill, run->bill.fare);
}

Datum
tripmeter_fare(PG_FUNCTION_ARGS)
{
	return fare_datum(fcinfo, price_duration(fcinfo));
}

Datum
tripmeter_fare_moving(PG_FUNCTION_ARGS)
{
	return fare_datum(fcinfo, price_moving(fcinfo));
}

Datum
tripmeter_fare_track(PG_FUNCTION_ARGS)
{
	return fare_datum(fcinfo, price_track(fcinfo));
}

/* line, kind, rule, from_time, to_time, and the columns that all bills have */
#define LINE_COLUMNS	(5 + FARE_LINE_COLUMNS)

static void
put_line(ReturnSetInfo *rows, const FareBill *bill, int number)
{
	const BillLine *line = &bill->lines[number - 1];
	Datum		values[LINE_COLUMNS] = {0};
	bool		nulls[LINE_COLUMNS] = {0};

	values[0] = Int32GetDatum(number);
	values[1] = CStringGetTextDatum(tariff_line_kind_names[line->kind]);
	values[2] = CStringGetTextDatum(line->rule);
	nulls[3] = nulls[4] = !line->timed;
	values[3] = TimestampTzGetDatum(line->from);
	values[4] = TimestampTzGetDatum(line->to);
	fare_line_columns(bill, line, values + 5, nulls + 5);
	tuplestore_putvalues(rows->setResult, rows->setDesc, values, nulls);
}

static Datum
put_lines(FunctionCallInfo fcinfo, FareRun *run)
{
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (run == NULL)
		return (Datum) 0;
	fare_allocate(run);
	if (!run->bill.fits)
		fare_report_out_of_range();
	for (int number = 1; number <= run->bill.line_count; number++)
		put_line((ReturnSetInfo *) fcinfo->resultinfo, &run->bill, number);
	return (Datum) 0;
}

Datum
tripmeter_fare_lines(PG_FUNCTION_ARGS)
{
	return put_lines(fcinfo, price_duration(fcinfo));
}

Datum
tripmeter_fare_lines_moving(PG_FUNCTION_ARGS)
{
	return put_lines(fcinfo, price_moving(fcinfo));
}

Datum
tripmeter_fare_lines_track(PG_FUNCTION_ARGS)
{
	return put_lines(fcinfo, price_track(fcinfo));
}

/* (tariff, distance_m, duration, started_at, attributes) -> (low, high) */
Datum
tripmeter_fare_bounds(PG_FUNCTION_ARGS)
{
	FareSite   *site = call_site(fcinfo, 4);
	const Tariff *t = &site->compiled->tariff;
	TripLeg		leg = duration_leg(fcinfo, t);
	bool		metered = fare_meter_needs_legs(t);
	Datum		values[2];
	bool		nulls[2] = {0};
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "fare_bounds does not return a row");
	values[0] = fare_datum(fcinfo, price_leg(site, &leg, metered ? METER_LOW : METER_KNOWN));
	values[1] = fare_datum(fcinfo, price_leg(site, &leg, metered ? METER_HIGH : METER_KNOWN));
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

static int64
fare_until(FareRun *run, int64 instant)
{
	if (!fare_finish_until(run, instant))
		fare_report_unpriced(run);
	return run->bill.fare;
}

/*
 * The highest fare so far: at the start, at the end of each leg, wherever a condition
 * changed its answer, and at the end of the track.  A meter that showed what is between
 * them could fall back from it.
 */
static int64
highest_fare(FareSite *site, int64 start, int64 end, bool ended)
{
	FareRun    *run = &site->run;
	const InstantList *edges = &run->edges.instants;
	int			edge = 0;
	int64		highest;

	fare_site_begin(site, start, end);
	highest = fare_until(run, start);
	for (int i = 0; i < site->leg_count && site->legs[i].from <= end; i++)
	{
		const TripLeg *leg = &site->legs[i];

		CHECK_FOR_INTERRUPTS();
		for (; edge < edges->count && edges->instants[edge] <= leg->from; edge++)
			if (edges->instants[edge] > start)
				highest = Max(highest, fare_until(run, edges->instants[edge]));
		fare_add_leg(run, leg);
		for (; edge < edges->count && edges->instants[edge] < leg->to; edge++)
			highest = Max(highest, fare_until(run, edges->instants[edge]));
		if (leg->to <= end)
			highest = Max(highest, fare_until(run, leg->to));
	}
	return ended ? Max(highest, fare_until(run, end)) : highest;
}

/* (tariff, track, at, policy, attributes); NULL before the trip has begun. */
Datum
tripmeter_meter_reading(PG_FUNCTION_ARGS)
{
	FareSite   *site = call_site(fcinfo, 4);
	int64		at = PG_GETARG_TIMESTAMPTZ(2);
	int64		start,
				end;

	if (!fare_read_track(site, PG_GETARG_DATUM(1), DatumGetMileagePolicyP(PG_GETARG_DATUM(3)), &start, &end) || at < start)
		PG_RETURN_NULL();
	if (fare_may_fall(&site->compiled->tariff))
	{
		int64		highest = highest_fare(site, start, Min(end, at), at >= end);

		return fare_amount_datum(&site->run.bill, highest);
	}
	return fare_datum(fcinfo, price_legs(site, start, Min(end, at)));
}
