/*
 * mileage_agg.c
 *		SQL: the aggregates mileage() and mileage_report().
 *
 * The state keeps every fix and sums nothing before the end; that is what
 * makes the result the same for every order, plan and number of workers.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/timestamp.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#include "geo/geo_fn.h"
#include "mileage/leg_classifier.h"
#include "mileage/policy_fn.h"
#include "track/fix_buffer.h"

PG_FUNCTION_INFO_V1(tripmeter_mileage_accum_point);
PG_FUNCTION_INFO_V1(tripmeter_mileage_accum_lonlat);
PG_FUNCTION_INFO_V1(tripmeter_mileage_combine);
PG_FUNCTION_INFO_V1(tripmeter_mileage_serial);
PG_FUNCTION_INFO_V1(tripmeter_mileage_deserial);
PG_FUNCTION_INFO_V1(tripmeter_mileage_final);
PG_FUNCTION_INFO_V1(tripmeter_mileage_report_final);

/* Arguments before the optional accuracy and policy. */
#define POINT_ARGS	3			/* state, time, position */
#define LONLAT_ARGS	4			/* state, time, lon, lat */

typedef struct MileageState
{
	FixBuffer	fixes;			/* the valid ones */
	int64		null_count;		/* rows without a time or position */
	int64		invalid_count;	/* rows at no place or time on Earth */
	MileagePolicy policy;
	StringInfo	encoded;		/* of a deserialized state: its fixes, in bytes
								 * that live as long as the call of combine */
} MileageState;

static MileageState *
make_state(MemoryContext context, bool has_accuracy, const MileagePolicy *policy)
{
	MileageState *state = MemoryContextAllocZero(context, sizeof(MileageState));

	fix_buffer_init(&state->fixes, context, has_accuracy);
	state->policy = *policy;
	return state;
}

static pg_noinline void
report_other_policy(const MileagePolicy *first, const MileagePolicy *other)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("a group has more than one mileage policy"),
			 errdetail("They are \"%s\" and \"%s\".",
					   mileage_policy_text(first), mileage_policy_text(other)),
			 errhint("Add the policy to GROUP BY.")));
}

static void
check_same_policy(const MileagePolicy *first, const MileagePolicy *other)
{
	if (unlikely(!mileage_policy_equal(first, other)))
		report_other_policy(first, other);
}

static const MileagePolicy *
policy_argument(FunctionCallInfo fcinfo, int arg)
{
	if (unlikely(PG_ARGISNULL(arg)))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("mileage policy must not be NULL"),
				 errhint("Leave the argument out for the default policy.")));
	return DatumGetMileagePolicyP(PG_GETARG_DATUM(arg));
}

/* The context that the states of this aggregate live in. */
static MemoryContext
state_context(FunctionCallInfo fcinfo)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "mileage function called outside of an aggregate");
	return context;
}

/*
 * The state of the group, made by its first row.  Of the arguments from
 * `options` on, the last is the policy and one before it the accuracy.
 */
static MileageState *
accum_state(FunctionCallInfo fcinfo, int options)
{
	const MileagePolicy *policy = &default_mileage_policy;
	MileageState *state = PG_ARGISNULL(0) ? NULL : (MileageState *) PG_GETARG_POINTER(0);

	if (PG_NARGS() > options)
	{
		policy = policy_argument(fcinfo, PG_NARGS() - 1);
		if (state != NULL)
			check_same_policy(&state->policy, policy);
	}
	if (state == NULL)
		state = make_state(state_context(fcinfo), PG_NARGS() > options + 1, policy);
	return state;
}

static void
accum_fix(FunctionCallInfo fcinfo, MileageState *state, Position position, int options)
{
	int64		time = PG_GETARG_TIMESTAMPTZ(1);
	float		accuracy = ACCURACY_UNKNOWN;

	if (!position_normalize(&position) ||
		time < -FIX_TIME_LIMIT || time > FIX_TIME_LIMIT)
	{
		state->invalid_count++;
		return;
	}
	if (state->fixes.has_accuracy && !PG_ARGISNULL(options))
		accuracy = PG_GETARG_FLOAT4(options);
	fix_buffer_append(&state->fixes, time, position, accuracy);
}

/* (state, recorded_at, position [[, accuracy], policy]) */
Datum
tripmeter_mileage_accum_point(PG_FUNCTION_ARGS)
{
	MileageState *state = accum_state(fcinfo, POINT_ARGS);
	Position	position;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) ||
		!point_argument(PG_GETARG_DATUM(2), &position))
		state->null_count++;
	else
		accum_fix(fcinfo, state, position, POINT_ARGS);
	PG_RETURN_POINTER(state);
}

/* (state, recorded_at, lon, lat [[, accuracy], policy]) */
Datum
tripmeter_mileage_accum_lonlat(PG_FUNCTION_ARGS)
{
	MileageState *state = accum_state(fcinfo, LONLAT_ARGS);

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		state->null_count++;
	else
		accum_fix(fcinfo, state,
				  (Position) {PG_GETARG_FLOAT8(2), PG_GETARG_FLOAT8(3)},
				  LONLAT_ARGS);
	PG_RETURN_POINTER(state);
}

/*
 * The second state comes from another process, through deserial.  Its fixes are
 * read into the first state, never copied.
 */
Datum
tripmeter_mileage_combine(PG_FUNCTION_ARGS)
{
	MileageState *state = PG_ARGISNULL(0) ? NULL : (MileageState *) PG_GETARG_POINTER(0);
	MileageState *other = PG_ARGISNULL(1) ? NULL : (MileageState *) PG_GETARG_POINTER(1);

	if (other != NULL)
	{
		if (other->encoded == NULL)
			elog(ERROR, "state of a mileage aggregate was not serialized");
		if (state == NULL)
			state = make_state(state_context(fcinfo), other->fixes.has_accuracy, &other->policy);
		check_same_policy(&state->policy, &other->policy);
		fix_buffer_read(&state->fixes, other->encoded);
		state->null_count += other->null_count;
		state->invalid_count += other->invalid_count;
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

Datum
tripmeter_mileage_serial(PG_FUNCTION_ARGS)
{
	MileageState *state = (MileageState *) PG_GETARG_POINTER(0);
	StringInfoData out;

	pq_begintypsend(&out);
	mileage_policy_write(&state->policy, &out);
	pq_sendbyte(&out, state->fixes.has_accuracy);
	pq_sendint64(&out, state->null_count);
	pq_sendint64(&out, state->invalid_count);
	fix_buffer_write(&state->fixes, &out);
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

Datum
tripmeter_mileage_deserial(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	StringInfo	in = palloc(sizeof(StringInfoData));
	MileagePolicy policy;
	MileageState *state;

	in->data = VARDATA_ANY(bytes);
	in->len = in->maxlen = VARSIZE_ANY_EXHDR(bytes);
	in->cursor = 0;
	mileage_policy_read(&policy, in);
	state = make_state(CurrentMemoryContext, pq_getmsgbyte(in) != 0, &policy);
	state->null_count = pq_getmsgint64(in);
	state->invalid_count = pq_getmsgint64(in);
	state->encoded = in;
	PG_RETURN_POINTER(state);
}

/* What became of the rows of a group. */
typedef struct Measurement
{
	MileageTotals totals;
	int64		null_count;
	int64		invalid_count;
	int64		duplicate_count;
	int64		conflict_count;
} Measurement;

/*
 * Count the rows that never reached the classifier.  One at (0,0) is invalid or
 * as good as any other, as the policy says.
 */
static void
count_left_out(Measurement *m, const MileageState *state, const FixReader *reader)
{
	const LeftOut *island = &reader->null_island_left_out;

	m->null_count = state->null_count;
	m->invalid_count = state->invalid_count + m->totals.null_island_count;
	m->duplicate_count = reader->left_out.duplicate_count;
	m->conflict_count = reader->left_out.conflict_count;
	if (state->policy.reject_null_island)
		m->invalid_count += island->duplicate_count + island->conflict_count;
	else
	{
		m->duplicate_count += island->duplicate_count;
		m->conflict_count += island->conflict_count;
	}
}

/* Order the fixes and classify their legs. */
static void
measure(MileageState *state, Measurement *m)
{
	LegClassifier classifier;
	FixReader	reader;
	const Fix  *fix;
	float		accuracy;

	fix_buffer_sort(&state->fixes);
	fix_reader_start(&reader, &state->fixes);
	classifier_init(&classifier, &state->policy);
	while ((fix = fix_reader_next(&reader, &accuracy)) != NULL)
		classifier_add(&classifier, fix, accuracy);
	classifier_finish(&classifier);
	m->totals = classifier.totals;
	count_left_out(m, state, &reader);
}

static double
distance_m(const MileageTotals *totals)
{
	return totals->measured_m + totals->gap_m;
}

Datum
tripmeter_mileage_final(PG_FUNCTION_ARGS)
{
	Measurement m;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	measure((MileageState *) PG_GETARG_POINTER(0), &m);
	if (m.totals.used_count == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(distance_m(&m.totals));
}

static Datum
interval_datum(int64 microseconds)
{
	Interval   *interval = palloc0(sizeof(Interval));

	interval->time = microseconds;
	return IntervalPGetDatum(interval);
}

#define REPORT_COLUMNS	23

/* The columns of the type mileage_report, in order; no policy, no state. */
static Datum
report_datum(FunctionCallInfo fcinfo, const Measurement *m, const MileagePolicy *policy)
{
	const MileageTotals *t = &m->totals;
	TupleDesc	desc;
	bool		nulls[REPORT_COLUMNS] = {0};
	int			column = 0;
	Datum		values[REPORT_COLUMNS];

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE ||
		desc->natts != REPORT_COLUMNS)
		elog(ERROR, "mileage_report has not the columns that this library knows");

	values[column++] = Float8GetDatum(distance_m(t));
	values[column++] = Float8GetDatum(t->raw_m);
	values[column++] = Float8GetDatum(t->jitter_m);
	values[column++] = Float8GetDatum(t->outlier_m);
	values[column++] = Float8GetDatum(t->inaccurate_m);
	values[column++] = Float8GetDatum(t->gap_m);
	values[column++] = Float8GetDatum(t->gap_excluded_m);
	values[column++] = interval_datum(t->moving);
	values[column++] = interval_datum(t->stopped);
	values[column++] = interval_datum(t->gap);
	nulls[column] = nulls[column + 1] = t->used_count == 0;
	values[column++] = TimestampTzGetDatum(t->first_time);
	values[column++] = TimestampTzGetDatum(t->last_time);
	values[column++] = Float8GetDatum(t->top_speed);
	values[column++] = Int64GetDatum(t->used_count);
	values[column++] = Int64GetDatum(t->jitter_count);
	values[column++] = Int64GetDatum(t->outlier_count);
	values[column++] = Int64GetDatum(t->inaccurate_count);
	values[column++] = Int64GetDatum(m->conflict_count);
	values[column++] = Int64GetDatum(m->duplicate_count);
	values[column++] = Int64GetDatum(m->invalid_count);
	values[column++] = Int64GetDatum(m->null_count);
	values[column++] = Int64GetDatum(t->gap_count);
	nulls[column] = policy == NULL;
	values[column++] = MileagePolicyPGetDatum(policy);
	Assert(column == REPORT_COLUMNS);

	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

Datum
tripmeter_mileage_report_final(PG_FUNCTION_ARGS)
{
	MileageState *state = PG_ARGISNULL(0) ? NULL : (MileageState *) PG_GETARG_POINTER(0);
	Measurement m = {0};

	if (state != NULL)
		measure(state, &m);
	return report_datum(fcinfo, &m, state ? &state->policy : NULL);
}
