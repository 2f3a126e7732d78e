/*
 * judge.c
 *		Whether a taximeter takes a leg by its distance, by its time, or by both.
 */
#include "billing/fare/judge.h"

/*
 * Find the cross-over speed.  At that speed both of the meter's tariffs charge the same,
 * unless the tariff gives the speed: mm * price / unit = us * price / unit.  False if the
 * speed is out of range.
 */
bool
fare_judge_init(MeterJudge *judge, const Meter *m)
{
	Rational	speed = m->crossover;

	*judge = (MeterJudge) {0, 0};
	if (m->mode == METER_D)
		return true;
	if (!m->has_crossover)
		speed = rational_divide(rational_divide(m->time.price, m->time.unit),
								rational_divide(m->distance.price, m->distance.unit));
	speed = rational_reduce(speed);
	if (!in_range(speed) || speed.num > INT64_MAX || speed.den > INT64_MAX)
		return false;
	judge->mm = (int64_t) speed.den;
	judge->us = (int64_t) speed.num;
	return true;
}

/*
 * Mode S takes a leg by distance or by time, mode D by both.  Mode K takes every leg by
 * distance, and one below the cross-over speed by time as well.
 */
MeterVerdict
fare_judge_leg(const MeterJudge *judge, const Meter *m, const TripLeg *leg)
{
	bool		fast = fare_judge_is_fast(judge, leg->mm, leg->to - leg->from);

	if (leg->gap && m->gap != GAP_AS_LEG)
		return (MeterVerdict) {m->gap == GAP_AS_DISTANCE, m->gap == GAP_AS_TIME};
	return (MeterVerdict) {m->mode != METER_S || fast, m->mode == METER_D || !fast};
}
