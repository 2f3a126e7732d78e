/*
 * odometer.h
 *		Turn an ordered stream of odometer readings into metres and counts by class.
 *		Pure C, constant memory.
 */
#ifndef TRIPMETER_ODOMETER_H
#define TRIPMETER_ODOMETER_H

#include <stdbool.h>
#include <stdint.h>

/* The version of these rules, which a report names. */
#define ODOMETER_RULES_VERSION	1

/* Successive candidates that must agree to be believed. */
#define ODOMETER_REANCHOR_READINGS	3

typedef struct OdometerReading
{
	int64_t		time;			/* microseconds, PostgreSQL's epoch */
	double		metres;			/* what the counter showed */
} OdometerReading;

typedef struct OdometerOptions
{
	double		max_speed;		/* m/s; infinity: no limit */
	double		rollover_m;		/* where the counter starts again at 0; 0: never */
} OdometerOptions;

/* Metres that were counted between two successive believed readings. */
typedef struct OdometerStep
{
	int64_t		from;			/* microseconds, as times of readings */
	int64_t		to;
	double		metres;			/* at least 0 */
} OdometerStep;

/* Called for each step that counts, in order of time. */
typedef void (*OdometerTell) (void *context, const OdometerStep *step);

/*
 * Finds the tick of a coarse counter, such as a mile: the smallest step that follows a reading
 * which was held, if there are two of it.  It looks at all readings before they are classified.
 */
typedef struct OdometerTickFinder
{
	double		max_speed;		/* m/s: faster steps are not looked at */
	OdometerReading last;		/* where the counter stood last, since when it did */
	int64_t		held_count;		/* readings that showed this; 0: no reading yet */
	double		smallest_m;		/* the smallest step so far; 0: none */
	int64_t		smallest_count; /* times that it was seen */
} OdometerTickFinder;

/*
 * Readings that follow from each other, one counter counting.  Its distance is a
 * difference of two readings, not a sum of many, and so as exact as they are.
 */
typedef struct OdometerRun
{
	int64_t		used_count;		/* its readings; 0: there is no run */
	double		first_m;		/* its first reading */
	int64_t		first_time;
	OdometerReading last;		/* where the counter stands, and since when known */
	int64_t		since;			/* when the counter first showed last.metres, or nearly */
	double		since_m;		/* the reading that it counts from: the first, or 0
								 * after a rollover */
	double		rolled_m;		/* counted up to the last rollover */
	int64_t		rollover_count;
} OdometerRun;

/* Successive readings of 0 whose meaning the next reading will tell. */
typedef struct OdometerZeros
{
	int64_t		count;
	int64_t		first_time;
	int64_t		last_time;
} OdometerZeros;

/*
 * The result.  All readings added are used_count + outlier_count + unanswered_count.
 * While nothing was reset and nothing jumped,
 *
 *		last_m - first_m = distance_m - rollover_count * rollover_m
 *
 * up to rounding, and each reset or jump adds its step, all of which are in
 * excluded_m by their absolute values.
 */
typedef struct OdometerTotals
{
	double		distance_m;		/* counted */
	double		excluded_m;		/* steps of resets and jumps */
	int64_t		first_time;		/* of the believed readings, as the next three; */
	int64_t		last_time;		/* without meaning if used_count is 0 */
	double		first_m;
	double		last_m;
	int64_t		used_count;		/* believed */
	int64_t		outlier_count;	/* rejected: they fit no others */
	int64_t		unanswered_count;	/* readings of 0 by which the vehicle did not answer */
	int64_t		rollover_count;
	int64_t		reset_count;	/* steps down */
	int64_t		jump_count;		/* steps up */
} OdometerTotals;

typedef struct Odometer
{
	OdometerOptions options;
	double		tick_m;			/* the counter's tick; 0: not known */
	OdometerTotals totals;
	OdometerRun believed;
	OdometerRun candidate;		/* readings that do not fit, but each other */
	OdometerStep steps[ODOMETER_REANCHOR_READINGS - 1]; /* those of the candidate */
	OdometerZeros zeros;
	OdometerTell tell;			/* or NULL */
	void	   *context;		/* of tell */
} Odometer;

extern void odometer_tick_init(OdometerTickFinder *finder, const OdometerOptions *options);
extern void odometer_tick_add(OdometerTickFinder *finder, const OdometerReading *reading);
extern double odometer_tick(const OdometerTickFinder *finder);

extern void odometer_init(Odometer *o, const OdometerOptions *options, double tick_m);
extern void odometer_tell(Odometer *o, OdometerTell tell, void *context);
extern void odometer_add(Odometer *o, const OdometerReading *reading);
extern void odometer_finish(Odometer *o);

#endif							/* TRIPMETER_ODOMETER_H */
