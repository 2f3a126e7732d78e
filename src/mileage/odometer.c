/*
 * odometer.c
 *		Decide which metres an odometer counted.
 *
 * Readings arrive in order of time, distinct and valid.  One that follows from the last
 * believed one is believed.  Others are candidates: once enough of them follow from each
 * other, the counter really is there, by a reset or a jump, whose step is never distance.
 * A reading of 0 waits for the next one, which tells whether the vehicle did not answer or
 * the counter was reset.  doc/odometer.md explains the rules to users.
 */
#include <math.h>
#include <string.h>

#include "mileage/odometer.h"

/* A counter in whole kilometres ticks a thousand metres from one second to the next. */
#define TICK_M			1000

/* Counters tick by up to ten miles.  Larger steps are not taken for a tick. */
#define MAX_TICK_M		20000

/* Two steps are the same tick if they differ by less than this factor. */
#define SAME_TICK		1.01

/* Counters in floating point come back a little lower now and then. */
#define NOISE_M			1

/* Without a limit of speed, a reading of 0 is judged by the default one. */
#define ZERO_MAX_SPEED	70

/*
 * After so long, almost any reading can be reached from 0.  So a counter that goes on
 * as if no 0 had been, has not been reset.
 */
#define ZERO_MAX_SECONDS	3600

static double
seconds_between(int64_t from, int64_t to)
{
	return (double) (to - from) / 1e6;
}

void
odometer_tick_init(OdometerTickFinder *finder, const OdometerOptions *options)
{
	memset(finder, 0, sizeof(*finder));
	finder->max_speed = options->max_speed;
}

/* Count a step if it is the smallest one. */
static void
count_tick(OdometerTickFinder *finder, double step)
{
	if (finder->smallest_count == 0 || step * SAME_TICK < finder->smallest_m)
	{
		finder->smallest_m = step;
		finder->smallest_count = 1;
	}
	else if (step <= finder->smallest_m * SAME_TICK)
	{
		finder->smallest_m = fmin(finder->smallest_m, step);
		finder->smallest_count++;
	}
}

/* Take the next reading, in order of time. */
void
odometer_tick_add(OdometerTickFinder *finder, const OdometerReading *reading)
{
	double		step = reading->metres - finder->last.metres;

	if (finder->held_count > 0 && fabs(step) <= NOISE_M)
	{
		finder->held_count++;
		return;
	}
	if (finder->held_count > 1 && step > 0 && step <= MAX_TICK_M &&
		step <= finder->max_speed * seconds_between(finder->last.time, reading->time))
		count_tick(finder, step);
	finder->held_count = 1;
	finder->last = *reading;
}

/* The tick that was found, or 0: one step alone says nothing. */
double
odometer_tick(const OdometerTickFinder *finder)
{
	return finder->smallest_count >= 2 ? finder->smallest_m * SAME_TICK : 0;
}

static void
start_run(OdometerRun *run, const OdometerReading *reading)
{
	memset(run, 0, sizeof(*run));
	run->used_count = 1;
	run->first_m = run->since_m = reading->metres;
	run->first_time = run->since = reading->time;
	run->last = *reading;
}

static double
run_distance(const OdometerRun *run)
{
	return run->rolled_m + (run->last.metres - run->since_m);
}

/*
 * Could the counter have counted this much in this time?  The vehicle may have driven up
 * to a tick less than its counter shows.
 */
static bool
plausible(const Odometer *o, double metres, double seconds)
{
	double		driven = o->options.max_speed * seconds;

	return metres <= fmax(TICK_M, o->tick_m) || metres <= driven || metres - o->tick_m <= driven;
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
		plausible(o, rollover_m - run->last.metres + reading->metres,
				  seconds_between(run->last.time, reading->time));
}

/* Let the run's counter start again at 0. */
static void
roll_over(const Odometer *o, OdometerRun *run)
{
	run->rolled_m += o->options.rollover_m - run->since_m;
	run->rollover_count++;
	run->since_m = 0;
}

/* Take the reading into the run, if it follows from its last one. */
static bool
extend_run(const Odometer *o, OdometerRun *run, const OdometerReading *reading, OdometerStep *step)
{
	double		ahead = reading->metres - run->last.metres;

	*step = (OdometerStep) {run->last.time, reading->time, fmax(ahead, 0)};
	if (ahead >= 0)
	{
		if (!plausible(o, ahead, seconds_between(run->last.time, reading->time)))
			return false;
	}
	else if (ahead < -NOISE_M)
	{
		if (!rolled_over(o, run, reading))
			return false;
		step->metres = o->options.rollover_m - run->last.metres + reading->metres;
		roll_over(o, run);
	}
	if (step->metres > NOISE_M)
		run->since = reading->time;
	if (step->metres > 0)
		run->last.metres = reading->metres;
	run->last.time = reading->time;
	run->used_count++;
	return true;
}

static void
tell(const Odometer *o, const OdometerStep *step)
{
	if (o->tell != NULL && step->metres > 0)
		o->tell(o->context, step);
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

/* Close the believed run.  A reset or a jump, which is never distance, leads to the next. */
static void
leave_run(Odometer *o, double next_m)
{
	double		step = next_m - o->believed.last.metres;

	close_run(o);
	if (step < 0)
		o->totals.reset_count++;
	else
		o->totals.jump_count++;
	o->totals.excluded_m += fabs(step);
}

/*
 * Is the step to the candidates a tick of a coarse counter, or does it catch up on a reading
 * that was held?  It is if the vehicle could have driven it since the counter came to its
 * last reading.
 */
static bool
caught_up(const Odometer *o)
{
	double		step = o->candidate.first_m - o->believed.last.metres;

	return step > 0 && step <= MAX_TICK_M &&
		step <= o->options.max_speed * seconds_between(o->believed.since, o->candidate.first_time);
}

/* Append the candidates to the believed run, as one counter. */
static void
append_candidates(Odometer *o)
{
	OdometerRun *run = &o->believed;
	const OdometerRun *more = &o->candidate;

	tell(o, &(OdometerStep) {run->last.time, more->first_time, more->first_m - run->last.metres});
	if (more->rollover_count > 0)
	{
		run->rolled_m += more->first_m - run->since_m + more->rolled_m;
		run->since_m = more->since_m;
	}
	run->last = more->last;
	run->since = more->since;
	run->used_count += more->used_count;
	run->rollover_count += more->rollover_count;
}

/* The candidates agree with each other: the counter is where they say. */
static void
believe_candidates(Odometer *o)
{
	if (caught_up(o))
		append_candidates(o);
	else
	{
		leave_run(o, o->candidate.first_m);
		o->believed = o->candidate;
	}
	for (int i = 0; i < ODOMETER_REANCHOR_READINGS - 1; i++)
		tell(o, &o->steps[i]);
	o->candidate.used_count = 0;
}

/* True if the reading makes enough candidates that agree. */
static bool
add_candidate(Odometer *o, const OdometerReading *reading)
{
	int64_t		count = o->candidate.used_count;

	if (count == 0 || !extend_run(o, &o->candidate, reading, &o->steps[count - 1]))
	{
		reject_candidates(o);
		start_run(&o->candidate, reading);
	}
	return o->candidate.used_count == ODOMETER_REANCHOR_READINGS;
}

/*
 * Do the candidates count up from a reset?  Then a reading that follows from them belongs to
 * them, even if the counter has come to where it was before.
 */
static bool
counts_from_reset(const Odometer *o, const OdometerReading *reading)
{
	const OdometerRun *run = &o->candidate;

	return run->used_count == ODOMETER_REANCHOR_READINGS - 1 &&
		run->first_m < o->believed.last.metres - NOISE_M &&
		run->last.metres > run->first_m && reading->metres > run->last.metres &&
		plausible(o, reading->metres - run->last.metres,
				  seconds_between(run->last.time, reading->time));
}

static void
start_believing(Odometer *o, const OdometerReading *reading)
{
	start_run(&o->believed, reading);
	o->totals.first_time = reading->time;
	o->totals.first_m = reading->metres;
}

static void
take_reading(Odometer *o, const OdometerReading *reading)
{
	OdometerStep step;

	if (o->believed.used_count == 0)
		start_believing(o, reading);
	else if (!counts_from_reset(o, reading) && extend_run(o, &o->believed, reading, &step))
	{
		tell(o, &step);
		reject_candidates(o);
	}
	else if (add_candidate(o, reading))
		believe_candidates(o);
}

/* Take the zeros that wait as readings: the counter really was at 0. */
static void
believe_zeros(Odometer *o)
{
	OdometerReading zero = {o->zeros.first_time, 0};
	OdometerStep step;

	if (o->believed.used_count == 0)
		start_believing(o, &zero);
	else
	{
		reject_candidates(o);
		if (extend_run(o, &o->believed, &zero, &step))
			tell(o, &step);
		else
		{
			leave_run(o, 0);
			start_run(&o->believed, &zero);
		}
	}
	o->believed.last.time = o->zeros.last_time;
	o->believed.used_count += o->zeros.count - 1;
	o->zeros.count = 0;
}

/* Did the vehicle not answer by these zeros? */
static void
reject_zeros(Odometer *o)
{
	o->totals.unanswered_count += o->zeros.count;
	o->zeros.count = 0;
}

/* Does a 0 follow from the believed run, by noise or a rollover? */
static bool
zero_follows(const Odometer *o)
{
	OdometerReading zero = {o->zeros.first_time, 0};

	return o->believed.used_count == 0 || o->believed.last.metres <= NOISE_M ||
		rolled_over(o, &o->believed, &zero);
}

/* Was the counter at 0 before this reading?  Not if it could not have come here from there. */
static bool
zeros_lead_to(const Odometer *o, const OdometerReading *reading)
{
	double		seconds = seconds_between(o->zeros.last_time, reading->time);
	double		reach = fmin(o->options.max_speed, ZERO_MAX_SPEED);

	if (reading->metres > fmax(TICK_M, o->tick_m) && reading->metres - o->tick_m > reach * seconds)
		return false;
	return zero_follows(o) || reading->metres < o->believed.last.metres ||
		seconds <= ZERO_MAX_SECONDS;
}

/*
 * Prepare for readings of a counter whose tick is known, 0 if it is not.
 */
void
odometer_init(Odometer *o, const OdometerOptions *options, double tick_m)
{
	memset(o, 0, sizeof(*o));
	o->options = *options;
	o->tick_m = tick_m;
}

/* Have each step told that counts. */
void
odometer_tell(Odometer *o, OdometerTell tell, void *context)
{
	o->tell = tell;
	o->context = context;
}

/*
 * Take the next reading: finite, at least 0, below rollover_m where there is
 * one; its time must be after the last one's.
 */
void
odometer_add(Odometer *o, const OdometerReading *reading)
{
	if (reading->metres == 0)
	{
		if (o->zeros.count++ == 0)
			o->zeros.first_time = reading->time;
		o->zeros.last_time = reading->time;
		return;
	}
	if (o->zeros.count > 0)
	{
		if (zeros_lead_to(o, reading))
			believe_zeros(o);
		else
			reject_zeros(o);
	}
	take_reading(o, reading);
}

/* Close the books after the last reading. */
void
odometer_finish(Odometer *o)
{
	if (o->zeros.count > 0 && zero_follows(o))
		believe_zeros(o);
	reject_zeros(o);
	if (o->believed.used_count == 0)
		return;
	reject_candidates(o);
	close_run(o);
	o->totals.last_time = o->believed.last.time;
	o->totals.last_m = o->believed.last.metres;
}
