/*
 * fn.c
 *		SQL: fares, their lines and bounds, and the live meter.
 */
#include "postgres.h"

#include <math.h>

#include "common/int.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "billing/fare/site.h"
#include "billing/tariff/names.h"
#include "compat.h"
#include "mileage/policy_io.h"
#include "mileage/track_measure.h"

PG_FUNCTION_INFO_V1(tripmeter_fare);
PG_FUNCTION_INFO_V1(tripmeter_fare_moving);
PG_FUNCTION_INFO_V1(tripmeter_fare_track);
PG_FUNCTION_INFO_V1(tripmeter_fare_lines);
PG_FUNCTION_INFO_V1(tripmeter_fare_lines_moving);
PG_FUNCTION_INFO_V1(tripmeter_fare_lines_track);
PG_FUNCTION_INFO_V1(tripmeter_fare_bounds);
PG_FUNCTION_INFO_V1(tripmeter_meter_reading);

int64
distance_argument(FunctionCallInfo fcinfo, int arg)
{
	float8		metres = PG_GETARG_FLOAT8(arg);
	float8		mm = rint(metres * 1000);

	if (!(metres >= 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("distance of a trip must not be negative"),
				 errdetail("Its value is %g.", metres)));
	if (mm > (float8) MAX_TRIP_MILLIMETRES)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("distance of a trip is out of range"),
				 errdetail("Its value is %g metres.", metres)));
	return (int64) mm;
}

static void
check_duration(int64 time)
{
	if (time > MAX_TRIP_MICROSECONDS)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("duration of a trip is out of range"),
				 errdetail("It is more than a century.")));
}

int64
duration_argument(FunctionCallInfo fcinfo, int arg)
{
	Interval   *interval = PG_GETARG_INTERVAL_P(arg);
	int64		time;

	if (interval->month != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("duration of a trip must not contain months or years"),
				 errdetail("A month has no fixed length."),
				 errhint("Give it in days, hours, minutes or seconds.")));
	if (__builtin_add_overflow((int64) interval->day * USECS_PER_DAY, interval->time, &time))
		time = PG_INT64_MAX;
	check_duration(time);
	if (time < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("duration of a trip must not be negative")));
	return time;
}

int64
start_argument(FunctionCallInfo fcinfo, int arg)
{
	TimestampTz start = PG_GETARG_TIMESTAMPTZ(arg);

	if (TIMESTAMP_NOT_FINITE(start))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("start of a trip must be finite")));
	return start;
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

	check_duration(moving + stopped);
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
	site->run.meter_knowledge = knowledge;
	fare_add_leg(&site->run, leg);
	if (!fare_finish(&site->run))
		report_unpriced(&site->run);
	return &site->run;
}

/* (tariff, distance_m, duration, started_at, attributes) */
static TripLeg
duration_leg(FunctionCallInfo fcinfo, const Tariff *t)
{
	TripLeg		leg = totals_leg(start_argument(fcinfo, 3), distance_argument(fcinfo, 1), duration_argument(fcinfo, 2), 0);

	check_needs_no_stops(t);
	leg.moving = 0;				/* not known */
	return leg;
}

static FareRun *
price_duration(FunctionCallInfo fcinfo)
{
	FareSite   *site = fare_site(fcinfo, 4);
	TripLeg		leg = duration_leg(fcinfo, &site->compiled->tariff);

	check_meter_needs_no_legs(&site->compiled->tariff);
	return price_leg(site, &leg, METER_KNOWN);
}

/* (tariff, distance_m, moving, stopped, started_at, attributes) */
static FareRun *
price_moving(FunctionCallInfo fcinfo)
{
	FareSite   *site = fare_site(fcinfo, 5);
	int64		moving = duration_argument(fcinfo, 2);
	int64		stopped = duration_argument(fcinfo, 3);
	TripLeg		leg = totals_leg(start_argument(fcinfo, 4), distance_argument(fcinfo, 1), moving, stopped);

	check_meter_needs_no_legs(&site->compiled->tariff);
	return price_leg(site, &leg, METER_KNOWN);
}

/* A track's legs on their way into a site. */
typedef struct LegTaker
{
	FareSite   *site;
	double		metres;			/* counted so far */
	int64		mm;				/* of them */
} LegTaker;

/*
 * Metres become whole millimetres once: each leg has the difference between two
 * rounded sums.
 */
static int64
take_metres(LegTaker *taker, double metres)
{
	double		mm;
	int64		before = taker->mm;

	taker->metres += metres;
	mm = rint(taker->metres * 1000);
	if (!(mm <= (double) MAX_TRIP_MILLIMETRES))
		report_fare_out_of_range();
	taker->mm = (int64) mm;
	return taker->mm - before;
}

/*
 * Of the time between two fixes some may have been at rest: if the way led out of a
 * stop that comes first, else last.
 */
static void
place_leg(const LegClassifier *c, const ClassifiedLeg *leg, TripLeg *out)
{
	bool		at_end = (leg->leg_class == LEG_MOVING) == c->stretch.stopped;

	out->from = at_end ? leg->to.time - leg->time : leg->from.time;
	out->to = out->from + leg->time;
}

static void
take_leg(void *context, const LegClassifier *c, const ClassifiedLeg *leg)
{
	LegTaker   *taker = context;
	FareSite   *site = taker->site;
	TripLeg    *out;

	if (leg->leg_class > LEG_GAP)
		return;
	site->legs = make_room(&site->provider, site->legs, site->leg_count, &site->leg_capacity, sizeof(TripLeg));
	out = &site->legs[site->leg_count++];
	*out = (TripLeg) {.gap = leg->leg_class == LEG_GAP};
	place_leg(c, leg, out);
	if (leg->counted)
		out->mm = take_metres(taker, leg->metres);
	if (leg->leg_class == LEG_MOVING)
		out->moving = leg->time;
	else if (leg->leg_class == LEG_STOPPED)
		out->stopped = leg->time;
}

/* What is counted must be the mileage, to the millimetre. */
static void
settle_millimetres(FareSite *site, int64 missing)
{
	for (int i = site->leg_count - 1; i >= 0 && missing != 0; i--)
		if (site->legs[i].mm + missing >= 0 && site->legs[i].mm > 0)
		{
			site->legs[i].mm += missing;
			return;
		}
}

/* Read the legs of a track; false without a usable fix. */
static bool
read_legs(FareSite *site, Datum track, const MileagePolicy *policy, int64 *start, int64 *end)
{
	LegClassifier classifier;
	LegTaker	taker = {.site = site};

	site->leg_count = 0;
	classifier_init(&classifier, policy);
	classifier_tell(&classifier, take_leg, &taker);
	track_classify(track, &classifier);
	*start = classifier.totals.first_time;
	*end = classifier.totals.last_time;
	settle_millimetres(site, (int64) rint((classifier.totals.measured_m + classifier.totals.gap_m) * 1000) - taker.mm);
	if (*end - *start > MAX_TRIP_MICROSECONDS)
		report_fare_out_of_range();
	return classifier.totals.used_count > 0;
}

/* Price what the legs show until an instant. */
static FareRun *
price_legs(FareSite *site, int64 start, int64 end)
{
	fare_site_begin(site, start, end);
	for (int i = 0; i < site->leg_count; i++)
		fare_add_leg(&site->run, &site->legs[i]);
	if (!fare_finish(&site->run))
		report_unpriced(&site->run);
	return &site->run;
}

/* (tariff, track, policy, attributes); NULL without a usable fix. */
static FareRun *
price_track(FunctionCallInfo fcinfo)
{
	FareSite   *site = fare_site(fcinfo, 3);
	int64		start,
				end;

	if (!read_legs(site, PG_GETARG_DATUM(1), DatumGetMileagePolicyP(PG_GETARG_DATUM(2)), &start, &end))
		return NULL;
	return price_legs(site, start, end);
}

/* An amount of so many units of the bill. */
Datum
amount_datum(const FareRun *run, int64 units)
{
	int			digits = run->tariff->fare_digits;
	Int128		scaled = (Int128) units * run->unit.num;

	for (int i = 0; i < digits; i++)
		scaled *= 10;
	scaled /= run->unit.den;
	if (scaled > PG_INT64_MAX || scaled < PG_INT64_MIN)
		report_fare_out_of_range();
	return NumericGetDatum(int64_div_fast_to_numeric((int64) scaled, digits));
}

static Datum
fare_datum(FunctionCallInfo fcinfo, const FareRun *run)
{
	if (run == NULL)
		PG_RETURN_NULL();
	return amount_datum(run, run->fare);
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

static void
print_int128(char *text, Int128 value)
{
	char		digits[40];
	int			count = 0;
	UInt128		rest = value < 0 ? -(UInt128) value : (UInt128) value;

	do
	{
		digits[count++] = '0' + (char) (rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (value < 0)
		*text++ = '-';
	while (count > 0)
		*text++ = digits[--count];
	*text = '\0';
}

static Datum
numeric_of_text(const char *text)
{
	return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

#define EXACT_DIGITS	"20"

/* A fraction to 20 places, without zeros at its end. */
Datum
rational_datum(Rational value)
{
	char		num[48];
	char		den[48];
	Datum		quotient;

	value = rational_reduce(value);
	if (!in_range(value))
		report_fare_out_of_range();
	print_int128(num, value.num);
	if (value.den == 1)
		return numeric_of_text(num);
	strlcat(num, "e" EXACT_DIGITS, sizeof(num));
	print_int128(den, value.den);
	quotient = DirectFunctionCall2(numeric_div_trunc, numeric_of_text(num), numeric_of_text(den));
	return DirectFunctionCall1(numeric_trim_scale,
							   DirectFunctionCall2(numeric_mul, quotient, numeric_of_text("1e-" EXACT_DIGITS)));
}

#define LINE_COLUMNS	12

static void
put_line(ReturnSetInfo *rows, const FareRun *run, int number)
{
	const BillLine *line = &run->lines[number - 1];
	Datum		values[LINE_COLUMNS] = {0};
	bool		nulls[LINE_COLUMNS] = {0};

	values[0] = Int32GetDatum(number);
	values[1] = CStringGetTextDatum(tariff_line_kind_names[line->kind]);
	values[2] = CStringGetTextDatum(line->rule);
	nulls[3] = nulls[4] = !line->timed;
	values[3] = TimestampTzGetDatum(line->from);
	values[4] = TimestampTzGetDatum(line->to);
	if (line->unit == NULL)
		nulls[5] = nulls[6] = nulls[7] = nulls[8] = nulls[9] = true;
	else
	{
		values[5] = rational_datum(line->quantity);
		values[6] = rational_datum(line->billed);
		values[7] = CStringGetTextDatum(line->unit);
		values[8] = rational_datum(line->rate);
		values[9] = rational_datum(line->factor);
	}
	values[10] = rational_datum(line->exact);
	values[11] = amount_datum(run, line->amount);
	tuplestore_putvalues(rows->setResult, rows->setDesc, values, nulls);
}

static Datum
put_lines(FunctionCallInfo fcinfo, FareRun *run)
{
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (run == NULL)
		return (Datum) 0;
	fare_allocate(run);
	if (!run->fits)
		report_fare_out_of_range();
	for (int number = 1; number <= run->line_count; number++)
		put_line((ReturnSetInfo *) fcinfo->resultinfo, run, number);
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

/* Does what a meter charges depend on when and how fast what was driven? */
static bool
meter_needs_legs(const Tariff *t)
{
	if (!t->has_meter)
		return false;
	for (int m = 0; m < t->multiplier_count; m++)
		if ((t->multipliers[m].to & (UINT32_C(1) << MULTIPLIES_METER)) && changes_on_the_way(t->multipliers[m].when))
			return true;
	return t->meter.mode != METER_D;
}

/* (tariff, distance_m, duration, started_at, attributes) -> (low, high) */
Datum
tripmeter_fare_bounds(PG_FUNCTION_ARGS)
{
	FareSite   *site = fare_site(fcinfo, 4);
	const Tariff *t = &site->compiled->tariff;
	TripLeg		leg = duration_leg(fcinfo, t);
	bool		metered = meter_needs_legs(t);
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
		report_unpriced(run);
	return run->fare;
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
	const InstantList *edges = &run->edges;
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
	FareSite   *site = fare_site(fcinfo, 4);
	int64		at = PG_GETARG_TIMESTAMPTZ(2);
	int64		start,
				end;

	if (!read_legs(site, PG_GETARG_DATUM(1), DatumGetMileagePolicyP(PG_GETARG_DATUM(3)), &start, &end) || at < start)
		PG_RETURN_NULL();
	if (tariff_may_fall(&site->compiled->tariff))
	{
		int64		highest = highest_fare(site, start, Min(end, at), at >= end);

		return amount_datum(&site->run, highest);
	}
	return fare_datum(fcinfo, price_legs(site, start, Min(end, at)));
}
