/*
 * mileage_agg.c
 *		SQL: the aggregates mileage() and mileage_report().
 *
 * The state keeps every fix and sums nothing before the end; that is what
 * makes the result the same for every order, plan and number of workers.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "geo/geo_fn.h"
#include "mileage/measurement.h"
#include "mileage/policy_io.h"
#include "track/agg_state.h"
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
	FixBuffer	fixes;
	MileagePolicy policy;
	StringInfo	encoded;		/* of a deserialized state: its fixes, in bytes
								 * that live as long as the call of combine */
} MileageState;

static MileageState *
make_state(MemoryContext context, int channel_count, const MileagePolicy *policy)
{
	MileageState *state = MemoryContextAllocZero(context, sizeof(MileageState));

	fix_buffer_init(&state->fixes, context, channel_count);
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

/*
 * The state of the group, made by its first row.  Of the arguments from
 * `options` on, the last is the policy and one before it the accuracy.
 */
static MileageState *
accum_state(FunctionCallInfo fcinfo, int options)
{
	const MileagePolicy *policy = &default_mileage_policy;
	MileageState *state = state_argument(fcinfo, 0);

	if (PG_NARGS() > options)
	{
		policy = policy_argument(fcinfo, PG_NARGS() - 1);
		if (state != NULL)
			check_same_policy(&state->policy, policy);
	}
	if (state == NULL)
		state = make_state(state_context(fcinfo), PG_NARGS() > options + 1 ? 1 : 0, policy);
	return state;
}

static void
accum_fix(FunctionCallInfo fcinfo, MileageState *state, Position position, int options)
{
	Channels	channels = NO_CHANNELS;

	if (state->fixes.channel_count > 0 && !PG_ARGISNULL(options))
		channels.values[ACCURACY] = PG_GETARG_FLOAT4(options);
	fix_buffer_add(&state->fixes, PG_GETARG_TIMESTAMPTZ(1), position, channels);
}

/* (state, recorded_at, position [[, accuracy], policy]) */
Datum
tripmeter_mileage_accum_point(PG_FUNCTION_ARGS)
{
	MileageState *state = accum_state(fcinfo, POINT_ARGS);
	Position	position;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) ||
		!geo_point_argument(PG_GETARG_DATUM(2), &position))
		state->fixes.left_out.null_count++;
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
		state->fixes.left_out.null_count++;
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
	MileageState *state = state_argument(fcinfo, 0);
	MileageState *other = state_argument(fcinfo, 1);

	if (other != NULL)
	{
		if (other->encoded == NULL)
			elog(ERROR, "state of a mileage aggregate was not serialized");
		if (state == NULL)
			state = make_state(state_context(fcinfo), other->fixes.channel_count, &other->policy);
		check_same_policy(&state->policy, &other->policy);
		fix_buffer_read(&state->fixes, other->encoded);
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
	pq_sendbyte(&out, state->fixes.channel_count);
	fix_buffer_write(&state->fixes, &out);
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

Datum
tripmeter_mileage_deserial(PG_FUNCTION_ARGS)
{
	StringInfo	in = message_argument(fcinfo, 0);
	MileagePolicy policy;
	MileageState *state;

	mileage_policy_read(&policy, in);
	state = make_state(CurrentMemoryContext, pq_getmsgbyte(in) != 0, &policy);
	state->encoded = in;
	PG_RETURN_POINTER(state);
}

/* Order the fixes and classify their legs. */
static void
measure(MileageState *state, Measurement *m)
{
	LegClassifier classifier;
	FixReader	reader;
	const Fix  *fix;
	Channels	channels;

	fix_buffer_sort(&state->fixes);
	fix_reader_start(&reader, &state->fixes);
	classifier_init(&classifier, &state->policy);
	while ((fix = fix_reader_next(&reader, &channels)) != NULL)
		classifier_add(&classifier, fix, channels.values[ACCURACY], NULL);
	classifier_finish(&classifier);
	measurement_init(m, &classifier, &reader.left_out);
}

Datum
tripmeter_mileage_final(PG_FUNCTION_ARGS)
{
	Measurement m;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	measure((MileageState *) PG_GETARG_POINTER(0), &m);
	return mileage_datum(fcinfo, &m);
}

Datum
tripmeter_mileage_report_final(PG_FUNCTION_ARGS)
{
	MileageState *state = state_argument(fcinfo, 0);
	Measurement m = {0};

	if (state != NULL)
		measure(state, &m);
	return mileage_report_datum(fcinfo, &m, state ? &state->policy : NULL);
}
