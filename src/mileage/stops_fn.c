/*
 * stops_fn.c
 *		SQL: the stops, gaps and trips of a track.
 */
#include "postgres.h"

#include "funcapi.h"
#include "miscadmin.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "geo/geo_fn.h"
#include "mileage/policy_io.h"
#include "mileage/stop_finder.h"
#include "mileage/track_measure.h"
#include "track/track_window.h"

PG_FUNCTION_INFO_V1(tripmeter_track_stops);
PG_FUNCTION_INFO_V1(tripmeter_track_gaps);
PG_FUNCTION_INFO_V1(tripmeter_track_trips);

static Datum
duration_datum(Interval *room, int64 microseconds)
{
	*room = (Interval) {.time = microseconds};
	return IntervalPGetDatum(room);
}

/* An interval argument as microseconds, which must not be negative. */
static int64
duration_argument(Interval *interval, const char *name)
{
	double		seconds = interval_seconds(interval, name);

	if (!(seconds >= 0))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must not be negative", name),
				 errdetail("It is %g seconds.", seconds)));
	/* longer than any track */
	if (seconds >= (double) FIX_TIME_LIMIT / USECS_PER_SEC)
		return PG_INT64_MAX;
	return (int64) rint(seconds * USECS_PER_SEC);
}

static double
radius_argument(double radius)
{
	if (!(radius > 0 && radius <= MAX_JITTER_RADIUS))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("radius of a stop must be more than 0 and at most %d metres", MAX_JITTER_RADIUS),
				 errdetail("It is %g.", radius)));
	return radius;
}

static void
see_stops(void *context, const LegClassifier *c, const ClassifiedLeg *leg)
{
	stop_finder_see(context, c, leg);
}

/* Where stops become rows. */
typedef struct StopRows
{
	ReturnSetInfo *rows;
	int64		min_duration;
} StopRows;

static void
put_stop(void *context, const Stop *stop)
{
	StopRows   *out = context;
	Interval	duration;
	PointValue	center;
	bool		nulls[5] = {0};
	Datum		values[5] = {
		TimestampTzGetDatum(stop->start_time),
		TimestampTzGetDatum(stop->end_time),
		duration_datum(&duration, stop->end_time - stop->start_time),
		geo_point_value(&center, stop->center),
		Int64GetDatum(stop->fix_count)
	};

	if (stop->end_time - stop->start_time >= out->min_duration)
		tuplestore_putvalues(out->rows->setResult, out->rows->setDesc, values, nulls);
}

/* stops(track, radius, min_duration) -> rows */
Datum
tripmeter_track_stops(PG_FUNCTION_ARGS)
{
	MileagePolicy policy = default_mileage_policy;
	LegClassifier classifier;
	StopRows	out = {.rows = (ReturnSetInfo *) fcinfo->resultinfo};
	StopFinder	finder = {.found = put_stop, .context = &out};

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	policy.jitter_radius = finder.radius = radius_argument(PG_GETARG_FLOAT8(1));
	out.min_duration = duration_argument(PG_GETARG_INTERVAL_P(2), "min_duration");
	classifier_init(&classifier, &policy);
	classifier_tell(&classifier, see_stops, &finder);
	track_classify(PG_GETARG_DATUM(0), &classifier);
	stop_finder_finish(&finder);
	return (Datum) 0;
}

static void
put_gap(ReturnSetInfo *rows, const Fix *from, const Fix *to)
{
	Interval	duration;
	PointValue	start,
				end;
	bool		nulls[6] = {0};
	Datum		values[6] = {
		TimestampTzGetDatum(from->time),
		TimestampTzGetDatum(to->time),
		duration_datum(&duration, to->time - from->time),
		geo_point_value(&start, from->position),
		geo_point_value(&end, to->position),
		Float8GetDatum(geodesic_distance(from->position, to->position))
	};

	tuplestore_putvalues(rows->setResult, rows->setDesc, values, nulls);
}

/* gaps(track, min_duration) -> rows: between fixes, whatever a policy says of them */
Datum
tripmeter_track_gaps(PG_FUNCTION_ARGS)
{
	TrackScan  *scan = track_scan_begin(PG_GETARG_DATUM(0));
	int64		min_duration = duration_argument(PG_GETARG_INTERVAL_P(1), "min_duration");
	Fix			last,
				fix;
	Channels	channels;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (!track_scan_next(scan, &last, &channels))
		return (Datum) 0;
	for (; track_scan_next(scan, &fix, &channels); last = fix)
		if (fix.time - last.time >= min_duration)
			put_gap((ReturnSetInfo *) fcinfo->resultinfo, &last, &fix);
	track_scan_end(scan);
	return (Datum) 0;
}

/* Times when no trip is under way: long stops and gaps. */
typedef struct Cuts
{
	StopFinder	finder;
	int64		min_stop;
	int			count;
	int			capacity;
	struct Cut
	{
		int64		start;
		int64		end;
	}		   *cuts;
} Cuts;

typedef struct Cut Cut;

static void
add_cut(Cuts *cuts, int64 start, int64 end)
{
	if (cuts->count == cuts->capacity)
	{
		cuts->capacity *= 2;
		cuts->cuts = repalloc_huge(cuts->cuts, cuts->capacity * sizeof(Cut));
	}
	cuts->cuts[cuts->count++] = (Cut) {start, end};
}

static void
cut_at_stop(void *context, const Stop *stop)
{
	Cuts	   *cuts = context;

	if (stop->end_time - stop->start_time >= cuts->min_stop)
		add_cut(cuts, stop->start_time, stop->end_time);
}

static void
see_cuts(void *context, const LegClassifier *c, const ClassifiedLeg *leg)
{
	Cuts	   *cuts = context;

	stop_finder_see(&cuts->finder, c, leg);
	/* a jump is a gap of distance, but not of time */
	if (leg->leg_class == LEG_GAP && leg->time > c->policy.gap_threshold)
		add_cut(cuts, leg->from.time, leg->to.time);
}

static int
compare_cuts(const void *a, const void *b)
{
	const Cut  *x = a;
	const Cut  *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/*
 * The times between the cuts, as windows: those of even number are trips, the others
 * what lies between.
 */
static void
make_trip_windows(Windows *windows, Cuts *cuts, const MileageTotals *totals)
{
	int64		end = totals->first_time;	/* of the cuts so far */

	qsort(cuts->cuts, cuts->count, sizeof(Cut), compare_cuts);
	windows->bounds = palloc_extended((2 * (Size) cuts->count + 2) * sizeof(int64), MCXT_ALLOC_HUGE);
	windows->bounds[0] = end;
	windows->count = 0;
	for (int i = 0; i < cuts->count; i++)
	{
		const Cut  *cut = &cuts->cuts[i];

		if (cut->start > end)
		{
			windows->bounds[++windows->count] = cut->start;
			windows->bounds[++windows->count] = cut->end;
		}
		else
			windows->bounds[windows->count] = Max(end, cut->end);
		end = Max(end, cut->end);
	}
	windows->bounds[windows->count] = end;
	windows->bounds[++windows->count] = Max(end, totals->last_time);
	windows->metres = palloc_extended(windows->count * sizeof(double), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
}

static void
find_trip_windows(Datum track, const MileagePolicy *policy, int64 min_stop, Windows *windows)
{
	LegClassifier classifier;
	Cuts		cuts = {.min_stop = min_stop, .capacity = 64};

	cuts.cuts = palloc(cuts.capacity * sizeof(Cut));
	cuts.finder = (StopFinder) {.radius = policy->jitter_radius, .found = cut_at_stop, .context = &cuts};
	classifier_init(&classifier, policy);
	classifier_tell(&classifier, see_cuts, &cuts);
	track_classify(track, &classifier);
	stop_finder_finish(&cuts.finder);
	make_trip_windows(windows, &cuts, &classifier.totals);
	pfree(cuts.cuts);
}

static void
put_trip(ReturnSetInfo *rows, TrackScan *scan, const Windows *windows, int number)
{
	TimeWindow	window = {windows->bounds[number], windows->bounds[number + 1], true, true};
	struct varlena *slice = track_slice(scan, window, false);
	Interval	duration;
	bool		nulls[5] = {0};
	Datum		values[5] = {
		TimestampTzGetDatum(window.from),
		TimestampTzGetDatum(window.to),
		duration_datum(&duration, window.to - window.from),
		Float8GetDatum(windows->metres[number]),
		PointerGetDatum(slice)
	};

	tuplestore_putvalues(rows->setResult, rows->setDesc, values, nulls);
	pfree(slice);
}

/* trips(track, policy, min_stop, min_distance) -> rows */
Datum
tripmeter_track_trips(PG_FUNCTION_ARGS)
{
	/* once, not for each trip */
	Datum		track = PointerGetDatum(PG_GETARG_VARLENA_PP(0));
	const MileagePolicy *policy = DatumGetMileagePolicyP(PG_GETARG_DATUM(1));
	int64		min_stop = duration_argument(PG_GETARG_INTERVAL_P(2), "min_stop");
	double		min_distance = PG_GETARG_FLOAT8(3);
	Windows		windows;
	TrackScan  *scan;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	find_trip_windows(track, policy, min_stop, &windows);
	if (!track_measure_windows(track, policy, &windows))
		return (Datum) 0;
	scan = track_scan_begin(track);
	for (int i = 0; i < windows.count; i += 2)
	{
		CHECK_FOR_INTERRUPTS();
		if (windows.bounds[i] < windows.bounds[i + 1] && windows.metres[i] >= min_distance)
			put_trip((ReturnSetInfo *) fcinfo->resultinfo, scan, &windows, i);
	}
	track_scan_end(scan);
	return (Datum) 0;
}
