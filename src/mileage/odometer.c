/*
 * odometer.c
 *		Which metres an odometer counted.
 *
 * Readings arrive in order of time, distinct and valid.  One that follows from
 * the last believed one is believed.  Others are candidates: once enough of
 * them follow from each other, the counter really is there, by a reset or a
 * jump, whose step is never distance.  doc/odometer.md explains the rules to
 * users.
 */
#include <string.h>

#include "mileage/odometer.h"

/* Successive candidates that must agree to be believed. */
#define REANCHOR_READINGS	3

/*
 * A counter may tick in whole kilometres, a thousand metres from one second to
 * the next.
 */
#define TICK_M			1000

/* Counters in floating point come back a little lower now and then. */
#define NOISE_M			1

static void
start_run(OdometerRun *run, const OdometerReading *reading)
{
	memset(run, 0, sizeof(*run));
	run->used_count = 1;
	run->first_m = run->since_m = reading->metres;
	run->last = *reading;
}

static double
run_distance(const OdometerRun *run)
{
	return run->rolled_m + (run->last.metres - run->since_m);
}

/* Could the counter have counted this much since the run's last reading? */
static bool
plausible(const Odometer *o, const OdometerRun *run, double metres, int64_t time)
{
	double		seconds = (double) (time - run->last.time) / 1e6;

	return metres <= TICK_M || metres <= o->options.max_speed * seconds;
}

/*
 * Has the counter started again at 0?  The sum is formed so that it cannot
 * overflow: both readings are below rollover_m.
 */
static bool
rolled_over(const Odometer *o, const OdometerRun *run, const OdometerReading *reading)
{
	double		rollover_m = o->options.rollover_m;

	return rollover_m > 0 &&
		plausible(o, run, rollover_m - run->last.metres + reading->metres, reading->time);
}

/* Take the reading into the run, if it follows from its last one. */
static bool
extend_run(const Odometer *o, OdometerRun *run, const OdometerReading *reading)
{
	double		ahead = reading->metres - run->last.metres;

	if (ahead >= 0)
	{
		if (!plausible(o, run, ahead, reading->time))
			return false;
		run->last.metres = reading->metres;
	}
	else if (ahead < -NOISE_M)
	{
		if (!rolled_over(o, run, reading))
			return false;
		run->rolled_m += o->options.rollover_m - run->since_m;
		run->rollover_count++;
		run->since_m = 0;
		run->last.metres = reading->metres;
	}
	run->last.time = reading->time;
	run->used_count++;
	return true;
}

static void
reject_candidates(Odometer *o)
{
	o->totals.outlier_count += o->candidate.used_count;
	o->candidate.used_count = 0;
}

/* Nothing more will be added to the believed run. */
static void
close_run(Odometer *o)
{
	o->totals.distance_m += run_distance(&o->believed);
	o->totals.used_count += o->believed.used_count;
	o->totals.rollover_count += o->believed.rollover_count;
}

/* The candidates agree with each other: the counter is where they say. */
static void
believe_candidates(Odometer *o)
{
	double		step = o->candidate.first_m - o->believed.last.metres;

	close_run(o);
	if (step < 0)
	{
		o->totals.reset_count++;
		o->totals.excluded_m -= step;
	}
	else
	{
		o->totals.jump_count++;
		o->totals.excluded_m += step;
	}
	o->believed = o->candidate;
	o->candidate.used_count = 0;
}

static void
add_candidate(Odometer *o, const OdometerReading *reading)
{
	if (o->candidate.used_count == 0 || !extend_run(o, &o->candidate, reading))
	{
		reject_candidates(o);
		start_run(&o->candidate, reading);
	}
	else if (o->candidate.used_count == REANCHOR_READINGS)
		believe_candidates(o);
}

void
odometer_init(Odometer *o, const OdometerOptions *options)
{
	memset(o, 0, sizeof(*o));
	o->options = *options;
}

/*
 * Take the next reading: finite, at least 0, below rollover_m where there is
 * one; its time must be after the last one's.
 */
void
odometer_add(Odometer *o, const OdometerReading *reading)
{
	if (o->believed.used_count == 0)
	{
		start_run(&o->believed, reading);
		o->totals.first_time = reading->time;
		o->totals.first_m = reading->metres;
	}
	else if (extend_run(o, &o->believed, reading))
		reject_candidates(o);
	else
		add_candidate(o, reading);
}

/* Close the books after the last reading. */
void
odometer_finish(Odometer *o)
{
	if (o->believed.used_count == 0)
		return;
	reject_candidates(o);
	close_run(o);
	o->totals.last_time = o->believed.last.time;
	o->totals.last_m = o->believed.last.metres;
}
