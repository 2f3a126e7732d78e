/*
 * clock.c
 *		A time zone's clock: local dates and times as instants.
 */
#include "billing/tariff/clock.h"

/* No zone is further from UTC, nor was before there were zones. */
#define FARTHEST_OFFSET		(INT64_C(16) * 3600 * 1000000)

void
clock_init(Clock *clock, Zone zone)
{
	clock->zone = zone;
	clock->count = 0;
	clock->last = 0;
}

static inline bool
range_holds(const ZoneRange *range, int64_t instant)
{
	return instant >= range->from && instant < range->to;
}

/* The range around an instant, of those known or else of the zone. */
const ZoneRange *
clock_range(Clock *clock, int64_t instant)
{
	if (clock->count > 0 && range_holds(&clock->ranges[clock->last], instant))
		return &clock->ranges[clock->last];
	for (int i = 0; i < clock->count; i++)
		if (range_holds(&clock->ranges[i], instant))
		{
			clock->last = i;
			return &clock->ranges[i];
		}
	clock->last = clock->count < CLOCK_RANGES ? clock->count++ : (clock->last + 1) % CLOCK_RANGES;
	clock->zone.find(clock->zone.context, instant, &clock->ranges[clock->last]);
	return &clock->ranges[clock->last];
}

/*
 * The first instant at which the clock shows this time or a later one.  Never
 * decreases with the time, so that what ends at a local time and what begins there
 * adjoin; a time that is repeated is the first one, one that is skipped the change.
 */
int64_t
clock_instant(Clock *clock, int64_t local)
{
	int64_t		instant = local - FARTHEST_OFFSET;

	for (;;)
	{
		const ZoneRange *range = clock_range(clock, instant);
		int64_t		candidate = local - range->offset;

		if (candidate < range->to)
			return candidate > instant ? candidate : instant;
		instant = range->to;
	}
}
