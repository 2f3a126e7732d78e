/*
 * leg_classifier_test.c
 *		The identities of a mileage hold for any stream of fixes and any policy.
 */
#include "mileage/leg_classifier.h"
#include "tap.h"

#define STREAMS	20000

static MileagePolicy
random_policy(void)
{
	return (MileagePolicy) {
		.version = MILEAGE_ALGORITHM_VERSION,
		.gap_mode = (uint8_t) random_below(2),
		.reject_null_island = (uint8_t) random_below(2),
		.reanchor_fixes = 1 + random_below(MAX_REANCHOR_FIXES),
		.max_speed = random_below(4) ? random_between(1, 100) : INFINITY,
		.jitter_radius = random_below(4) ? random_between(1, 100) : 0,
		.max_accuracy = random_below(4) ? random_between(1, 100) : INFINITY,
		.gap_threshold = random_below(4) ? 1 + (int64_t) random_between(0, 6e8) : GAP_NEVER,
	};
}

/* Drives, stops, holds its place, teleports, sleeps, visits (0,0). */
static Fix
next_fix(Fix fix)
{
	static const double steps[] = {0, 1e-6, 1e-4, 1e-4, 1e-4, 1e-3, 0.1, 20};
	double		step = steps[random_below(8)];

	fix.time += 1 + (int64_t) exp(random_between(0, log(random_below(20) ? 5e6 : 5e9)));
	fix.position.lon += step * random_between(-1, 1);
	fix.position.lat += step * random_between(-1, 1);
	if (random_below(50) == 0)
		fix.position = (Position) {0, 0};
	if (!position_normalize(&fix.position))
		fix.position = (Position) {-180, 90};
	return fix;
}

static bool
near(double a, double b, double scale)
{
	return fabs(a - b) <= 1e-9 * scale + 1e-6;
}

static bool
no_class_below_zero(const MileageTotals *t)
{
	return t->measured_m >= 0 && t->gap_m >= 0 && t->gap_excluded_m >= 0 &&
		t->jitter_m >= -1e-6 && t->outlier_m >= -1e-6 && t->inaccurate_m >= -1e-6 &&
		t->moving >= 0 && t->stopped >= 0 && t->gap >= 0;
}

int
main(void)
{
	bool		metres = true,
				counts = true,
				times = true,
				signs = true,
				speeds = true;

	for (int stream = 0; stream < STREAMS; stream++)
	{
		MileagePolicy policy = random_policy();
		LegClassifier c;
		const MileageTotals *t = &c.totals;
		Fix			fix = {0, {random_between(-180, 180), random_between(-90, 90)}};
		int			added = random_below(200);

		classifier_init(&c, &policy);
		for (int i = 0; i < added; i++)
		{
			float		accuracy = random_below(3) ? (float) random_between(-5, 120) : NAN;

			classifier_add(&c, &fix, accuracy, NULL);
			fix = next_fix(fix);
		}
		classifier_finish(&c);

		metres &= near(t->raw_m, t->measured_m + t->gap_m + t->gap_excluded_m +
					   t->jitter_m + t->outlier_m + t->inaccurate_m, t->raw_m);
		counts &= added == t->used_count + t->jitter_count + t->outlier_count +
			t->inaccurate_count + t->null_island_count;
		times &= t->moving + t->stopped + t->gap == t->last_time - t->first_time;
		signs &= no_class_below_zero(t);
		/* a leg after a held position may be a little faster, never much */
		speeds &= t->top_speed <= policy.max_speed * (1 + 1e-9);
	}
	ok(metres, "metres add up in %d streams", STREAMS);
	ok(counts, "counts add up");
	ok(times, "times add up");
	ok(signs, "no class is below zero");
	ok(speeds, "no measured leg is above the top speed");
	return done_testing();
}
