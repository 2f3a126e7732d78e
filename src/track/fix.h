/*
 * fix.h
 *		A fix: where a receiver was at one instant.  Pure C.
 */
#ifndef TRIPMETER_FIX_H
#define TRIPMETER_FIX_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "geo/geodesic.h"

typedef struct Fix
{
	int64_t		time;			/* microseconds, PostgreSQL's epoch */
	Position	position;		/* normalized */
} Fix;

/*
 * Times at most this far from the epoch are taken, so that the difference of
 * two never overflows: all of history, and the future up to the year 148000.
 */
#define FIX_TIME_LIMIT	(INT64_C(1) << 62)

/* The accuracy of a fix whose accuracy is not known. */
#define ACCURACY_UNKNOWN	NAN

/*
 * Some receivers report (0,0) when they have no position.  Among fixes of one
 * time it therefore comes last.
 */
static inline bool
is_null_island(Position position)
{
	return position.lon == 0 && position.lat == 0;
}

/* The total order of fixes: time, longitude, latitude. */
static inline int
fix_compare(const Fix *a, const Fix *b)
{
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	if (is_null_island(a->position) != is_null_island(b->position))
		return is_null_island(b->position) ? -1 : 1;
	if (a->position.lon != b->position.lon)
		return a->position.lon < b->position.lon ? -1 : 1;
	if (a->position.lat != b->position.lat)
		return a->position.lat < b->position.lat ? -1 : 1;
	return 0;
}

/* A known accuracy comes before a worse one, and before an unknown one. */
static inline int
accuracy_compare(float a, float b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) - isnan(b);
	return (a > b) - (a < b);
}

#endif							/* TRIPMETER_FIX_H */
