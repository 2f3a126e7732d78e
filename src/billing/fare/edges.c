/*
 * edges.c
 *		The instants at which the time of a trip is cut.
 *
 * A timeline knows for all trips of a day where windows of local time change their
 * answers.  Where it is not known, or for what it does not tell, each condition is asked.
 */
#include "billing/fare/edges.h"
#include "billing/tariff/condition.h"

/* The timeline's tests that cut a trip, and those that cut the time before its start. */
typedef struct CuttingTests
{
	uint32_t	trip;
	uint32_t	reserved;
} CuttingTests;

/* What all functions here work on. */
typedef struct Cut
{
	FareEdges  *edges;
	const FareTerms *terms;
	const Trip *trip;
	Circumstances circumstances;
	CuttingTests cutting;
} Cut;

static int64_t
first_moment(const Trip *trip)
{
	return trip->start - trip->reserved;
}

/* Read the timeline from the first moment to the end; false where it is not known. */
static bool
read_timeline(FareEdges *edges, const FareTerms *terms, const Trip *trip)
{
	Timeline   *timeline = terms->timeline;
	int64_t		at = first_moment(trip);
	int64_t		until;

	edges->answer_count = 0;
	if (timeline == NULL || timeline->test_count == 0 || trip->end - at > MAX_TIMELINE_TRIP)
		return false;
	/* a trip that takes no time has one answer, too */
	do
	{
		const Answers *answers = timeline_find(timeline, at, &until);

		if (answers == NULL)
			return false;
		edges->answers = make_room(terms->provider, edges->answers, edges->answer_count,
								   &edges->answer_capacity, sizeof(Answers));
		edges->answers[edges->answer_count++] = (Answers) {at, answers->tests};
		at = until;
	} while (at < trip->end);
	return true;
}

/* Add where a rule's condition changes its answer, unless it is asked at the start alone. */
static void
add_rule_edges(Cut *cut, const Condition *when, int64_t from)
{
	FareEdges  *edges = cut->edges;
	uint32_t	tests = 0;

	if (!condition_may_change(when) || edges->instants.count > MAX_EDGES)
		return;
	condition_edges(when, &cut->circumstances, from, cut->trip->end, &edges->instants,
					edges->answers_known ? &tests : NULL);
	cut->cutting.trip |= tests;
	if (from < cut->trip->start)
		cut->cutting.reserved |= tests;
}

static void
add_charge_edges(Cut *cut, const Charge *charges, int count)
{
	for (int i = 0; i < count; i++)
		add_rule_edges(cut, charges[i].when, cut->trip->start);
}

/* Add where conditions change their answers; collect the tests that the timeline tells. */
static void
add_all_rule_edges(Cut *cut)
{
	const Tariff *t = cut->terms->tariff;
	int64_t		first = first_moment(cut->trip);

	for (int i = 0; i < t->rate_count; i++)
		add_rule_edges(cut, t->rates[i].when,
					   t->rates[i].dimension == RESERVED ? first : cut->trip->start);
	for (int i = 0; i < t->multiplier_count; i++)
		add_rule_edges(cut, t->multipliers[i].when, first);
	add_charge_edges(cut, t->flat_fares, t->flat_fare_count);
	add_charge_edges(cut, t->surcharges, t->surcharge_count);
	add_charge_edges(cut, t->discounts, t->discount_count);
}

/* Add where the timeline changes an answer that cuts. */
static void
add_answer_edges(Cut *cut)
{
	FareEdges  *edges = cut->edges;
	const Timeline *timeline = cut->terms->timeline;
	CuttingTests cutting = {
		cut->cutting.trip | timeline->cutting, cut->cutting.reserved | timeline->cutting_reserved
	};

	for (int i = 1; i < edges->answer_count; i++)
	{
		const Answers *answers = &edges->answers[i];
		uint32_t	tests = answers->from < cut->trip->start ? cutting.reserved : cutting.trip;

		if ((answers->tests ^ answers[-1].tests) & tests)
			instant_list_add(&edges->instants, answers->from);
	}
}

static int32_t
next_cap_date(const Clock *clock, CapWindow window, int32_t date)
{
	switch (window)
	{
		case CAP_DAY:
			return date + 1;
		case CAP_WEEK:
			return date + 7 - clock_weekday(date);
		default:
			return clock->zone.next_month(date);
	}
}

static void
add_rolling_ends(const Trip *trip, int64_t length, InstantList *ends)
{
	int64_t		duration = trip->end - trip->start;

	for (int64_t elapsed = length; elapsed < duration && ends->count <= MAX_EDGES;
		 elapsed += length)
		instant_list_add(ends, trip->start + elapsed);
}

/* Add the instants within the trip at which a window of a cap ends, in order. */
void
fare_add_cap_ends(const FareTerms *terms, const Trip *trip, const Cap *cap, InstantList *ends)
{
	Clock	   *clock = terms->clock;
	int32_t		last;
	int32_t		date;

	if (cap->window == CAP_ROLLING)
	{
		add_rolling_ends(trip, cap->length, ends);
		return;
	}
	/* one date more, in case the clock is set back over midnight; those beyond may not be instants */
	last = clock_date(clock_local(clock, trip->end)) + 1;
	date = clock_date(clock_local(clock, trip->start));
	while ((date = next_cap_date(clock, cap->window, date)) <= last)
	{
		int64_t		end = clock_instant(clock, date * MICROSECONDS_PER_DAY);

		if (end > trip->start && end < trip->end)
			instant_list_add(ends, end);
	}
}

/* Find all instants at which a trip is cut. */
void
fare_find_edges(FareEdges *edges, const FareTerms *terms, const Trip *trip)
{
	const Tariff *t = terms->tariff;
	Cut			cut = {
		edges, terms, trip, {terms->clock, trip->start, trip->attribute_results}, {0, 0}
	};

	edges->instants.provider = terms->provider;
	edges->instants.count = 0;
	edges->answers_known = read_timeline(edges, terms, trip);
	/* as a rule the timeline alone tells where a trip is cut */
	if (!edges->answers_known || terms->timeline->others_cut)
		add_all_rule_edges(&cut);
	if (edges->answers_known)
		add_answer_edges(&cut);
	for (int i = 0; i < t->cap_count && edges->instants.count <= MAX_EDGES; i++)
		fare_add_cap_ends(terms, trip, &t->caps[i], &edges->instants);
	edges->too_many = edges->instants.count > MAX_EDGES;
	if (edges->too_many)
		edges->instants.count = 0;
	instant_list_sort(&edges->instants);
}
