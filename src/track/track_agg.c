/*
 * track_agg.c
 *		SQL: the aggregates track() and rollup(), and track || track.
 */
#include "postgres.h"

#include "libpq/pqformat.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "geo/geo_fn.h"
#include "track/agg_state.h"
#include "track/track_merge.h"
#include "track/track_value.h"
#include "tripmeter.h"

PG_FUNCTION_INFO_V1(tripmeter_track_accum_point);
PG_FUNCTION_INFO_V1(tripmeter_track_accum_lonlat);
PG_FUNCTION_INFO_V1(tripmeter_track_combine);
PG_FUNCTION_INFO_V1(tripmeter_track_serial);
PG_FUNCTION_INFO_V1(tripmeter_track_deserial);
PG_FUNCTION_INFO_V1(tripmeter_track_final);
PG_FUNCTION_INFO_V1(tripmeter_rollup_accum);
PG_FUNCTION_INFO_V1(tripmeter_rollup_combine);
PG_FUNCTION_INFO_V1(tripmeter_rollup_serial);
PG_FUNCTION_INFO_V1(tripmeter_rollup_deserial);
PG_FUNCTION_INFO_V1(tripmeter_rollup_final);
PG_FUNCTION_INFO_V1(tripmeter_track_join);

/* Arguments before the optional speed and accuracy. */
#define POINT_ARGS	3			/* state, time, position */
#define LONLAT_ARGS	4			/* state, time, lon, lat */

typedef struct TrackState
{
	FixBuffer	fixes;
	StringInfo	encoded;		/* of a deserialized state: its fixes, in bytes
								 * that live as long as the call of combine */
} TrackState;

static TrackState *
make_state(MemoryContext context, int channel_count)
{
	TrackState *state = MemoryContextAllocZero(context, sizeof(TrackState));

	fix_buffer_init(&state->fixes, context, channel_count);
	return state;
}

/* The state of the group, made by its first row. */
static TrackState *
accum_state(FunctionCallInfo fcinfo, int options)
{
	TrackState *state = state_argument(fcinfo, 0);

	if (state == NULL)
		state = make_state(state_context(fcinfo), PG_NARGS() > options ? CHANNEL_COUNT : 0);
	return state;
}

static void
accum_fix(FunctionCallInfo fcinfo, TrackState *state, Position position, int options)
{
	Channels	channels = NO_CHANNELS;

	if (state->fixes.channel_count > 0)
	{
		if (!PG_ARGISNULL(options))
			channels.values[SPEED] = PG_GETARG_FLOAT4(options);
		if (!PG_ARGISNULL(options + 1))
			channels.values[ACCURACY] = PG_GETARG_FLOAT4(options + 1);
	}
	fix_buffer_add(&state->fixes, PG_GETARG_TIMESTAMPTZ(1), position, channels);
}

/* (state, recorded_at, position [, speed, accuracy]) */
Datum
tripmeter_track_accum_point(PG_FUNCTION_ARGS)
{
	TrackState *state = accum_state(fcinfo, POINT_ARGS);
	Position	position;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) ||
		!geo_point_argument(PG_GETARG_DATUM(2), &position))
		state->fixes.left_out.null_count++;
	else
		accum_fix(fcinfo, state, position, POINT_ARGS);
	PG_RETURN_POINTER(state);
}

/* (state, recorded_at, lon, lat [, speed, accuracy]) */
Datum
tripmeter_track_accum_lonlat(PG_FUNCTION_ARGS)
{
	TrackState *state = accum_state(fcinfo, LONLAT_ARGS);

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		state->fixes.left_out.null_count++;
	else
		accum_fix(fcinfo, state,
				  (Position) {PG_GETARG_FLOAT8(2), PG_GETARG_FLOAT8(3)},
				  LONLAT_ARGS);
	PG_RETURN_POINTER(state);
}

/* The second state comes from another process, through deserial. */
Datum
tripmeter_track_combine(PG_FUNCTION_ARGS)
{
	TrackState *state = state_argument(fcinfo, 0);
	TrackState *other = state_argument(fcinfo, 1);

	if (other != NULL)
	{
		if (other->encoded == NULL)
			elog(ERROR, "state of a track aggregate was not serialized");
		if (state == NULL)
			state = make_state(state_context(fcinfo), other->fixes.channel_count);
		fix_buffer_read(&state->fixes, other->encoded);
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

Datum
tripmeter_track_serial(PG_FUNCTION_ARGS)
{
	TrackState *state = (TrackState *) PG_GETARG_POINTER(0);
	StringInfoData out;

	pq_begintypsend(&out);
	pq_sendbyte(&out, state->fixes.channel_count);
	fix_buffer_write(&state->fixes, &out);
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

Datum
tripmeter_track_deserial(PG_FUNCTION_ARGS)
{
	StringInfo	in = message_argument(fcinfo, 0);
	TrackState *state = make_state(CurrentMemoryContext,
								   pq_getmsgbyte(in) != 0 ? CHANNEL_COUNT : 0);

	state->encoded = in;
	PG_RETURN_POINTER(state);
}

Datum
tripmeter_track_final(PG_FUNCTION_ARGS)
{
	TrackState *state = state_argument(fcinfo, 0);

	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(track_from_buffer(&state->fixes));
}

/* Tracks that wait to be merged. */
typedef struct RollupState
{
	MemoryContext context;
	struct varlena **tracks;
	int			count;
	int			capacity;
	Size		bytes;			/* of all tracks */
} RollupState;

static RollupState *
make_rollup(MemoryContext context)
{
	RollupState *state = MemoryContextAllocZero(context, sizeof(RollupState));

	state->context = context;
	state->capacity = 8;
	state->tracks = MemoryContextAlloc(context, state->capacity * sizeof(struct varlena *));
	return state;
}

static void
check_rollup_size(const RollupState *state)
{
	if (state->bytes > (Size) tripmeter_max_state_mb * 1024 * 1024)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("tracks of one group exceed tripmeter.max_state_mb"),
				 errdetail("The limit is %d MB.", tripmeter_max_state_mb),
				 errhint("Group by vehicle or by day, or raise tripmeter.max_state_mb.")));
}

/* Keep a copy of a track. */
static void
rollup_add(RollupState *state, const void *bytes, Size size)
{
	struct varlena *track;

	state->bytes += VARHDRSZ + size;
	check_rollup_size(state);
	if (state->count == state->capacity)
	{
		state->capacity *= 2;
		state->tracks = repalloc_huge(state->tracks, state->capacity * sizeof(struct varlena *));
	}
	track = MemoryContextAlloc(state->context, VARHDRSZ + size);
	SET_VARSIZE(track, VARHDRSZ + size);
	memcpy(VARDATA(track), bytes, size);
	state->tracks[state->count++] = track;
}

/* (state, track) */
Datum
tripmeter_rollup_accum(PG_FUNCTION_ARGS)
{
	RollupState *state = state_argument(fcinfo, 0);

	if (state == NULL && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (state == NULL)
		state = make_rollup(state_context(fcinfo));
	if (!PG_ARGISNULL(1))
	{
		struct varlena *track = PG_GETARG_VARLENA_PP(1);

		rollup_add(state, VARDATA_ANY(track), VARSIZE_ANY_EXHDR(track));
		PG_FREE_IF_COPY(track, 1);
	}
	PG_RETURN_POINTER(state);
}

Datum
tripmeter_rollup_combine(PG_FUNCTION_ARGS)
{
	RollupState *state = state_argument(fcinfo, 0);
	RollupState *other = state_argument(fcinfo, 1);

	if (other != NULL && state == NULL)
		state = make_rollup(state_context(fcinfo));
	if (other != NULL)
		for (int i = 0; i < other->count; i++)
			rollup_add(state, VARDATA(other->tracks[i]), VARSIZE(other->tracks[i]) - VARHDRSZ);
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

Datum
tripmeter_rollup_serial(PG_FUNCTION_ARGS)
{
	RollupState *state = (RollupState *) PG_GETARG_POINTER(0);
	StringInfoData out;

	if (state->bytes > MaxAllocSize / 2)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("tracks of one group are too long to pass between parallel workers"),
				 errhint("Group by vehicle or by day, or set max_parallel_workers_per_gather to 0.")));
	pq_begintypsend(&out);
	pq_sendint32(&out, state->count);
	for (int i = 0; i < state->count; i++)
	{
		int			size = VARSIZE(state->tracks[i]) - VARHDRSZ;

		pq_sendint32(&out, size);
		pq_sendbytes(&out, VARDATA(state->tracks[i]), size);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&out));
}

Datum
tripmeter_rollup_deserial(PG_FUNCTION_ARGS)
{
	StringInfo	in = message_argument(fcinfo, 0);
	RollupState *state = make_rollup(CurrentMemoryContext);
	int			count = pq_getmsgint(in, 4);

	for (int i = 0; i < count; i++)
	{
		int			size = pq_getmsgint(in, 4);

		rollup_add(state, pq_getmsgbytes(in, size), size);
	}
	pq_getmsgend(in);
	PG_RETURN_POINTER(state);
}

Datum
tripmeter_rollup_final(PG_FUNCTION_ARGS)
{
	RollupState *state = state_argument(fcinfo, 0);

	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(track_merge(state->tracks, state->count));
}

/* track || track */
Datum
tripmeter_track_join(PG_FUNCTION_ARGS)
{
	struct varlena *tracks[2];

	/* nothing appended must not lose what there was, so NULL is no fixes, as in arrays */
	if (PG_ARGISNULL(0) && PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_DATUM(PG_GETARG_DATUM(PG_ARGISNULL(0) ? 1 : 0));
	tracks[0] = PG_GETARG_VARLENA_PP(0);
	tracks[1] = PG_GETARG_VARLENA_PP(1);
	PG_RETURN_POINTER(track_merge(tracks, 2));
}
