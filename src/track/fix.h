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

/* PostgreSQL's first timestamp, in 4714 BC. */
#define FIX_TIME_MIN	INT64_C(-211813488000000000)

/* What a receiver may report with a fix. */
typedef enum Channel
{
	ACCURACY,					/* radius of uncertainty, in metres */
	SPEED,						/* metres per second */
	CHANNEL_COUNT
} Channel;

/* A channel's value where it is not known. */
#define UNKNOWN	NAN

typedef struct Channels
{
	float		values[CHANNEL_COUNT];	/* by Channel; UNKNOWN or a number, not -0 */
} Channels;

/* Equal values get equal bits. */
static inline float
channel_normalize(float value)
{
	return isnan(value) ? UNKNOWN : value + 0.0f;
}

/* Is this a channel's value of normal form? */
static inline bool
channel_well_formed(float value)
{
	return value != 0 || !signbit(value);
}

#define NO_CHANNELS	((Channels) {{UNKNOWN, UNKNOWN}})

/* Rows of a recording that have no fix of their own among the distinct ones. */
typedef struct LeftOut
{
	int64_t		null_count;		/* without a time or a position */
	int64_t		invalid_count;	/* at no place or time on Earth */
	int64_t		duplicate_count;	/* at the time and place of another fix */
	int64_t		conflict_count; /* at the time of another fix, elsewhere */
	int64_t		null_island_duplicate_count;	/* at (0,0), and not in the former: */
	int64_t		null_island_conflict_count; /* the policy says what they are */
} LeftOut;

/* As far as counts go, so that a track with any counts can be written and read. */
#define LEFT_OUT_LIMIT	(INT64_MAX / 16)

static inline void
add_count(int64_t *sum, int64_t more)
{
	*sum = *sum > LEFT_OUT_LIMIT - more ? LEFT_OUT_LIMIT : *sum + more;
}

static inline void
left_out_add(LeftOut *sum, const LeftOut *more)
{
	add_count(&sum->null_count, more->null_count);
	add_count(&sum->invalid_count, more->invalid_count);
	add_count(&sum->duplicate_count, more->duplicate_count);
	add_count(&sum->conflict_count, more->conflict_count);
	add_count(&sum->null_island_duplicate_count, more->null_island_duplicate_count);
	add_count(&sum->null_island_conflict_count, more->null_island_conflict_count);
}

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

/* A known value comes before a larger one, and before an unknown one. */
static inline int
channel_compare(float a, float b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) - isnan(b);
	return (a > b) - (a < b);
}

/* Fixes at one time and place are ordered by their channels. */
static inline int
channels_compare(const Channels *a, const Channels *b)
{
	for (int c = 0; c < CHANNEL_COUNT; c++)
	{
		int			order = channel_compare(a->values[c], b->values[c]);

		if (order != 0)
			return order;
	}
	return 0;
}

/* Is this a fix of a normal form, as a buffer or a track holds? */
static inline bool
fix_well_formed(const Fix *fix)
{
	Position	normal = fix->position;

	return fix->time >= FIX_TIME_MIN && fix->time <= FIX_TIME_LIMIT &&
		position_normalize(&normal) &&
		normal.lon == fix->position.lon && normal.lat == fix->position.lat &&
		!signbit(normal.lon) == !signbit(fix->position.lon) &&
		!signbit(normal.lat) == !signbit(fix->position.lat);
}

#endif							/* TRIPMETER_FIX_H */
