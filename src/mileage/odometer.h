/*
 * odometer.h
 *		What a vehicle's odometer counted: turns an ordered stream of readings
 *		into metres and counts by class.  Pure C, constant memory.
 */
#ifndef TRIPMETER_ODOMETER_H
#define TRIPMETER_ODOMETER_H

#include <stdbool.h>
#include <stdint.h>

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

/*
 * Readings that follow from each other, one counter counting.  What it counted
 * is a difference of two readings, not a sum of many, and so as exact as they
 * are.
 */
typedef struct OdometerRun
{
	int64_t		used_count;		/* its readings; 0: there is no run */
	double		first_m;		/* its first reading */
	OdometerReading last;		/* where the counter stands, and since when known */
	double		since_m;		/* the reading that it counts from: the first, or 0
								 * after a rollover */
	double		rolled_m;		/* counted up to the last rollover */
	int64_t		rollover_count;
} OdometerRun;

/*
 * The result.  Of the readings added, used_count + outlier_count is all.
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
	int64_t		rollover_count;
	int64_t		reset_count;	/* steps down */
	int64_t		jump_count;		/* steps up */
} OdometerTotals;

typedef struct Odometer
{
	OdometerOptions options;
	OdometerTotals totals;
	OdometerRun believed;
	OdometerRun candidate;		/* readings that do not fit, but each other */
} Odometer;

extern void odometer_init(Odometer *o, const OdometerOptions *options);
extern void odometer_add(Odometer *o, const OdometerReading *reading);
extern void odometer_finish(Odometer *o);

#endif							/* TRIPMETER_ODOMETER_H */
