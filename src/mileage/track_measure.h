/*
 * track_measure.h
 *		Classifying the legs of a track.
 */
#ifndef TRIPMETER_TRACK_MEASURE_H
#define TRIPMETER_TRACK_MEASURE_H

#include "mileage/measurement.h"
#include "mileage/windows.h"
#include "track/track_value.h"

extern void track_classify(Datum track, LegClassifier *classifier);
extern bool track_measure_windows(Datum track, const MileagePolicy *policy, Windows *windows);

#endif							/* TRIPMETER_TRACK_MEASURE_H */
