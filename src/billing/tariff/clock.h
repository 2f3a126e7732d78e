/*
 * clock.h
 *		A time zone's clock: local dates and times as instants.  Pure C.
 */
#ifndef TRIPMETER_TARIFF_CLOCK_H
#define TRIPMETER_TARIFF_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define MICROSECONDS_PER_DAY	INT64_C(86400000000)

#define CLOCK_RANGES	8

/* A stretch of time, `to` not included, in which the zone is so far ahead of UTC. */
typedef struct ZoneRange
{
	int64_t		from;
	int64_t		to;
	int64_t		offset;			/* microseconds */
} ZoneRange;

/*
 * Who knows the zone: the widest range that it can tell around an instant, and the
 * first date of the month after a date.
 */
typedef struct Zone
{
	void	   *context;
	void		(*find) (void *context, int64_t instant, ZoneRange *range);
	int32_t		(*next_month) (int32_t date);
} Zone;

typedef struct Clock
{
	Zone		zone;
	int			count;			/* ranges known */
	int			last;			/* the one used last */
	ZoneRange	ranges[CLOCK_RANGES];
} Clock;

extern void clock_init(Clock *clock, Zone zone);
extern const ZoneRange *clock_range(Clock *clock, int64_t instant);
extern int64_t clock_instant(Clock *clock, int64_t local);

/* Return what the clock shows, in microseconds since its 2000-01-01 00:00. */
static inline int64_t
clock_local(Clock *clock, int64_t instant)
{
	return instant + clock_range(clock, instant)->offset;
}

/* Return the date of a local time, in days since 2000-01-01. */
static inline int32_t
clock_date(int64_t local)
{
	int64_t		date = local / MICROSECONDS_PER_DAY;

	return (int32_t) (date - (local < date * MICROSECONDS_PER_DAY));
}

/* Return the weekday of a date: Monday is 0, and 2000-01-01 was a Saturday. */
static inline int
clock_weekday(int32_t date)
{
	int			day = (int) ((date + INT64_C(5)) % 7);

	return day < 0 ? day + 7 : day;
}

#endif							/* TRIPMETER_TARIFF_CLOCK_H */
