/*
 * leg_classifier.c
 *		Which metres between fixes were driven.
 *
 * Fixes arrive in order of time, distinct and valid, and pass three rules:
 * accuracy, outliers, then jitter with gaps.  What a rule takes out is added
 * to that rule's metres and count, so that every metre of the plain sum is
 * found again in the totals.  doc/mileage.md explains the rules to users.
 */
#include <string.h>

#include "mileage/leg_classifier.h"

/*
 * Constants of algorithm version 1.  A vehicle that stays this long within
 * the jitter radius has come to rest.
 */
#define REST_MICROSECONDS	INT64_C(20000000)

/*
 * A receiver that repeats its last position for longer than this does not lag,
 * it stands.
 */
#define HOLD_MICROSECONDS	INT64_C(60000000)

/*
 * Movement within the radius is told from wandering by its direction: a
 * vehicle keeps it from leg to leg and gets on, noise turns at random.
 * Receivers overshoot, though, when a vehicle brakes; so on the way to a stop
 * only a path longer than the radius is wide is believed to be a turn.
 */
#define DIRECTED_COSINE		0.5
#define DIRECTED_SPEED		0.5 /* m/s */

static inline double
seconds_between(int64_t from, int64_t to)
{
	return (double) (to - from) * 1e-6;
}

static inline Leg
leg_between(const Fix *from, const Fix *to)
{
	return geodesic_leg(from->position, to->position);
}

static inline bool
same_place(Position a, Position b)
{
	return a.lon == b.lon && a.lat == b.lat;
}

/* Tell the sink of a leg, unless there is nothing to tell. */
static void
tell_leg(const LegClassifier *c, LegClass leg_class, bool counted,
		 const Fix *from, const Fix *to, double metres, int64_t time)
{
	ClassifiedLeg leg = {leg_class, counted, *from, *to, metres, time};

	if (metres != 0 || time != 0)
		c->sink(c->sink_context, c, &leg);
}

/* Could the vehicle have come this far in this time? */
static inline bool
plausible(const LegClassifier *c, double metres, int64_t from, int64_t to)
{
	return metres <= c->policy.max_speed * seconds_between(from, to);
}

static void
start_stretch(LegClassifier *c, const Fix *anchor, bool stopped)
{
	Stretch    *s = &c->stretch;

	/* one by one: this is done for most fixes, and is faster than memset */
	s->anchor = *anchor;
	s->stopped = stopped && c->policy.jitter_radius > 0;
	s->fix_count = 0;
	s->path_m = s->top_speed = 0;
	s->busy = 0;
	s->turn_cosines = 0;
	s->turn_count = 0;
	s->last_leg.length = s->last_leg.east = s->last_leg.north = 0;
	s->east = s->north = s->east_sum = s->north_sum = 0;
	c->totals.used_count++;
}

/* The higher of a speed and that of a leg. */
static inline double
top_speed(double speed, const Leg *leg, double seconds)
{
	return leg->length > speed * seconds ? leg->length / seconds : speed;
}

/*
 * Every turn weighs the same, or the few long legs that lead to a stop and away
 * from it would speak for all the wandering in between.
 */
static inline void
add_turn(Stretch *s, const Leg *leg)
{
	double		lengths = leg->length * s->last_leg.length;

	if (lengths > 0)
	{
		s->turn_cosines += (leg->east * s->last_leg.east +
							leg->north * s->last_leg.north) / lengths;
		s->turn_count++;
	}
	s->last_leg = *leg;
}

/*
 * Take the leg to one more fix into the stretch.  Its speed is that of
 * `seconds`, which may have begun before it, where a position was held.
 */
static inline void
extend_stretch(LegClassifier *c, const Fix *fix, const Leg *leg, double seconds)
{
	Stretch    *s = &c->stretch;

	s->path_m += leg->length;
	s->busy += leg->length > 0 ? fix->time - c->believed.time : 0;
	s->east += leg->east;
	s->north += leg->north;
	add_turn(s, leg);
	s->top_speed = top_speed(s->top_speed, leg, seconds);
}

/* The fix that the stretch has just been extended to did not leave it. */
static void
keep_in_stretch(Stretch *s)
{
	s->fix_count++;
	s->east_sum += s->east;
	s->north_sum += s->north;
}

/*
 * Does the leg end within the radius of the anchor, or of the center of a
 * stop?  It begins there, so that one of twice the radius leads out of it.  So
 * does one without components: beside a pole, where they have no meaning.
 */
static bool
within_radius(const Stretch *s, const Leg *leg, double radius)
{
	double		east = s->east + leg->east;
	double		north = s->north + leg->north;

	if (leg->length > 2 * radius ||
		(leg->length > 0 && leg->east == 0 && leg->north == 0))
		return false;
	if (s->stopped)
	{
		east -= s->east_sum / (double) (s->fix_count + 1);
		north -= s->north_sum / (double) (s->fix_count + 1);
	}
	return east * east + north * north <= radius * radius;
}

static bool
directed(const Stretch *s)
{
	return s->turn_count > 0 &&
		s->turn_cosines >= DIRECTED_COSINE * (double) s->turn_count;
}

static void
note_speed(LegClassifier *c, double speed)
{
	if (speed > c->totals.top_speed)
		c->totals.top_speed = speed;
}

/* Count the stretch up to this fix in full, as movement. */
static void
count_movement(LegClassifier *c, const Fix *end)
{
	Stretch    *s = &c->stretch;

	c->totals.measured_m += s->path_m;
	c->totals.used_count += s->fix_count;
	c->totals.moving += end->time - s->anchor.time;
	note_speed(c, s->top_speed);
	if (c->sink)
		tell_leg(c, LEG_MOVING, true, &s->anchor, end, s->path_m, end->time - s->anchor.time);
}

/*
 * Count only the straight line to the end of the stretch as driven, and as time
 * in motion its share of the path.
 */
static void
count_chord(LegClassifier *c, const Fix *end)
{
	Stretch    *s = &c->stretch;
	double		chord = s->fix_count == 0 ? s->path_m : leg_between(&s->anchor, end).length;
	double		share = s->path_m > chord ? chord / s->path_m : 1;
	int64_t		moving = (int64_t) (share * (double) s->busy);
	bool		held = c->held_since < s->anchor.time;

	c->totals.moving += moving;
	c->totals.stopped += end->time - s->anchor.time - moving;
	c->totals.measured_m += chord;
	c->totals.jitter_m += s->path_m - chord;
	c->totals.jitter_count += s->fix_count;
	note_speed(c, chord / seconds_between(held ? c->held_since : s->anchor.time, end->time));
	if (c->sink)
	{
		tell_leg(c, LEG_JITTER, false, &s->anchor, end, s->path_m - chord, 0);
		tell_leg(c, LEG_STOPPED, false, &s->anchor, end, 0, end->time - s->anchor.time - moving);
		tell_leg(c, LEG_MOVING, true, &s->anchor, end, chord, moving);
	}
}

/* End a stretch at the last believed fix: a gap follows, or nothing. */
static void
close_stretch(LegClassifier *c)
{
	Stretch    *s = &c->stretch;

	if (!s->stopped)
	{
		count_movement(c, &c->believed);
		return;
	}
	c->totals.jitter_m += s->path_m;
	c->totals.jitter_count += s->fix_count;
	c->totals.stopped += c->believed.time - s->anchor.time;
	if (c->sink)
	{
		tell_leg(c, LEG_JITTER, false, &s->anchor, &c->believed, s->path_m, 0);
		tell_leg(c, LEG_STOPPED, false, &s->anchor, &c->believed, 0,
				 c->believed.time - s->anchor.time);
	}
}

static void
add_gap(LegClassifier *c, const Fix *fix, double leg_m, bool counts)
{
	close_stretch(c);
	if (counts)
		c->totals.gap_m += leg_m;
	else
		c->totals.gap_excluded_m += leg_m;
	c->totals.gap += fix->time - c->believed.time;
	c->totals.gap_count++;
	if (c->sink)
		tell_leg(c, LEG_GAP, counts, &c->believed, fix, leg_m, fix->time - c->believed.time);
	c->held_since = fix->time;
	start_stretch(c, fix, true);
}

/* The vehicle has stayed within the radius for long enough. */
static void
come_to_rest(LegClassifier *c, const Fix *fix, const Leg *leg, double seconds)
{
	Stretch    *s = &c->stretch;

	extend_stretch(c, fix, leg, seconds);
	if (directed(s) && s->path_m > 2 * c->policy.jitter_radius)
		count_movement(c, fix);
	else
		count_chord(c, fix);
	start_stretch(c, fix, true);
}

/* The vehicle has left the radius. */
static void
move_on(LegClassifier *c, const Fix *fix, const Leg *leg, double seconds)
{
	Stretch    *s = &c->stretch;

	extend_stretch(c, fix, leg, seconds);
	if (!s->stopped ||
		(directed(s) && s->path_m >= DIRECTED_SPEED * seconds_between(s->anchor.time, fix->time)))
		count_movement(c, fix);
	else
	{
		count_chord(c, fix);
		note_speed(c, leg->length / seconds);
	}
	start_stretch(c, fix, false);
}

/* The jitter and gap rules, for a fix that is believed. */
static void
believe(LegClassifier *c, const Fix *fix, const Leg *leg)
{
	double		seconds = seconds_between(c->held_since, fix->time);

	if (c->policy.jitter_radius > 0 &&
		within_radius(&c->stretch, leg, c->policy.jitter_radius))
	{
		if (!c->stretch.stopped &&
			fix->time - c->stretch.anchor.time >= REST_MICROSECONDS)
			come_to_rest(c, fix, leg, seconds);
		else
		{
			extend_stretch(c, fix, leg, seconds);
			keep_in_stretch(&c->stretch);
		}
	}
	else if (fix->time - c->believed.time > c->policy.gap_threshold)
		add_gap(c, fix, leg->length, c->policy.gap_mode == GAP_STRAIGHT);
	else
		move_on(c, fix, leg, seconds);

	if (!same_place(fix->position, c->believed.position))
		c->held_since = fix->time;
	c->believed = *fix;
}

static void
add_outlier_metres(LegClassifier *c, const Fix *to, double metres)
{
	c->totals.outlier_m += metres;
	c->outlier_path_m = 0;
	if (c->sink)
		tell_leg(c, LEG_OUTLIER, false, &c->believed, to, metres, 0);
}

static void
add_inaccurate_metres(LegClassifier *c, const Fix *to, double metres)
{
	c->totals.inaccurate_m += metres;
	if (c->sink)
		tell_leg(c, LEG_INACCURATE, false, &c->accurate, to, metres, 0);
}

static void
reject_candidates(LegClassifier *c)
{
	for (int i = 1; i < c->candidate_count; i++)
		c->outlier_path_m += c->candidates[i].leg.length;
	c->totals.outlier_count += c->candidate_count;
	c->candidate_count = 0;
}

/*
 * Do the candidates only catch up with a position that the receiver held for a
 * while?  Then the vehicle may have driven there since that was new.
 */
static bool
candidates_catch_up(const LegClassifier *c, double leg_m)
{
	int64_t		time = c->candidates[0].fix.time;

	return time - c->held_since <= HOLD_MICROSECONDS &&
		plausible(c, leg_m, c->held_since, time);
}

/*
 * The candidates agree with each other: the vehicle is where they say.  Unless
 * they catch up, the way there is unknown: a jump, never distance.
 */
static void
believe_candidates(LegClassifier *c)
{
	const Fix  *first = &c->candidates[0].fix;
	Leg			leg = leg_between(&c->believed, first);

	add_outlier_metres(c, first, c->outlier_path_m - leg.length);
	if (candidates_catch_up(c, leg.length))
		believe(c, first, &leg);
	else
	{
		add_gap(c, first, leg.length, false);
		c->believed = *first;
	}
	for (int i = 1; i < c->candidate_count; i++)
		believe(c, &c->candidates[i].fix, &c->candidates[i].leg);
	c->candidate_count = 0;
}

static bool
agrees_with_candidates(const LegClassifier *c, const Fix *fix, const Leg *leg)
{
	return c->candidate_count > 0 &&
		plausible(c, leg->length,
				  c->candidates[c->candidate_count - 1].fix.time, fix->time);
}

/* A fix too fast to believe waits for others that agree with it. */
static void
add_candidate(LegClassifier *c, const Fix *fix, const Leg *leg)
{
	if (!agrees_with_candidates(c, fix, leg))
	{
		reject_candidates(c);
		c->outlier_path_m += leg->length;
	}
	c->candidates[c->candidate_count++] = (Candidate) {*fix, *leg};
	if (c->candidate_count == c->policy.reanchor_fixes)
		believe_candidates(c);
}

/* The outlier rule; the leg is from the fix before, believed or not. */
static void
judge_speed(LegClassifier *c, const Fix *fix, const Leg *leg)
{
	Leg			direct = *leg;

	if (c->outlier_path_m > 0)
		direct = leg_between(&c->believed, fix);
	if (!plausible(c, direct.length, c->believed.time, fix->time))
	{
		add_candidate(c, fix, leg);
		return;
	}
	if (agrees_with_candidates(c, fix, leg) &&
		candidates_catch_up(c, leg_between(&c->believed, &c->candidates[0].fix).length))
	{
		believe_candidates(c);
		direct = *leg;
	}
	else if (c->outlier_path_m > 0)
	{
		reject_candidates(c);
		add_outlier_metres(c, fix, c->outlier_path_m + leg->length - direct.length);
	}
	believe(c, fix, &direct);
}

/*
 * The accuracy rule, at the precision of the accuracies, so that 12.3 is within
 * 12.3.  Some platforms report a negative radius for no fix.
 */
static bool
accurate_enough(const LegClassifier *c, float accuracy)
{
	return !(accuracy > (float) c->policy.max_accuracy || accuracy < 0);
}

void
classifier_init(LegClassifier *c, const MileagePolicy *policy)
{
	memset(c, 0, sizeof(*c));
	c->policy = *policy;
}

/* From now on, tell this sink of every leg. */
void
classifier_tell(LegClassifier *c, LegSink sink, void *context)
{
	c->sink = sink;
	c->sink_context = context;
}

/*
 * Take the next fix; its time must be after the last one's.  The accuracy is
 * its radius of uncertainty in metres, NaN where unknown.  The leg is the one from
 * the fix before, as geodesic_leg measures it, or NULL if it has not been measured.
 */
void
classifier_add(LegClassifier *c, const Fix *fix, float accuracy, const Leg *measured)
{
	Leg			leg = {0};

	if (c->policy.reject_null_island && is_null_island(fix->position))
	{
		c->totals.null_island_count++;
		c->any_skipped = true;
		return;
	}
	if (!c->any_fix)
		c->accurate = *fix;
	else if (measured != NULL && !c->any_skipped)
		leg = *measured;
	else
		leg = leg_between(&c->last_fix, fix);
	c->any_skipped = false;
	c->totals.raw_m += leg.length;
	c->any_fix = true;
	c->last_fix = *fix;

	if (!accurate_enough(c, accuracy))
	{
		c->totals.inaccurate_count++;
		c->inaccurate_path_m += leg.length;
		return;
	}
	if (!c->any_accurate)
	{
		add_inaccurate_metres(c, fix, c->inaccurate_path_m + leg.length);
		c->any_accurate = true;
		c->totals.first_time = fix->time;
		c->held_since = fix->time;
		c->believed = *fix;
		start_stretch(c, fix, true);
	}
	else
	{
		if (c->inaccurate_path_m > 0)
		{
			Leg			direct = leg_between(&c->accurate, fix);

			add_inaccurate_metres(c, fix, c->inaccurate_path_m + leg.length - direct.length);
			leg = direct;
		}
		judge_speed(c, fix, &leg);
	}
	c->inaccurate_path_m = 0;
	c->accurate = *fix;
}

/* Close the books after the last fix. */
void
classifier_finish(LegClassifier *c)
{
	add_inaccurate_metres(c, &c->last_fix, c->inaccurate_path_m);
	if (!c->any_accurate)
		return;
	reject_candidates(c);
	add_outlier_metres(c, &c->last_fix, c->outlier_path_m);
	close_stretch(c);
	c->totals.last_time = c->believed.time;
}
