/*
 * track_part.c
 *		SQL: parts of a track: its ends, the place at a time, slices, its fixes.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "compat.h"
#include "geo/geo_fn.h"
#include "track/track_value.h"
#include "track/track_window.h"

PG_FUNCTION_INFO_V1(tripmeter_track_start_point);
PG_FUNCTION_INFO_V1(tripmeter_track_end_point);
PG_FUNCTION_INFO_V1(tripmeter_track_at);
PG_FUNCTION_INFO_V1(tripmeter_track_slice);
PG_FUNCTION_INFO_V1(tripmeter_track_window_length);
PG_FUNCTION_INFO_V1(tripmeter_track_fixes);

/* A geometry(Point, 4326) of its own memory. */
static Datum
new_point(Position position)
{
	return geo_point_value(palloc(sizeof(PointValue)), position);
}

Datum
tripmeter_track_start_point(PG_FUNCTION_ARGS)
{
	TrackScan  *scan = track_scan_begin(PG_GETARG_DATUM(0));
	Fix			fix;
	Channels	channels;
	bool		any = track_scan_next(scan, &fix, &channels);

	track_scan_end(scan);
	if (!any)
		PG_RETURN_NULL();
	return new_point(fix.position);
}

Datum
tripmeter_track_end_point(PG_FUNCTION_ARGS)
{
	TrackScan  *scan = track_scan_begin(PG_GETARG_DATUM(0));
	Fix			fix;
	Channels	channels;
	bool		any;

	track_scan_seek(scan, PG_INT64_MAX);
	any = track_scan_next(scan, &fix, &channels);
	track_scan_end(scan);
	if (!any)
		PG_RETURN_NULL();
	return new_point(fix.position);
}

/* at(track, time) -> the point on the way; NULL before the start and after the end */
Datum
tripmeter_track_at(PG_FUNCTION_ARGS)
{
	TrackScan  *scan = track_scan_begin(PG_GETARG_DATUM(0));
	int64		time = PG_GETARG_TIMESTAMPTZ(1);
	Fix			from,
				to;
	Channels	channels;
	bool		found;

	track_scan_seek(scan, time);
	found = track_scan_next(scan, &from, &channels) && from.time <= time;
	if (found && (from.time == time || !track_scan_next(scan, &to, &channels)))
		to = from;
	found = found && time <= to.time;
	track_scan_end(scan);
	if (!found)
		PG_RETURN_NULL();
	return new_point(track_place_between(&from, &to, time));
}

/* slice(track, period, interpolate) */
Datum
tripmeter_track_slice(PG_FUNCTION_ARGS)
{
	TrackScan  *scan;
	TimeWindow	window;
	struct varlena *slice;

	if (!track_window_argument(PG_GETARG_DATUM(1), &window))
		PG_RETURN_POINTER(track_writer_value(track_writer_make()));
	scan = track_scan_begin(PG_GETARG_DATUM(0));
	slice = track_slice(scan, window, PG_GETARG_BOOL(2));
	track_scan_end(scan);
	PG_RETURN_POINTER(slice);
}

static void
add_to_path(void *context, const Fix *fix, const Channels *channels pg_attribute_unused())
{
	PathLength *path = context;

	if (path->any)
		path->metres += geodesic_distance(path->last, fix->position);
	path->last = fix->position;
	path->any = true;
}

/* The length of all legs, measured block by block. */
static double
measure_all(TrackScan *scan)
{
	const FixBlock *block = &scan->block;
	PathLength	path = {0};

	while (track_scan_block(scan))
	{
		Fix			first = fix_block_get(block, 0);

		add_to_path(&path, &first, NULL);
		path.metres += geodesic_path(block->lons, block->lats, block->count);
		path.last = fix_block_get(block, block->count - 1).position;
	}
	return path.metres;
}

/* length(track, period): of its slice with interpolated ends */
Datum
tripmeter_track_window_length(PG_FUNCTION_ARGS)
{
	TrackScan  *scan = track_scan_begin(PG_GETARG_DATUM(0));
	const TrackHeader *header = &scan->reader.header;
	PathLength	path = {0};
	TimeWindow	window;

	if (!track_window_argument(PG_GETARG_DATUM(1), &window))
		PG_RETURN_FLOAT8(0);
	if (window.from <= header->start_time && window.to >= header->end_time)
		path.metres = measure_all(scan);
	else
		track_window_visit(scan, window, true, add_to_path, &path);
	track_scan_end(scan);
	PG_RETURN_FLOAT8(path.metres);
}

static Datum
channel_datum(float value, bool *null)
{
	*null = isnan(value);
	return Float4GetDatum(value);
}

/* fixes(track) -> rows (recorded_at, position, speed, accuracy) */
Datum
tripmeter_track_fixes(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rows = (ReturnSetInfo *) fcinfo->resultinfo;
	TrackScan  *scan = track_scan_begin(PG_GETARG_DATUM(0));
	Fix			fix;
	Channels	channels;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	while (track_scan_next(scan, &fix, &channels))
	{
		PointValue	point;
		bool		nulls[4] = {0};
		Datum		values[4] = {
			TimestampTzGetDatum(fix.time),
			geo_point_value(&point, fix.position),
			channel_datum(channels.values[SPEED], &nulls[2]),
			channel_datum(channels.values[ACCURACY], &nulls[3])
		};

		tuplestore_putvalues(rows->setResult, rows->setDesc, values, nulls);
	}
	track_scan_end(scan);
	return (Datum) 0;
}
