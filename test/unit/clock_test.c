/*
 * clock_test.c
 *		Local times as instants, against a look at the clock minute by minute.
 */
#include "billing/tariff/clock.h"
#include "billing/tariff/tariff.h"
#include "tap.h"

#define MINUTE		INT64_C(60000000)
#define HOUR		(60 * MINUTE)
#define ZONES		300
#define CHANGES		6
#define LOOKS		40

/* A zone that changes its clock at these minutes, to these offsets. */
typedef struct FakeZone
{
	int64_t		changes[CHANGES];
	int64_t		offsets[CHANGES + 1];
} FakeZone;

static int64_t
offset_at(const FakeZone *zone, int64_t instant)
{
	int			i = 0;

	while (i < CHANGES && instant >= zone->changes[i])
		i++;
	return zone->offsets[i];
}

static void
find_range(void *context, int64_t instant, ZoneRange *range)
{
	const FakeZone *zone = context;
	int			i = 0;

	while (i < CHANGES && instant >= zone->changes[i])
		i++;
	range->from = i > 0 ? zone->changes[i - 1] : -1000 * MICROSECONDS_PER_DAY;
	range->to = i < CHANGES ? zone->changes[i] : INT64_MAX;
	range->offset = zone->offsets[i];
}

static FakeZone
random_zone(void)
{
	FakeZone	zone;
	int64_t		at = -20 * MICROSECONDS_PER_DAY;

	zone.offsets[0] = (random_below(24) - 12) * HOUR;
	for (int i = 0; i < CHANGES; i++)
	{
		at += MICROSECONDS_PER_DAY + random_below(10 * 1440) * MINUTE;
		zone.changes[i] = at;
		zone.offsets[i + 1] = zone.offsets[i] + (random_below(9) - 4) * 30 * MINUTE;
		if (zone.offsets[i + 1] > 14 * HOUR || zone.offsets[i + 1] < -12 * HOUR)
			zone.offsets[i + 1] = zone.offsets[i];
	}
	return zone;
}

/* The first minute at which the clock shows this time or a later one. */
static int64_t
first_minute(const FakeZone *zone, int64_t local)
{
	int64_t		instant = local - 15 * HOUR;

	while (instant + offset_at(zone, instant) < local)
		instant += MINUTE;
	return instant;
}

int
main(void)
{
	int			wrong = 0;
	int			shown = 0;
	int			back = 0;

	for (int z = 0; z < ZONES; z++)
	{
		FakeZone	zone = random_zone();
		Clock		clock;

		clock_init(&clock, (Zone) {&zone, find_range, NULL});
		for (int i = 0; i < LOOKS; i++)
		{
			/* often near a change */
			int64_t		around = random_below(2) ? zone.changes[random_below(CHANGES)] + zone.offsets[0] : 0;
			int64_t		local = (around / MINUTE + random_below(20 * 60) - 10 * 60) * MINUTE;
			int64_t		instant = clock_instant(&clock, local);

			wrong += instant != first_minute(&zone, local);
			shown += clock_local(&clock, instant) != instant + offset_at(&zone, instant);
			back += clock_instant(&clock, local + MINUTE) < instant;
		}
	}
	ok(wrong == 0, "a local time is the first instant at which the clock is that late");
	ok(shown == 0, "the clock shows what the zone says");
	ok(back == 0, "later times are not earlier instants");
	ok(clock_date(0) == 0 && clock_date(-1) == -1 && clock_date(MICROSECONDS_PER_DAY) == 1 &&
	   clock_date(-MICROSECONDS_PER_DAY) == -1, "dates begin at midnight, before 2000 too");
	return done_testing();
}
