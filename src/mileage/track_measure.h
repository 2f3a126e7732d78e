/*
 * track_measure.h
 *		Classifying the legs of a track.
 */
#ifndef TRIPMETER_TRACK_MEASURE_H
#define TRIPMETER_TRACK_MEASURE_H

#include "mileage/measurement.h"
#include "track/track_fn.h"

/* Windows of time that adjoin, and the counted metres in each. */
typedef struct Windows
{
	int			count;
	int64	   *bounds;			/* count + 1, ascending */
	double	   *metres;
} Windows;

extern void track_classify(Datum track, LegClassifier *classifier);
extern bool track_measure_windows(Datum track, const MileagePolicy *policy, Windows *windows);

#endif							/* TRIPMETER_TRACK_MEASURE_H */
