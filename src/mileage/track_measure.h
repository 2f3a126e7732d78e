/*
 * track_measure.h
 *		Classifying the legs of a track.
 */
#ifndef TRIPMETER_TRACK_MEASURE_H
#define TRIPMETER_TRACK_MEASURE_H

#include "mileage/measurement.h"
#include "mileage/windows.h"
#include "track/track_value.h"

/* Told of all metres of a mileage, and of when they were driven. */
typedef struct DriveSink
{
	void		(*share) (void *context, const Drive *drive);
	void	   *context;
} DriveSink;

extern void track_classify(Datum track, LegClassifier *classifier);
extern bool track_any_used(Datum track, const TrackHeader *header, const MileagePolicy *policy);
extern bool track_measure_drives(Datum track, const MileagePolicy *policy, DriveSink sink);
extern bool track_measure_windows(Datum track, const MileagePolicy *policy, Windows *windows);

#endif							/* TRIPMETER_TRACK_MEASURE_H */
