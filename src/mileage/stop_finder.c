/*
 * stop_finder.c
 *		Joining the stops that the classifier sees.
 *
 * To the classifier a stop ends when a fix leaves its radius, and one begins when
 * the vehicle has rested for a while.  To people it began on arrival, and an echo
 * that led out of the radius and back did not end it.
 */
#include "mileage/stop_finder.h"

/* Out of the radius and back, with a detour. */
#define EXCURSION_RADII		4

static Stop
stop_of(const LegClassifier *c, const ClassifiedLeg *leg)
{
	const Stretch *s = &c->stretch;
	double		fixes = (double) (s->fix_count + 1);

	return (Stop) {
		.start_time = leg->from.time,
		.end_time = c->believed.time,
		.center = geodesic_offset(leg->from.position, s->east_sum / fixes, s->north_sum / fixes),
		.fix_count = s->fix_count + 1
	};
}

static bool
goes_on(const StopFinder *finder, const Stop *next)
{
	const Stop *last = &finder->stop;

	return finder->any &&
		(next->start_time <= last->end_time ||
		 (finder->moved_m <= EXCURSION_RADII * finder->radius &&
		  geodesic_distance(last->center, next->center) <= finder->radius));
}

/* Tell of the last stop, if there is one. */
void
stop_finder_finish(StopFinder *finder)
{
	if (finder->any)
		finder->found(finder->context, &finder->stop);
	finder->any = false;
}

static void
add_stop(StopFinder *finder, const Stop *stop)
{
	Stop	   *last = &finder->stop;

	if (goes_on(finder, stop))
	{
		last->end_time = stop->end_time;
		if (stop->fix_count > last->fix_count)
			last->center = stop->center;
		last->fix_count += stop->fix_count;
	}
	else
	{
		stop_finder_finish(finder);
		*last = *stop;
		finder->any = true;
	}
	finder->moved_m = 0;
}

/* Take the next leg that the classifier tells of. */
void
stop_finder_see(StopFinder *finder, const LegClassifier *c, const ClassifiedLeg *leg)
{
	switch (leg->leg_class)
	{
		case LEG_STOPPED:
			if (c->believed.time > leg->from.time)
			{
				Stop		stop = stop_of(c, leg);

				add_stop(finder, &stop);
			}
			break;
		case LEG_MOVING:
		case LEG_GAP:
			finder->moved_m += leg->metres;
			break;
		default:
			break;
	}
}
