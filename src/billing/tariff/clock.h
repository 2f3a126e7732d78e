/*
 * clock.h
 *		A time zone's clock: local dates and times as instants.  Pure C.
 */
#ifndef TRIPMETER_TARIFF_CLOCK_H
#define TRIPMETER_TARIFF_CLOCK_H

#include <stdint.h>

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
extern int32_t local_date(int64_t local);

/* What the clock shows, in microseconds since its 2000-01-01 00:00. */
static inline int64_t
clock_local(Clock *clock, int64_t instant)
{
	return instant + clock_range(clock, instant)->offset;
}

#endif							/* TRIPMETER_TARIFF_CLOCK_H */
