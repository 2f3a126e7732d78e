/*
 * timeline_test.c
 *		What a timeline answers, against the conditions asked one by one.
 */
#include <stdlib.h>
#include <string.h>

#include "billing/tariff/condition.h"
#include "billing/tariff/timeline.h"
#include "tap.h"

#define MINUTE		INT64_C(60000000)
#define HOUR		(60 * MINUTE)
#define TARIFFS		200
#define RULES		12
#define LOOKS		400

/* A clock that is set by an hour every hundred days, now and then over midnight. */
static void
find_range(void *context, int64_t instant, ZoneRange *range)
{
	int64_t		length = 100 * MICROSECONDS_PER_DAY;
	int64_t		number = instant / length - (instant % length < 0);

	*range = (ZoneRange) {number * length, (number + 1) * length, (*(int *) context + (number & 1)) * HOUR};
}

static void *
resize(void *context, void *old, size_t size)
{
	(void) context;
	if (size > 0)
		return realloc(old, size);
	free(old);
	return NULL;
}

static void
do_not_pause(void)
{
}

/* A tariff of conditions at random, some of which ask the same. */
typedef struct Sample
{
	Tariff		tariff;
	Rate		rates[RULES];
	Condition	conditions[RULES * 2];
	HourWindow	hours[RULES * 2][3];
	DateRange	dates[RULES * 2][2];
} Sample;

static Condition *
random_condition(Sample *s, int number)
{
	Condition  *c = &s->conditions[number];

	if (number > 1 && random_below(4) == 0)
	{
		*c = s->conditions[random_below(number / 2) * 2];
		c->negated = NULL;
		return c;
	}
	c->hours = s->hours[number];
	c->hour_count = random_below(4);
	for (int i = 0; i < c->hour_count; i++)
	{
		c->hours[i].from = random_below(48) * 30 * MINUTE;
		c->hours[i].to = c->hours[i].from + (1 + random_below(47)) * 30 * MINUTE;
	}
	c->weekdays = random_below(2) ? random_below(128) : 0;
	c->has_dates = random_below(3) == 0;
	c->dates = (DateList) {2, s->dates[number]};
	for (int i = 0; i < 2; i++)
	{
		c->dates.ranges[i].first = random_below(600) - 300;
		c->dates.ranges[i].last = c->dates.ranges[i].first + random_below(100);
	}
	c->date_of_instant = random_below(2);
	return c;
}

static Sample *
random_sample(void)
{
	Sample	   *s = calloc(1, sizeof(Sample));

	s->tariff.rates = s->rates;
	s->tariff.rate_count = 1 + random_below(RULES);
	for (int i = 0; i < s->tariff.rate_count; i++)
	{
		s->rates[i].when = random_condition(s, i * 2);
		if (random_below(4) == 0)
			s->rates[i].when->negated = random_condition(s, i * 2 + 1);
	}
	return s;
}

static bool
answered_right(const Condition *c, const Circumstances *of, uint32_t tests, int64_t instant)
{
	Moment		by_itself = {instant, false, 0};
	Moment		by_timeline = {instant, true, tests};

	return condition_holds(c, of, &by_itself) == condition_holds(c, of, &by_timeline);
}

int
main(void)
{
	Provider	provider = {NULL, resize, do_not_pause};
	int			asked = 0;
	int			wrong = 0;
	int			changed = 0;
	int			shared = 0;

	for (int n = 0; n < TARIFFS; n++)
	{
		Sample	   *s = random_sample();
		int			hours_ahead = random_below(24) - 12;
		Clock		clock;
		Circumstances of = {&clock, 0, NULL};
		Timeline	timeline;

		clock_init(&clock, (Zone) {&hours_ahead, find_range, NULL});
		timeline_init(&timeline, &s->tariff, &clock, &provider);
		shared += timeline.test_count < s->tariff.rate_count;
		for (int i = 0; i < LOOKS; i++)
		{
			/* in a few days of six years, so that most are known at last */
			int64_t		instant = (random_below(8) - 4) * 270 * MICROSECONDS_PER_DAY + random_below(3 * 1440) * MINUTE;
			int64_t		until = 0;
			const Answers *answers = timeline_find(&timeline, instant, &until);

			if (answers == NULL)
				continue;
			asked++;
			for (int r = 0; r < s->tariff.rate_count; r++)
			{
				wrong += !answered_right(s->rates[r].when, &of, answers->tests, instant);
				changed += until <= instant || answers->from > instant ||
					!answered_right(s->rates[r].when, &of, answers->tests, until - 1) ||
					!answered_right(s->rates[r].when, &of, answers->tests, answers->from);
			}
		}
		for (int i = 0; i < timeline.stretch_count; i++)
			free(timeline.stretches[i].answers);
		free(timeline.stretches);
		free(s);
	}
	ok(asked > TARIFFS * LOOKS / 2, "what is asked for again is known: %d times", asked);
	ok(wrong == 0, "a timeline answers as the conditions do: %d do not", wrong);
	ok(changed == 0, "and so from the begin of an answer to its end: %d do not", changed);
	ok(shared > TARIFFS / 4, "conditions that ask the same are one test: in %d tariffs", shared);
	return done_testing();
}
