/*
 * judge.h
 *		Whether a taximeter takes a leg by its distance, by its time, or by both.  Pure C.
 */
#ifndef TRIPMETER_FARE_JUDGE_H
#define TRIPMETER_FARE_JUDGE_H

#include "billing/fare/trip.h"

/* The cross-over speed is us / mm, in mm a us. */
typedef struct MeterJudge
{
	int64_t		mm;
	int64_t		us;
} MeterJudge;

/* By what the meter takes a leg. */
typedef struct MeterVerdict
{
	bool		by_distance;
	bool		by_time;
} MeterVerdict;

extern bool fare_judge_init(MeterJudge *judge, const Meter *meter);
extern MeterVerdict fare_judge_leg(const MeterJudge *judge, const Meter *meter, const TripLeg *leg);

/* Is this distance in this time at or above the cross-over speed? */
static inline bool
fare_judge_is_fast(const MeterJudge *judge, int64_t mm, int64_t us)
{
	return (Int128) mm * judge->mm >= (Int128) us * judge->us;
}

#endif							/* TRIPMETER_FARE_JUDGE_H */
