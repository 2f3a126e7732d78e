/*
 * leg_classifier_test.c
 *		The identities of a mileage hold for any stream of fixes and any policy, and
 *		what the sink is told adds up to the totals, class by class.
 */
#include <string.h>

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

/* What the sink was told, by class. */
typedef struct Told
{
	double		metres[LEG_INACCURATE + 1];
	double		magnitude[LEG_INACCURATE + 1];	/* of all that was added */
	int64_t		time[LEG_INACCURATE + 1];
	double		counted_m;
	double		gap_m;			/* of gaps that count */
	bool		in_order;
	bool		sound;
	int64_t		last_end;
} Told;

/* Could this leg be so at all? */
static bool
sound_leg(const LegClassifier *c, const ClassifiedLeg *leg)
{
	bool		driven = leg->leg_class == LEG_MOVING || leg->leg_class == LEG_GAP;

	return (leg->metres != 0 || leg->time != 0) &&
		leg->time >= 0 && leg->time <= leg->to.time - leg->from.time &&
		c->believed.time <= leg->to.time &&
		(leg->leg_class <= LEG_GAP || leg->time == 0) &&
		(leg->leg_class != LEG_STOPPED || leg->metres == 0) &&
		(leg->leg_class != LEG_MOVING || leg->counted) &&
		(driven ? leg->metres >= 0 : !leg->counted);
}

static void
listen(void *context, const LegClassifier *c, const ClassifiedLeg *leg)
{
	Told	   *told = context;

	told->sound &= sound_leg(c, leg);
	told->metres[leg->leg_class] += leg->metres;
	told->magnitude[leg->leg_class] += fabs(leg->metres);
	told->time[leg->leg_class] += leg->time;
	if (leg->counted)
		told->counted_m += leg->metres;
	if (leg->counted && leg->leg_class == LEG_GAP)
		told->gap_m += leg->metres;
	if (leg->leg_class <= LEG_GAP)
	{
		told->in_order &= leg->to.time >= told->last_end;
		told->last_end = leg->to.time;
	}
}

static bool
metres_as_told(const Told *told, const MileageTotals *t)
{
	const double totals[] = {
		[LEG_MOVING] = t->measured_m,
		[LEG_GAP] = t->gap_m + t->gap_excluded_m,
		[LEG_JITTER] = t->jitter_m,
		[LEG_OUTLIER] = t->outlier_m,
		[LEG_INACCURATE] = t->inaccurate_m
	};

	for (int i = 0; i <= LEG_INACCURATE; i++)
		if (!(fabs(told->metres[i] - totals[i]) <= 1e-9 * told->magnitude[i]))
			return false;
	return fabs(told->gap_m - t->gap_m) <= 1e-9 * told->magnitude[LEG_GAP] &&
		fabs(told->counted_m - (t->measured_m + t->gap_m)) <= 1e-9 * told->counted_m;
}

static bool
times_as_told(const Told *told, const MileageTotals *t)
{
	return told->time[LEG_MOVING] == t->moving && told->time[LEG_STOPPED] == t->stopped &&
		told->time[LEG_GAP] == t->gap;
}

static void
add_to_both(LegClassifier *c, LegClassifier *silent, const Fix *fix)
{
	float		accuracy = random_below(3) ? (float) random_between(-5, 120) : NAN;

	classifier_add(c, fix, accuracy, NULL);
	classifier_add(silent, fix, accuracy, NULL);
}

int
main(void)
{
	bool		metres = true,
				counts = true,
				times = true,
				signs = true,
				speeds = true,
				told_metres = true,
				told_times = true,
				told_soundly = true,
				told_in_order = true,
				unheard = true;

	for (int stream = 0; stream < STREAMS; stream++)
	{
		MileagePolicy policy = random_policy();
		LegClassifier c,
					silent;
		Told		told = {.sound = true, .in_order = true, .last_end = INT64_MIN};
		const MileageTotals *t = &c.totals;
		Fix			fix = {0, {random_between(-180, 180), random_between(-90, 90)}};
		int			added = random_below(200);

		classifier_init(&c, &policy);
		classifier_tell(&c, listen, &told);
		classifier_init(&silent, &policy);
		for (int i = 0; i < added; i++)
		{
			add_to_both(&c, &silent, &fix);
			fix = next_fix(fix);
		}
		classifier_finish(&c);
		classifier_finish(&silent);

		metres &= near(t->raw_m, t->measured_m + t->gap_m + t->gap_excluded_m +
					   t->jitter_m + t->outlier_m + t->inaccurate_m, t->raw_m);
		counts &= added == t->used_count + t->jitter_count + t->outlier_count +
			t->inaccurate_count + t->null_island_count;
		times &= t->moving + t->stopped + t->gap == t->last_time - t->first_time;
		signs &= no_class_below_zero(t);
		/* a leg after a held position may be a little faster, never much */
		speeds &= t->top_speed <= policy.max_speed * (1 + 1e-9);

		told_metres &= metres_as_told(&told, t);
		told_times &= times_as_told(&told, t);
		told_soundly &= told.sound;
		told_in_order &= told.in_order;
		unheard &= memcmp(t, &silent.totals, sizeof(*t)) == 0;
	}
	ok(metres, "metres add up in %d streams", STREAMS);
	ok(counts, "counts add up");
	ok(times, "times add up");
	ok(signs, "no class is below zero");
	ok(speeds, "no measured leg is above the top speed");
	ok(told_metres, "the metres that the sink is told add up to the totals, class by class");
	ok(told_times, "so do the times, exactly");
	ok(told_soundly, "every leg that it is told is sound");
	ok(told_in_order, "legs with times are told in their order");
	ok(unheard, "that there is a sink changes no bit");
	return done_testing();
}
