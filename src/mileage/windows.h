/*
 * windows.h
 *		Share metres out to windows of time, such as the days of a calendar.
 */
#ifndef TRIPMETER_WINDOWS_H
#define TRIPMETER_WINDOWS_H

#include "mileage/drive.h"

/* Windows of time that adjoin, and the metres driven in each. */
typedef struct Windows
{
	int			count;
	int64	   *bounds;			/* count + 1, ascending */
	double	   *metres;
} Windows;

typedef struct CalendarUnit CalendarUnit;

extern const CalendarUnit *calendar_unit_argument(text *argument);
extern Datum calendar_zone_argument(text *argument);

extern void windows_by_calendar(Windows *windows, const CalendarUnit *unit, Datum zone,
								int64 start, int64 end);
extern void windows_share(Windows *windows, const Drive *drive);

#endif							/* TRIPMETER_WINDOWS_H */
