/*
 * lint_test.c
 *		The linter's verdicts on random rates, against all moments of some weeks, asked
 *		one by one by a reader of conditions of its own.
 *
 * All edges are whole quarters of a day, so that a quarter stands for all its moments.
 */
#include <string.h>

#include "billing/lint/lint.h"
#include "billing/tariff/clock.h"
#include "tap.h"

#define TARIFFS		4000
#define MAX_RATES	3
#define QUARTER		(MICROSECONDS_PER_DAY / 4)
#define FIRST_DATE	1000		/* of those that lists name: two weeks */
#define LAST_DATE	1012
#define MARGIN		10			/* days around them that are asked for, too */
#define MAX_ELAPSED	5			/* quarters; edges are below */
#define ATTRIBUTES	4
#define MAX_TESTS	(MAX_RATES * 4)

static const char *const classes[] = {NULL, "\"a\"", "\"b\"", "7"};
static const char *const class_lists[] = {
	"[\"a\"]", "[\"b\"]", "[\"a\", \"b\"]", "[7, \"a\"]", "[\"b\", 7]"
};

/* A tariff with room for all it points to. */
typedef struct Sample
{
	Tariff		tariff;
	Rate		rates[MAX_RATES];
	Condition	conditions[MAX_RATES * 2];
	HourWindow	hours[MAX_RATES * 2][2];
	DateRange	dates[MAX_RATES * 4][2];
	AttributeTest tests[MAX_TESTS];
	int			condition_count;
} Sample;

/* What the linter said. */
typedef struct Verdict
{
	bool		impossible[MAX_RATES];
	bool		shadowed[MAX_RATES];
	bool		hole;
	int			others;
} Verdict;

/* A moment, in quarters since FIRST_DATE; before the start elapsed is -1. */
typedef struct Instant
{
	int			at;
	int			elapsed;
	int			attribute;
} Instant;

static void
see(void *context, const char *path, const char *kind, const char *message)
{
	Verdict    *verdict = context;
	int			rate = -1;
	char		rest[100] = "";

	(void) message;
	sscanf(path, "rates[%d]%99s", &rate, rest);
	if (strcmp(kind, "no_fallback") == 0)
		verdict->hole = true;
	else if (strcmp(kind, "unreachable") == 0 && strcmp(rest, ".when") == 0)
		verdict->impossible[rate] = true;
	else if (strcmp(kind, "unreachable") == 0 && rest[0] == '\0')
		verdict->shadowed[rate] = true;
	else
		verdict->others++;
}

static void
write_date(int32_t date, char *text)
{
	snprintf(text, LINT_DATE_SIZE, "%d", date);
}

static void
ignore(void)
{
}

/* In order, and apart. */
static DateList
random_dates(DateRange ranges[2])
{
	DateList	list = {.count = 1 + random_below(2), .ranges = ranges};
	int			next = FIRST_DATE + random_below(4);

	for (int i = 0; i < list.count; i++)
	{
		ranges[i].first = next;
		ranges[i].last = next + random_below(4);
		next = ranges[i].last + 2 + random_below(2);
	}
	return list;
}

static Condition *
random_condition(Sample *s, bool negate)
{
	int			number = s->condition_count++;
	Condition  *c = &s->conditions[number];

	*c = (Condition) {
		.evaluate = random_below(2) ? EVALUATE_SEGMENT : EVALUATE_START,
		.hour_count = random_below(3),
		.hours = s->hours[number],
		.weekdays = random_below(2) ? random_below(128) : 0,
		.date_of_instant = random_below(2),
		.first_attribute = s->tariff.attribute_test_count,
	};
	for (int i = 0; i < c->hour_count; i++)
	{
		c->hours[i].from = random_below(4) * QUARTER;
		c->hours[i].to = c->hours[i].from + (1 + random_below(4)) * QUARTER;
	}
	if ((c->has_dates = random_below(4) == 0))
		c->dates = random_dates(s->dates[number * 2]);
	if ((c->has_calendars = random_below(4) == 0))
		c->calendar_dates = random_dates(s->dates[number * 2 + 1]);
	if ((c->has_elapsed = random_below(3) == 0))
	{
		int			from = random_below(3);

		c->elapsed_from = from * QUARTER;
		c->elapsed_to = random_below(2) ? INT64_MAX : (from + 1 + random_below(2)) * QUARTER;
	}
	if (random_below(3) == 0)
	{
		c->attribute_count = 1;
		s->tests[s->tariff.attribute_test_count++] =
			(AttributeTest) {"class", class_lists[random_below(5)]};
	}
	if (negate)
		c->negated = random_condition(s, false);
	return c;
}

/* Ask a condition only for what is easy to get wrong, so that holes are not everywhere. */
static void
simplify(Condition *c)
{
	if (random_below(2))
		c->weekdays = 0;
	if (random_below(2))
		c->hour_count = 0;
	if (random_below(2))
		c->has_dates = c->has_calendars = false;
	if (random_below(2))
		c->evaluate = EVALUATE_SEGMENT;
	if (c->negated != NULL)
		simplify(c->negated);
}

static Rational
random_edge(Dimension dimension, int quarters)
{
	return whole(quarters * (dimension == DISTANCE ? 1000 : QUARTER));
}

static void
random_sample(Sample *s)
{
	Dimension	dimension = random_below(DIMENSION_COUNT);

	memset(s, 0, sizeof(*s));
	s->tariff.rates = s->rates;
	s->tariff.rate_count = 1 + random_below(MAX_RATES);
	s->tariff.attribute_tests = s->tests;
	s->tariff.select_first[dimension] = random_below(2);
	s->tariff.fare_rounding = (Rounding) {.given = true, .step = whole(1)};
	memcpy(s->tariff.currency, "JPY", 4);
	s->tariff.time_zone = "UTC";
	s->tariff.base = whole(0);
	for (int i = 0; i < s->tariff.rate_count; i++)
	{
		int			from = random_below(2) ? 0 : random_below(3);

		s->rates[i] = (Rate) {
			.dimension = dimension, .price = whole(1), .unit = whole(1), .free = whole(0),
			.from = random_edge(dimension, from),
			.has_to = random_below(3) == 0,
			.to = random_edge(dimension, from + 1 + random_below(2)),
		};
		if (random_below(4) != 0)
		{
			s->rates[i].when = random_condition(s, random_below(2));
			simplify(s->rates[i].when);
		}
		/* the opposite of the rate before it */
		if (i > 0 && s->rates[i - 1].when != NULL && s->rates[i - 1].when->negated == NULL &&
			random_below(3) == 0)
		{
			Condition  *c = &s->conditions[s->condition_count++];

			*c = (Condition) {.evaluate = s->rates[i - 1].when->evaluate, .negated = s->rates[i - 1].when};
			s->rates[i].when = c;
		}
	}
}

static bool
listed(const DateList *list, int day)
{
	bool		is = false;

	for (int i = 0; i < list->count; i++)
		is |= list->ranges[i].first <= FIRST_DATE + day && FIRST_DATE + day <= list->ranges[i].last;
	return is;
}

/* FIRST_DATE, the thousandth day after a Saturday, is a Friday. */
static bool
day_counts(const Condition *c, int day)
{
	int			weekday = (4 + day + 700) % 7;

	return (c->weekdays == 0 || (c->weekdays >> weekday) % 2 == 1) &&
		(!c->has_dates || listed(&c->dates, day)) &&
		(!c->has_calendars || listed(&c->calendar_dates, day));
}

static int
day_of(int at)
{
	return (at + 4000) / 4 - 1000;
}

/* Open every window of the days around, and look whether the moment is in one. */
static bool
in_window(const Condition *c, int at)
{
	HourWindow	day = {0, MICROSECONDS_PER_DAY};
	const HourWindow *windows = c->hour_count > 0 ? c->hours : &day;
	int			count = c->hour_count > 0 ? c->hour_count : 1;

	for (int began = day_of(at) - 2; began <= day_of(at); began++)
		for (int i = 0; i < count; i++)
			if (began * 4 + windows[i].from / QUARTER <= at && at < began * 4 + windows[i].to / QUARTER &&
				day_counts(c, c->date_of_instant ? day_of(at) : began))
				return true;
	return false;
}

static bool
all_holds(const Sample *s, const Condition *c, Instant when)
{
	bool		holds = in_window(c, when.at);

	if (c->has_elapsed)
		holds &= when.elapsed >= 0 && when.elapsed >= c->elapsed_from / QUARTER &&
			(c->elapsed_to == INT64_MAX || when.elapsed < c->elapsed_to / QUARTER);
	for (int i = 0; i < c->attribute_count; i++)
	{
		const char *value = classes[when.attribute];

		holds &= value != NULL && strstr(s->tests[c->first_attribute + i].values, value) != NULL;
	}
	return holds;
}

static bool
really_holds(const Sample *s, const Condition *c, Instant when)
{
	if (c == NULL)
		return true;
	if (c->evaluate == EVALUATE_START)
	{
		when.at -= when.elapsed > 0 ? when.elapsed : 0;
		when.elapsed = 0;
	}
	return all_holds(s, c, when) && !(c->negated != NULL && all_holds(s, c->negated, when));
}

static bool
in_range_of(const Rate *rate, int quarters)
{
	return rational_compare(rate->from, random_edge(rate->dimension, quarters)) <= 0 &&
		(!rate->has_to || rational_compare(rate->to, random_edge(rate->dimension, quarters)) > 0);
}

/* Can a trip have so much of a dimension so long after its start? */
static bool
can_be(Dimension dimension, int quarters, int elapsed)
{
	if (dimension == RESERVED)
		return elapsed == -1;
	if (dimension == DISTANCE)
		return elapsed >= 0;
	return dimension == TIME ? elapsed == quarters : elapsed >= quarters;
}

/* The truth, as far as the moments tell: what a verdict should be. */
static Verdict
try_all(const Sample *s)
{
	Verdict		truth = {{true, true, true}, {true, true, true}, false, 0};
	Instant		when;

	for (int quarters = 0; quarters <= MAX_ELAPSED; quarters++)
		for (when.elapsed = -1; when.elapsed <= MAX_ELAPSED; when.elapsed++)
		{
			if (!can_be(s->rates[0].dimension, quarters, when.elapsed))
				continue;
			for (when.attribute = 0; when.attribute < ATTRIBUTES; when.attribute++)
				for (when.at = -MARGIN * 4; when.at < (LAST_DATE - FIRST_DATE + MARGIN) * 4; when.at++)
				{
					bool		priced = false;

					for (int i = 0; i < s->tariff.rate_count; i++)
					{
						bool		holds = in_range_of(&s->rates[i], quarters) &&
						really_holds(s, s->rates[i].when, when);

						truth.impossible[i] &= !holds;
						truth.shadowed[i] &= !(holds && !priced);
						priced |= holds;
					}
					truth.hole |= !priced;
				}
		}
	return truth;
}

/* Are all moments asked in the same way, so that the grid stands for all of them? */
static bool
by_segment(const Sample *s)
{
	for (int i = 0; i < s->tariff.rate_count; i++)
		if (s->rates[i].when != NULL && s->rates[i].when->evaluate == EVALUATE_START)
			return false;
	return true;
}

/* Does the rate, and do all before it, hold always? */
static bool
unconditional_to(const Sample *s, int rate)
{
	for (int i = 0; i <= rate; i++)
		if (s->rates[i].when != NULL)
			return false;
	return true;
}

/* Does the linter look for holes of this tariff? */
static bool
is_examined(const Sample *s)
{
	bool		examined = s->tariff.select_first[s->rates[0].dimension];

	for (int i = 0; i < s->tariff.rate_count; i++)
		examined |= s->rates[i].when != NULL;
	return examined;
}

int
main(void)
{
	static Sample s;
	int			wrong_impossible = 0,
				wrong_shadowed = 0,
				missed_shadowed = 0,
				false_holes = 0,
				missed_holes = 0,
				others = 0;
	int			impossible = 0,
				shadowed = 0,
				holes = 0,
				whole_cover = 0;

	for (int i = 0; i < TARIFFS; i++)
	{
		Verdict		verdict = {0};
		Linter		linter = {
			.tariff = &s.tariff, .poll = ignore, .write_date = write_date, .found = see, .context = &verdict
		};
		Verdict		truth;

		random_sample(&s);
		lint_tariff(&linter);
		truth = try_all(&s);
		for (int j = 0; j < s.tariff.rate_count; j++)
		{
			wrong_impossible += s.rates[j].when != NULL && verdict.impossible[j] != truth.impossible[j];
			wrong_shadowed += verdict.shadowed[j] && !truth.shadowed[j];
			missed_shadowed += s.tariff.select_first[s.rates[j].dimension] && unconditional_to(&s, j) &&
				truth.shadowed[j] && !verdict.shadowed[j];
			impossible += verdict.impossible[j];
			shadowed += verdict.shadowed[j];
		}
		false_holes += verdict.hole && !truth.hole;
		missed_holes += by_segment(&s) && is_examined(&s) && truth.hole && !verdict.hole;
		holes += verdict.hole;
		whole_cover += is_examined(&s) && !truth.hole;
		others += verdict.others;
	}
	ok(wrong_impossible == 0, "a condition is unreachable exactly if no moment meets it: %d wrong", wrong_impossible);
	ok(wrong_shadowed == 0, "a rate that is shadowed is never the first: %d wrong", wrong_shadowed);
	ok(missed_shadowed == 0, "a rate after unconditional ones is said to be shadowed: %d not", missed_shadowed);
	ok(false_holes == 0, "where a rate is said to be missing, one is: %d wrong", false_holes);
	ok(missed_holes == 0, "where one is missing at some moment, it is said: %d not", missed_holes);
	ok(others == 0, "nothing else is found: %d", others);
	ok(impossible > 100 && shadowed > 50 && holes > 500 && whole_cover > 200,
	   "there was something to find: %d impossible, %d shadowed, %d holes, %d covered",
	   impossible, shadowed, holes, whole_cover);
	return done_testing();
}
