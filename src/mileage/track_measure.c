/*
 * track_measure.c
 *		SQL: the mileage of a track, its report, its windows of time, its legs.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "geo/geo_fn.h"
#include "mileage/policy_io.h"
#include "mileage/track_measure.h"
#include "track/track_window.h"

PG_FUNCTION_INFO_V1(tripmeter_track_mileage);
PG_FUNCTION_INFO_V1(tripmeter_track_mileage_report);
PG_FUNCTION_INFO_V1(tripmeter_track_mileage_by);
PG_FUNCTION_INFO_V1(tripmeter_track_legs);

#define MAX_BLOCK_LEGS	(MAX_BLOCK_FIXES + PATH_STEP)

static void
classify_block(LegClassifier *classifier, const FixBlock *block)
{
	double		length[MAX_BLOCK_LEGS],
				east[MAX_BLOCK_LEGS],
				north[MAX_BLOCK_LEGS];

	geodesic_legs((LegColumns) {length, east, north}, block->lons, block->lats, block->count);
	for (int i = 0; i < block->count; i++)
	{
		Fix			fix = fix_block_get(block, i);
		float		accuracy = block->channels[ACCURACY][i];
		Leg			leg;

		if (i > 0)
			leg = (Leg) {length[i - 1], east[i - 1], north[i - 1]};
		classifier_add(classifier, &fix, accuracy, i > 0 ? &leg : NULL);
	}
}

/* Let the classifier see every fix of a track. */
void
track_classify(Datum track, LegClassifier *classifier)
{
	TrackScan  *scan = track_scan_begin(track);

	while (track_scan_block(scan))
		classify_block(classifier, &scan->block);
	classifier_finish(classifier);
	track_scan_end(scan);
}

/* Is there a fix elsewhere than at (0,0)?  An empty range is from infinity to -infinity. */
static bool
any_place(const Extent *extent)
{
	return extent->west_min < 0 || extent->east_max > 0 || extent->south < 0 || extent->north > 0;
}

/*
 * Has a track a fix that its mileage rests on?  The header tells, unless all fixes may be
 * inaccurate or at (0,0); then the first blocks do.
 */
bool
track_any_used(Datum track, const TrackHeader *header, const MileagePolicy *policy)
{
	LegClassifier classifier;
	TrackScan  *scan;

	if (header->fix_count == 0)
		return false;
	if (!header->has_channel[ACCURACY] && any_place(&header->extent))
		return true;
	classifier_init(&classifier, policy);
	scan = track_scan_begin(track);
	while (classifier.totals.used_count == 0 && track_scan_block(scan))
		classify_block(&classifier, &scan->block);
	classifier_finish(&classifier);
	track_scan_end(scan);
	return classifier.totals.used_count > 0;
}

static void
measure_track(Datum track, const MileagePolicy *policy, Measurement *m)
{
	LegClassifier classifier;
	TrackHeader header;

	classifier_init(&classifier, policy);
	track_classify(track, &classifier);
	track_argument_header(track, &header);
	measurement_init(m, &classifier, &header.left_out);
}

/* mileage(track, policy) -> metres */
Datum
tripmeter_track_mileage(PG_FUNCTION_ARGS)
{
	Measurement m;

	measure_track(PG_GETARG_DATUM(0), DatumGetMileagePolicyP(PG_GETARG_DATUM(1)), &m);
	return mileage_datum(fcinfo, &m);
}

/* mileage_report(track, policy) */
Datum
tripmeter_track_mileage_report(PG_FUNCTION_ARGS)
{
	const MileagePolicy *policy = DatumGetMileagePolicyP(PG_GETARG_DATUM(1));
	Measurement m;

	measure_track(PG_GETARG_DATUM(0), policy, &m);
	return mileage_report_datum(fcinfo, &m, policy);
}

/*
 * A leg that led out of a stop was driven after the last fix there; one that led into
 * a stop, at its start.
 */
static Drive
drive_of(const LegClassifier *c, const ClassifiedLeg *leg)
{
	Drive		drive = {leg->from.time, leg->to.time, leg->metres};

	if (leg->leg_class == LEG_MOVING && c->stretch.stopped)
		drive.from = c->believed.time;
	else if (leg->leg_class == LEG_MOVING)
		drive.to = Min(drive.to, drive.from + leg->time);
	return drive;
}

static void
share_leg(void *context, const LegClassifier *c, const ClassifiedLeg *leg)
{
	const DriveSink *sink = context;
	Drive		drive = drive_of(c, leg);

	if (leg->counted)
		sink->share(sink->context, &drive);
}

/*
 * Tell a sink of all that was driven.  The legs of the track are classified as a whole,
 * so that the shares of periods add up wherever these are cut.  False without a usable fix.
 */
bool
track_measure_drives(Datum track, const MileagePolicy *policy, DriveSink sink)
{
	LegClassifier classifier;

	classifier_init(&classifier, policy);
	classifier_tell(&classifier, share_leg, &sink);
	track_classify(track, &classifier);
	return classifier.totals.used_count > 0;
}

static void
share_to_windows(void *context, const Drive *drive)
{
	windows_share(context, drive);
}

/* Share the mileage of a track out to windows.  False without a usable fix. */
bool
track_measure_windows(Datum track, const MileagePolicy *policy, Windows *windows)
{
	return track_measure_drives(track, policy, (DriveSink) {share_to_windows, windows});
}

static void
put_windows(ReturnSetInfo *rows, const Windows *windows)
{
	for (int i = 0; i < windows->count; i++)
	{
		bool		nulls[2] = {0};
		Datum		values[2] = {
			track_period_value(windows->bounds[i], windows->bounds[i + 1], false),
			Float8GetDatum(windows->metres[i])
		};

		tuplestore_putvalues(rows->setResult, rows->setDesc, values, nulls);
		pfree(DatumGetPointer(values[0]));
	}
}

/* mileage_by(track, unit, time_zone, policy) -> rows (period, distance_m) */
Datum
tripmeter_track_mileage_by(PG_FUNCTION_ARGS)
{
	Datum		track = PG_GETARG_DATUM(0);
	const CalendarUnit *unit = calendar_unit_argument(PG_GETARG_TEXT_PP(1));
	TrackHeader header;
	Windows		windows;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	track_argument_header(track, &header);
	if (header.fix_count == 0)
		return (Datum) 0;
	windows_by_calendar(&windows, unit, calendar_zone_argument(PG_GETARG_TEXT_PP(2)), header.start_time, header.end_time);
	if (track_measure_windows(track, DatumGetMileagePolicyP(PG_GETARG_DATUM(3)), &windows))
		put_windows((ReturnSetInfo *) fcinfo->resultinfo, &windows);
	return (Datum) 0;
}

static const char *const leg_class_names[] = {
	[LEG_MOVING] = "moving",
	[LEG_STOPPED] = "stopped",
	[LEG_GAP] = "gap",
	[LEG_JITTER] = "jitter",
	[LEG_OUTLIER] = "outlier",
	[LEG_INACCURATE] = "inaccurate",
};

/* Where legs become rows. */
typedef struct LegRows
{
	ReturnSetInfo *rows;
	Datum		class_names[lengthof(leg_class_names)];
} LegRows;

static void
put_leg(void *context, const LegClassifier *c pg_attribute_unused(), const ClassifiedLeg *leg)
{
	LegRows    *out = context;
	PointValue	from,
				to;
	bool		nulls[8] = {0};
	Datum		values[8] = {
		TimestampTzGetDatum(leg->from.time),
		TimestampTzGetDatum(leg->to.time),
		geo_point_value(&from, leg->from.position),
		geo_point_value(&to, leg->to.position),
		Float8GetDatum(leg->metres),
		Float8GetDatum((double) leg->time / USECS_PER_SEC),
		out->class_names[leg->leg_class],
		BoolGetDatum(leg->counted)
	};

	tuplestore_putvalues(out->rows->setResult, out->rows->setDesc, values, nulls);
}

/* legs(track, policy) -> rows */
Datum
tripmeter_track_legs(PG_FUNCTION_ARGS)
{
	LegClassifier classifier;
	LegRows		out = {.rows = (ReturnSetInfo *) fcinfo->resultinfo};

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	for (int i = 0; i < (int) lengthof(leg_class_names); i++)
		out.class_names[i] = CStringGetTextDatum(leg_class_names[i]);
	classifier_init(&classifier, DatumGetMileagePolicyP(PG_GETARG_DATUM(1)));
	classifier_tell(&classifier, put_leg, &out);
	track_classify(PG_GETARG_DATUM(0), &classifier);
	return (Datum) 0;
}
