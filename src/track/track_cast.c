/*
 * track_cast.c
 *		SQL: tracks as PostGIS' trajectories, lines whose M is the time in seconds since
 *		1970 (PostGIS, "Trajectory functions"), and back.
 */
#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/memutils.h"

#include "compat.h"
#include "geo/geo_fn.h"
#include "track/track_value.h"

PG_FUNCTION_INFO_V1(tripmeter_track_to_geometry);
PG_FUNCTION_INFO_V1(tripmeter_track_to_geography);
PG_FUNCTION_INFO_V1(tripmeter_track_from_geometry);

#define MICROSECONDS	1000000.0
#define EPOCH_OFFSET	((POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (double) SECS_PER_DAY)

/* A vertex with its M, as PostGIS stores it. */
typedef struct TrajectoryPoint
{
	Position	position;
	double		epoch_seconds;
} TrajectoryPoint;

/* Microseconds since 1970 are exact in a double up to the year 2255. */
static double
to_epoch_seconds(int64 time)
{
	int64		microseconds = time + (int64) (EPOCH_OFFSET * MICROSECONDS);

	return (double) microseconds / MICROSECONDS;
}

/* False if it is no time that a track can have. */
static bool
from_epoch_seconds(double seconds, int64 *time)
{
	double		microseconds = rint(seconds * MICROSECONDS);

	if (!(fabs(microseconds) < (double) FIX_TIME_LIMIT))
		return false;
	*time = (int64) microseconds - (int64) (EPOCH_OFFSET * MICROSECONDS);
	return true;
}

/* A LINESTRING M; a POINT M of one fix, as a line needs two. */
static Datum
trajectory(Datum value, uint8 flags)
{
	TrackScan  *scan = track_scan_begin(value);
	Size		count = scan->reader.header.fix_count;
	struct varlena *line;
	uint8	   *body;
	Fix			fix = {0};
	Channels	channels;

	if (count > MaxAllocSize / sizeof(TrajectoryPoint) - 2)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("track is too long for a geometry"),
				 errdetail("It has %zu fixes.", count),
				 errhint("Convert slices of it.")));
	line = geo_make_value(GSERIALIZED_SHAPE_SIZE + count * sizeof(TrajectoryPoint), &body,
						 GSERIALIZED_M | flags);
	body = gserialized_put_shape(body, count == 1 ? SHAPE_POINT : SHAPE_LINESTRING, count);
	for (Size i = 0; i < count; i++)
	{
		TrajectoryPoint point;

		if (!track_scan_next(scan, &fix, &channels))
			track_report_damage();
		point = (TrajectoryPoint) {fix.position, to_epoch_seconds(fix.time)};
		memcpy(body + i * sizeof(point), &point, sizeof(point));
	}
	track_scan_end(scan);
	return PointerGetDatum(line);
}

Datum
tripmeter_track_to_geometry(PG_FUNCTION_ARGS)
{
	return trajectory(PG_GETARG_DATUM(0), 0);
}

Datum
tripmeter_track_to_geography(PG_FUNCTION_ARGS)
{
	return trajectory(PG_GETARG_DATUM(0), GSERIALIZED_GEODETIC);
}

static void
check_trajectory(const Gserialized *g)
{
	if (g->type != SHAPE_LINESTRING && g->type != SHAPE_POINT)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot make a track of a %s", gserialized_type_name(g->type)),
				 errdetail("A trajectory is a LINESTRING M."),
				 errhint("Use ST_Dump to convert the lines of a collection one by one, and rollup to join their tracks.")));
	if (!g->has_m)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("cannot make a track of a geometry without M"),
				 errdetail("M is the time of each vertex, in seconds since 1970-01-01 UTC."),
				 errhint("Use ST_AddMeasure to give a line evenly spaced times.")));
}

/* Vertices may be in any order of time; what cannot be a fix is counted as invalid. */
Datum
tripmeter_track_from_geometry(PG_FUNCTION_ARGS)
{
	Gserialized g;
	PointArray	points;
	FixBuffer	buffer;
	struct varlena *bytes;

	geo_line_argument(PG_GETARG_DATUM(0), &bytes, &g);
	check_trajectory(&g);
	if (!gserialized_points(&g, &points))
		geo_report_damage();
	fix_buffer_init(&buffer, CurrentMemoryContext, 0);
	for (uint32 i = 0; i < points.count; i++)
	{
		int64		time;

		/* a vertex without a time is as invalid as one without a place */
		if (from_epoch_seconds(point_array_get_m(&points, i), &time))
			fix_buffer_add(&buffer, time, point_array_get(&points, i), NO_CHANNELS);
		else
			buffer.left_out.invalid_count++;
	}
	PG_RETURN_POINTER(track_from_buffer(&buffer));
}
