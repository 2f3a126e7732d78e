/*
 * fare_property_test.c
 *		What does not change a fare, and what cannot make it fall, on random tariffs of
 *		everyday sizes.
 */
#include "billing/fare/monotone.h"
#include "pricing.h"

#define TARIFFS		400
#define TRIPS		60
#define MAX_LEGS	8
#define RULES		12

/* A tariff of rates and multipliers with room for all it points to. */
typedef struct Sample
{
	Tariff		tariff;
	Rate		rates[RULES];
	Tier		tiers[RULES][2];
	Multiplier	multipliers[3];
	Condition	conditions[RULES + 3];
	HourWindow	hours[RULES + 3][2];
	DateRange	dates[RULES + 3];
	Cap			cap;
} Sample;

static Rational
random_price(void)
{
	return rational(random_below(2000), 100);
}

static Condition *
random_condition(Sample *s, int number)
{
	Condition  *c = &s->conditions[number];

	if (random_below(4) == 0)
		return NULL;
	*c = (Condition) {.evaluate = random_below(3), .hour_count = random_below(3), .hours = s->hours[number]};
	for (int i = 0; i < c->hour_count; i++)
	{
		c->hours[i].from = random_below(48) * 30 * MINUTE;
		c->hours[i].to = c->hours[i].from + (1 + random_below(47)) * 30 * MINUTE;
	}
	c->weekdays = random_below(2) ? random_below(128) : 0;
	c->has_dates = random_below(4) == 0;
	s->dates[number] = (DateRange) {6940 + random_below(10), 6950 + random_below(10)};
	c->dates = (DateList) {1, &s->dates[number]};
	c->date_of_instant = random_below(2);
	c->has_elapsed = random_below(4) == 0;
	c->elapsed_from = random_below(60) * MINUTE;
	c->elapsed_to = random_below(2) ? INT64_MAX : c->elapsed_from + (1 + random_below(60)) * MINUTE;
	return c;
}

static void
random_rate(Sample *s, int number)
{
	Rate	   *rate = &s->rates[number];
	Dimension	dimension = random_below(DIMENSION_COUNT);
	int64_t		unit = dimension == DISTANCE ? KILOMETRE : MINUTE;

	*rate = plain_rate(dimension, "0", unit);
	rate->price = random_price();
	rate->when = random_condition(s, number);
	rate->from = whole(random_below(3) == 0 ? random_below(20) * unit : 0);
	rate->has_to = random_below(3) == 0;
	rate->to = rational_add(rate->from, whole((1 + random_below(20)) * unit));
	rate->has_step = random_below(3) == 0;
	rate->step = whole((1 + random_below(5)) * unit / 2);
	rate->step_rounding = random_below(3);
	rate->free = whole(random_below(3) == 0 ? random_below(5) * unit : 0);
	rate->tier_mode = random_below(3) == 0 ? GRADUATED : NO_TIERS;
	rate->tiers = s->tiers[number];
	rate->tier_count = 2;
	for (int i = 0; i < 2; i++)
		rate->tiers[i] = (Tier) {i == 0, whole(1 + random_below(10)), random_price(), random_price()};
}

static void
random_sample(Sample *s)
{
	Tariff	   *t = &s->tariff;

	memset(s, 0, sizeof(*s));
	*t = plain_tariff();
	t->base = random_price();
	t->rates = s->rates;
	t->rate_count = 1 + random_below(RULES);
	for (int i = 0; i < t->rate_count; i++)
		random_rate(s, i);
	for (int d = 0; d < DIMENSION_COUNT; d++)
		t->select_first[d] = random_below(3) == 0;
	t->multipliers = s->multipliers;
	t->multiplier_count = random_below(4);
	t->group_count = 2;
	for (int i = 0; i < t->multiplier_count; i++)
		s->multipliers[i] = (Multiplier) {"multiplier", random_below(2), rational(random_below(30), 10), random_below(128), random_condition(s, RULES + i)};
	t->has_meter = random_below(3) == 0;
	t->meter = (Meter) {
		.mode = random_below(3), .distance = meter_rate("1.20", KILOMETRE), .time = meter_rate("0.35", MINUTE),
		.has_increment = random_below(2), .increment = rational(1, 10), .in_advance = random_below(2),
		.covers = whole(0), .gap = random_below(4),
	};
	t->caps = &s->cap;
	t->cap_count = random_below(2);
	s->cap = (Cap) {random_price(), random_below(4), (1 + random_below(100)) * MINUTE};
}

/* A trip of up to MAX_LEGS legs, that follow each other. */
static int
random_trip(Trip *trip, TripLeg *legs)
{
	int			count = 1 + random_below(MAX_LEGS);
	int64_t		at = TUESDAY + random_below(14 * 1440) * MINUTE + random_below(60) * SECOND;

	*trip = (Trip) {.start = at, .reserved = random_below(3) == 0 ? random_below(3600) * SECOND : 0};
	for (int i = 0; i < count; i++)
	{
		int64_t		time = random_below(3600) * SECOND / 2;
		int			kind = random_below(4);

		legs[i] = (TripLeg) {at, at + time, random_below(30000) * METRE, 0, 0, kind == 0};
		if (kind == 1)
			legs[i].mm = 0, legs[i].stopped = time;
		else if (kind > 1)
			legs[i].moving = time;
		at += time;
	}
	trip->end = at;
	return count;
}

static bool
same_line(const BillLine *a, const BillLine *b)
{
	return a->kind == b->kind && a->rule == b->rule && a->timed == b->timed && a->from == b->from && a->to == b->to &&
		a->amount == b->amount && rational_compare(a->exact, b->exact) == 0 && a->note == b->note && a->cell == b->cell &&
		(a->unit == NULL || (rational_compare(a->billed, b->billed) == 0 && rational_compare(a->factor, b->factor) == 0));
}

static bool
same_bill(const FareBill *a, const FareBill *b)
{
	if (a->fits != b->fits || a->fare != b->fare || a->line_count != b->line_count)
		return false;
	for (int i = 0; i < a->line_count; i++)
		if (!same_line(&a->lines[i], &b->lines[i]))
			return false;
	return true;
}

static Pricing plain;			/* asks each condition by itself */
static Pricing quick;			/* has a timeline, and the legs come in another order */

/* Price a trip in both ways. */
static bool
both_agree(const Sample *s, const Trip *trip, const TripLeg *legs, int count)
{
	TripLeg		shuffled[MAX_LEGS];

	for (int i = 0; i < count; i++)
	{
		int			at = random_below(i + 1);

		shuffled[i] = shuffled[at];
		shuffled[at] = legs[i];
	}
	price_trip(&plain, &s->tariff, trip, legs, count);
	price_trip(&quick, &s->tariff, trip, shuffled, count);
	return lines_add_up(&plain.run) && lines_add_up(&quick.run) && same_bill(&plain.run.bill, &quick.run.bill);
}

static void
test_timelines(void)
{
	static Sample s;
	int			wrong = 0;
	int			known = 0;

	for (int n = 0; n < TARIFFS; n++)
	{
		Timeline	timeline;

		random_sample(&s);
		pricing_init(&quick);
		timeline_init(&timeline, &s.tariff, &quick.clock, &quick.provider);
		quick.timeline = &timeline;
		for (int i = 0; i < TRIPS; i++)
		{
			Trip		trip;
			TripLeg		legs[MAX_LEGS];
			int			count = random_trip(&trip, legs);

			wrong += !both_agree(&s, &trip, legs, count);
			known += quick.run.edges.answers_known;
		}
		pricing_free(&quick);
	}
	ok(wrong == 0, "a bill is the same with a timeline, whatever the order of legs: %d are not", wrong);
	ok(known > TARIFFS * TRIPS / 4, "%d times the timeline was known", known);
}

static int64_t
metered(Tariff *t, MeterMode mode, const TripLeg *legs, int count)
{
	t->meter.mode = mode;
	return price_legs(&plain, t, legs, count) ? plain.run.bill.fare : -1;
}

static void
test_meter(void)
{
	Tariff		t = plain_tariff();
	int			disordered = 0;
	int			lower = 0;
	int			other = 0;

	t.has_meter = true;
	t.fare_rounding.step = rational(1, 1000000000);
	t.meter = (Meter) {
		.distance = meter_rate("1.20", KILOMETRE), .time = meter_rate("0.35", MINUTE), .covers = whole(0),
	};
	for (int n = 0; n < TARIFFS * TRIPS; n++)
	{
		int64_t		time = 1 + random_below(3600) * SECOND;
		int64_t		mm = random_below(30000000);
		int64_t		first = time * random_below(101) / 100;
		int64_t		first_mm = mm * random_below(101) / 100;
		TripLeg		one = {0, time, mm, time, 0, false};
		TripLeg		two[] = {{0, first, first_mm, first, 0, false}, {first, time, mm - first_mm, time - first, 0, false}};
		int64_t		s = metered(&t, METER_S, &one, 1);
		int64_t		k = metered(&t, METER_K, &one, 1);
		int64_t		d = metered(&t, METER_D, &one, 1);

		disordered += !(0 <= s && s <= k && k <= d);
		lower += metered(&t, METER_S, two, 2) < s;
		other += metered(&t, METER_D, two, 2) != d;
	}
	ok(disordered == 0, "S is at most K, and K at most D");
	ok(lower == 0, "a leg that is split in two does not lower S");
	ok(other == 0, "nor does it change D");
}

/* Which of a trip's dimensions grows: all that it has, or none may fall. */
static void
test_growth(void)
{
	static Sample s;
	int			fell = 0;
	int			asked = 0;

	for (int n = 0; n < TARIFFS; n++)
	{
		random_sample(&s);
		if (fare_may_fall(&s.tariff))
			continue;
		for (int i = 0; i < TRIPS; i++)
		{
			Trip		trip;
			TripLeg		legs[MAX_LEGS];
			int			count = random_trip(&trip, legs);
			int64_t		end = trip.end;
			int64_t		before;

			trip.end = trip.start + (int64_t) ((double) (end - trip.start) * random_between(0, 1));
			price_trip(&plain, &s.tariff, &trip, legs, count);
			before = plain.run.bill.fare;
			trip.end = end;
			price_trip(&plain, &s.tariff, &trip, legs, count);
			asked++;
			fell += plain.run.bill.fare < before;
		}
	}
	ok(fell == 0, "a fare does not fall while the trip goes on, where no rule makes it: %d do", fell);
	ok(asked > TARIFFS * TRIPS / 20, "%d did not", asked);
}

int
main(void)
{
	pricing_init(&plain);
	test_timelines();
	test_meter();
	test_growth();
	pricing_free(&plain);
	return done_testing();
}
