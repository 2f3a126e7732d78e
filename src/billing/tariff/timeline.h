/*
 * timeline.h
 *		When the windows of a tariff's conditions hold, along time.  Pure C.
 *
 * Trips of a fleet fall into the same days.  What local time says of a day is found out
 * once for all conditions, and kept as bits.
 */
#ifndef TRIPMETER_TARIFF_TIMELINE_H
#define TRIPMETER_TARIFF_TIMELINE_H

#include "billing/tariff/clock.h"
#include "billing/tariff/memory.h"
#include "billing/tariff/tariff.h"

/* Conditions beyond these are asked one by one. */
#define MAX_WINDOW_TESTS	32
#define MAX_TESTED_WINDOWS	64

/* 2^38 us are some three days; so many stretches some two months, or four years. */
#define STRETCH_BITS		38
#define FIRST_STRETCHES		16
#define MAX_STRETCHES		512

/* Longer trips do without. */
#define MAX_TIMELINE_TRIP	(INT64_C(64) << STRETCH_BITS)

/* A moment from which all answers stay the same until the next one of the stretch. */
typedef struct Answers
{
	int64_t		from;
	uint32_t	tests;			/* 1 << (Condition.window_test - 1) of those that hold */
} Answers;

/* What is known of a stretch of time. */
typedef struct TimelineStretch
{
	int64_t		number;			/* of 2^STRETCH_BITS us */
	int			asked;			/* so often, before its answers were looked for */
	int			count;			/* of answers; 0: not known */
	int			capacity;
	Answers    *answers;		/* the first is from its begin */
} TimelineStretch;

typedef struct Timeline
{
	const Provider *provider;
	Clock	   *clock;
	int			test_count;
	const struct Condition *tests[MAX_WINDOW_TESTS];	/* one of those that ask the same */
	uint32_t	cutting;		/* tests of conditions of nothing else that cut a trip */
	uint32_t	cutting_reserved;	/* those of them that cut the time before it, too */
	bool		others_cut;		/* are there more conditions that do? */
	int			stretch_count;	/* a power of 2, or 0: none was asked for */
	TimelineStretch *stretches;	/* each at its number modulo their count */
} Timeline;

extern void timeline_init(Timeline *timeline, const Tariff *tariff, Clock *clock, const Provider *provider);
extern const Answers *timeline_find(Timeline *timeline, int64_t instant, int64_t *until);

#endif							/* TRIPMETER_TARIFF_TIMELINE_H */
