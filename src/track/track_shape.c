/*
 * track_shape.c
 *		SQL: a track with fewer fixes, and its speed from fix to fix.
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "track/track_value.h"

PG_FUNCTION_INFO_V1(tripmeter_track_simplify);
PG_FUNCTION_INFO_V1(tripmeter_track_speed_profile);

/* All fixes of a track, to be looked at in any order. */
typedef struct FixArray
{
	int64		count;
	Fix		   *fixes;
	Channels   *channels;
} FixArray;

static FixArray
read_all(Datum track)
{
	TrackScan  *scan = track_scan_begin(track);
	Size		count = scan->reader.header.fix_count;
	FixArray	all = {0};

	all.fixes = MemoryContextAllocHuge(CurrentMemoryContext, Max(count, 1) * sizeof(Fix));
	all.channels = MemoryContextAllocHuge(CurrentMemoryContext, Max(count, 1) * sizeof(Channels));
	while (all.count < (int64) count &&
		   track_scan_next(scan, &all.fixes[all.count], &all.channels[all.count]))
		all.count++;
	track_scan_end(scan);
	return all;
}

/* How far a fix is from where the leg over it has the vehicle at that time. */
static double
deviation(const Fix *from, const Fix *to, const Fix *fix)
{
	double		fraction = (double) (fix->time - from->time) / (double) (to->time - from->time);

	return geodesic_distance(geodesic_between(from->position, to->position, fraction),
							 fix->position);
}

/* Can the fixes between these two be left out? */
static bool
can_bridge(const Fix *fixes, int64 from, int64 to, double tolerance)
{
	for (int64 i = from + 1; i < to; i++)
	{
		if (i % 1024 == 0)
			CHECK_FOR_INTERRUPTS();
		if (!(deviation(&fixes[from], &fixes[to], &fixes[i]) <= tolerance))
			return false;
	}
	return true;
}

/*
 * The fix to keep after `from`: the farthest that doubling steps and then halving
 * ones find, so that n fixes take n log n looks whatever their shape.
 */
static int64
next_kept(const Fix *fixes, int64 from, int64 last, double tolerance)
{
	int64		good = from + 1;
	int64		step = 1;

	while (good + step <= last && can_bridge(fixes, from, good + step, tolerance))
	{
		good += step;
		step *= 2;
	}
	for (; step > 0; step /= 2)
		if (good + step <= last && can_bridge(fixes, from, good + step, tolerance))
			good += step;
	return good;
}

/*
 * simplify(track, tolerance_m): greedy, with the time-synchronised distance (Meratnia,
 * de By, "Spatiotemporal compression techniques for moving point objects", EDBT 2004).
 */
Datum
tripmeter_track_simplify(PG_FUNCTION_ARGS)
{
	double		tolerance = PG_GETARG_FLOAT8(1);
	FixArray	all = read_all(PG_GETARG_DATUM(0));
	TrackWriter *writer = track_writer_make();

	if (!(tolerance >= 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("tolerance must be 0 metres or more"),
				 errdetail("It is %g.", tolerance)));
	for (int64 i = 0; i < all.count; i = next_kept(all.fixes, i, all.count - 1, tolerance))
	{
		CHECK_FOR_INTERRUPTS();
		track_writer_add(writer, &all.fixes[i], &all.channels[i]);
	}
	pfree(all.fixes);
	pfree(all.channels);
	PG_RETURN_POINTER(track_writer_value(writer));
}

/* speed_profile(track) -> rows (recorded_at, distance_m, speed, recorded_speed) */
Datum
tripmeter_track_speed_profile(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rows = (ReturnSetInfo *) fcinfo->resultinfo;
	TrackScan  *scan = track_scan_begin(PG_GETARG_DATUM(0));
	double		metres = 0;
	bool		any = false;
	Fix			last = {0};
	Fix			fix;
	Channels	channels;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	for (; track_scan_next(scan, &fix, &channels); last = fix, any = true)
	{
		double		leg = any ? geodesic_distance(last.position, fix.position) : 0;
		double		seconds = (double) (fix.time - last.time) / USECS_PER_SEC;
		bool		nulls[4] = {false, false, !any, isnan(channels.values[SPEED])};
		Datum		values[4] = {
			TimestampTzGetDatum(fix.time),
			Float8GetDatum(metres += leg),
			Float8GetDatum(any ? leg / seconds : 0),
			Float4GetDatum(channels.values[SPEED])
		};

		tuplestore_putvalues(rows->setResult, rows->setDesc, values, nulls);
	}
	track_scan_end(scan);
	return (Datum) 0;
}
