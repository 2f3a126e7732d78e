/*
 * odometer_test.c
 *		A simulated vehicle whose true distance is known; and identities that
 *		hold for any stream of readings.
 */
#include <float.h>

#include "mileage/odometer.h"
#include "tap.h"

#define STREAMS		20000
#define READINGS	200

/* Half the default limit at most, so that a tick of 1000 m is never too fast. */
#define TRUE_SPEED	30
#define MAX_SECONDS	3600

/* Further than a vehicle gets during three readings. */
#define FAR_M		1e6

/* Not shown as 0 by any tick. */
#define NOT_ZERO_M	1000

/* A counter that is read in ticks or with noise, and what really happened. */
typedef struct Vehicle
{
	OdometerOptions options;
	int64_t		time;
	double		counter;
	double		tick_m;			/* 0: noise instead */
	double		true_m;
	int			settled;		/* readings since a reset, a jump or a glitch */
	int			glitches_left;	/* of the wild readings in a row */
	int64_t		reset_count;
	int64_t		jump_count;
	int64_t		rollover_count;
	int64_t		glitch_count;
} Vehicle;

static Vehicle
random_vehicle(void)
{
	static const double ticks[] = {0, 1, 100, 1000};
	double		rollover_m = random_below(2) ? 1000.0 * (4000 + random_below(4000)) : 0;

	return (Vehicle) {
		.options = {.max_speed = 70, .rollover_m = rollover_m},
		.counter = random_between(0, 4e6),
		.tick_m = ticks[random_below(4)],
	};
}

static double
highest(const Vehicle *v)
{
	return v->options.rollover_m > 0 ? nextafter(v->options.rollover_m, 0) : 1e9;
}

/* Drive on, or stand. */
static void
drive(Vehicle *v, double seconds)
{
	double		metres = random_below(3) ? random_between(0, TRUE_SPEED) * seconds : 0;

	v->true_m += metres;
	v->counter += metres;
	if (v->options.rollover_m > 0 && v->counter >= v->options.rollover_m)
	{
		v->counter -= v->options.rollover_m;
		v->rollover_count++;
	}
}

/*
 * Reset the counter or make it jump, where that is no rollover.  Not from or to a reading of 0,
 * which may be no answer.
 */
static bool
set_counter(Vehicle *v)
{
	bool		down = random_below(2);
	double		room = highest(v) - v->counter;

	if (v->counter < NOT_ZERO_M || (down ? v->counter < FAR_M + NOT_ZERO_M || room < FAR_M : room < 2 * FAR_M))
		return false;
	if (down)
		v->counter = random_between(NOT_ZERO_M, v->counter - FAR_M);
	else
		v->counter += FAR_M + random_between(0, FAR_M / 2);
	v->reset_count += down;
	v->jump_count += !down;
	return true;
}

static double
shown(const Vehicle *v)
{
	if (v->tick_m > 0)
		return floor(v->counter / v->tick_m) * v->tick_m;
	return fmin(fmax(v->counter + random_between(-0.4, 0.4), 0), highest(v));
}

/* Two wild readings in a row at most; far from 0 and from where it rolls over. */
static bool
glitches(Vehicle *v, bool allowed)
{
	bool		possible = v->counter > FAR_M && highest(v) - v->counter > 2 * FAR_M;

	if (v->glitches_left == 0 && allowed && possible && random_below(20) == 0)
		v->glitches_left = 1 + random_below(2);
	if (v->glitches_left == 0 || !possible)
		return false;
	v->glitches_left--;
	v->glitch_count++;
	return true;
}

/* The next reading; at the end of a stream there are no surprises. */
static OdometerReading
next_reading(Vehicle *v, int left)
{
	bool		calm = v->settled < 4 || left < 5;
	int64_t		elapsed = 1000000 + (int64_t) random_between(0, MAX_SECONDS * 1e6 - 1e6);

	v->time += elapsed;
	if (!calm && random_below(30) == 0 && set_counter(v))
	{
		v->settled = 0;
		return (OdometerReading) {v->time, shown(v)};
	}
	drive(v, (double) elapsed * 1e-6);
	if (glitches(v, !calm))
	{
		v->settled = 0;
		return (OdometerReading) {v->time, random_below(2) ? 0 : v->counter + 1.5 * FAR_M};
	}
	v->glitches_left = 0;
	v->settled++;
	return (OdometerReading) {v->time, shown(v)};
}

static void
test_vehicles(void)
{
	bool		distances = true,
				events = true;
	int64_t		rollovers = 0,
				resets = 0,
				jumps = 0,
				outliers = 0;

	for (int stream = 0; stream < STREAMS; stream++)
	{
		Vehicle		v = random_vehicle();
		Odometer	o;
		const OdometerTotals *t = &o.totals;
		double		tolerance;

		odometer_init(&o, &v.options, 0);
		v.counter = fmin(v.counter, highest(&v));
		odometer_add(&o, &(OdometerReading) {0, shown(&v)});
		for (int left = READINGS; left > 0; left--)
		{
			OdometerReading reading = next_reading(&v, left);

			odometer_add(&o, &reading);
		}
		odometer_finish(&o);

		tolerance = (1 + t->reset_count + t->jump_count) * (v.tick_m + 1);
		distances &= fabs(t->distance_m - v.true_m) <= tolerance;
		events &= t->reset_count == v.reset_count && t->jump_count == v.jump_count &&
			t->rollover_count == v.rollover_count &&
			t->outlier_count + t->unanswered_count == v.glitch_count;
		rollovers += t->rollover_count;
		resets += t->reset_count;
		jumps += t->jump_count;
		outliers += t->outlier_count;
	}
	ok(distances, "%d vehicles drove what they drove, to a tick", STREAMS);
	ok(events, "each rollover, reset, jump and glitch is found");
	ok(rollovers > STREAMS / 10 && resets > STREAMS / 10 && jumps > STREAMS / 10 && outliers > STREAMS,
	   "there were enough of them");
}

static OdometerOptions
any_options(void)
{
	return (OdometerOptions) {
		.max_speed = random_below(4) ? random_between(0.1, 100) : INFINITY,
		.rollover_m = random_below(3) ? exp(random_between(0, 20)) : 0,
	};
}

/* Any counter's reading that is valid: often near the one before. */
static double
any_reading(double last, const OdometerOptions *options)
{
	static const double steps[] = {0, 0.5, 1, 10, 1e3, 1e5};
	double		value = last + steps[random_below(6)] * random_between(-1, 1);

	switch (random_below(12))
	{
		case 0:
			value = 0;
			break;
		case 1:
			value = exp(random_between(-10, 20));
			break;
		case 2:
			value = random_below(10) ? value : DBL_MAX;
			break;
	}
	if (options->rollover_m > 0 && value >= options->rollover_m)
		value = nextafter(options->rollover_m, 0);
	return fmax(value, 0);
}

static bool
signs_hold(const OdometerTotals *t)
{
	return t->distance_m >= 0 && t->excluded_m >= 0 && t->used_count >= 0 &&
		t->outlier_count >= 0 && t->first_time <= t->last_time &&
		(t->excluded_m > 0) == (t->reset_count + t->jump_count > 0);
}

/* What the ends of the counter and the distance between them leave over. */
static bool
steps_hold(const OdometerTotals *t, const OdometerOptions *options)
{
	double		step = t->last_m - t->first_m +
		(double) t->rollover_count * options->rollover_m - t->distance_m;
	double		rounding = 1e-12 * (t->distance_m + t->excluded_m +
									t->rollover_count * options->rollover_m + t->last_m + t->first_m);

	if (!isfinite(rounding))
		return true;
	if (t->jump_count == 0 && fabs(step + t->excluded_m) > rounding)
		return false;
	if (t->reset_count == 0 && fabs(step - t->excluded_m) > rounding)
		return false;
	return fabs(step) <= t->excluded_m + rounding;
}

static void
test_identities(void)
{
	bool		counts = true,
				signs = true,
				steps = true,
				speeds = true;

	for (int stream = 0; stream < STREAMS; stream++)
	{
		OdometerOptions options = any_options();
		Odometer	o;
		const OdometerTotals *t = &o.totals;
		OdometerReading reading = {0, 0};
		int			added = random_below(READINGS);

		odometer_init(&o, &options, 0);
		for (int i = 0; i < added; i++)
		{
			reading.time += 1 + (int64_t) exp(random_between(0, 22));
			reading.metres = any_reading(reading.metres, &options);
			odometer_add(&o, &reading);
		}
		odometer_finish(&o);

		counts &= added == t->used_count + t->outlier_count + t->unanswered_count &&
			(added == 0) == (t->used_count == 0);
		signs &= signs_hold(t);
		steps &= steps_hold(t, &options);
		speeds &= added == 0 ||
			t->distance_m <= (1 + 1e-12) * (options.max_speed * (double) reading.time * 1e-6 +
											  1000.0 * (double) t->used_count);
	}
	ok(counts, "counts add up in %d streams", STREAMS);
	ok(signs, "nothing is below zero, and metres are excluded by resets and jumps alone");
	ok(steps, "first and last reading differ by distance, rollovers, and steps");
	ok(speeds, "no distance is beyond the top speed and the ticks");
}

/* A clean counter reads the difference of its ends, to the bit. */
static void
test_exact(void)
{
	OdometerOptions options = {.max_speed = 70, .rollover_m = 0};
	bool		exact = true;

	for (int stream = 0; stream < STREAMS / 10; stream++)
	{
		double		first = random_between(0, 1e6);
		OdometerReading reading = {0, first};
		Odometer	o;

		odometer_init(&o, &options, 0);
		for (int i = 0; i < READINGS; i++)
		{
			odometer_add(&o, &reading);
			reading.time += 1000000;
			reading.metres += random_between(0, 40);
		}
		odometer_finish(&o);
		exact &= o.totals.distance_m == o.totals.last_m - first &&
			o.totals.used_count == READINGS;
	}
	ok(exact, "a clean counter reads the difference of its ends");
}

int
main(void)
{
	test_vehicles();
	test_identities();
	test_exact();
	return done_testing();
}
