/*
 * stop_finder.h
 *		Where a vehicle stood, and where its recording has gaps, from classified legs.
 *		Pure C.
 */
#ifndef TRIPMETER_STOP_FINDER_H
#define TRIPMETER_STOP_FINDER_H

#include "mileage/leg_classifier.h"

typedef struct Stop
{
	int64_t		start_time;
	int64_t		end_time;
	Position	center;
	int64_t		fix_count;
} Stop;

typedef struct StopFinder
{
	double		radius;			/* of the policy's jitter rule */
	bool		any;
	Stop		stop;			/* the last one, which may go on */
	double		moved_m;		/* since then */
	void		(*found) (void *context, const Stop *stop);
	void	   *context;
} StopFinder;

extern void stop_finder_see(StopFinder *finder, const LegClassifier *c, const ClassifiedLeg *leg);
extern void stop_finder_finish(StopFinder *finder);

#endif							/* TRIPMETER_STOP_FINDER_H */
