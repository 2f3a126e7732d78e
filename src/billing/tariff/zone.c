/*
 * zone.c
 *		A time zone of the server, as a clock needs it.
 */
#include "postgres.h"

#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "billing/tariff/zone.h"

/* Seconds from 1970, where pg_time_t begins, to 2000. */
#define EPOCH_SECONDS	((POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (int64) SECS_PER_DAY)

/*
 * The server finds the next change of a clock, never the one before.  Zones change their
 * clocks about twice a year, so the search for the last change begins this far back.
 */
#define LOOK_BACK		(400 * (int64) SECS_PER_DAY)

static int64
microseconds_of(pg_time_t seconds)
{
	return (seconds - EPOCH_SECONDS) * USECS_PER_SEC;
}

/* Find the stretch around an instant in which the zone does not change its clock. */
static void
find_range(void *zone, int64_t instant, ZoneRange *range)
{
	pg_time_t	at = instant / USECS_PER_SEC - (instant % USECS_PER_SEC < 0) + EPOCH_SECONDS;
	pg_time_t	from = at - LOOK_BACK;

	for (;;)
	{
		long int	offset,
					next_offset;
		int			dst,
					next_dst;
		pg_time_t	boundary;
		int			found = pg_next_dst_boundary(&from, &offset, &dst, &boundary, &next_offset,
												 &next_dst, zone);

		if (found < 0)
			ereport(ERROR,
					(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					 errmsg("time zone does not know this time")));
		if (found > 0 && boundary <= at)
		{
			from = boundary;
			continue;
		}
		range->from = microseconds_of(from);
		range->to = found > 0 ? microseconds_of(boundary) : PG_INT64_MAX;
		range->offset = offset * USECS_PER_SEC;
		return;
	}
}

/* Return the first date of the month after a date. */
static int32_t
next_month(int32_t date)
{
	int			year,
				month,
				day;

	j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	return date2j(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1) -
		POSTGRES_EPOCH_JDATE;
}

Zone
tariff_zone(pg_tz *zone)
{
	return (Zone) {zone, find_range, next_month};
}
