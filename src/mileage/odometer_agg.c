/*
 * odometer_agg.c
 *		SQL: the aggregates odometer_distance(), odometer_report() and odometer_by().
 *
 * As in mileage_agg.c the state keeps every reading and sums nothing before the
 * end, so that the result is the same for every order, plan and number of
 * workers.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "compat.h"
#include "mileage/odometer.h"
#include "mileage/reading_buffer.h"
#include "mileage/windows.h"
#include "track/agg_state.h"
#include "track/fix.h"
#include "track/track_value.h"
#include "track/track_window.h"

PG_FUNCTION_INFO_V1(tripmeter_odometer_accum);
PG_FUNCTION_INFO_V1(tripmeter_odometer_combine);
PG_FUNCTION_INFO_V1(tripmeter_odometer_serial);
PG_FUNCTION_INFO_V1(tripmeter_odometer_deserial);
PG_FUNCTION_INFO_V1(tripmeter_odometer_distance_final);
PG_FUNCTION_INFO_V1(tripmeter_odometer_report_final);
PG_FUNCTION_INFO_V1(tripmeter_odometer_by_accum);
PG_FUNCTION_INFO_V1(tripmeter_odometer_by_final);

static const OdometerOptions default_options = {.max_speed = 70, .rollover_m = 0};

/* Arguments before the optional max_speed and rollover_m. */
#define READING_ARGS	3			/* state, time, reading */
#define CALENDAR_ARGS	5			/* state, time, reading, unit, time zone */

typedef struct OdometerState
{
	ReadingBuffer readings;		/* the valid ones */
	int64		null_count;		/* rows without a time or reading */
	int64		invalid_count;	/* rows with what no counter shows, or at
								 * no time */
	OdometerOptions options;
	char	   *unit;			/* of odometer_by: a unit of the calendar; NULL: none */
	char	   *time_zone;		/* of odometer_by, or NULL */
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

/*
 * Return the state of the group, made by its first row.  The options follow so many other
 * arguments.
 */
static OdometerState *
accum_state(FunctionCallInfo fcinfo, int other_args)
{
	OdometerState *state = state_argument(fcinfo, 0);
	OdometerOptions options = default_options;

	if (PG_NARGS() > other_args)
	{
		options.max_speed = max_speed_argument(fcinfo, other_args);
		options.rollover_m = rollover_argument(fcinfo, other_args + 1);
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

/* Take the reading of a row into the state. */
static void
accumulate(FunctionCallInfo fcinfo, OdometerState *state)
{
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
}

/* (state, recorded_at, reading_m [, max_speed, rollover_m]) */
Datum
tripmeter_odometer_accum(PG_FUNCTION_ARGS)
{
	OdometerState *state = accum_state(fcinfo, READING_ARGS);

	accumulate(fcinfo, state);
	PG_RETURN_POINTER(state);
}

static pg_noinline void
report_other_calendar(const char *name, const char *first, const char *other)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a group has more than one %s of odometer_by", name),
			 errdetail("They are \"%s\" and \"%s\".", first, other),
			 errhint("Add it to GROUP BY.")));
}

static bool
same_text(const char *first, text *other)
{
	return strlen(first) == VARSIZE_ANY_EXHDR(other) &&
		memcmp(first, VARDATA_ANY(other), VARSIZE_ANY_EXHDR(other)) == 0;
}

/* Remember a text that all rows of a group must have, or check that this row has it, too. */
static void
take_group_text(FunctionCallInfo fcinfo, int arg, const char *name, char **known)
{
	text	   *value;

	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s of odometer_by must not be NULL", name)));
	value = PG_GETARG_TEXT_PP(arg);
	if (*known == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(state_context(fcinfo));

		*known = text_to_cstring(value);
		MemoryContextSwitchTo(old);
	}
	else if (unlikely(!same_text(*known, value)))
		report_other_calendar(name, *known, text_to_cstring(value));
}

/* (state, recorded_at, reading_m, unit, time_zone [, max_speed, rollover_m]) */
Datum
tripmeter_odometer_by_accum(PG_FUNCTION_ARGS)
{
	OdometerState *state = accum_state(fcinfo, CALENDAR_ARGS);

	take_group_text(fcinfo, READING_ARGS, "unit", &state->unit);
	take_group_text(fcinfo, READING_ARGS + 1, "time_zone", &state->time_zone);
	accumulate(fcinfo, state);
	PG_RETURN_POINTER(state);
}

/* Take the calendar of another state of the group, whose strings live as long as a call. */
static void
combine_calendar(FunctionCallInfo fcinfo, OdometerState *state, const OdometerState *other)
{
	if (other->unit == NULL)
		return;
	if (state->unit == NULL)
	{
		state->unit = MemoryContextStrdup(state_context(fcinfo), other->unit);
		state->time_zone = MemoryContextStrdup(state_context(fcinfo), other->time_zone);
	}
	if (strcmp(state->unit, other->unit) != 0)
		report_other_calendar("unit", state->unit, other->unit);
	if (strcmp(state->time_zone, other->time_zone) != 0)
		report_other_calendar("time_zone", state->time_zone, other->time_zone);
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
		combine_calendar(fcinfo, state, other);
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
	pq_sendbyte(&out, state->unit != NULL);
	if (state->unit != NULL)
	{
		pq_sendstring(&out, state->unit);
		pq_sendstring(&out, state->time_zone);
	}
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
	if (pq_getmsgbyte(in) != 0)
	{
		state->unit = pstrdup(pq_getmsgstring(in));
		state->time_zone = pstrdup(pq_getmsgstring(in));
	}
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

/* Find the tick of the counter, for readings in order. */
static double
find_tick(const OdometerState *state)
{
	OdometerTickFinder finder;
	ReadingReader reader;
	const OdometerReading *reading;

	odometer_tick_init(&finder, &state->options);
	reading_reader_start(&reader, &state->readings);
	while ((reading = reading_reader_next(&reader)) != NULL)
		odometer_tick_add(&finder, reading);
	return odometer_tick(&finder);
}

/* Order the readings and classify their steps.  Those that count are told, if that is not NULL. */
static void
measure(OdometerState *state, OdometerAccount *account, OdometerTell tell, void *context)
{
	Odometer	odometer;
	ReadingReader reader;
	const OdometerReading *reading;

	reading_buffer_sort(&state->readings);
	odometer_init(&odometer, &state->options, find_tick(state));
	odometer_tell(&odometer, tell, context);
	reading_reader_start(&reader, &state->readings);
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
	measure((OdometerState *) PG_GETARG_POINTER(0), &account, NULL, NULL);
	if (account.totals.used_count == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(account.totals.distance_m);
}

#define REPORT_COLUMNS	17

/* The columns of the type odometer_report, in order. */
static Datum
report_datum(FunctionCallInfo fcinfo, const OdometerAccount *account, const OdometerOptions *options)
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
	values[column++] = Int64GetDatum(t->unanswered_count);
	values[column++] = Int64GetDatum(account->conflict_count);
	values[column++] = Int64GetDatum(account->duplicate_count);
	values[column++] = Int64GetDatum(account->invalid_count);
	values[column++] = Int64GetDatum(account->null_count);
	nulls[column] = options == NULL;
	values[column++] = options == NULL ? (Datum) 0 :
		CStringGetTextDatum(psprintf("v%d %s", ODOMETER_RULES_VERSION, options_text(options)));
	Assert(column == REPORT_COLUMNS);

	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

Datum
tripmeter_odometer_report_final(PG_FUNCTION_ARGS)
{
	OdometerState *state = state_argument(fcinfo, 0);
	OdometerAccount account = {0};

	if (state != NULL)
		measure(state, &account, NULL, NULL);
	return report_datum(fcinfo, &account, state != NULL ? &state->options : NULL);
}

static void
share_step(void *context, const OdometerStep *step)
{
	windows_share(context, &(Drive) {step->from, step->to, step->metres});
}

/* The windows as an array of rows of type odometer_period, which the function returns. */
static Datum
periods_datum(FunctionCallInfo fcinfo, const Windows *windows)
{
	Oid			type = get_element_type(get_func_rettype(fcinfo->flinfo->fn_oid));
	TupleDesc	desc = lookup_rowtype_tupdesc(type, -1);
	Datum	   *periods = palloc(Max(windows->count, 1) * sizeof(Datum));
	ArrayType  *array;

	for (int i = 0; i < windows->count; i++)
	{
		bool		nulls[2] = {0};
		Datum		values[2] = {
			track_period_value(windows->bounds[i], windows->bounds[i + 1], false),
			Float8GetDatum(windows->metres[i])
		};

		CHECK_FOR_INTERRUPTS();
		periods[i] = HeapTupleGetDatum(heap_form_tuple(desc, values, nulls));
		pfree(DatumGetPointer(values[0]));
	}
	array = construct_array(periods, windows->count, type, -1, false, TYPALIGN_DOUBLE);
	ReleaseTupleDesc(desc);
	return PointerGetDatum(array);
}

/*
 * Share what was counted out to the periods of a calendar, from that of the first believed
 * reading to that of the last.
 */
Datum
tripmeter_odometer_by_final(PG_FUNCTION_ARGS)
{
	OdometerState *state = state_argument(fcinfo, 0);
	const CalendarUnit *unit;
	OdometerAccount account;
	Windows		windows;
	Datum		zone;

	if (state == NULL || state->unit == NULL)
		PG_RETURN_NULL();
	unit = calendar_unit_argument(cstring_to_text(state->unit));
	zone = calendar_zone_argument(cstring_to_text(state->time_zone));
	measure(state, &account, NULL, NULL);
	if (account.totals.used_count == 0)
		PG_RETURN_NULL();
	windows_by_calendar(&windows, unit, zone, account.totals.first_time, account.totals.last_time);
	measure(state, &account, share_step, &windows);
	return periods_datum(fcinfo, &windows);
}
