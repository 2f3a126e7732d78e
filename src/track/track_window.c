/*
 * track_window.c
 *		Stretches of time, and the fixes of a track in one.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "compat.h"
#include "track/track_window.h"

/* A tstzrange from a time on, which it includes, to another. */
Datum
track_period_value(int64 from, int64 to, bool to_included)
{
	TypeCacheEntry *type = lookup_type_cache(TSTZRANGEOID, TYPECACHE_RANGE_INFO);
	RangeBound	lower = {.val = TimestampTzGetDatum(from), .inclusive = true, .lower = true};
	RangeBound	upper = {.val = TimestampTzGetDatum(to), .inclusive = to_included};

#if PG_VERSION_NUM >= 160000
	return RangeTypePGetDatum(make_range(type, &lower, &upper, false, NULL));
#else
	return RangeTypePGetDatum(make_range(type, &lower, &upper, false));
#endif
}

/* A tstzrange as times; an infinite bound is farther than any fix. */
bool
track_window_argument(Datum value, TimeWindow *window)
{
	RangeType  *range = DatumGetRangeTypeP(value);
	TypeCacheEntry *type = lookup_type_cache(RangeTypeGetOid(range), TYPECACHE_RANGE_INFO);
	RangeBound	lower,
				upper;
	bool		empty;

	range_deserialize(type, range, &lower, &upper, &empty);
	window->from = lower.infinite ? DT_NOBEGIN : DatumGetTimestampTz(lower.val);
	window->to = upper.infinite ? DT_NOEND : DatumGetTimestampTz(upper.val);
	window->from_included = lower.inclusive;
	window->to_included = upper.inclusive;
	return !empty;
}

/* Where the vehicle was between two fixes, which may be one. */
Position
track_place_between(const Fix *from, const Fix *to, int64 time)
{
	if (time <= from->time)
		return from->position;
	return geodesic_between(from->position, to->position,
							(double) (time - from->time) / (double) (to->time - from->time));
}

/* Do the bounds take in this time? */
static bool
within(const TimeWindow *window, int64 time)
{
	return (time > window->from || (time == window->from && window->from_included)) &&
		(time < window->to || (time == window->to && window->to_included));
}

static void
visit_between(const Fix *from, const Fix *to, int64 time, FixVisitor visit, void *context)
{
	Fix			fix = {time, track_place_between(from, to, time)};
	Channels	channels = NO_CHANNELS;

	visit(context, &fix, &channels);
}

/*
 * Visit the fixes of a window; on request also the places at its bounds, included
 * or not, where these lie between fixes.
 */
void
track_window_visit(TrackScan *scan, TimeWindow window, bool interpolate,
				   FixVisitor visit, void *context)
{
	Fix			last = {0};
	Fix			fix;
	Channels	channels;
	bool		any = false;

	if (interpolate)
		window.from_included = window.to_included = true;
	track_scan_seek(scan, window.from);
	for (; track_scan_next(scan, &fix, &channels); last = fix, any = true)
	{
		bool		between = interpolate && any;

		if (between && last.time < window.from && window.from < fix.time)
			visit_between(&last, &fix, window.from, visit, context);
		if (within(&window, fix.time))
			visit(context, &fix, &channels);
		else if (fix.time >= window.to)
		{
			if (between && last.time < window.to && window.from < window.to)
				visit_between(&last, &fix, window.to, visit, context);
			break;
		}
	}
}

static void
add_to_writer(void *context, const Fix *fix, const Channels *channels)
{
	track_writer_add((TrackWriter *) context, fix, channels);
}

/* The track of the fixes of a window; windows of one scan must not begin earlier. */
struct varlena *
track_slice(TrackScan *scan, TimeWindow window, bool interpolate)
{
	TrackWriter *writer = track_writer_make();

	track_window_visit(scan, window, interpolate, add_to_writer, writer);
	return track_writer_value(writer);
}
