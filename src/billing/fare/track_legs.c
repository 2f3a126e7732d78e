/*
 * track_legs.c
 *		The legs of a track, as the fare engine takes them.
 */
#include "postgres.h"

#include <math.h>

#include "billing/fare/datum.h"
#include "billing/fare/track_legs.h"
#include "mileage/track_measure.h"

/* What the classifier is told goes here. */
typedef struct LegTaker
{
	FareSite   *site;
	double		metres;			/* counted so far */
	int64		mm;				/* of them */
} LegTaker;

/*
 * Return metres as whole millimetres.  Each leg gets the difference between the rounded
 * running totals at its end and at its start, so that all legs add up to the total.
 */
static int64
take_metres(LegTaker *taker, double metres)
{
	double		mm;
	int64		before = taker->mm;

	taker->metres += metres;
	mm = rint(taker->metres * 1000);
	if (!(mm <= (double) MAX_TRIP_MILLIMETRES))
		fare_report_out_of_range();
	taker->mm = (int64) mm;
	return taker->mm - before;
}

/*
 * Set the time of a leg.  Part of the time between two fixes may have been at rest: at
 * the beginning if the leg leads out of a stop, or else at the end.
 */
static void
place_leg(const LegClassifier *c, const ClassifiedLeg *leg, TripLeg *out)
{
	bool		at_end = (leg->leg_class == LEG_MOVING) == c->stretch.stopped;

	out->from = at_end ? leg->to.time - leg->time : leg->from.time;
	out->to = out->from + leg->time;
}

static void
take_leg(void *context, const LegClassifier *c, const ClassifiedLeg *leg)
{
	LegTaker   *taker = context;
	FareSite   *site = taker->site;
	TripLeg    *out;

	if (leg->leg_class > LEG_GAP)
		return;
	site->legs = make_room(&site->provider, site->legs, site->leg_count,
						   &site->leg_capacity, sizeof(TripLeg));
	out = &site->legs[site->leg_count++];
	*out = (TripLeg) {.gap = leg->leg_class == LEG_GAP};
	place_leg(c, leg, out);
	if (leg->counted)
		out->mm = take_metres(taker, leg->metres);
	if (leg->leg_class == LEG_MOVING)
		out->moving = leg->time;
	else if (leg->leg_class == LEG_STOPPED)
		out->stopped = leg->time;
}

/* Make the legs add up to the mileage, to the millimetre: the last one that can takes the rest. */
static void
settle_millimetres(FareSite *site, int64 missing)
{
	for (int i = site->leg_count - 1; i >= 0 && missing != 0; i--)
		if (site->legs[i].mm + missing >= 0 && site->legs[i].mm > 0)
		{
			site->legs[i].mm += missing;
			return;
		}
}

/* Read the legs of a track into a site, and its first and last time; false without a usable fix. */
bool
fare_read_track(FareSite *site, Datum track, const MileagePolicy *policy, int64 *start, int64 *end)
{
	LegClassifier classifier;
	LegTaker	taker = {.site = site};
	double		counted_m;

	site->leg_count = 0;
	classifier_init(&classifier, policy);
	classifier_tell(&classifier, take_leg, &taker);
	track_classify(track, &classifier);
	*start = classifier.totals.first_time;
	*end = classifier.totals.last_time;
	counted_m = classifier.totals.measured_m + classifier.totals.gap_m;
	settle_millimetres(site, (int64) rint(counted_m * 1000) - taker.mm);
	if (*end - *start > MAX_TRIP_MICROSECONDS)
		fare_report_out_of_range();
	return classifier.totals.used_count > 0;
}
