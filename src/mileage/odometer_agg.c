/*
 * odometer_agg.c
 *		SQL: the aggregates odometer_distance() and odometer_report().
 *
 * As in mileage_agg.c the state keeps every reading and sums nothing before the
 * end, so that the result is the same for every order, plan and number of
 * workers.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "utils/float.h"
#include "utils/timestamp.h"

#include "mileage/odometer.h"
#include "mileage/reading_buffer.h"
#include "track/agg_state.h"
#include "track/fix.h"

PG_FUNCTION_INFO_V1(tripmeter_odometer_accum);
PG_FUNCTION_INFO_V1(tripmeter_odometer_combine);
PG_FUNCTION_INFO_V1(tripmeter_odometer_serial);
PG_FUNCTION_INFO_V1(tripmeter_odometer_deserial);
PG_FUNCTION_INFO_V1(tripmeter_odometer_distance_final);
PG_FUNCTION_INFO_V1(tripmeter_odometer_report_final);

static const OdometerOptions default_options = {.max_speed = 70, .rollover_m = 0};

/* Arguments before the optional max_speed and rollover_m. */
#define READING_ARGS	3			/* state, time, reading */

typedef struct OdometerState
{
	ReadingBuffer readings;		/* the valid ones */
	int64		null_count;		/* rows without a time or reading */
	int64		invalid_count;	/* rows with what no counter shows, or at
								 * no time */
	OdometerOptions options;
	StringInfo	encoded;		/* of a deserialized state: its readings, in
								 * bytes that live as long as the call of
								 * combine */
} OdometerState;

static OdometerState *
make_state(MemoryContext context, const OdometerOptions *options)
{
	OdometerState *state = MemoryContextAllocZero(context, sizeof(OdometerState));

	reading_buffer_init(&state->readings, context);
	state->options = *options;
	return state;
}

static bool
valid_max_speed(double metres_per_second)
{
	return metres_per_second > 0;
}

static bool
valid_rollover(double metres)
{
	return metres > 0 && isfinite(metres);
}

static double
max_speed_argument(FunctionCallInfo fcinfo, int arg)
{
	double		value;

	if (PG_ARGISNULL(arg))
		return INFINITY;
	value = PG_GETARG_FLOAT8(arg);
	if (unlikely(!valid_max_speed(value)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_speed of an odometer must be positive"),
				 errdetail("Its value is %g.", value),
				 errhint("Use NULL for no limit.")));
	return value;
}

static double
rollover_argument(FunctionCallInfo fcinfo, int arg)
{
	double		value;

	if (PG_ARGISNULL(arg))
		return 0;
	value = PG_GETARG_FLOAT8(arg);
	if (unlikely(!valid_rollover(value)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rollover_m of an odometer must be positive and finite"),
				 errdetail("Its value is %g.", value),
				 errhint("Use NULL for a counter that never rolls over.")));
	return value;
}

static char *
options_text(const OdometerOptions *options)
{
	return psprintf("max_speed=%s rollover_m=%s",
					isinf(options->max_speed) ? "NULL" : float8out_internal(options->max_speed),
					options->rollover_m == 0 ? "NULL" : float8out_internal(options->rollover_m));
}

static pg_noinline void
report_other_options(const OdometerOptions *first, const OdometerOptions *other)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a group has more than one setting of its odometer"),
			 errdetail("They are \"%s\" and \"%s\".", options_text(first), options_text(other)),
			 errhint("Add max_speed and rollover_m to GROUP BY.")));
}

static void
check_same_options(const OdometerOptions *first, const OdometerOptions *other)
{
	if (unlikely(first->max_speed != other->max_speed ||
				 first->rollover_m != other->rollover_m))
		report_other_options(first, other);
}

/* The state of the group, made by its first row. */
static OdometerState *
accum_state(FunctionCallInfo fcinfo)
{
	OdometerState *state = state_argument(fcinfo, 0);
	OdometerOptions options = default_options;

	if (PG_NARGS() > READING_ARGS)
	{
		options.max_speed = max_speed_argument(fcinfo, READING_ARGS);
		options.rollover_m = rollover_argument(fcinfo, READING_ARGS + 1);
	}
	if (state == NULL)
		return make_state(state_context(fcinfo), &options);
	check_same_options(&state->options, &options);
	return state;
}

static bool
valid_reading(const OdometerReading *reading, const OdometerOptions *options)
{
	return reading->time >= -FIX_TIME_LIMIT && reading->time <= FIX_TIME_LIMIT &&
		isfinite(reading->metres) && reading->metres >= 0 &&
		(options->rollover_m == 0 || reading->metres < options->rollover_m);
}

/* (state, recorded_at, reading_m [, max_speed, rollover_m]) */
Datum
tripmeter_odometer_accum(PG_FUNCTION_ARGS)
{
	OdometerState *state = accum_state(fcinfo);

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		state->null_count++;
	else
	{
		/* adding 0 makes one of the two zeros: they are equal, their bits not */
		OdometerReading reading = {PG_GETARG_TIMESTAMPTZ(1), PG_GETARG_FLOAT8(2) + 0.0};

		if (valid_reading(&reading, &state->options))
			reading_buffer_append(&state->readings, &reading);
		else
			state->invalid_count++;
	}
	PG_RETURN_POINTER(state);
}

/*
 * The second state comes from another process, through deserial.  Its readings
 * are read into the first state, never copied.
 */
Datum
tripmeter_odometer_combine(PG_FUNCTION_ARGS)
{
	OdometerState *state = state_argument(fcinfo, 0);
	OdometerState *other = state_argument(fcinfo, 1);

	if (other != NULL)
	{
		if (other->encoded == NULL)
			elog(ERROR, "state of an odometer aggregate was not serialized");
		if (state == NULL)
			state = make_state(state_context(fcinfo), &other->options);
		check_same_options(&state->options, &other->options);
		reading_buffer_read(&state->readings, other->encoded);
		state->null_count += other->null_count;
		state->invalid_count += other->invalid_count;
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

Datum
tripmeter_odometer_serial(PG_FUNCTION_ARGS)
{
	OdometerState *state = (OdometerState *) PG_GETARG_POINTER(0);
	StringInfoData out;

	pq_begintypsend(&out);
	pq_sendfloat8(&out, state->options.max_speed);
	pq_sendfloat8(&out, state->options.rollover_m);
	pq_sendint64(&out, state->null_count);
	pq_sendint64(&out, state->invalid_count);
	reading_buffer_write(&state->readings, &out);
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

Datum
tripmeter_odometer_deserial(PG_FUNCTION_ARGS)
{
	StringInfo	in = message_argument(fcinfo, 0);
	OdometerOptions options;
	OdometerState *state;

	options.max_speed = pq_getmsgfloat8(in);
	options.rollover_m = pq_getmsgfloat8(in);
	state = make_state(CurrentMemoryContext, &options);
	state->null_count = pq_getmsgint64(in);
	state->invalid_count = pq_getmsgint64(in);
	state->encoded = in;
	PG_RETURN_POINTER(state);
}

/* What became of the rows of a group. */
typedef struct OdometerAccount
{
	OdometerTotals totals;
	int64		null_count;
	int64		invalid_count;
	int64		duplicate_count;
	int64		conflict_count;
} OdometerAccount;

/* Order the readings and classify their steps. */
static void
measure(OdometerState *state, OdometerAccount *account)
{
	Odometer	odometer;
	ReadingReader reader;
	const OdometerReading *reading;

	reading_buffer_sort(&state->readings);
	reading_reader_start(&reader, &state->readings);
	odometer_init(&odometer, &state->options);
	while ((reading = reading_reader_next(&reader)) != NULL)
		odometer_add(&odometer, reading);
	odometer_finish(&odometer);
	*account = (OdometerAccount) {
		.totals = odometer.totals,
		.null_count = state->null_count,
		.invalid_count = state->invalid_count,
		.duplicate_count = reader.duplicate_count,
		.conflict_count = reader.conflict_count,
	};
}

Datum
tripmeter_odometer_distance_final(PG_FUNCTION_ARGS)
{
	OdometerAccount account;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	measure((OdometerState *) PG_GETARG_POINTER(0), &account);
	if (account.totals.used_count == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(account.totals.distance_m);
}

#define REPORT_COLUMNS	15

/* The columns of the type odometer_report, in order. */
static Datum
report_datum(FunctionCallInfo fcinfo, const OdometerAccount *account)
{
	const OdometerTotals *t = &account->totals;
	TupleDesc	desc;
	Datum		values[REPORT_COLUMNS];
	bool		nulls[REPORT_COLUMNS] = {0};
	int			column = 0;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE ||
		desc->natts != REPORT_COLUMNS)
		elog(ERROR, "odometer_report has not the columns that this library knows");

	values[column++] = Float8GetDatum(t->distance_m);
	values[column++] = Float8GetDatum(t->excluded_m);
	nulls[column] = nulls[column + 1] = nulls[column + 2] = nulls[column + 3] = t->used_count == 0;
	values[column++] = TimestampTzGetDatum(t->first_time);
	values[column++] = TimestampTzGetDatum(t->last_time);
	values[column++] = Float8GetDatum(t->first_m);
	values[column++] = Float8GetDatum(t->last_m);
	values[column++] = Int64GetDatum(t->used_count);
	values[column++] = Int64GetDatum(t->rollover_count);
	values[column++] = Int64GetDatum(t->reset_count);
	values[column++] = Int64GetDatum(t->jump_count);
	values[column++] = Int64GetDatum(t->outlier_count);
	values[column++] = Int64GetDatum(account->conflict_count);
	values[column++] = Int64GetDatum(account->duplicate_count);
	values[column++] = Int64GetDatum(account->invalid_count);
	values[column++] = Int64GetDatum(account->null_count);
	Assert(column == REPORT_COLUMNS);

	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

Datum
tripmeter_odometer_report_final(PG_FUNCTION_ARGS)
{
	OdometerAccount account = {0};

	if (!PG_ARGISNULL(0))
		measure((OdometerState *) PG_GETARG_POINTER(0), &account);
	return report_datum(fcinfo, &account);
}
