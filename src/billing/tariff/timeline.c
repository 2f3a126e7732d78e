/*
 * timeline.c
 *		When the windows of a tariff's conditions hold, along time.
 */
#include <string.h>

#include "billing/tariff/condition.h"
#include "billing/tariff/timeline.h"

static bool
same_dates(const DateList *a, const DateList *b)
{
	return a->count == b->count &&
		(a->count == 0 || memcmp(a->ranges, b->ranges, (size_t) a->count * sizeof(DateRange)) == 0);
}

/* Do both ask local time the same? */
static bool
same_windows(const Condition *a, const Condition *b)
{
	return a->weekdays == b->weekdays && a->date_of_instant == b->date_of_instant &&
		a->has_dates == b->has_dates && a->has_calendars == b->has_calendars &&
		a->hour_count == b->hour_count &&
		(a->hour_count == 0 || memcmp(a->hours, b->hours, (size_t) a->hour_count * sizeof(HourWindow)) == 0) &&
		(!a->has_dates || same_dates(&a->dates, &b->dates)) &&
		(!a->has_calendars || same_dates(&a->calendar_dates, &b->calendar_dates));
}

/* Number what a condition asks of local time, if there is room. */
static void
add_test(Timeline *timeline, Condition *c, int *windows)
{
	int			test = 0;

	if (!condition_has_windows(c))
		return;
	while (test < timeline->test_count && !same_windows(timeline->tests[test], c))
		test++;
	if (test == timeline->test_count)
	{
		int			more = c->hour_count > 0 ? c->hour_count : 1;

		if (test == MAX_WINDOW_TESTS || *windows + more > MAX_TESTED_WINDOWS)
			return;
		*windows += more;
		timeline->tests[timeline->test_count++] = c;
	}
	c->window_test = test + 1;
}

static void
add_tests(Timeline *timeline, Condition *c, bool of_reserved, int *windows)
{
	uint32_t	test;

	if (c == NULL)
		return;
	for (Condition *part = c; part != NULL; part = part->negated)
		add_test(timeline, part, windows);
	c->only_windows = c->window_test > 0 && !c->has_elapsed && c->attribute_count == 0 && c->negated == NULL;
	if (c->evaluate == EVALUATE_START)
		return;
	if (!c->only_windows)
	{
		timeline->others_cut = true;
		return;
	}
	test = UINT32_C(1) << (c->window_test - 1);
	timeline->cutting |= test;
	if (of_reserved)
		timeline->cutting_reserved |= test;
}

/* Number the tests of all conditions that stretches of a trip are asked. */
void
timeline_init(Timeline *timeline, const Tariff *t, Clock *clock, const Provider *provider)
{
	int			windows = 0;

	*timeline = (Timeline) {.provider = provider, .clock = clock};
	for (int i = 0; i < t->rate_count; i++)
		add_tests(timeline, t->rates[i].when, t->rates[i].dimension == RESERVED, &windows);
	for (int i = 0; i < t->multiplier_count; i++)
		add_tests(timeline, t->multipliers[i].when, true, &windows);
	for (int i = 0; i < t->flat_fare_count; i++)
		add_tests(timeline, t->flat_fares[i].when, false, &windows);
	for (int i = 0; i < t->surcharge_count; i++)
		add_tests(timeline, t->surcharges[i].when, false, &windows);
	for (int i = 0; i < t->discount_count; i++)
		add_tests(timeline, t->discounts[i].when, false, &windows);
}

static uint32_t
ask_tests(const Timeline *timeline, int64_t instant)
{
	uint32_t	answers = 0;

	for (int i = 0; i < timeline->test_count; i++)
		if (condition_windows_hold(timeline->tests[i], timeline->clock, instant))
			answers |= UINT32_C(1) << i;
	return answers;
}

static void
add_answers(const Timeline *timeline, TimelineStretch *stretch, int64_t from)
{
	uint32_t	tests = ask_tests(timeline, from);

	if (stretch->count > 0 && stretch->answers[stretch->count - 1].tests == tests)
		return;
	stretch->answers = make_room(timeline->provider, stretch->answers, stretch->count,
								 &stretch->capacity, sizeof(Answers));
	stretch->answers[stretch->count++] = (Answers) {from, tests};
}

/* Find out about a stretch: at its begin, and wherever an answer may change. */
static void
fill_stretch(const Timeline *timeline, TimelineStretch *stretch)
{
	int64_t		from = stretch->number * (INT64_C(1) << STRETCH_BITS);
	int64_t		to = from + (INT64_C(1) << STRETCH_BITS);
	InstantList edges = {.provider = timeline->provider};

	for (int i = 0; i < timeline->test_count; i++)
		condition_window_edges(timeline->tests[i], timeline->clock, from, to, &edges);
	instant_list_sort(&edges);
	add_answers(timeline, stretch, from);
	for (int i = 0; i < edges.count; i++)
		add_answers(timeline, stretch, edges.instants[i]);
	timeline->provider->resize(timeline->provider->context, edges.instants, 0);
}

static TimelineStretch *
stretch_at(const Timeline *timeline, int64_t number)
{
	return &timeline->stretches[number & (timeline->stretch_count - 1)];
}

/* Make room for as many stretches; what is known stays. */
static void
resize_stretches(Timeline *timeline, int count)
{
	const Provider *p = timeline->provider;
	Timeline	larger = *timeline;
	size_t		size = (size_t) count * sizeof(TimelineStretch);

	larger.stretch_count = count;
	larger.stretches = p->resize(p->context, NULL, size);
	memset(larger.stretches, 0, size);
	for (int i = 0; i < timeline->stretch_count; i++)
	{
		TimelineStretch *old = &timeline->stretches[i];

		if (old->count > 0)
			*stretch_at(&larger, old->number) = *old;
		else
			p->resize(p->context, old->answers, 0);
	}
	p->resize(p->context, timeline->stretches, 0);
	*timeline = larger;
}

/* The place of a stretch, which is another's no longer. */
static TimelineStretch *
place_stretch(Timeline *timeline, int64_t number)
{
	TimelineStretch *stretch;

	if (timeline->stretch_count == 0)
		resize_stretches(timeline, FIRST_STRETCHES);
	stretch = stretch_at(timeline, number);
	while (stretch->number != number && stretch->count > 0 && timeline->stretch_count < MAX_STRETCHES)
	{
		resize_stretches(timeline, timeline->stretch_count * 2);
		stretch = stretch_at(timeline, number);
	}
	if (stretch->number != number)
	{
		stretch->number = number;
		stretch->asked = stretch->count = 0;
	}
	return stretch;
}

/* The last answers that begin at or before an instant of the stretch. */
static int
find_answers(const TimelineStretch *stretch, int64_t instant)
{
	int			low = 0;
	int			high = stretch->count;

	while (high - low > 1)
	{
		int			middle = (low + high) / 2;

		if (stretch->answers[middle].from <= instant)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/*
 * The answers at an instant, and until when they stay, at least.  NULL if they are not
 * known: a stretch is looked into when it was asked for as often as there are tests, so
 * that it does not cost more than it saves.
 */
const Answers *
timeline_find(Timeline *timeline, int64_t instant, int64_t *until)
{
	int64_t		number = instant >> STRETCH_BITS;
	TimelineStretch *stretch;
	TimelineStretch filled;
	int			at;

	stretch = place_stretch(timeline, number);
	if (stretch->count == 0)
	{
		if (stretch->asked++ < timeline->test_count)
			return NULL;
		filled = *stretch;
		fill_stretch(timeline, &filled);
		*stretch = filled;
	}
	at = find_answers(stretch, instant);
	*until = at + 1 < stretch->count ? stretch->answers[at + 1].from : (number + 1) * (INT64_C(1) << STRETCH_BITS);
	return &stretch->answers[at];
}
