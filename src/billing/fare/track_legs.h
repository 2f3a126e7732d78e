/*
 * track_legs.h
 *		The legs of a track, as the fare engine takes them.
 */
#ifndef TRIPMETER_FARE_TRACK_LEGS_H
#define TRIPMETER_FARE_TRACK_LEGS_H

#include "billing/fare/site.h"
#include "mileage/leg_classifier.h"

extern bool fare_read_track(FareSite *site, Datum track, const MileagePolicy *policy,
							int64 *start, int64 *end);

#endif							/* TRIPMETER_FARE_TRACK_LEGS_H */
