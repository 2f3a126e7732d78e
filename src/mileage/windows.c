/*
 * windows.c
 *		Cut time by a calendar, and share metres out to the pieces.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "mileage/windows.h"

#define MAX_WINDOWS	1000000

/* A unit of the calendar.  Hours are cut in absolute time. */
struct CalendarUnit
{
	const char *name;
	Interval	step;
};

static const CalendarUnit calendar_units[] = {
	{"hour", {.time = USECS_PER_HOUR}},
	{"day", {.day = 1}},
	{"week", {.day = 7}},
	{"month", {.month = 1}},
	{"quarter", {.month = 3}},
	{"year", {.month = 12}},
};

/* Return the unit of this name. */
const CalendarUnit *
calendar_unit_argument(text *argument)
{
	char	   *name = text_to_cstring(argument);

	for (int i = 0; i < (int) lengthof(calendar_units); i++)
		if (pg_strcasecmp(name, calendar_units[i].name) == 0)
			return &calendar_units[i];
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unit of time \"%s\" is not known", name),
			 errhint("Use hour, day, week, month, quarter or year.")));
}

/*
 * Is this zone a POSIX rule, such as KST9, rather than one of the IANA database?  PostgreSQL
 * writes rules in capitals.  A few old names of IANA's look like rules.
 */
static bool
is_posix_rule(const char *name)
{
	static const char *const named[] = {
		"CST6CDT", "EST5EDT", "GMT0", "GMT+0", "GMT-0", "MST7MDT", "PST8PDT"
	};

	for (int i = 0; i < (int) lengthof(named); i++)
		if (strcmp(name, named[i]) == 0)
			return false;
	for (const char *c = name; *c != '\0'; c++)
		if (*c >= 'a' && *c <= 'z')
			return false;
	return strcspn(name, "0123456789") < strlen(name);
}

/*
 * Return the name of a time zone, for PostgreSQL's functions, which check it.  A POSIX rule is
 * an error: its sign is the reverse of what people expect, so KST9 is nine hours west.
 */
Datum
calendar_zone_argument(text *argument)
{
	char	   *name = text_to_cstring(argument);
	pg_tz	   *zone = strpbrk(name, "0123456789") ? pg_tzset(name) : NULL;

	if (zone != NULL && is_posix_rule(pg_get_timezone_name(zone)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" is a POSIX rule, not a name", name),
				 errdetail("In such a rule hours count to the west of Greenwich."),
				 errhint("Use a name such as Asia/Seoul; pg_timezone_names lists them.")));
	return PointerGetDatum(argument);
}

/*
 * When it is first so late on the clocks of a zone.  Of a time that a clock change
 * repeats, PostgreSQL takes the second; changes are of up to two hours, by halves.
 */
static int64
first_instant(Datum zone, Datum local)
{
	int64		instant = DatumGetTimestampTz(DirectFunctionCall2(timestamp_zone, zone, local));
	int64		first = instant;

	for (int half_hours = 1; half_hours <= 4; half_hours++)
	{
		int64		earlier = instant - half_hours * (USECS_PER_HOUR / 2);
		Datum		clock = DirectFunctionCall2(timestamptz_zone, zone, TimestampTzGetDatum(earlier));

		if (DatumGetTimestamp(clock) == DatumGetTimestamp(local))
			first = earlier;
	}
	return first;
}

static int64
next_bound(const CalendarUnit *unit, Datum zone, Datum *local, int64 bound)
{
	if (unit->step.time > 0)
		return bound + unit->step.time;
	*local = DirectFunctionCall2(timestamp_pl_interval, *local, IntervalPGetDatum(&unit->step));
	return first_instant(zone, *local);
}

/* Append a bound.  The bounds double as they grow. */
static void
append_bound(Windows *windows, const CalendarUnit *unit, int *capacity, int64 bound)
{
	if (windows->count == MAX_WINDOWS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("time from first to last is too long to be cut by %s", unit->name),
				 errdetail("That would make more than %d rows.", MAX_WINDOWS),
				 errhint("Use a larger unit, or look for a row with a wrong time.")));
	if (windows->count + 2 > *capacity)
	{
		*capacity *= 2;
		windows->bounds = repalloc(windows->bounds, *capacity * sizeof(int64));
	}
	windows->bounds[++windows->count] = bound;
}

/*
 * Make the windows of a calendar in a time zone, from the one that holds `start` to the one
 * that holds `end`, without metres.  PostgreSQL knows the clock changes.
 */
void
windows_by_calendar(Windows *windows, const CalendarUnit *unit, Datum zone, int64 start, int64 end)
{
	Datum		local_start = DirectFunctionCall2(timestamptz_zone, zone, TimestampTzGetDatum(start));
	Datum		local = DirectFunctionCall2(timestamp_trunc, CStringGetTextDatum(unit->name), local_start);
	int64		bound = first_instant(zone, local);
	int			capacity = 64;

	windows->count = 0;
	windows->bounds = palloc(capacity * sizeof(int64));
	windows->bounds[0] = bound;
	while (bound <= end)
	{
		CHECK_FOR_INTERRUPTS();
		bound = next_bound(unit, zone, &local, bound);
		/* a day that the zone skipped has no window */
		if (bound != windows->bounds[windows->count])
			append_bound(windows, unit, &capacity, bound);
	}
	windows->metres = palloc0(windows->count * sizeof(double));
}

/* The first window that ends after a time. */
static int
find_window(const Windows *windows, int64 time)
{
	int			low = 0;
	int			high = windows->count;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (windows->bounds[middle + 1] > time)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Share metres out to the windows that were driven through. */
void
windows_share(Windows *windows, const Drive *drive)
{
	for (int i = find_window(windows, drive->from - 1);
		 i < windows->count && windows->bounds[i] < drive->to; i++)
		windows->metres[i] += drive_metres_within(drive, windows->bounds[i],
												  windows->bounds[i + 1]);
}
