/*
 * track_periods.c
 *		SQL: the mileage of a track in one period of time or in several.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/multirangetypes.h"
#include "utils/rangetypes.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "compat.h"
#include "mileage/periods.h"
#include "mileage/policy_io.h"
#include "mileage/track_measure.h"
#include "track/track_window.h"

PG_FUNCTION_INFO_V1(tripmeter_track_mileage_window);
PG_FUNCTION_INFO_V1(tripmeter_track_mileage_by_ranges);
PG_FUNCTION_INFO_V1(tripmeter_track_mileage_by_multirange);

/* The periods that a track is asked for. */
typedef struct Request
{
	int			count;
	Datum	   *ranges;
	bool	   *nulls;
} Request;

/*
 * Add a period, unless it has no time of the track.  Nothing is driven in an instant, so
 * included bounds make no difference.
 */
static void
add_period(Periods *periods, const TrackHeader *header, Datum range, int place)
{
	TimeWindow	window;

	if (!track_window_argument(range, &window) || header->fix_count == 0 ||
		window.to < header->start_time || window.from >= header->end_time)
		return;
	periods->periods[periods->count++] =
		(Period) {.from = window.from, .to = window.to, .place = place};
}

static void
share_to_periods(void *context, const Drive *drive)
{
	periods_share(context, drive);
}

/* Measure the periods of a track; where there are none, little of it is read. */
static bool
measure_periods(Datum track, const TrackHeader *header, const MileagePolicy *policy,
				Periods *periods)
{
	if (periods->count == 0)
		return track_any_used(track, header, policy);
	periods_arrange(periods);
	return track_measure_drives(track, policy, (DriveSink) {share_to_periods, periods});
}

/* mileage(track, period, policy) -> metres */
Datum
tripmeter_track_mileage_window(PG_FUNCTION_ARGS)
{
	Datum		track = PG_GETARG_DATUM(0);
	Period		period = {0};
	Periods		periods = {0, &period};
	TrackHeader header;

	track_argument_header(track, &header);
	add_period(&periods, &header, PG_GETARG_DATUM(1), 0);
	if (!measure_periods(track, &header, DatumGetMileagePolicyP(PG_GETARG_DATUM(2)), &periods))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(period.metres);
}

static void
put_rows(ReturnSetInfo *rows, const Request *request, const double *metres, bool any_used)
{
	for (int i = 0; i < request->count; i++)
	{
		bool		nulls[2] = {request->nulls[i], request->nulls[i] || !any_used};
		Datum		values[2] = {request->ranges[i], Float8GetDatum(metres[i])};

		tuplestore_putvalues(rows->setResult, rows->setDesc, values, nulls);
	}
}

/* A row for each period, in the order of the request. */
static void
measure_request(FunctionCallInfo fcinfo, const Request *request)
{
	Datum		track = PG_GETARG_DATUM(0);
	Periods		periods = {0, palloc_extended(request->count * sizeof(Period), MCXT_ALLOC_HUGE)};
	double	   *metres = palloc0(request->count * sizeof(double));
	TrackHeader header;
	bool		any_used;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	track_argument_header(track, &header);
	for (int i = 0; i < request->count; i++)
		if (!request->nulls[i])
			add_period(&periods, &header, request->ranges[i], i);
	any_used = measure_periods(track, &header, DatumGetMileagePolicyP(PG_GETARG_DATUM(2)),
							   &periods);
	for (int i = 0; i < periods.count; i++)
		metres[periods.periods[i].place] = periods.periods[i].metres;
	put_rows((ReturnSetInfo *) fcinfo->resultinfo, request, metres, any_used);
}

/* mileage_by(track, tstzrange[], policy) -> rows (period, distance_m) */
Datum
tripmeter_track_mileage_by_ranges(PG_FUNCTION_ARGS)
{
	Request		request;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TSTZRANGEOID, -1, false, TYPALIGN_DOUBLE,
					  &request.ranges, &request.nulls, &request.count);
	measure_request(fcinfo, &request);
	return (Datum) 0;
}

/* mileage_by(track, tstzmultirange, policy) -> rows (period, distance_m) */
Datum
tripmeter_track_mileage_by_multirange(PG_FUNCTION_ARGS)
{
	TypeCacheEntry *type = lookup_type_cache(TSTZRANGEOID, TYPECACHE_RANGE_INFO);
	Request		request;
	RangeType **ranges;

	multirange_deserialize(type, PG_GETARG_MULTIRANGE_P(1), &request.count, &ranges);
	request.ranges = palloc(request.count * sizeof(Datum));
	request.nulls = palloc0(request.count * sizeof(bool));
	for (int i = 0; i < request.count; i++)
		request.ranges[i] = RangeTypePGetDatum(ranges[i]);
	measure_request(fcinfo, &request);
	return (Datum) 0;
}
